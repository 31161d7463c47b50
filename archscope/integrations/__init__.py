"""Other tools with our networks in them; each imports its tool, and is imported only when asked."""
