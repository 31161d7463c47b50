"""Whether a difference is one: verdicts, and the agreement of two orders."""
