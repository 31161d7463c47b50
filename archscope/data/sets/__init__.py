"""The datasets: their readers, and the built-in set."""
