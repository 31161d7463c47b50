"""Trials for tests that train nothing: `more` says how the runner of a test is to behave."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from archscope.data.dataset import DatasetInfo
from archscope.data.view import View
from archscope.sweep.plan.trial import Conditions, Entry, Trial
from archscope.training.recipe import Recipe

CIFAR10 = DatasetInfo("cifar10", "CIFAR-10", None, 10, "sha256:0", True)


@dataclass(frozen=True)
class FakeTrial(Trial):
    """A trial with remarks."""

    more: dict[str, Any] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """The content of its `trial.json`, the remarks in it."""
        return {**Trial.document(self), **self.more}


def fake_trial(
    key: str,
    behaviour: str = "",
    epochs: int = 3,
    *,
    network: str = "resnet20",
    work: int = 10,
    dataset: DatasetInfo = CIFAR10,
    view: View | None = None,
    **more: Any,
) -> FakeTrial:
    """One of `resnet20` in fp32 with batch 128; `work` is its multiply-adds."""
    entry = Entry(network, network, (), 1, work, 0, "0" * 12)
    recipe = Recipe("proxy", epochs)
    conditions = Conditions(dataset, view or View(), recipe, "cpu", "fp32", 1)
    return FakeTrial(key, 1, entry, conditions, {"behaviour": behaviour, **more})


def remarks(trial: Trial) -> dict[str, Any]:
    """What the test wants of the runner; nothing of a trial of a real plan."""
    return trial.more if isinstance(trial, FakeTrial) else {}
