"""Hypothesis without deadlines: a busy machine is no fault of the code."""

from hypothesis import settings

settings.register_profile("archscope", deadline=None)
settings.load_profile("archscope")
