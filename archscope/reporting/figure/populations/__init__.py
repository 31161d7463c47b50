"""Error distributions of populations: how many designs have at most so much error."""
