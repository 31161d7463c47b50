"""Searching: which networks may be tried, by which schedule, and tables to judge a search with."""
