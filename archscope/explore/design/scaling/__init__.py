"""Scaling rules: one network made larger or smaller along depth, width and resolution."""
