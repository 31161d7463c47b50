"""How a network is trained, as plain numbers; no torch.

The recipes of the papers are here by name, and a short one for comparing designs:

    recipe("resnext")                 # 300 epochs, as appendix A of the ResNeXt paper
    recipe("resnext", epochs=30)      # the rate drops at 15 and 22.5 instead of 150 and 225
    recipe("proxy", lr=0.2, weight_decay=1e-3)

Where the epochs of a named recipe are changed, its milestones move in proportion: they may fall
inside an epoch, as the learning rate is a function of the steps done and not of whole epochs.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import fields, replace
from typing import Any

from archscope.arch.network import Network
from archscope.data.batches.augmentation import Augmentation
from archscope.errors import UsageError
from archscope.training.parts import BATCH, EPOCHS, AdamW, Recipe, Schedule, Sgd

__all__ = [
    "BATCH",
    "EPOCHS",
    "FAMILY",
    "RECIPES",
    "AdamW",
    "Recipe",
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
    return peak * schedule.factor ** bisect_right(schedule.milestones, epochs_done)


def steps_of(images: int, batch: int) -> tuple[int, int]:
    """Return an epoch's steps and the images in them: a last batch of one image is left out."""
    whole, rest = divmod(images, batch)
    return (whole + 1, images) if rest > 1 else (whole, images - rest)


RECIPES: dict[str, Recipe] = {
    # Appendix A of the paper; the authors' program drops at epochs 148 and 223.
    "resnext": Recipe("resnext", epochs=300, schedule=Schedule(milestones=(150, 225))),
    "wrn": Recipe(
        "wrn",
        epochs=200,
        schedule=Schedule(milestones=(60, 120, 160), factor=0.2),
        augmentation=Augmentation(padding="reflect"),
    ),
    # Pixels / 255 are the data set's part; dropout 0.4 is the network's (wrn_16_8-drop0.4).
    "wrn-svhn": Recipe(
        "wrn-svhn",
        epochs=160,
        sgd=Sgd(lr=0.01),
        schedule=Schedule(milestones=(80, 120)),
        augmentation=Augmentation.NONE,
    ),
    # Section 4.1; 100 epochs and a drop every 30 as in the authors' program, which varies colour
    # and brightness as well, of which the paper says nothing: not done here.
    "resnext-imagenet": Recipe(
        "resnext-imagenet",
        epochs=100,
        batch=256,
        sgd=Sgd(weight_decay=1e-4),
        schedule=Schedule(milestones=(30, 60, 90)),
        augmentation=Augmentation(pad=0, area=0.08),
    ),
    # RegNet, as its program pycls: 0.8 for batches of 1,024, 5 of the 100 epochs to rise.
    "regnet": Recipe(
        "regnet",
        epochs=100,
        sgd=Sgd(weight_decay=5e-5),
        schedule=Schedule("cosine", warmup=0.05),
    ),
    # The schedule by which pycls trains it (0.4 for batches of 256), the rest as its paper has it,
    # which takes RMSProp and AutoAugment: not done here.
    "efficientnet": Recipe(
        "efficientnet",
        epochs=100,
        sgd=Sgd(lr=0.2, weight_decay=1e-5, decay_on="weights"),
        schedule=Schedule("cosine"),
        label_smoothing=0.1,
        drop_path=0.2,
    ),
    # The authors' program: 0.5 for batches of 1,024, in a straight line to zero over 240 epochs.
    "shufflenet": Recipe(
        "shufflenet",
        epochs=240,
        sgd=Sgd(lr=0.0625, weight_decay=4e-5, decay_on="weights"),
        schedule=Schedule("onecycle"),
        label_smoothing=0.1,
    ),
    # Section 4.2 (CIFAR).
    "densenet": Recipe(
        "densenet",
        epochs=300,
        batch=64,
        sgd=Sgd(weight_decay=1e-4),
        schedule=Schedule(milestones=(150, 225)),
    ),
    # Table 5: 4e-3 for batches of 4,096, 20 of 300 epochs to rise; the drop path is that of the
    # smallest. Its Mixup, CutMix, RandAugment, random erasing and averaged weights: not done here.
    "convnext": Recipe(
        "convnext",
        epochs=300,
        sgd=None,
        adamw=AdamW(lr=1.25e-4),
        schedule=Schedule("cosine", warmup=20 / 300),
        label_smoothing=0.1,
        drop_path=0.1,
    ),
    # Peak chosen on CIFAR-10 (JPEG): resnext11_1x64d@0.125, 20,000 images, 10 epochs, one seed:
    # final test error 38.8 % at 0.1, 35.5 % at 0.3, 35.8 % at 0.6.
    "proxy": Recipe("proxy", epochs=10, sgd=Sgd(lr=0.3), schedule=Schedule("onecycle", warmup=0.2)),
}
# What these published is for ImageNet: for 32x32 images it is their crops that differ.
RECIPES |= {
    f"{name}-imagenet": replace(
        RECIPES[name], name=f"{name}-imagenet", augmentation=Augmentation(pad=0, area=0.08)
    )
    for name in ("regnet", "efficientnet", "shufflenet", "convnext")
}


# The recipe of each family that has published one of its own, by the family's name.
_FAMILIES = {
    **dict.fromkeys(("resnext", "cifar_resnext"), "resnext"),
    "wrn": "wrn",
    **dict.fromkeys(("regnetx", "regnety", "anynet"), "regnet"),
    "efficientnet": "efficientnet",
    "shufflenet_v2": "shufflenet",
    "densenet": "densenet",
    "convnext": "convnext",
}
FAMILY = "family"
"""What stands for a recipe's name where it is to be that of the networks' family."""


def of_family(networks: Iterable[Network], *, files: bool = False) -> str:
    """Return the name of the recipe of the networks' family, for image folders where `files`.

    Raises UsageError where a family has none of its own, or they have several.
    """
    names = set()
    for network in networks:
        design = network.design
        own = None if design is None or design.family.place else design.family.name
        name = f"{_FAMILIES.get(own or '')}{'-imagenet' * files}"
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
    field as it is. `epochs` scales the milestones in proportion, unless `milestones` are given as
    well. Raises UsageError for an unknown name or field, or a number out of range.
    """
    if name not in RECIPES:
        known = ", ".join(RECIPES)
        raise UsageError(f'there is no recipe "{name}": give one of {known}')
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
        given["schedule"].setdefault("milestones", ())
    return replace(
        made, **{part: replace(getattr(base, part), **new) for part, new in given.items()}
    )


def lasting(made: Recipe, epochs: int) -> Recipe:
    """Return a recipe over other `epochs`, its milestones moved in proportion.

    Raises UsageError unless there is at least one.
    """
    longer = replace(made, epochs=epochs)
    moved = tuple(at * epochs / made.epochs for at in made.schedule.milestones)
    return replace(longer, schedule=replace(made.schedule, milestones=moved))
