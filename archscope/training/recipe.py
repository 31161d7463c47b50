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
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Annotated, Any, Literal, get_args

from archscope.data.batches.augmentation import Augmentation
from archscope.documents import Within
from archscope.errors import UsageError

EPOCHS = Within(1, 1_000_000)
BATCH = Within(2, 10**9)
DecayOn = Literal["all", "weights"]
Kind = Literal["steps", "onecycle"]


def _need(right: bool, name: str, value: Any, rule: str, example: str) -> None:
    if not right:
        raise UsageError(f"{name} {rule}, not {value}: give {example}")


def _one_of(name: str, value: str, known: tuple[str, ...]) -> None:
    rule = f"is one of {', '.join(known)}"
    _need(value in known, name, value, rule, known[0])


def _count(value: Any, among: Within) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value in among


@dataclass(frozen=True)
class Schedule:
    """The learning rate over a run.

    Attributes:
        kind: "steps" multiplies by `factor` at each milestone; "onecycle" rises in a straight line
            to the peak, then falls in a straight line to zero at the end.
        milestones: epochs done when the rate drops ("steps" only); need not be whole.
        factor: what a milestone multiplies by ("steps" only).
        warmup: the part of the run in which the rate rises to its peak, 0 for none.

    Raises:
        UsageError: for an unknown kind, or numbers out of range.
    """

    kind: Kind = "steps"
    milestones: tuple[float, ...] = ()
    factor: float = 0.1
    warmup: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "milestones", tuple(float(m) for m in self.milestones))
        _one_of("schedule", self.kind, get_args(Kind))
        _need(0 < self.factor <= 1, "factor", self.factor, "lies in (0, 1]", "0.1")
        _need(0 <= self.warmup < 1, "warmup", self.warmup, "is a part of the run in [0, 1)", "0.2")
        rising = all(a < b for a, b in zip((0.0, *self.milestones), self.milestones, strict=False))
        rule = "are epochs above 0 in rising order, for a schedule of steps"
        right = rising and (self.kind == "steps" or not self.milestones)
        _need(right, "milestones", list(self.milestones), rule, "60,120,160")


@dataclass(frozen=True)
class Sgd:
    """Stochastic gradient descent.

    Attributes:
        lr: learning rate at its peak.
        momentum, nesterov: dampening is 0.
        weight_decay: added to the gradient as `weight_decay * parameter`.
        decay_on: "all" parameters (both papers), or "weights" only: not biases nor batch norm.

    Raises:
        UsageError: for numbers out of range.
    """

    lr: float = 0.1
    momentum: float = 0.9
    nesterov: bool = True
    weight_decay: float = 5e-4
    decay_on: DecayOn = "all"

    def __post_init__(self) -> None:
        finite = math.isfinite(self.lr) and self.lr > 0
        _need(finite, "lr", self.lr, "is a number above 0", "0.1")
        _need(0 <= self.momentum < 1, "momentum", self.momentum, "lies in [0, 1)", "0.9")
        right = self.momentum > 0 or not self.nesterov
        _need(
            right, "momentum", self.momentum, "is above 0 with Nesterov", "0.9, or nesterov=False"
        )
        decay = math.isfinite(self.weight_decay) and self.weight_decay >= 0
        _need(decay, "weight_decay", self.weight_decay, "is a number from 0 up", "5e-4")
        _one_of("decay_on", self.decay_on, get_args(DecayOn))


@dataclass(frozen=True)
class Recipe:
    """How to train a network: `epochs` over the data in batches of `batch` images.

    Raises UsageError where a number is out of range.
    """

    name: str
    epochs: Annotated[int, EPOCHS]
    batch: Annotated[int, BATCH] = 128
    sgd: Sgd = field(default_factory=Sgd)
    schedule: Schedule = field(default_factory=Schedule)
    augmentation: Augmentation = field(default_factory=Augmentation)

    def __post_init__(self) -> None:
        for name, range_, example in (("epochs", EPOCHS, "10"), ("batch", BATCH, "128")):
            value = getattr(self, name)
            _need(_count(value, range_), name, value, f"is a whole number {range_}", example)

    def to_dict(self) -> dict[str, Any]:
        """Return the recipe as JSON takes it: what decides a result, and the name."""
        document = asdict(self)
        document["schedule"]["milestones"] = list(self.schedule.milestones)
        if self.augmentation.area is None:  # as before there was such a thing: keys hash this
            del document["augmentation"]["area"]
        return document


def learning_rate(recipe: Recipe, epochs_done: float) -> float:
    """Return the learning rate at `epochs_done`, 0 to `recipe.epochs`: a step takes its middle."""
    schedule, peak = recipe.schedule, recipe.sgd.lr
    done = epochs_done / recipe.epochs
    if done < schedule.warmup:
        return peak * done / schedule.warmup
    if schedule.kind == "onecycle":
        return peak * max(0.0, 1 - done) / (1 - schedule.warmup)
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
    # Peak chosen on CIFAR-10 (JPEG): resnext11_1x64d@0.125, 20,000 images, 10 epochs, one seed:
    # final test error 38.8 % at 0.1, 35.5 % at 0.3, 35.8 % at 0.6.
    "proxy": Recipe("proxy", epochs=10, sgd=Sgd(lr=0.3), schedule=Schedule("onecycle", warmup=0.2)),
}


_PARTS: dict[str, type[Any]] = {"sgd": Sgd, "schedule": Schedule, "augmentation": Augmentation}
_OWNER = {item.name: part for part, kind in _PARTS.items() for item in fields(kind)}
_OWNER = {"epochs": "", "batch": "", **_OWNER, "schedule": "schedule"}


def recipe(name: str, **overrides: Any) -> Recipe:
    """Return a named recipe, with any of its numbers replaced.

    `overrides` are fields of Recipe, Sgd, Schedule and Augmentation by their own names (`epochs`,
    `lr`, `weight_decay`, `pad`, ...; `schedule` is the schedule's kind); None leaves a field as it
    is. `epochs` scales the milestones in proportion, unless `milestones` are given as well. Raises
    UsageError for an unknown name or field, or a number out of range.
    """
    if name not in RECIPES:
        known = ", ".join(RECIPES)
        raise UsageError(f'there is no recipe "{name}": give one of {known}')
    base = RECIPES[name]
    if overrides.get("epochs") is not None:
        base = lasting(base, overrides["epochs"])
    given: dict[str, dict[str, Any]] = {"": {}, **{part: {} for part in _PARTS}}
    for key, value in overrides.items():
        if key not in _OWNER:
            raise UsageError(
                f'a recipe has no "{key}": give any of '
                f"{', '.join(sorted(_OWNER.keys() - {'kind'}))}"
            )
        if value is not None:
            given[_OWNER[key]]["kind" if key == "schedule" else key] = value
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
