"""Commands that train, and those that read what was trained."""
