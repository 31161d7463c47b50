"""Hypothesis without deadlines: a busy machine is no fault of the code."""

import signal

from hypothesis import settings

settings.register_profile("archscope", deadline=None)
settings.load_profile("archscope")

# Of a job in the background SIGINT is ignored, and would be in the processes that tests interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
