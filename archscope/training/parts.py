"""A recipe as plain numbers, and its parts: optimizers, the learning rate over a run; no torch."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from typing import Annotated, Any, Literal, get_args

from archscope.data.batches.augmentation import Augmentation
from archscope.documents import Within
from archscope.errors import UsageError

EPOCHS = Within(1, 1_000_000)
BATCH = Within(2, 10**9)
DecayOn = Literal["all", "weights"]
Kind = Literal["steps", "onecycle", "cosine", "exponential"]


def _count(value: Any, among: Within) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value in among


def _need(right: bool, name: str, value: Any, rule: str, example: str) -> None:
    if not right:
        raise UsageError(f"{name} {rule}, not {value}: give {example}")


def _one_of(name: str, value: str, known: tuple[str, ...]) -> None:
    rule = f"is one of {', '.join(known)}"
    _need(value in known, name, value, rule, known[0])


@dataclass(frozen=True)
class Schedule:
    """The learning rate over a run.

    Attributes:
        kind: "steps" multiplies by `factor` at each milestone; "onecycle" rises in a straight line
            to the peak, then falls in a straight line to zero at the end; "cosine" falls as half a
            period of the cosine instead; "exponential" multiplies by `factor` each time that
            `every` epochs are done.
        milestones: epochs done when the rate drops ("steps" only); need not be whole.
        factor: what a drop multiplies by ("steps" and "exponential").
        warmup: the part of the run in which the rate rises to its peak, 0 for none.
        every: epochs from one drop to the next ("exponential" only); need not be whole.

    Raises:
        UsageError: for an unknown kind, or numbers out of range.
    """

    kind: Kind = "steps"
    milestones: tuple[float, ...] = ()
    factor: float = 0.1
    warmup: float = 0.0
    every: float | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "milestones", tuple(float(m) for m in self.milestones))
        _one_of("schedule", self.kind, get_args(Kind))
        _need(0 < self.factor <= 1, "factor", self.factor, "lies in (0, 1]", "0.1")
        _need(0 <= self.warmup < 1, "warmup", self.warmup, "is a part of the run in [0, 1)", "0.2")
        rising = all(a < b for a, b in zip((0.0, *self.milestones), self.milestones, strict=False))
        rule = "are epochs above 0 in rising order, for a schedule of steps"
        right = rising and (self.kind == "steps" or not self.milestones)
        _need(right, "milestones", list(self.milestones), rule, "60,120,160")
        given = self.every is not None and math.isfinite(self.every) and self.every > 0
        right = given if self.kind == "exponential" else self.every is None
        _need(right, "every", self.every, "is epochs above 0, for an exponential schedule", "2.4")


@dataclass(frozen=True)
class Sgd:
    """Stochastic gradient descent.

    Attributes:
        lr: learning rate at its peak.
        momentum, nesterov: dampening is 0.
        weight_decay: added to the gradient as `weight_decay * parameter`.
        decay_on: "all" parameters (both papers), or "weights" of convolutions and linear layers
            only: not biases, norms, nor a learned scale a channel.

    Raises:
        UsageError: for numbers out of range.
    """

    lr: float = 0.1
    momentum: float = 0.9
    nesterov: bool = True
    weight_decay: float = 5e-4
    decay_on: DecayOn = "all"

    def __post_init__(self) -> None:
        _check_optimizer(self.lr, self.weight_decay, self.decay_on)
        _need(0 <= self.momentum < 1, "momentum", self.momentum, "lies in [0, 1)", "0.9")
        right = self.momentum > 0 or not self.nesterov
        _need(
            right, "momentum", self.momentum, "is above 0 with Nesterov", "0.9, or nesterov=False"
        )


@dataclass(frozen=True)
class AdamW:
    """Adam with decoupled weight decay (Loshchilov and Hutter, arXiv 1711.05101).

    Attributes:
        lr: learning rate at its peak.
        beta1, beta2: of the means of the gradient and of its square.
        weight_decay: a step takes `lr * weight_decay * parameter` off each parameter.
        decay_on: as of `Sgd`.

    Raises:
        UsageError: for numbers out of range.
    """

    lr: float = 1e-3
    beta1: float = 0.9
    beta2: float = 0.999
    weight_decay: float = 0.05
    decay_on: DecayOn = "weights"

    def __post_init__(self) -> None:
        _check_optimizer(self.lr, self.weight_decay, self.decay_on)
        _need(0 <= self.beta1 < 1, "beta1", self.beta1, "lies in [0, 1)", "0.9")
        _need(0 <= self.beta2 < 1, "beta2", self.beta2, "lies in [0, 1)", "0.999")


@dataclass(frozen=True)
class RmsProp:
    """RMSProp with momentum, as torch has it: each gradient over the root of its mean square.

    Attributes:
        lr: learning rate at its peak.
        alpha: of the mean of the gradient's square.
        momentum: of the steps.
        eps: added to the root. 0.0316 is as 0.001 under the root, which TensorFlow's programs add.
        weight_decay: added to the gradient as `weight_decay * parameter`.
        decay_on: as of `Sgd`.

    Raises:
        UsageError: for numbers out of range.
    """

    lr: float = 0.008
    alpha: float = 0.9
    momentum: float = 0.9
    eps: float = 0.0316
    weight_decay: float = 1e-5
    decay_on: DecayOn = "weights"

    def __post_init__(self) -> None:
        _check_optimizer(self.lr, self.weight_decay, self.decay_on)
        _need(0 <= self.alpha < 1, "alpha", self.alpha, "lies in [0, 1)", "0.9")
        _need(0 <= self.momentum < 1, "momentum", self.momentum, "lies in [0, 1)", "0.9")
        _need(math.isfinite(self.eps) and self.eps > 0, "eps", self.eps, "is above 0", "0.0316")


def _check_optimizer(lr: float, weight_decay: float, decay_on: str) -> None:
    right = isinstance(lr, (int, float)) and math.isfinite(lr) and lr > 0
    _need(right, "lr", lr, "is a number above 0", "0.1")
    decay = math.isfinite(weight_decay) and weight_decay >= 0
    _need(decay, "weight_decay", weight_decay, "is a number from 0 up", "5e-4")
    _one_of("decay_on", decay_on, get_args(DecayOn))


@dataclass(frozen=True)
class Recipe:
    """How to train a network: `epochs` over the data in batches of `batch` images.

    Attributes:
        name: what it is called.
        epochs, batch: passes over the training images, and images of a step.
        sgd, adamw, rmsprop: the optimizer: one of them, the others are None.
        schedule: the learning rate over the run.
        augmentation: how images are varied.
        label_smoothing: the part of a label that is spread evenly over all classes (Szegedy et al.,
            arXiv 1512.00567), in training alone; None: none, as 0.
        drop_path: how often the last residual branch is left out, for an image at a time; those
            before it in proportion, the first never (see `archscope.training.drop_path`). None:
            never, as 0.

    Raises:
        UsageError: where a number is out of range.
    """

    name: str
    epochs: Annotated[int, EPOCHS]
    batch: Annotated[int, BATCH] = 128
    sgd: Sgd | None = field(default_factory=Sgd)
    schedule: Schedule = field(default_factory=Schedule)
    augmentation: Augmentation = field(default_factory=Augmentation)
    adamw: AdamW | None = None
    label_smoothing: float | None = None
    drop_path: float | None = None
    rmsprop: RmsProp | None = None

    def __post_init__(self) -> None:
        for name, range_, example in (("epochs", EPOCHS, "10"), ("batch", BATCH, "128")):
            value = getattr(self, name)
            _need(_count(value, range_), name, value, f"is a whole number {range_}", example)
        for name in ("label_smoothing", "drop_path"):
            value = getattr(self, name) or 0.0
            _need(0 <= value < 1, name, value, "lies in [0, 1)", "0.1")
            object.__setattr__(self, name, value or None)
        given = [part for part in (self.sgd, self.adamw, self.rmsprop) if part is not None]
        chosen = f"{len(given)} of them" if given else "none"
        rule = "is one of sgd, adamw and rmsprop"
        _need(len(given) == 1, "the optimizer", chosen, rule, "one, and null for the others")

    @property
    def optimizer(self) -> Sgd | AdamW | RmsProp:
        """The optimizer that it is trained by."""
        chosen = self.adamw or self.rmsprop or self.sgd
        assert chosen is not None
        return chosen

    def to_dict(self) -> dict[str, Any]:
        """Return the recipe as JSON takes it: what decides a result, and the name.

        What there was not always, and is not used, is left out: the keys of trials hash this.
        """
        document = asdict(self)
        for name in ("adamw", "rmsprop", "label_smoothing", "drop_path"):
            if document[name] is None:
                del document[name]
        document["schedule"]["milestones"] = list(self.schedule.milestones)
        if self.schedule.every is None:
            del document["schedule"]["every"]
        if self.augmentation.area is None:
            del document["augmentation"]["area"]
        return document
