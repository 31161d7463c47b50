"""What the scheduler needs of a Ray cluster; a test can hand it another one. No ray here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, NamedTuple, Protocol

from archscope.sweep.plan.trial import Trial
from archscope.sweep.ray.task import Item, Order


class Ended(NamedTuple):
    """How a task ended, and what it returned or why it did not.

    `returned`; `node`: lost with its node; `worker`: its process died; `error`: an exception in it.
    """

    kind: Literal["returned", "node", "worker", "error"]
    text: str = ""


class Data(NamedTuple):
    """Where the data of trials come from: what identifies them, and what reads them."""

    key: Callable[[Trial], str]
    load: Callable[[Trial], Any]


class Cluster(Protocol):
    """What the scheduler needs of a cluster; a task is known by its handle."""

    def room(self) -> int:
        """How many trials fit at the moment, those that run included."""

    def share(self, data: Any) -> Any:
        """Bring a dataset to where tasks find it; what comes back goes with each order."""

    def submit(self, order: Order, files: Mapping[str, bytes], data: Any) -> Any:
        """Begin a task; returns its handle."""

    def ready(self, handles: Sequence[Any], seconds: float) -> list[Any]:
        """Those that have ended, after `seconds` at most."""

    def ended(self, handle: Any) -> Ended:
        """How one of those ended."""

    def news(self, written: Mapping[str, int]) -> list[tuple[str, Item]]:
        """What tasks have reported since the last call: see `Mailbox.fetch`."""

    def forget(self, run: str) -> None:
        """A run has ended, or another one has taken its place."""

    def alive(self, node: str) -> bool:
        """Whether the node lives, as far as the cluster knows."""

    def stop(self) -> None:
        """Ask all tasks to keep their state and end."""

    def cancel(self, handle: Any) -> None:
        """End a task at once."""
