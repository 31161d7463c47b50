"""Designs under hard caps: the largest that fit, found by proven bounds."""
