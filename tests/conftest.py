"""Hypothesis without deadlines: a busy machine is no fault of the code. No forks beside threads."""

import signal

from hypothesis import settings

settings.register_profile("archscope", deadline=None)
settings.load_profile("archscope")

# Of a job in the background SIGINT is ignored, and would be in the processes that tests interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

FORKED: list[str] = []  # tests in which a process with threads was forked


def pytest_warning_recorded(warning_message, nodeid):
    """Python 3.12 and newer warn of such a fork, and no filter makes an error of it."""
    if "use of fork()" in str(warning_message.message):
        FORKED.append(nodeid)


def pytest_sessionfinish(session):
    if FORKED:
        session.exitstatus = 1


def pytest_terminal_summary(terminalreporter):
    for test in FORKED:
        terminalreporter.write_line(f"FAILED {test} - forked a process with threads")
