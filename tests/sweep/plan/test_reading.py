"""What is written is read back the same, and what is something else is told by its place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from archscope.sweep.plan.plan import Plan
from archscope.sweep.plan.reading import Fault, Foreign, read
from archscope.sweep.plan.settings import Settings, settings
from archscope.sweep.plan.training import settings as training_settings
from archscope.sweep.plan.trial import Entry, Machine
from archscope.training.recipe import RECIPES, Recipe, recipe

EXAMPLES = sorted((Path(__file__).parents[3] / "examples").glob("*/sweep.json"))
MACHINE = {"device": "cpu", "precision": "bf16", "threads": 1, "workers": 2}
WRN = RECIPES["wrn"].to_dict()


def through_json(document: Any) -> Any:
    return json.loads(json.dumps(document))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.parent.name)
def test_the_plans_of_before_are_read_and_written_the_same(path: Path) -> None:
    """Those of version 0.1.0, to the byte but for how the lines are broken."""
    document = json.loads(path.read_text())
    plan = Plan.from_document(document)
    assert json.dumps(plan.document()) == json.dumps(document)
    known = {trial.key: trial.document() for trial in plan.trials}
    kept = [json.loads(one.read_text()) for one in path.parent.glob("trials/*/trial.json")]
    assert kept and all(known[one["key"]] == one for one in kept)


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe(name: str) -> None:
    it = recipe(name, epochs=7)
    assert read(Recipe, through_json(it.to_dict()), "recipe") == it


@pytest.mark.parametrize(
    "chosen",
    [
        settings("quick"),
        settings("paper", seeds="3,4", templates="1x64d,wrn_16_2-b(3,1,3)", scale=2),
        settings("proxy", holdout=500, whiten="zca", test_classes=["a", "b"], test_crop=320),
        training_settings("resnet20", seeds=2, samples=100),
    ],
)
def test_settings(chosen: Settings) -> None:
    assert Settings.from_document(through_json(chosen.document())) == chosen


def test_a_training_is_one_whatever_its_file_calls_it() -> None:
    """Files have had no word for the kind: `train` stands where a preset would."""
    chosen = training_settings("resnet20")
    assert chosen.kind == "train" and chosen.preset is None
    assert chosen.document()["preset"] == "train"
    assert "kind" not in chosen.document() and settings("quick").kind == "sweep"


def test_what_a_later_version_has_written_is_kept() -> None:
    machine = read(Machine, {**MACHINE, "rack": 7}, "machine")
    assert machine.document() == {**MACHINE, "rack": 7}
    document = {**settings("quick").document(), "looks": [1, 2]}
    assert Settings.from_document(document).document() == document
    plan = {**json.loads(EXAMPLES[0].read_text()), "decided": True}
    assert json.loads(json.dumps(Plan.from_document(plan).document())) == plan


@pytest.mark.parametrize(
    ("kind", "document", "error", "says"),
    [
        (Machine, [], Fault, "its it is not an object"),
        (Machine, {}, Fault, "it has no it.device"),
        (Machine, {**MACHINE, "threads": True}, Fault, "its it.threads is not a whole number"),
        (Machine, {**MACHINE, "threads": None}, Fault, "its it.threads is not a whole number"),
        (Machine, {**MACHINE, "compile": "yes"}, Fault, "its it.compile is not true or false"),
        (Machine, {**MACHINE, "precision": "fp8"}, Foreign, "its it.precision 'fp8' is unknown"),
        (Machine, {**MACHINE, "measured": {"1": "x"}}, Fault, "its it.measured.1 is not a number"),
        (Entry, {"template": 5}, Fault, "its it.template is not text"),
        (Recipe, {**WRN, "colour": 1}, Foreign, "it.colour is unknown"),
        (Recipe, {**WRN, "epochs": 0}, Fault, "epochs is not a whole number from 1"),
        (Recipe, {**WRN, "sgd": 1}, Fault, "its it.sgd is not an object"),
        (Recipe, {**WRN, "sgd": None}, Foreign, "the optimizer is one of sgd, adamw and rmsprop"),
        (Recipe, {**WRN, "drop_path": 1}, Foreign, "it: drop_path lies in [0, 1), not 1"),
        (Recipe, {**WRN, "sgd": {"lr": 0.1}}, Fault, "it has no it.sgd.momentum"),
        (Recipe, {**WRN, "sgd": {**WRN["sgd"], "lr": float("inf")}}, Fault, "it.sgd.lr is not a"),
        (Recipe, {**WRN, "schedule": {"milestones": [1]}}, Fault, "it has no it.schedule.kind"),
    ],
)
def test_what_does_not_fit_is_told_by_its_place(
    kind: type, document: Any, error: type[Exception], says: str
) -> None:
    with pytest.raises(error) as caught:
        read(kind, document, "it")
    assert says in str(caught.value)


def test_settings_without_samples_are_not_taken_for_all_of_them() -> None:
    document = settings("quick").document()
    del document["samples"]
    with pytest.raises(Fault, match=r"it has no settings\.samples"):
        Settings.from_document(document)
