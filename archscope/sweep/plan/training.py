"""The plan of one network, trained from several seeds: `archscope train`."""

from __future__ import annotations

from typing import Unpack

from archscope.arch.families.own import lowered
from archscope.data.sets.folder import NAME as FILES
from archscope.errors import UsageError, shown
from archscope.sweep.plan.presets import FILES_RECIPE, TrainingChanges, check_names
from archscope.sweep.plan.settings import Settings, parse_seeds, recipe_name, recipe_of, view_of
from archscope.sweep.plan.subjects import Subjects, is_template


def settings(
    network: str, *, dataset: str = "cifar10", **changes: Unpack[TrainingChanges]
) -> Settings:
    """The settings of training `network` on `dataset`, in the form of a sweep's.

    Args:
        network: the name of a whole network.
        dataset: a name that `archscope.data.load` knows.
        changes: without a recipe, `proxy`, or `resnext-imagenet` for image folders; without seeds,
            one. `None` leaves what there is.

    Raises `UsageError` for a value that cannot be, with the rule that it broke.
    """
    if is_template(lowered(network.strip())):
        raise UsageError(
            f"{shown(network)} is a template, not a whole network: give its family and depth "
            f"as well, such as resnext29_{shown(network.strip())}"
        )
    check_names(changes, TrainingChanges, "a training")
    seeds = changes.get("seeds")
    usual = FILES_RECIPE if dataset == FILES else "proxy"
    # A whole name has its own depth and scale.
    subjects = Subjects(depth=0, scale=1.0, templates=(lowered(network.strip()),))
    return Settings(
        preset=None,
        dataset=dataset,
        view=view_of(changes),
        subjects=subjects,
        recipe=recipe_of(recipe_name(changes.get("recipe") or usual, subjects, dataset), changes),
        seeds=parse_seeds(1 if seeds is None else seeds),
        kind="train",
    )
