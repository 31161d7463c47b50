"""A trial as a task of a Ray cluster: what runs on the node. ray is imported on use.

It trains in the sweep's folder where the node sees that, else in a temporary one: then what changes
there travels to the driver after each epoch, and the training waits before it sends more than one
epoch that is not yet written there.

News go to the driver's mailbox, by a thread of their own: a task that waits for Ray in its main
thread would give its processors away.
"""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from archscope.files import read_text
from archscope.sweep.ray.files import Changes, Mirror
from archscope.sweep.run import train_trial as worker
from archscope.sweep.run import worker_main as child
from archscope.sweep.run.messages import Event, Stopped, Superseded, Task
from archscope.sweep.store.environment import environment
from archscope.sweep.store.lease import newest, number

NEEDS_FILES = "needs files"
UNHEARD = "unheard"
_FLUSH = 0.25  # seconds between two messages to the driver
_HEARD_WITHIN = 60.0  # seconds for which a message is repeated
_REPEAT = 1.0  # seconds between two tries
_SEEN_WITHIN = 30.0  # seconds after which a file on a shared file system is seen everywhere


@dataclass(frozen=True)
class Token:
    """A file that the driver wrote into the sweep's folder: who reads `text` there shares it."""

    path: Path
    text: str

    def is_here(self) -> bool:
        """Whether this machine sees the driver's file."""
        try:
            return read_text(self.path) == self.text
        except OSError:
            return False


@dataclass(frozen=True)
class Order:
    """A trial to train once.

    Attributes:
        run: identifies this run.
        task: the trial.
        runner: what trains.
        token: what shows whether the task's folder is seen here.
        begun: whether that folder has files to go on from that do not come with the order.
    """

    run: str
    task: Task
    runner: str
    token: Token
    begun: bool = False


@dataclass(frozen=True)
class Began:
    """The task's first word: where it is, and by which version of archscope."""

    node: str
    host: str
    shared: bool
    version: str | None


Item = Began | Event | Changes


@dataclass(frozen=True)
class Reply:
    """The driver's side of an exchange.

    Attributes:
        stop: the sweep is to stop.
        known: whether the run is wanted; if not, another one has taken its place.
        written: how many `Changes` are written at the driver's.
    """

    stop: bool
    known: bool
    written: int


def run(order: Order, files: list[Any], data: Any, mailbox: Any) -> str:
    """Train a trial; its events go to `mailbox`.

    Returns how it went: `NEEDS_FILES` where it was not begun, as its files are not to be had here,
    `UNHEARD` where the driver could not be reached for a while.

    `files` holds Ray's reference to the files from which the training goes on, or nothing; `data`
    the dataset, or None where the runner brings its own.
    """
    # Arrays from Ray's store cannot be written to, and nothing here does.
    warnings.filterwarnings("ignore", message="The given NumPy array is not writ")
    if data is not None:
        worker.adopt(order.task.trial, data)
    line = _Line(mailbox, order.run)
    shared = order.token.is_here() and _lease_is_here(order.task)
    line.tell(Began(_node(), socket.gethostname(), shared, environment()["archscope"]))
    try:
        if shared:
            child.execute(order.task, order.runner, line.tell, line.stopping)
        elif order.begun:
            return NEEDS_FILES
        else:
            with _elsewhere(order.task, files) as folder:
                line.scratch = folder.parent
                _train_apart(order, folder, line)
    except (Stopped, Superseded):
        pass  # the driver knows more
    finally:
        line.close()
    return UNHEARD if line.unheard else "ended"


def probe() -> tuple[dict[str, Any], Any]:
    """The versions of this node, and what it has to train on."""
    from archscope.training.devices import inventory

    return environment(), inventory()


def _train_apart(order: Order, folder: Path, line: _Line) -> None:
    """Train in a folder of this node, and send what changes there."""
    mirror = Mirror(folder)

    def tell(event: Event) -> None:
        if event.kind in ("epoch", "finished"):
            line.wait()
            line.tell(mirror.changes())
        elif event.kind == "failed":  # this node's disk says nothing about the driver's
            event = replace(event, data={**event.data, "errno": None, "path": None})
        line.tell(event)

    task = replace(order.task, folder=folder, lease=folder / order.task.lease.name)
    try:
        child.execute(task, order.runner, tell, line.stopping)
    except Stopped:
        line.wait()
        line.tell(mirror.changes())
        raise


@contextmanager
def _elsewhere(task: Task, files: list[Any]) -> Iterator[Path]:
    """A folder of this node for the task, with its files and its lease; removed at the end."""
    import ray

    with tempfile.TemporaryDirectory(prefix="archscope-", ignore_cleanup_errors=True) as name:
        folder = Path(name) / task.folder.name
        folder.mkdir()
        (folder / task.lease.name).touch()
        for file in files:
            for name, content in ray.get(file).items():
                (folder / name).write_bytes(content)
        yield folder


def _lease_is_here(task: Task) -> bool:
    """Wait until the lease is seen here: without it the task would take itself for superseded."""
    until = time.monotonic() + _SEEN_WITHIN
    own = number(task.lease)
    while (seen := newest(task.folder)) is None or seen.number < own:
        if time.monotonic() > until:
            return False
        time.sleep(0.1)
    return True


def _node() -> str:
    import ray

    return str(ray.get_runtime_context().get_node_id())


class _Line:
    """The line to the driver's mailbox."""

    def __init__(self, mailbox: Any, run: str) -> None:
        self._mailbox = mailbox
        self._run = run
        self.scratch: Path | None = None  # to be removed, should the process end at once
        self.unheard = False  # whether the driver was out of reach, and the training in vain
        self._items: list[Item] = []
        self._sent = 0  # Changes, so far
        self._reply = Reply(stop=False, known=True, written=0)
        self._condition = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def tell(self, item: Item) -> None:
        """Have it sent, in the order of calls."""
        with self._condition:
            self._items.append(item)
            if isinstance(item, Changes):
                self._sent += 1
                self._condition.notify_all()

    def stopping(self) -> bool:
        """Whether the driver wants the training stopped; raises `Superseded` if it has another."""
        if not self._reply.known:
            raise Superseded
        return self._reply.stop

    def wait(self) -> None:
        """Return when all `Changes` are written at the driver's; raises `Superseded` as above."""
        with self._condition:
            while self._reply.known and self._reply.written < self._sent:
                self._condition.wait()
        if not self._reply.known:
            raise Superseded

    def close(self) -> None:
        """Send what is left, wait until it is written, and end."""
        with self._condition:
            while self._reply.known and self._reply.written < self._sent:
                self._condition.wait()
            self._closing = True
            self._condition.notify_all()
        self._thread.join()

    def _work(self) -> None:
        number = 0
        while True:
            with self._condition:
                items, self._items = self._items, []
                closing = self._closing
            number += 1
            reply = self._put(number, items)
            with self._condition:
                self.unheard = reply is None
                self._reply = reply or replace(self._reply, known=False)
                self._condition.notify_all()
                if closing or self.unheard:
                    return
                if not self._closing:
                    waited_for = self._reply.known and self._reply.written < self._sent
                    self._condition.wait(_FLUSH / 5 if waited_for else _FLUSH)

    def _put(self, number: int, items: list[Item]) -> Reply | None:
        """The driver's reply to a message, which is repeated for a while if need be."""
        import ray

        until = time.monotonic() + _HEARD_WITHIN
        while True:
            try:
                reply: Reply = ray.get(self._mailbox.put.remote(self._run, number, items))
            except ray.exceptions.ActorDiedError:  # it never comes back
                self._end()
            except Exception:  # of the network, which may pass
                if time.monotonic() > until:
                    return None
                time.sleep(_REPEAT)
            else:
                return reply

    def _end(self) -> None:
        """The driver is gone, and with it who asked for this training."""
        if self.scratch:
            shutil.rmtree(self.scratch, ignore_errors=True)
        os._exit(1)
