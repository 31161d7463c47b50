"""Networks against the clock."""
