"""What becomes of Ray's errors, with a module in its place that fails as Ray does."""

from __future__ import annotations

import socket
import sys
import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from archscope.errors import ArchscopeError
from archscope.sweep.plan.slots import Slot
from archscope.sweep.ray import cluster as ray_cluster
from archscope.sweep.ray import connection as ray_connection
from archscope.sweep.ray.cluster import Head, HeadLost, Need, RayCluster
from archscope.sweep.run import worker_process as process
from archscope.sweep.store.environment import environment
from archscope.training.devices import Inventory


class RayError(Exception):
    """As ray.exceptions.RayError."""


class GetTimeoutError(RayError):
    """As ray.exceptions.GetTimeoutError."""


class NodeDiedError(RayError):
    """As ray.exceptions.NodeDiedError."""


class TaskUnschedulableError(RayError):
    """As ray.exceptions.TaskUnschedulableError."""


class Module:
    """As the module ray: nodes, and what a probe of each ends in."""

    exceptions = SimpleNamespace(
        RayError=RayError,
        GetTimeoutError=GetTimeoutError,
        NodeDiedError=NodeDiedError,
        TaskUnschedulableError=TaskUnschedulableError,
    )

    def __init__(self, answers: dict[str, Any]) -> None:
        self.answers = answers
        self.options: list[dict[str, Any]] = []
        self.cancelled: list[str] = []

    def nodes(self) -> list[dict[str, Any]]:
        have = {"CPU": 4.0}
        return [
            {"NodeID": name, "NodeManagerHostname": name, "Alive": True, "Resources": have}
            for name in self.answers
        ]

    def remote(self, **options: Any) -> Any:
        self.options.append(options)
        return lambda _: SimpleNamespace(remote=lambda *_: options.get("scheduling_strategy"))

    def get(self, reference: str, timeout: float) -> Any:
        answer = self.answers[reference]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def cancel(self, reference: str) -> None:
        self.cancelled.append(reference)

    def get_runtime_context(self) -> Any:
        return SimpleNamespace(get_node_id=lambda: "here", gcs_address="127.0.0.1:1")


def put_in_place(monkeypatch: pytest.MonkeyPatch, module: Module) -> Module:
    strategies = SimpleNamespace(NodeAffinitySchedulingStrategy=lambda node, soft: node)
    monkeypatch.setitem(sys.modules, "ray", module)
    monkeypatch.setitem(sys.modules, "ray.util", SimpleNamespace())
    monkeypatch.setitem(sys.modules, "ray.util.scheduling_strategies", strategies)
    return module


def answer() -> tuple[dict[str, Any], Inventory]:
    return environment(), Inventory(4, "a CPU", (), False, False)


def test_a_node_that_cannot_train_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = RayError("Traceback:\n  ...\nModuleNotFoundError: No module named 'archscope'")
    put_in_place(monkeypatch, Module({"good": answer(), "bad": broken}))
    with pytest.raises(ArchscopeError, match=r"node bad .*\(ModuleNotFoundError: No module"):
        ray_connection.inventory()


@pytest.mark.parametrize("error", [NodeDiedError(), TaskUnschedulableError()])
def test_a_node_that_is_lost_while_it_is_asked_is_left_out(
    monkeypatch: pytest.MonkeyPatch, error: RayError
) -> None:
    put_in_place(monkeypatch, Module({"lost": error, "good": answer()}))
    found, notes = ray_connection.inventory()
    assert found.cpus == 4
    assert notes == ["The node lost of the Ray cluster was lost before it answered."]


def test_a_node_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    module = put_in_place(monkeypatch, Module({"slow": GetTimeoutError(), "good": answer()}))
    found, notes = ray_connection.inventory()
    assert found.cpus == 4
    assert ["node slow" in note and "no answer" in note for note in notes] == [True]
    assert module.cancelled == ["slow"]


def test_no_node_that_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    put_in_place(monkeypatch, Module({"slow": GetTimeoutError()}))
    with pytest.raises(ArchscopeError, match="none answered in time"):
        ray_connection.inventory()


class Lost(Module):
    """As the module ray when the head is gone."""

    def fail(self, *_: Any, **__: Any) -> Any:
        raise RayError("the head\nis gone")

    put = wait = cancel = nodes = fail


@pytest.mark.parametrize(
    "ask",
    [
        lambda cluster: cluster.share([1]),
        lambda cluster: cluster.submit(SimpleNamespace(run="t"), {"a": b""}, None),
        lambda cluster: cluster.ready([1], 0.0),
        lambda cluster: cluster.cancel(1),
        lambda cluster: cluster.room(),
        lambda cluster: cluster.alive("a"),
        lambda _: ray_cluster.living(),
    ],
)
def test_a_cluster_that_is_lost_is_told_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch, ask: Callable[[Any], Any]
) -> None:
    put_in_place(monkeypatch, Lost({}))
    cluster = RayCluster(Need(1))
    monkeypatch.setattr(cluster, "_ask", lambda *_: None)
    monkeypatch.setattr(cluster._head, "answers", lambda: True)
    with pytest.raises(ArchscopeError, match=r"^The Ray cluster was lost \(is gone\): run the"):
        ask(cluster)


def test_a_head_that_is_gone_is_told_before_ray_ends_the_process() -> None:
    now = [0.0]
    with socket.create_server(("127.0.0.1", 0)) as server:
        head = Head("{}:{}".format(*server.getsockname()), lambda: now[0])
        assert head.answers()
    for now[0] in (0.0, 5.0, 14.9):
        assert not head.answers()
    now[0] = 15.1
    with pytest.raises(HeadLost, match=r"\(its head at 127\.0\.0\.1:\d+ no longer answers\)"):
        head.answers()


def test_ray_is_asked_nothing_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would wait for the head, and end the process."""
    cluster = RayCluster(Need(1)) if put_in_place(monkeypatch, Lost({})) else None
    assert cluster is not None and cluster.room() == 0


def test_a_cluster_without_a_head_is_left_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ray's own shutdown may wait for the head, and so may the one at the end of the process."""
    told, hanging = [], threading.Event()
    module = put_in_place(monkeypatch, Module({}))
    monkeypatch.setattr(module, "is_initialized", lambda: False, raising=False)
    monkeypatch.setattr(module, "init", lambda *_, **__: None, raising=False)
    monkeypatch.setattr(module, "shutdown", hanging.wait, raising=False)
    monkeypatch.setattr(ray_connection, "_LEFT_WITHIN", 0.01)
    monkeypatch.setattr(ray_connection.atexit, "register", told.append)
    with pytest.raises(HeadLost), ray_connection.connected("local"):
        raise HeadLost("there:1")
    hanging.set()
    assert told == [ray_connection._leave]


@pytest.mark.parametrize(("per_gpu", "device"), [(None, "cpu"), (2, "cuda:0")])
def test_libraries_are_told_the_same_on_a_node_as_here(
    monkeypatch: pytest.MonkeyPatch, per_gpu: int | None, device: str
) -> None:
    module = put_in_place(monkeypatch, Module({}))
    RayCluster(Need(3, per_gpu))
    told = module.options[-1]["runtime_env"]["env_vars"]
    here = process._environment(Slot(device, 3))
    assert {name: here[name] for name in told} == told
    assert told["OMP_NUM_THREADS"] == "3"
    assert told.get("CUBLAS_WORKSPACE_CONFIG") == (":4096:8" if per_gpu else None)
