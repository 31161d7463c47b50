"""Commands on given networks."""
