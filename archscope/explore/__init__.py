"""The functions that the commands call."""
