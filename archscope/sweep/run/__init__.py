"""Trials carried out by processes of this machine."""
