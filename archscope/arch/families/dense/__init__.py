"""Families whose blocks see all that was made before."""
