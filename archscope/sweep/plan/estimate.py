"""How much work a trial is, for the order of trials, the estimate and the time left.

The unit is a multiply-add. On small networks memory traffic weighs more than arithmetic: fitted to
eleven networks of 1 to 64 million multiply-adds (one thread of an AVX512_BF16 server CPU, bf16), an
activation counts as 120 of them, and training on an image as 3.75 tests of it, within about 15 %.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from archscope.arch.names import parse
from archscope.cost.memory import ELEMENT_BYTES, training_bytes
from archscope.sweep.plan.subjects import input_of
from archscope.sweep.plan.trial import Trial

_PER_ACTIVATION = 120
_TRAINING = 3.75
# Units per second of one CPU thread, assumed for the estimate that is printed before anything is
# measured: 125e9 were measured for a thread alone in bf16, less with its neighbours at work.
ASSUMED_RATE = {"bf16": 100e9, "fp32": 50e9}
LONG = 20 * 60  # seconds: an estimate above this is worth a hint, and some seconds of trying


@dataclass(frozen=True)
class Images:
    """Images of one epoch: trained on, tested on."""

    train: int
    test: int


def epoch_work(trial: Trial, images: Images) -> float:
    """The work of one epoch of a trial."""
    forward = trial.entry.macs + _PER_ACTIVATION * trial.entry.activations
    return float(forward * (_TRAINING * images.train + images.test))


def trial_work(
    trial: Trial, images: Images, epochs_done: int = 0, until: int | None = None
) -> float:
    """The work left of a trial of which `epochs_done` are finished, `until` it pauses or ends."""
    last = trial.recipe.epochs if until is None else until
    return epoch_work(trial, images) * max(0, last - epochs_done)


def estimated_seconds(work: Sequence[float], precision: str, workers: int) -> float:
    """Seconds on a CPU for trials of these amounts of `work`, at the assumed rate.

    No shorter than the longest trial, as a trial runs in one slot.
    """
    if not work:
        return 0.0
    return max(sum(work) / workers, max(work)) / ASSUMED_RATE[precision]


def longest_first(trials: Iterable[tuple[Trial, int]], images: Images) -> list[Trial]:
    """The trials (each with its finished epochs), the most work first: all slots end together."""
    ordered = sorted(trials, key=lambda pair: -trial_work(pair[0], images, pair[1]))
    return [trial for trial, _ in ordered]


def memory_sentence(trial: Trial) -> str:
    """What training a trial takes: "resnext29_8x64d with batch 128 needs about 3.1 GB by estimate".

    That is its network and one batch, without the data.
    """
    batch, dataset = trial.recipe.batch, trial.conditions.dataset
    shape = input_of(dataset.name)
    network = parse(trial.network, classes=dataset.classes, input_shape=shape)
    element_bytes = ELEMENT_BYTES[trial.conditions.precision]
    states = 1 if trial.recipe.sgd else 2
    size = training_bytes(network, batch, element_bytes=element_bytes, states=states) / 1e9
    shown = f"{size:.1f} GB" if size >= 1 else f"{1000 * size:.0f} MB"
    return f"{trial.network} with batch {batch} needs about {shown} by estimate"


def duration(seconds: float) -> str:
    """Seconds for people: "45 s", "12 min", "3 h 20 min", "2 days 4 h"."""
    minutes = round(seconds / 60)
    if seconds < 90:
        return f"{seconds:.0f} s"
    if minutes < 120:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min"
    return f"{hours // 24} days {hours % 24} h"
