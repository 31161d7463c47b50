from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archscope.data.dataset import DatasetInfo
from archscope.errors import UsageError
from archscope.sweep.plan import settings as asked
from archscope.sweep.plan import subjects
from archscope.sweep.plan import trial as planned
from archscope.sweep.plan.presets import FIGURE7, PRESETS
from archscope.sweep.plan.trial import Machine

MACHINE = Machine("cpu", "bf16", 1, 2)
# ResNeXt paper, Figure 7 (the vector graphics of the PDF): which networks stand on which curve.
FIGURE7_WIDTH = {"1x64d", "1x96d", "1x128d", "1x160d", "1x192d", "1x256d", "1x384d"}
FIGURE7_CARDINALITY = {"1x64d", "2x64d", "3x64d", "4x64d", "6x64d", "8x64d", "16x64d"}


def key_of(
    entry: planned.Entry, chosen: asked.Settings, seed: int, fingerprint: str, machine: Machine
) -> str:
    data = DatasetInfo(chosen.dataset, "any", None, 10, fingerprint, True)
    return planned.trial_key(entry, planned.Conditions.of(chosen, data, machine), seed)


def entry(template: str = "1x64d") -> planned.Entry:
    only = subjects.Subjects(11, 0.125, (template,))
    return planned.entries(subjects.networks(only))[0]


def test_the_paper_s_templates_stand_on_figure_7_s_curves() -> None:
    curves = subjects.curves(FIGURE7)
    assert {name for name in curves if "width" in curves[name]} == FIGURE7_WIDTH
    assert {name for name in curves if "cardinality" in curves[name]} == FIGURE7_CARDINALITY
    assert len(FIGURE7) == 13


@pytest.mark.parametrize("preset", PRESETS)
def test_each_preset_has_two_curves_through_1x64d(preset: str) -> None:
    chosen = asked.settings(preset)
    curves = subjects.curves(chosen.subjects.templates)
    assert curves["1x64d"] == ("cardinality", "width")
    assert all(curves.values())
    for name in ("cardinality", "width"):
        assert sum(name in on for on in curves.values()) >= 3
    assert subjects.networks(chosen.subjects)


def test_the_paper_preset_is_the_paper_s_setting() -> None:
    chosen = asked.settings("paper")
    assert (chosen.subjects.depth, chosen.subjects.scale, chosen.samples) == (29, 1, None)
    recipe = chosen.recipe
    assert (recipe.epochs, recipe.batch, recipe.sgd.lr, recipe.sgd.weight_decay) == (
        300,
        128,
        0.1,
        5e-4,
    )
    assert len(chosen.seeds) == 10


@pytest.mark.parametrize(
    ("templates", "expected"),
    [
        ("1x64d", {"1x64d": ("width",)}),
        ("8x64d", {"8x64d": ("cardinality",)}),
        ("1x64d,2x64d", {"1x64d": ("cardinality",), "2x64d": ("cardinality",)}),
        ("1x64d,1x96d", {"1x64d": ("width",), "1x96d": ("width",)}),
        ("1x64d,2x40d,wrn_16_4", {"1x64d": ("width",), "2x40d": (), "wrn_16_4": ()}),
        (
            "1x64d,2x64d,1x96d",
            {"1x64d": ("cardinality", "width"), "2x64d": ("cardinality",), "1x96d": ("width",)},
        ),
    ],
)
def test_the_rule_for_curves(templates: str, expected: dict[str, tuple[str, ...]]) -> None:
    assert subjects.curves(subjects.parse_templates(templates)) == expected


@pytest.mark.parametrize(
    ("text", "seeds"),
    [("3", (1, 2, 3)), (3, (1, 2, 3)), ("1,2,5", (1, 2, 5)), ("7,", (7,)), ((4, 4, 0), (4, 0))],
)
def test_seeds(text: str | int, seeds: tuple[int, ...]) -> None:
    assert asked.parse_seeds(text) == seeds


@pytest.mark.parametrize(
    "seeds", ["", "0", "-1", "a", "1,b", "1.5", ",", 0, -3, (), (-1,), (2**31,)]
)
def test_seeds_that_cannot_be(seeds: str | int) -> None:
    with pytest.raises(UsageError, match="seeds"):
        asked.parse_seeds(seeds)


@pytest.mark.parametrize("templates", ["7x", "x64d", "0x64d", "1x0d", "64", "", " , ", "1x6.5d"])
def test_templates_that_cannot_be(templates: str) -> None:
    with pytest.raises(UsageError, match="template"):
        subjects.parse_templates(templates)


@pytest.mark.parametrize(
    "change",
    [
        {"epochs": 0},
        {"epochs": -2},
        {"samples": -5},
        {"scale": 0.0},
        {"scale": float("nan")},
        {"scale": -1},
        {"depth": 0},
        {"batch": 1},
        {"lr": -1.0},
        {"holdout": -1},
        {"whiten": "pca"},
        {"recipe": "none"},
        {"colour": "red"},
    ],
)
def test_settings_that_cannot_be(change: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        asked.settings("quick", **change)


def test_unknown_presets_and_impossible_networks() -> None:
    with pytest.raises(UsageError, match="quick"):
        asked.settings("fast")
    with pytest.raises(UsageError, match="9n"):
        subjects.networks(subjects.Subjects(12, 1.0, ("1x64d",)))
    with pytest.raises(UsageError, match="twice"):
        subjects.networks(subjects.Subjects(29, 1.0, ("8x64d", "resnext29_8x64d")))


def test_samples_0_is_all_and_another_recipe_brings_its_epochs() -> None:
    assert asked.settings("quick", samples=0).samples is None
    assert asked.settings("quick", recipe="wrn").recipe.epochs == 200
    assert asked.settings("quick", recipe="wrn", epochs=7).recipe.epochs == 7
    assert asked.settings("quick", recipe="proxy").recipe == asked.settings("quick").recipe


def test_depths_that_imagenet_has_too_are_the_cifar_networks() -> None:
    [network] = subjects.networks(subjects.Subjects(101, 1.0, ("1x64d",))).values()
    assert network.input == (3, 32, 32)


def test_the_key_hashes_all_that_decides_a_result_and_nothing_else() -> None:
    base = asked.settings("quick")
    key = key_of(entry(), base, 1, "sha256:a", MACHINE)
    others = [
        key_of(entry("2x64d"), base, 1, "sha256:a", MACHINE),
        key_of(replace(entry(), digest="changed"), base, 1, "sha256:a", MACHINE),
        key_of(entry(), base, 2, "sha256:a", MACHINE),
        key_of(entry(), base, 1, "sha256:b", MACHINE),
        key_of(entry(), asked.settings("quick", epochs=9), 1, "sha256:a", MACHINE),
        key_of(entry(), asked.settings("quick", lr=0.2), 1, "sha256:a", MACHINE),
        key_of(entry(), asked.settings("quick", samples=0), 1, "sha256:a", MACHINE),
        key_of(entry(), base, 1, "sha256:a", replace(MACHINE, device="cuda")),
        key_of(entry(), base, 1, "sha256:a", replace(MACHINE, precision="fp32")),
        key_of(entry(), base, 1, "sha256:a", replace(MACHINE, threads=2)),
    ]
    assert len({key, *others}) == 11
    # Seeds, templates and workers beside it do not matter.
    wider = asked.settings("quick", seeds=9, templates="1x64d,4x64d")
    assert key_of(entry(), wider, 1, "sha256:a", replace(MACHINE, workers=5)) == key


@pytest.mark.parametrize(
    ("preset", "changes", "key"),
    [
        ("quick", {}, "2x64d-s2-56269c15e2c0"),
        ("proxy", {}, "2x64d-s2-0b9fe02fed76"),
        ("paper", {}, "2x64d-s2-c7eaa66cb3dc"),
        (
            "quick",
            {"recipe": "wrn", "samples": 0, "dataset": "cifar100"},
            "2x64d-s2-831811079fdc",
        ),
    ],
)
def test_plans_of_before_keep_their_keys(preset: str, changes: dict[str, object], key: str) -> None:
    """The keys that commit 1f46523 gave: a folder of that time is continued, not begun anew."""
    chosen = asked.settings(preset, **changes)
    second = planned.entries(subjects.networks(chosen.subjects))[1]
    assert key_of(second, chosen, 2, "sha256:a", MACHINE) == key
    assert set(chosen.document()) == {
        *("preset", "dataset", "samples", "depth", "scale", "templates", "seeds", "recipe")
    }


def test_a_view_of_the_data_is_a_part_of_the_key() -> None:
    views: list[dict[str, object]] = [
        {},
        {"holdout": 500},
        {"holdout": 400},
        {"whiten": "zca"},
        {"test_crop": 320},
        {"test_classes": ("a",)},
    ]
    chosen = [asked.settings("quick", **view) for view in views]
    keys = {key_of(entry(), made, 1, "sha256:a", MACHINE) for made in chosen}
    assert len(keys) == len(views)
    assert asked.settings("quick", holdout=0).document() == chosen[0].document()
    assert chosen[1].document()["holdout"] == 500


@given(
    st.lists(st.tuples(st.integers(1, 64), st.integers(1, 512)), min_size=1, max_size=12),
    st.integers(0, 2**31 - 1),
)
def test_every_template_is_planned_once_under_a_name_that_is_a_folder(
    pairs: list[tuple[int, int]], seed: int
) -> None:
    templates = subjects.parse_templates([f"{c}x{w}d" for c, w in pairs])
    assert set(templates) == {f"{c}x{w}d" for c, w in pairs}
    curves = subjects.curves(templates)
    assert list(curves) == list(templates)
    for template in templates:
        if template.startswith("1x"):
            assert curves[template]  # every template of cardinality 1 stands on a curve
    made = planned.Entry(templates[0], "n", (), 1, 1, 1, "d")
    key = key_of(made, asked.settings("quick"), seed, "f", MACHINE)
    assert Path(key).name == key and os.sep not in key and len(key) < 100


def test_settings_are_json() -> None:
    document = asked.settings("quick").document()
    assert json.loads(json.dumps(document)) == document


def test_a_compiled_training_has_a_key_of_its_own() -> None:
    settings = asked.settings("quick")
    plain = key_of(entry(), settings, 1, "sha256:0", MACHINE)
    same = key_of(entry(), settings, 1, "sha256:0", replace(MACHINE, measured={"1": 2.0}))
    compiled = key_of(entry(), settings, 1, "sha256:0", replace(MACHINE, compile=True))
    full = key_of(entry(), settings, 1, "sha256:0", replace(MACHINE, head="fp32"))
    assert full not in (plain, compiled)
    assert plain == same != compiled
