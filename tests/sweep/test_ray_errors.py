"""What becomes of Ray's errors, with a module in its place that fails as Ray does."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import pytest

from archscope.errors import ArchscopeError
from archscope.sweep import ray_connection
from archscope.sweep.environment import environment
from archscope.train.devices import Inventory


class RayError(Exception):
    """As ray.exceptions.RayError."""


class GetTimeoutError(RayError):
    """As ray.exceptions.GetTimeoutError."""


class Module:
    """As the module ray: nodes, and what a probe of each ends in."""

    exceptions = SimpleNamespace(RayError=RayError, GetTimeoutError=GetTimeoutError)

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
        return lambda _: SimpleNamespace(remote=lambda: options["scheduling_strategy"])

    def get(self, reference: str, timeout: float) -> Any:
        answer = self.answers[reference]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def cancel(self, reference: str) -> None:
        self.cancelled.append(reference)

    def get_runtime_context(self) -> Any:
        return SimpleNamespace(get_node_id=lambda: "here")


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
