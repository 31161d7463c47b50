"""Recipes: the papers' numbers, the learning rate over a run, and what is refused."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest

from archscope.data.batches.augmentation import Augmentation
from archscope.errors import UsageError
from archscope.training.recipe import RECIPES, learning_rate, recipe


def test_resnext_is_trained_as_appendix_a_says() -> None:
    it = recipe("resnext")
    assert (it.epochs, it.batch) == (300, 128)
    assert (it.sgd.momentum, it.sgd.nesterov) == (0.9, True)
    assert (it.sgd.weight_decay, it.sgd.decay_on) == (5e-4, "all")
    crop = it.augmentation
    assert (crop.pad, crop.padding, crop.flip) == (4, "zeros", True)
    expected = {0: 0.1, 149.99: 0.1, 150: 0.01, 224.99: 0.01, 225: 0.001, 300: 0.001}
    assert {at: learning_rate(it, at) for at in expected} == pytest.approx(expected)


def test_wrn_is_trained_as_its_paper_says() -> None:
    it = recipe("wrn")
    assert (it.epochs, it.batch, it.augmentation.padding) == (200, 128, "reflect")
    assert (it.sgd.momentum, it.sgd.nesterov, it.sgd.weight_decay) == (0.9, True, 5e-4)
    expected = {0: 0.1, 59.9: 0.1, 60: 0.02, 119.9: 0.02, 120: 0.004, 160: 0.0008}
    assert {at: learning_rate(it, at) for at in expected} == pytest.approx(expected)


def test_svhn_is_trained_as_the_wrn_paper_says() -> None:
    plan = recipe("wrn-svhn")
    assert (plan.epochs, plan.batch, plan.sgd.weight_decay) == (160, 128, 5e-4)
    rates = [learning_rate(plan, at) for at in (0, 79.9, 80.1, 119.9, 120.1, 159.9)]
    assert rates == pytest.approx([0.01, 0.01, 1e-3, 1e-3, 1e-4, 1e-4])
    assert plan.augmentation == Augmentation.NONE


def test_imagenet_is_trained_as_section_4_1_says() -> None:
    """Divided by 10 three times, every 30 epochs; area 8 to 100 %."""
    plan = recipe("resnext-imagenet")
    assert (plan.batch, plan.sgd.weight_decay, plan.sgd.momentum) == (256, 1e-4, 0.9)
    rates = [learning_rate(plan, at) for at in (0, 29.9, 30.1, 60.1, 90.1)]
    assert rates == pytest.approx([0.1, 0.1, 1e-2, 1e-3, 1e-4])
    assert plan.augmentation == Augmentation(pad=0, flip=True, area=0.08)


def test_a_recipe_without_an_area_is_written_as_before_there_was_one() -> None:
    assert set(recipe("wrn").to_dict()["augmentation"]) == {"pad", "padding", "flip"}
    assert recipe("resnext-imagenet").to_dict()["augmentation"]["area"] == 0.08


def test_one_cycle_is_a_triangle() -> None:
    it = recipe("proxy", epochs=10, lr=0.4, warmup=0.25)
    expected = {0: 0.0, 1.25: 0.2, 2.5: 0.4, 6.25: 0.2, 10: 0.0}
    assert {at: learning_rate(it, at) for at in expected} == pytest.approx(expected)


def test_without_warmup_one_cycle_starts_at_the_peak() -> None:
    assert learning_rate(recipe("proxy", lr=0.4, warmup=0.0), 0) == 0.4


def test_milestones_move_with_the_epochs() -> None:
    assert recipe("resnext", epochs=30).schedule.milestones == (15, 22.5)
    assert recipe("wrn", epochs=20).schedule.milestones == (6, 12, 16)
    assert recipe("wrn", epochs=20, milestones=[10]).schedule.milestones == (10,)
    assert recipe("resnext", lr=0.2).schedule.milestones == (150, 225)


def test_a_schedule_can_be_exchanged() -> None:
    it = recipe("wrn", schedule="onecycle", epochs=4)
    assert (it.schedule.kind, it.schedule.milestones) == ("onecycle", ())


def test_an_override_of_none_leaves_the_field() -> None:
    assert recipe("wrn", epochs=None, lr=None, milestones=None) == RECIPES["wrn"]


def test_overrides_reach_every_part() -> None:
    it = recipe("proxy", batch=64, lr=0.5, weight_decay=1e-4, decay_on="weights", pad=2, flip=False)
    assert (it.batch, it.sgd.lr, it.sgd.weight_decay) == (64, 0.5, 1e-4)
    assert (it.sgd.decay_on, it.augmentation.pad, it.augmentation.flip) == ("weights", 2, False)
    base = RECIPES["proxy"]
    assert replace(it, batch=base.batch, sgd=base.sgd, augmentation=base.augmentation) == base


@pytest.mark.parametrize(
    "bad",
    [
        {"epochs": 0},
        {"epochs": -1},
        {"epochs": 2.5},
        {"epochs": True},
        {"epochs": 10**6 + 1},
        {"batch": 1},
        {"lr": 0},
        {"lr": -0.1},
        {"lr": float("nan")},
        {"lr": float("inf")},
        {"momentum": 1.0},
        {"momentum": 0.0},
        {"weight_decay": -1e-4},
        {"weight_decay": float("nan")},
        {"decay_on": "biases"},
        {"schedule": "linear"},
        {"milestones": [120, 60]},
        {"milestones": [0, 60]},
        {"milestones": [60, 60]},
        {"milestones": [float("nan")]},
        {"schedule": "onecycle", "milestones": [60]},
        {"factor": 0},
        {"factor": float("nan")},
        {"warmup": 1.0},
        {"warmup": -0.1},
    ],
)
def test_a_number_out_of_range_is_refused_by_name(bad: dict[str, object]) -> None:
    name = list(bad)[-1]
    with pytest.raises(UsageError, match=rf"^{name} .*, not .*: give "):
        recipe("wrn", **bad)


def test_an_unknown_recipe_or_field_is_answered_with_what_there_is() -> None:
    with pytest.raises(UsageError, match=r'no recipe "resnxt": give resnext'):
        recipe("resnxt")
    with pytest.raises(UsageError, match=r'^the recipes are .* not "adam": give one$') as caught:
        recipe("adam")
    own = {name.removesuffix("-imagenet") for name in RECIPES}
    assert all(f"{name}," in str(caught.value) for name in own)
    with pytest.raises(UsageError, match=r'no "lrate": give any of .*epochs.*lr'):
        recipe("wrn", lrate=0.1)


def test_recipes_jobs_and_devices_need_no_torch() -> None:
    """The parent process of a sweep, and the command line, start without it."""
    code = (
        "import sys; import archscope.training.recipe, archscope.training.job\n"
        "import archscope.training.devices; print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
