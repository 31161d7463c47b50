"""Latency as a cost: the models that were fitted on this machine, and what they predict."""
