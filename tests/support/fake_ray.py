"""A cluster in this process: nodes of threads, which run the real task against the real mailbox."""

from __future__ import annotations

import pickle
import sys
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import pytest
import ray_runners

from archscope.sweep.ray import scheduler as ray_scheduler
from archscope.sweep.ray import task as ray_task
from archscope.sweep.ray.mailbox import Mailbox
from archscope.sweep.ray.protocol import Ended
from archscope.sweep.ray.task import Item, Order, Reply, Token

_here = threading.local()


class Died(BaseException):
    """The end of a worker process, which here is a thread."""


@dataclass(eq=False)
class Handle:
    run: str
    node: str
    thread: threading.Thread | None = None
    outcome: Ended | None = None
    cut: bool = False  # its node is gone, as far as the cluster knows
    reply: Reply = field(default_factory=lambda: Reply(stop=False, known=True, written=0))


class FakeCluster:
    """`nodes` have room for so many trials each; those in `apart` do not see the sweep's folder."""

    def __init__(self, nodes: dict[str, int], apart: Sequence[str] = ()) -> None:
        self.nodes = dict(nodes)
        self.apart = set(apart)
        self.mailbox = Mailbox()
        self.handles: list[Handle] = []
        self.sent: list[tuple[str, list[str]]] = []  # trials with the files that went along
        self.most: Counter[str] = Counter()
        self.crash_is_the_nodes = False
        self.deaf: set[str] = set()  # nodes from which nothing arrives
        self.unreliable = False  # whether the first reply to each message is lost
        self._heard: set[tuple[str, int]] = set()
        self._lock = threading.Lock()

    def room(self) -> int:
        return sum(self.nodes.values())

    def share(self, data: Any) -> Any:
        return data

    def submit(self, order: Order, files: Mapping[str, bytes], data: Any) -> Handle:
        busy = Counter(one.node for one in self.handles if one.outcome is None and not one.cut)
        free = [node for node, room in self.nodes.items() if busy[node] < room]
        assert free, "more trials than there is room for"
        node = free[0]
        self.most[node] = max(self.most[node], busy[node] + 1)
        self.sent.append((order.task.folder.name, sorted(files)))
        with self._lock:
            self.mailbox.want(order.run)
        if node in self.apart:
            order = replace(order, token=Token(order.token.path, "another"))
        handle = Handle(order.run, node)
        copy = pickle.loads(pickle.dumps((order, [dict(files)] if files else [], data)))
        handle.thread = threading.Thread(target=self._run, args=(handle, *copy), daemon=True)
        self.handles.append(handle)
        handle.thread.start()
        return handle

    def ready(self, handles: Sequence[Handle], seconds: float) -> list[Handle]:
        time.sleep(0.005)
        return [one for one in handles if one.outcome is not None or one.cut]

    def ended(self, handle: Handle) -> Ended:
        if handle.cut:
            return Ended("node", "the node died")
        assert handle.outcome is not None
        return handle.outcome

    def news(self, written: Mapping[str, int]) -> list[tuple[str, Item]]:
        with self._lock:
            return pickle.loads(pickle.dumps(self.mailbox.fetch(written)))

    def forget(self, run: str) -> None:
        with self._lock:
            self.mailbox.leave(run)

    def alive(self, node: str) -> bool:
        return node in self.nodes

    def stop(self) -> None:
        with self._lock:
            self.mailbox.stop()

    def cancel(self, handle: Handle) -> None:
        handle.cut = True

    def kill(self, key: str) -> None:
        """The node that trains a trial is gone; what ran there runs on and hears nothing."""
        live = [one for one in self.handles if not one.outcome and not one.cut]
        [node] = {one.node for one in live if one.run.split()[0] == key}
        del self.nodes[node]
        for one in self.handles:
            if one.node == node:
                one.cut = True

    def _put(self, handle: Handle, run: str, number: int, items: list[Item]) -> Reply:
        if handle.node in self.deaf:
            raise ConnectionError("no route")
        if handle.cut:
            # On a node that is apart nothing else would ever tell it.
            return replace(handle.reply, known=handle.node not in self.apart)
        with self._lock:
            handle.reply = self.mailbox.put(run, number, pickle.loads(pickle.dumps(items)))
        if self.unreliable and (run, number) not in self._heard:
            self._heard.add((run, number))
            raise ConnectionError("no route")
        return handle.reply

    def _run(self, handle: Handle, order: Order, files: list[Any], data: Any) -> None:
        _here.node = handle.node
        put = SimpleNamespace(remote=lambda *message: self._put(handle, *message))
        try:
            text = ray_task.run(order, files, data, SimpleNamespace(put=put))
            handle.outcome = Ended("returned", text)
        except Died:
            if self.crash_is_the_nodes:
                self.nodes.pop(handle.node, None)
            handle.outcome = Ended("worker", "the worker process died")
        except Exception as error:
            handle.outcome = Ended("error", repr(error))


@pytest.fixture
def fake_ray(monkeypatch: pytest.MonkeyPatch) -> None:
    """What little of Ray a task uses."""

    def die() -> None:
        raise Died

    context = SimpleNamespace(get_node_id=lambda: _here.node)
    module = SimpleNamespace(
        get=lambda value: value,
        get_runtime_context=lambda: context,
        exceptions=SimpleNamespace(ActorDiedError=Died),
    )
    monkeypatch.setitem(sys.modules, "ray", module)
    monkeypatch.setattr(ray_runners, "die", die)
    monkeypatch.setattr(ray_task, "_FLUSH", 0.01)
    monkeypatch.setattr(ray_task, "_REPEAT", 0.01)
    monkeypatch.setattr(ray_scheduler, "_DOUBT", 0.1)
