"""Families that are no stacks of one block: the Inceptions."""
