"""Experiments of the papers, or of one's own, as TOML files. No torch."""
