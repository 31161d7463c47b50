"""Eq. 4 of the ResNeXt paper for any block: the width that keeps a budget, by its tree."""
