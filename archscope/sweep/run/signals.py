"""What signals mean to a sweep: SIGINT and SIGTERM interrupt it, SIGUSR1 preempts it.

Schedulers of clusters send SIGUSR1 a while before they take a machine away. All three keep what is
done, to the step; the exit code says which it was.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType, TracebackType

from archscope.errors import ArchscopeError

PREEMPTED = 75  # EX_TEMPFAIL of sysexits.h: try again later
_NAMES = ("SIGINT", "SIGTERM", "SIGUSR1")
_NUMBERS = tuple(getattr(signal, name) for name in _NAMES if hasattr(signal, name))


class Interrupted(ArchscopeError):
    """The sweep was stopped by a signal; the same command continues it."""

    def __init__(self, signum: int, folder: Path) -> None:
        name = signal.Signals(signum).name
        preempted = name == "SIGUSR1"
        self.exit_code = PREEMPTED if preempted else 128 + signum
        kept = f"what is done is kept in {folder}; run the same command again to continue."
        if not folder.exists():
            kept = f"nothing is in {folder} yet; run the same command again."
        super().__init__(f"{'Preempted' if preempted else 'Stopped'} by {name}: {kept}")


class Caught:
    """A context in which signals are only noted, in `received`; outside of the main thread, none.

    Whoever uses it looks there now and then.
    """

    def __init__(self) -> None:
        self.received: list[int] = []
        self._before: list[signal._HANDLER] = []

    def __enter__(self) -> Caught:
        if threading.current_thread() is threading.main_thread():
            self._before = [signal.signal(number, self._note) for number in _NUMBERS]
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in zip(_NUMBERS, self._before, strict=False):
            signal.signal(number, handler)

    def _note(self, signum: int, _frame: FrameType | None) -> None:
        self.received.append(signum)


class _Arrived(BaseException):
    """Not an Exception: nothing on the way up may take it for a failure of its own."""


@contextmanager
def told(folder: Path) -> Iterator[None]:
    """A context in which a signal ends what runs at once, as `Interrupted`; files stay whole."""

    def arrive(signum: int, _frame: FrameType | None) -> None:
        raise _Arrived(signum)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = [signal.signal(number, arrive) for number in _NUMBERS]
    try:
        yield
    except _Arrived as arrived:
        raise Interrupted(arrived.args[0], folder) from None
    finally:
        for number, handler in zip(_NUMBERS, before, strict=True):
            signal.signal(number, handler)
