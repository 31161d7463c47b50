"""How a network is trained, as plain numbers; no torch.

The recipes of the papers are here by name, and a short one for comparing designs:

    recipe("resnext")                 # 300 epochs, as appendix A of the ResNeXt paper
    recipe("resnext", epochs=30)      # the rate drops at 15 and 22.5 instead of 150 and 225
    recipe("proxy", lr=0.2, weight_decay=1e-3)

Where the epochs of a named recipe are changed, its milestones move in proportion: they may fall
inside an epoch, as the learning rate is a function of the steps done and not of whole epochs.
"""

from __future__ import annotations

import difflib
import math
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import fields, replace
from typing import Any

from archscope.arch.network import Network
from archscope.data.batches.augmentation import Augmentation
from archscope.errors import UsageError
from archscope.training.named import RECIPES
from archscope.training.parts import BATCH, EPOCHS, AdamW, Recipe, RmsProp, Schedule, Sgd

__all__ = [
    "BATCH",
    "EPOCHS",
    "FAMILY",
    "RECIPES",
    "AdamW",
    "Recipe",
    "RmsProp",
    "Schedule",
    "Sgd",
    "lasting",
    "learning_rate",
    "of_family",
    "recipe",
    "steps_of",
]
_NUMBERS = ("epochs", "batch", "label_smoothing", "drop_path")  # of the recipe itself


def learning_rate(recipe: Recipe, epochs_done: float) -> float:
    """Return the learning rate at `epochs_done`, 0 to `recipe.epochs`: a step takes its middle."""
    schedule, peak = recipe.schedule, recipe.optimizer.lr
    done = epochs_done / recipe.epochs
    if done < schedule.warmup:
        return peak * done / schedule.warmup
    if schedule.kind == "onecycle":
        return peak * max(0.0, 1 - done) / (1 - schedule.warmup)
    if schedule.kind == "cosine":
        return peak * (1 + math.cos(math.pi * (done - schedule.warmup) / (1 - schedule.warmup))) / 2
    if schedule.every is not None:
        return peak * schedule.factor ** math.floor(epochs_done / schedule.every)
    return peak * schedule.factor ** bisect_right(schedule.milestones, epochs_done)


def steps_of(images: int, batch: int) -> tuple[int, int]:
    """Return an epoch's steps and the images in them: a last batch of one image is left out."""
    whole, rest = divmod(images, batch)
    return (whole + 1, images) if rest > 1 else (whole, images - rest)


FAMILY = "family"
"""What stands for a recipe's name where it is to be that of the networks' family."""


def of_family(networks: Iterable[Network], *, files: bool = False) -> str:
    """Return the name of the recipe of the networks' family, for image folders where `files`.

    Raises UsageError where a family has none of its own, or they have several.
    """
    names = set()
    for network in networks:
        own = network.design.family.recipe if network.design else ""
        name = f"{own}{'-imagenet' * files}"
        if name not in RECIPES:
            images = "image folders" if files else "32x32 images"
            raise UsageError(
                f"no recipe of {network.name}'s family is known for {images}: give one by its "
                "name, such as proxy"
            )
        names.add(name)
    if len(names) > 1:
        raise UsageError(
            f"the networks of one sweep share one recipe, and their families have "
            f"{', '.join(sorted(names))}: name one of these, or sweep each family by itself"
        )
    return names.pop()


_PARTS: dict[str, type[Any]] = {
    "sgd": Sgd,
    "adamw": AdamW,
    "rmsprop": RmsProp,
    "schedule": Schedule,
    "augmentation": Augmentation,
}


def _owners(base: Recipe) -> dict[str, str]:
    """Of each number of a recipe the part that has it; "" is the recipe itself."""
    parts = {part: kind for part, kind in _PARTS.items() if getattr(base, part) is not None}
    numbers = {item.name: part for part, kind in parts.items() for item in fields(kind)}
    del numbers["kind"]
    return {**dict.fromkeys(_NUMBERS, ""), **numbers, "schedule": "schedule"}


def recipe(name: str, **overrides: Any) -> Recipe:
    """Return a named recipe, with any of its numbers replaced.

    `overrides` are fields of Recipe, of its optimizer, Schedule and Augmentation by their own names
    (`epochs`, `lr`, `weight_decay`, `pad`, ...; `schedule` is the schedule's kind); None leaves a
    field as it is. `epochs` scales the milestones, or the epochs from one drop to the next, in
    proportion, unless these are given as well. Raises UsageError for an unknown name or field, or a
    number out of range.
    """
    if name not in RECIPES:
        near = difflib.get_close_matches(name.lower().replace("_", "-"), RECIPES, n=1, cutoff=0.8)
        if near:
            raise UsageError(f'there is no recipe "{name}": give {near[0]}')
        own = ", ".join(one for one in RECIPES if not one.endswith("-imagenet"))
        raise UsageError(
            f"the recipes are {own}, most of them with -imagenet for folders, "
            f'not "{name}": give one'
        )
    base = RECIPES[name]
    if overrides.get("epochs") is not None:
        base = lasting(base, overrides["epochs"])
    owners = _owners(base)
    given: dict[str, dict[str, Any]] = {part: {} for part in owners.values()}
    for key, value in overrides.items():
        if key not in owners:
            known = ", ".join(sorted(owners))
            raise UsageError(f'the recipe {name} has no "{key}": give any of {known}')
        if value is not None:
            given[owners[key]]["kind" if key == "schedule" else key] = value
    made = replace(base, **given.pop(""))
    if given["schedule"].get("kind", base.schedule.kind) != base.schedule.kind:
        given["schedule"] = {"milestones": (), "every": None, **given["schedule"]}
    return replace(
        made, **{part: replace(getattr(base, part), **new) for part, new in given.items()}
    )


def lasting(made: Recipe, epochs: int) -> Recipe:
    """Return a recipe over other `epochs`, its drops of the learning rate moved in proportion.

    Raises UsageError unless there is at least one.
    """
    longer = replace(made, epochs=epochs)
    old = made.schedule
    moved = tuple(at * epochs / made.epochs for at in old.milestones)
    every = None if old.every is None else old.every * epochs / made.epochs
    return replace(longer, schedule=replace(old, milestones=moved, every=every))
