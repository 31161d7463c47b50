"""Figures 1, 3, 4 and 5 of the ResNeXt paper: blocks from their trees, and test curves together."""
