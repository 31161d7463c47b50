"""Weights in files: found, loaded, and named as other programs name them."""
