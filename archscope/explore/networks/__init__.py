"""Given networks: opened, counted, compared, rewritten, exported."""
