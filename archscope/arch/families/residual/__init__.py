"""Residual families: post-activation, pre-activation and wide networks."""
