"""What was asked of a sweep or a training, a preset filled in: `settings("quick", epochs=3)`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Annotated, Any, Literal, Unpack, cast

from archscope.data.sets.folder import NAME as FILES
from archscope.data.view import VIEW_FIELDS, View
from archscope.documents import Within
from archscope.errors import UsageError
from archscope.sweep.plan.presets import (
    FILES_RECIPE,
    PRESETS,
    RECIPE_NUMBERS,
    Changes,
    TrainingChanges,
    check_names,
)
from archscope.sweep.plan.reading import Fault, read
from archscope.sweep.plan.subjects import Subjects, input_of, networks, parse_templates
from archscope.training.recipe import FAMILY, Recipe, of_family, recipe

Kind = Literal["sweep", "train"]
SEED = Within(0, 2**31 - 1)


@dataclass(frozen=True)
class Settings:
    """What was asked, the preset filled in; nothing here depends on the machine.

    Attributes:
        preset: the preset's name; None where no preset was asked for (`kind` "train").
        dataset: a name that `archscope.data.load` knows.
        view: what is made of it: `samples`, `holdout` and the like.
        subjects: the networks.
        recipe: how each is trained.
        seeds: one training of each network for each.
        kind: "sweep" compares networks, "train" trains one.
        rest: settings of a later version, as they were read.
    """

    preset: str | None
    dataset: str
    view: View
    subjects: Subjects
    recipe: Recipe
    seeds: tuple[int, ...]
    kind: Kind = "sweep"
    rest: Mapping[str, Any] = field(default_factory=dict)

    @property
    def samples(self) -> int | None:
        """Training images (class-balanced subset), or `None` for all."""
        return self.view.samples

    @property
    def asked(self) -> str:
        """The preset, or the kind where there is none: what `sweep.json` has as its preset."""
        return self.preset or self.kind

    def document(self) -> dict[str, Any]:
        """The settings as JSON, as `sweep.json` keeps them."""
        return {
            "preset": self.asked,
            "dataset": self.dataset,
            "samples": self.samples,
            **self.view.to_dict(),
            "depth": self.subjects.depth,
            "scale": self.subjects.scale,
            "templates": list(self.subjects.templates),
            "seeds": list(self.seeds),
            "recipe": self.recipe.to_dict(),
            **self.rest,
        }

    @staticmethod
    def from_document(document: Mapping[str, Any]) -> Settings:
        """What `document` wrote; raises as `archscope.sweep.plan.reading.read`."""
        where = "settings"
        own = read(_Own, document, where)
        parts = own.rest
        if "samples" not in parts:
            raise Fault(f"it has no {where}.samples")
        view, subjects = _part(parts, VIEW_FIELDS), _part(parts, _SUBJECT_FIELDS)
        single = own.preset == _SINGLE
        return Settings(
            preset=None if single else own.preset,
            dataset=own.dataset,
            view=read(View, view, where, sparse=True),
            subjects=read(Subjects, subjects, where),
            recipe=own.recipe,
            seeds=own.seeds,
            kind=_SINGLE if single else "sweep",
            rest={name: parts[name] for name in parts if name not in {**view, **subjects}},
        )


_SINGLE: Literal["train"] = "train"
_SUBJECT_FIELDS = tuple(field.name for field in fields(Subjects))


@dataclass(frozen=True)
class _Own:
    """The settings of `sweep.json` that are not those of a view or of subjects."""

    preset: str
    dataset: str
    seeds: tuple[Annotated[int, SEED], ...]
    recipe: Recipe
    rest: Mapping[str, Any] = field(default_factory=dict)


def _part(document: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {name: document[name] for name in names if name in document}


def settings(preset: str = "proxy", **changes: Unpack[Changes]) -> Settings:
    """The preset's settings with `changes`; one that is `None` leaves the preset's value.

    Another recipe than the preset's brings its own epochs, and its own learning rate where its
    optimizer is another. For an image folder the recipe is
    `resnext-imagenet`, over the preset's epochs, and all images train. Raises `UsageError` for a
    value that cannot be, with the rule that it broke.
    """
    if not isinstance(preset, str) or preset not in PRESETS:
        raise UsageError(f"preset {preset!r} is unknown: choose from {', '.join(PRESETS)}.")
    check_names(changes, Changes, "a sweep")
    base, given = PRESETS[preset], _given(changes)
    if given.get("dataset") == FILES:
        base = {**base, "recipe": FILES_RECIPE, "samples": None}
    values: Changes = {**base, **given}
    dataset = str(values["dataset"])
    depth = _positive("depth", values["depth"])
    scale = float(values["scale"] or 0)
    if not 0 < scale <= 1024:
        raise UsageError(f"scale {scale:g} must be a positive factor, such as 0.25.")
    subjects = Subjects(depth, scale, parse_templates(values["templates"] or ()))
    name = recipe_name(str(values["recipe"]), subjects, dataset)
    if name != base["recipe"]:
        own = ("epochs",) if recipe(name).sgd else ("epochs", "lr")
        values = cast(Changes, {**values, **dict.fromkeys(own), **given})
    return Settings(
        preset=preset,
        dataset=dataset,
        view=view_of(values),
        subjects=subjects,
        recipe=recipe_of(name, values),
        seeds=parse_seeds(values["seeds"] or ()),
    )


def _given(changes: Changes) -> Changes:
    given: Any = {name: value for name, value in changes.items() if value is not None}
    return cast(Changes, given)


def recipe_name(name: str, subjects: Subjects, dataset: str) -> str:
    """The name of a recipe; for `family` that of the networks' family.

    Raises `UsageError` where it has none, or they have several.
    """
    if name != FAMILY:
        return name
    found = networks(subjects, input_shape=input_of(dataset))
    return of_family(found.values(), files=dataset == FILES)


def recipe_of(name: str, changes: TrainingChanges) -> Recipe:
    """The recipe of that name, with the numbers that are asked for."""
    return recipe(name, **{number: changes.get(number) for number in RECIPE_NUMBERS})


def view_of(changes: TrainingChanges) -> View:
    """The view that is asked for; one that is `None` is the default, and 0 samples are all."""
    given: dict[str, Any] = {
        name: value for name, value in changes.items() if name in VIEW_FIELDS and value is not None
    }
    samples = given.pop("samples", None)
    return View(samples=_positive("samples", samples) if samples else None, **given)


def parse_seeds(seeds: int | str | Sequence[int]) -> tuple[int, ...]:
    """Read seeds: 3 or "3" are seeds 1, 2, 3; "1,2,5" and (1, 2, 5) are those; "7," is 7 alone."""
    if isinstance(seeds, str):
        parts = [part.strip() for part in seeds.split(",")]
        if not all(re.fullmatch("-?[0-9]+", part) for part in parts if part) or not any(parts):
            raise UsageError(f"seeds {seeds!r} must be a number of seeds, or a list such as 1,2,5.")
        numbers = [int(part) for part in parts if part]
        seeds = numbers if "," in seeds else numbers[0]
    if isinstance(seeds, int):
        if not 1 <= seeds <= 1_000_000:
            raise UsageError(
                f"seeds {seeds} must be 1 to 1,000,000: that many trainings per network."
            )
        return tuple(range(1, seeds + 1))
    chosen = tuple(dict.fromkeys(int(seed) for seed in seeds))
    if not chosen or not all(seed in SEED for seed in chosen):
        raise UsageError(f"seeds {list(chosen)} must be one or more of 0 ... {SEED.most}.")
    return chosen


def _positive(name: str, value: Any) -> int:
    right = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not right or value < 1 or value % 1:
        raise UsageError(f"{name} {value} must be a whole number of at least 1.")
    return int(value)
