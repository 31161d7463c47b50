"""Commands that search, and tables to judge a search with."""
