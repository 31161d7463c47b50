"""Architectures as expressions: trees, families, names, Eq. 4, published numbers. Pure Python."""
