"""One network in several forms that compute the same."""
