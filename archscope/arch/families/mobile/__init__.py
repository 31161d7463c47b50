"""Families of depthwise convolutions: inverted residuals, and what came of them."""
