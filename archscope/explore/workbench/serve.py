"""The page of `archscope ui`, served to the browsers of this machine and to nobody else."""

from __future__ import annotations

import asyncio
import errno
import secrets
import threading
import webbrowser
from collections.abc import Sequence
from typing import Any

from archscope.errors import ArchscopeError, UsageError, shown
from archscope.explore.latency.fitted import LatencyModel, check_models
from archscope.reporting.table.html import escape

HOST = "127.0.0.1"
USUAL = ("resnext50", "resnext101", "cifar_resnext29", "wide_resnet50", "wrn_28")


class Page:
    """A page that is being served, from a thread of its own, until `stop`.

    In a notebook it shows itself. Its address holds a token, without which nothing is answered.

    Attributes:
        address: where a browser on this machine finds it.
    """

    def __init__(self, families: Sequence[str], begin: int, model: LatencyModel | None, port: int):
        from archscope.explore.workbench.server import made

        self._made = made
        self._sockets, number = _bound(port)
        self._token = secrets.token_urlsafe(32)
        self.address = f"http://{HOST}:{number}/{self._token}/"
        self._asked = families, begin, model
        self._origins = {f"{HOST}:{number}"}
        self._loop: Any = None
        self._ready = threading.Event()
        self._failed: Exception | None = None
        self._thread = threading.Thread(target=self._serve, daemon=True, name="archscope ui")
        self._thread.start()
        self._ready.wait()
        self._check()

    def show(self) -> None:
        """Open it in this machine's browser."""
        webbrowser.open(self.address)

    def stop(self) -> None:
        """End it; tabs that show it stay as they are."""
        if self._thread.is_alive():
            self._loop.add_callback(self._loop.stop)
            self._thread.join(10)

    def wait(self) -> None:
        """Serve until the program is interrupted, then stop.

        Raises:
            KeyboardInterrupt: where it was.
            ArchscopeError: where the server has failed.
        """
        try:
            while self._thread.is_alive():
                self._thread.join(3600)
        finally:
            self.stop()
        self._check()

    def _repr_html_(self) -> str:
        """What a notebook on this machine shows."""
        return (
            f'<iframe src="{escape(self.address)}" width="100%" height="1100" '
            'style="border: 0"></iframe>'
        )

    def _check(self) -> None:
        """Raise ArchscopeError for what ended the thread."""
        if (error := self._failed) is not None:
            raise ArchscopeError(
                f"the page's server failed ({shown(f'{type(error).__name__}: {error}')}); install "
                'its packages anew: pip install --force-reinstall "archscope[ui]"'
            ) from error

    def _serve(self) -> None:
        """The thread: what fails in it is kept for who waits."""
        try:
            self._run()
        except Exception as error:
            self._failed = error
            for one in self._sockets:
                one.close()
        finally:
            self._ready.set()

    def _run(self) -> None:
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        try:
            server = self._made(self._sockets, self._token, self._origins, self._asked)
            self._loop = server.io_loop
            server.start()
            self._ready.set()
            self._loop.start()
            server.stop()
            self._loop.close()
        finally:
            loop.close()


def ui(
    families: str | Sequence[str] = (),
    *,
    port: int = 0,
    latency: LatencyModel | None = None,
) -> Page:
    """Serve the page on which designs are seen, filtered, pinned and compared.

        page = a.ui(["resnext50", "wrn_28"])
        page          # in a notebook: the page; elsewhere page.show() opens it in a browser
        page.stop()

    Args:
        families: as `archscope.enumerate` takes them; they are there at first, beside them every
            family can be chosen. Without any: resnext50.
        port: of 127.0.0.1; 0: one that is free.
        latency: a fitted model, which predicts the time of each design.

    Raises:
        UsageError: for a name that is none, a port that cannot be had, or where Bokeh is missing.
        ArchscopeError: where Bokeh's server fails.
    """
    from archscope.explore.design.enumerate import spaces
    from archscope.explore.design.enumeration import Query

    check_models(latency)
    _require()
    named = [families] if isinstance(families, str) else list(dict.fromkeys(families))
    first = named or [USUAL[0]]
    spaces(Query(tuple(first)))  # raises: no such family
    return Page(_offered(first), len(first), latency, port)


def _offered(first: Sequence[str]) -> list[str]:
    from archscope.arch.families.registry import families

    every = [family.name for family in families() if family.axes]
    return list(dict.fromkeys([*first, *USUAL, *every]))


def _require() -> None:
    try:
        import bokeh  # noqa: F401
    except ImportError:
        raise UsageError(
            'the page needs Bokeh, which is not installed; run pip install "archscope[ui]"'
        ) from None


def _bound(port: int) -> tuple[list[Any], int]:
    """A socket on this machine's own address, and its port."""
    from bokeh.server.util import bind_sockets

    if not 0 <= port <= 65_535:
        raise UsageError(f"a port is a number from 1 to 65535, not {port}; write --port 5006")
    try:
        sockets, number = bind_sockets(HOST, port)
    except OSError as error:
        why = (
            "is in use" if error.errno == errno.EADDRINUSE else f"cannot be had ({error.strerror})"
        )
        raise UsageError(f"port {port} {why}: name another, or leave --port out") from None
    return list(sockets), int(number)
