"""The plan of one network, trained from several seeds: `archscope train`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from archscope.data.sets.folder import NAME as FILES
from archscope.errors import UsageError, shown
from archscope.sweep.plan.plan import Settings, Subjects, is_template, parse_seeds, view_of
from archscope.sweep.plan.presets import SINGLE
from archscope.training.recipe import recipe as named_recipe

_RECIPE = {FILES: "resnext-imagenet"}
_NUMBERS = ("epochs", "batch", "lr")


def settings(
    network: str,
    *,
    dataset: str = "cifar10",
    recipe: str | None = None,
    seeds: int | str | Sequence[int] = 1,
    **changes: Any,
) -> Settings:
    """The settings of training `network` on `dataset`, in the form of a sweep's.

    Args:
        network: the name of a whole network.
        dataset: a name that `archscope.data.load` knows.
        recipe: a recipe's name; None: `proxy`, or `resnext-imagenet` for image folders.
        seeds: see `archscope.sweep.plan.plan.parse_seeds`.
        changes: `epochs`, `batch`, `lr`; the fields of `archscope.data.view.View`; `None` leaves
            what there is.

    Raises `UsageError` for a value that cannot be, with the rule that it broke.
    """
    if is_template(network.strip().lower()):
        raise UsageError(
            f"{shown(network)} was to be trained, but that is a template and not a whole network: "
            f"give its family and depth as well, such as resnext29_{shown(network.strip())}"
        )
    numbers = {name: changes.pop(name, None) for name in _NUMBERS}
    return Settings(
        preset=SINGLE,
        dataset=dataset,
        view=view_of(changes),
        # A whole name has its own depth and scale.
        subjects=Subjects(depth=0, scale=1.0, templates=(network.strip().lower(),)),
        recipe=named_recipe(recipe or _RECIPE.get(dataset, "proxy"), **numbers),
        seeds=parse_seeds(seeds),
    )
