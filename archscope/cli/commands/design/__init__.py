"""Commands that find networks for a budget."""
