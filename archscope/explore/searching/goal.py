"""What a search looks for, and what may be spent on it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from archscope.arch.arrays import one_whole
from archscope.arch.scaling import exact
from archscope.errors import UsageError, plural
from archscope.explore.latency.fitted import Asked, LatencyModel, check_models
from archscope.explore.searching.methods import METHODS
from archscope.given import plain, texts_of

if TYPE_CHECKING:
    from archscope.explore.training.until_decided import Stopping

BASELINES = ("largest", "random")
_TEXTS = {
    "families": "['resnext', 'wrn']",
    "at_most": "['1Mparams', '100MMACs']",
    "baselines": "['largest', 'random']",
}


@dataclass(frozen=True)
class Goal:
    """What is sought, and what may be spent on it.

    Attributes:
        families: to draw from, as `FeasibleSet` takes them; those that have a form for 32x32
            images are taken in it where the images are such.
        at_most: what each network costs at most, as `1M params`.
        trials: designs that are begun; or
        seconds: time of the search, its baselines and its decision not counted.
        method: `halving`, `random` or `one-epoch`.
        seed: of the drawing.
        baselines: what the winner is compared with: of `largest` and `random`.
        scale: factors on the widths; none: as the families have them.
        latency: where a cap is a time, as `20ms`, the model that predicts it, or the threads,
            precision and device for which one was fitted on this machine.
    """

    families: Sequence[str]
    at_most: Sequence[str] = ()
    trials: int | None = None
    seconds: float | None = None
    method: str = METHODS[0]
    seed: int = 1
    baselines: Sequence[str] = BASELINES
    scale: Sequence[Fraction] = ()
    latency: LatencyModel | Asked | None = None

    def __post_init__(self) -> None:
        for name, example in _TEXTS.items():
            object.__setattr__(self, name, texts_of(getattr(self, name), name, example))
        factors = _factors(self.scale)
        object.__setattr__(self, "scale", tuple(exact(one) for one in factors))
        object.__setattr__(self, "seed", one_whole(self.seed, "seed", 0))
        if not isinstance(self.latency, Asked):
            check_models(self.latency)
        if (self.trials is None) == (self.seconds is None):
            raise UsageError("a search has --trials N or --time T, one of them; give --trials 32")
        if self.trials is not None:
            object.__setattr__(self, "trials", one_whole(self.trials, "trials", 2))
        object.__setattr__(self, "seconds", plain(self.seconds))
        if self.seconds is not None and not (
            isinstance(self.seconds, (int, float)) and 0 < self.seconds < 1e8
        ):
            raise UsageError("the time of a search is above 0; give --time 1h")
        if self.method not in METHODS:
            raise UsageError(
                f"a method is {', '.join(METHODS)}, not {self.method}; give one of them"
            )
        if unknown := sorted(set(self.baselines) - set(BASELINES)):
            raise UsageError(f"baselines are largest and random, not {unknown[0]}; give these")
        if "largest" in self.baselines and not self.at_most:
            raise UsageError(
                "the largest that fits needs a cap; give --at-most 1Mparams, or --baselines random"
            )


def _factors(scale: Any) -> Sequence[Any]:
    """The factors, of which one alone may stand without a list."""
    scale = plain(scale)
    alone = isinstance(scale, str) or not isinstance(scale, Iterable)
    return [scale] if alone else [plain(one) for one in scale]


def price(baselines: Sequence[str], until: Stopping, epochs: int) -> str:
    """What comes on top of a search, before any of it is trained."""
    parts = []
    if "random" in baselines:
        parts.append("random search of as many epochs, less what it shares with the search")
    if baselines:
        parts.append(
            f"the decision, {1 + len(baselines)} networks from {until.first_look} to "
            f"{until.max_seeds} seeds, {plural(epochs, 'epoch')} each"
        )
    return f"On top of it: {'; '.join(parts) or 'nothing'} (--baselines, --max-seeds)."
