"""Trials carried out as tasks of a Ray cluster."""
