"""Measure a machine, and fit the model by which it tells the time of any network.

Networks of all families are run in interleaved rounds, each once as a whole and once with the clock
read behind each of its pieces (a convolution with its norm and activation, a pool, a sum, a gate,
the head), so that a piece is measured where it stands: behind what has just written its input, and
with as much else in the caches as there is. Beside them a few run in every group, the anchors,
which tell the machine's pace from one time to another: the model is of one pace (see `anchors`).
"""

from __future__ import annotations

import math
import random
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from archscope.arch.names import parse
from archscope.arch.network import Network
from archscope.arch.times import LATENCY
from archscope.cost.execution import execution
from archscope.cost.latency.fit import fit
from archscope.cost.latency.model import Row, Weights, row_of, seconds_of
from archscope.cost.memory import call_bytes
from archscope.errors import ArchscopeError, plural
from archscope.explore.clock.anchors import anchors_of, pace_of, referred, run_whole, timed
from archscope.explore.clock.fit_networks import drawn_networks
from archscope.explore.clock.fit_runner import Runner, clock_of, runner
from archscope.explore.latency.fitted import Asked, LatencyModel, this_machine
from archscope.explore.latency.latency_model import Anchor
from archscope.nn.free_memory import available
from archscope.plain_text import say

SECONDS = 200.0  # that measuring takes, about
_AT_ONCE = 10  # networks that stand side by side in memory
_LEAST, _MOST = 3, 15  # rounds
_WHOLE = 30.0  # how much a whole network counts beside all of its pieces
_QUIET = 0.1  # rounds of a quiet machine differ by less
_WAIT, _TRIES = 5.0, 3  # seconds that are waited for a quieter machine; how often
_USED = 0.25  # the part of the rounds that is taken to be undisturbed

Note = Callable[[str], None]


Load = Callable[[Network], Runner]


@dataclass
class Observed:
    """What was measured of one network: the seconds of each round.

    `beside` are the seconds of the anchors in the same rounds, and `pace` what they tell.
    """

    name: str
    rows: list[Row]
    whole: list[float] = field(default_factory=list)
    parts: list[list[float]] = field(default_factory=list)
    beside: list[float] = field(default_factory=list)
    pace: float = 1.0

    @property
    def total(self) -> Row:
        """The terms of all pieces."""
        total: Row = Row()
        for row in self.rows:
            total.update(row)
        return total

    @property
    def seconds(self) -> float:
        """Of the whole network."""
        return undisturbed(self.whole)

    @property
    def at_pace(self) -> float:
        """The same at a pace of 1."""
        return self.seconds / self.pace

    @property
    def disagreement(self) -> float:
        """How far the rounds differ: half of the middle ones' range, of the median."""
        if len(self.whole) < 2:
            return 0.0
        first, middle, third = statistics.quantiles(self.whole, n=4, method="inclusive")
        return (third - first) / middle


def fit_machine(
    asked: Asked,
    *,
    limit: float = SECONDS,
    note: Note = say,
    load: Load | None = None,
    networks: Sequence[Network] | None = None,
    pause: Callable[[float], None] = time.sleep,
) -> LatencyModel:
    """Measure this machine with a setting, and fit a model.

    Args:
        asked: threads, precision, device, mode and batch.
        limit: seconds that measuring takes, about; without the building of the networks.
        note: told of the progress, and where the machine is not quiet.
        load: makes a network ready; a pretended clock's in tests.
        networks: to measure, where not those that are drawn from all families.
        pause: waits so many seconds.

    Raises:
        ArchscopeError: where fewer than 20 networks could be measured.
    """
    chosen = _measurable(drawn_networks() if networks is None else networks, asked, note)
    random.Random(1).shuffle(chosen)  # a family is measured at several times
    if len(chosen) < 20:
        raise ArchscopeError(
            f"a model is fitted to 20 networks at least, not {len(chosen)}; give more"
        )
    measured = Measuring(load or _loader(asked), limit, note, pause)
    beside = anchors_of(chosen)
    observed = list(measured(chosen, beside))
    groups = observed[::_AT_ONCE]  # the first of each
    anchors, paces = referred(beside, [one.beside for one in groups])
    for one in observed:
        one.pace = pace_of(anchors, one.beside)
    errors = sorted(_errors(observed))
    noisy = statistics.median(one.disagreement for one in observed)
    about = {
        "networks": [one.name for one in observed],
        "pieces": sum(len(one.rows) for one in observed),
        "rounds": min(len(one.whole) for one in observed),
        "disagreement": noisy,
        "clock": clock_of(asked).__name__,
        "within_10_percent": sum(error <= math.log(1.1) for error in errors) / len(errors),
    }
    made = (_weights(observed), errors, about, asked.mode, asked.batch, anchors, paces)
    return LatencyModel(this_machine(asked), *made)


def _measurable(networks: Sequence[Network], asked: Asked, note: Note) -> list[Network]:
    """Those of which a call of the mode can be run on this machine."""
    found = list(networks)
    if asked.mode == "step":  # a loss needs one score a class
        found = [
            one for one in found if ("linear", "start") in row_of(execution(one).operations[-1:])
        ]
    if out := len(networks) - len(found):
        note(f"archscope: {plural(out, 'network')} left out, without a linear layer to train last")
    if asked.device != "cpu" or asked.mode == LATENCY:
        return found
    free = available()
    small = [one for one in found if call_bytes(one, asked.mode, asked.batch) < free]
    if out := len(found) - len(small):
        note(
            f"archscope: {plural(out, 'network')} left out, which need more memory than is free; "
            f"a smaller --batch than {asked.batch} measures all"
        )
    return small


def observe(
    networks: Sequence[Network],
    asked: Asked,
    limit: float,
    note: Note,
    anchors: Sequence[Anchor] = (),
) -> Iterator[Observed]:
    """Networks measured with a setting, in about `limit` seconds, as `fit_machine` does.

    Their seconds are as they were; where there are anchors each has the pace that they told.
    """
    beside = [parse(one.network, None, one.input) for one in anchors]
    for one in Measuring(_loader(asked), limit, note)(networks, beside):
        one.pace = pace_of(anchors, one.beside) if anchors else 1.0
        yield one


@dataclass
class Measuring:
    """Measures some networks at a time, in rounds; again, after a pause, where they disagree."""

    load: Load
    limit: float
    note: Note
    pause: Callable[[float], None] = time.sleep
    waited: int = 0

    def __call__(
        self, networks: Sequence[Network], beside: Sequence[Network]
    ) -> Iterator[Observed]:
        """What was seen of the networks, `beside` which others run in every round."""
        others = [self.load(network) for network in beside]
        begin, left = time.monotonic(), len(networks)
        for start in range(0, len(networks), _AT_ONCE):
            group = [self.load(network) for network in networks[start : start + _AT_ONCE]]
            spent = time.monotonic() - begin
            share = max(0.0, self.limit - spent) * len(group) / left
            found = self._quiet(group, others, share)
            left -= len(group)
            self.note(f"{len(networks) - left} of {plural(len(networks), 'network')} measured")
            del group  # before the next is made: it leaves its memory to that
            yield from found

    def _quiet(
        self, group: Sequence[Runner], others: Sequence[Runner], share: float
    ) -> list[Observed]:
        found = _rounds(group, others, share)
        while _noise(found) > _QUIET and self.waited < _TRIES:
            self.waited += 1
            self.note(
                f"archscope: the machine is busy (rounds differ by {100 * _noise(found):.0f} %): "
                f"measuring again in {_WAIT:.0f} s"
            )
            self.pause(_WAIT)
            found = min(found, _rounds(group, others, share), key=_noise)
        return found


def _noise(found: Sequence[Observed]) -> float:
    return statistics.median(one.disagreement for one in found)


def _rounds(group: Sequence[Runner], others: Sequence[Runner], share: float) -> list[Observed]:
    found = [Observed(one.name, one.rows) for one in group]
    beside: list[list[float]] = [[] for _ in others]
    end = time.monotonic() + share
    for number in range(_MOST):
        if number >= _LEAST and time.monotonic() > end:
            break
        for one, seen in zip(group, found, strict=True):
            first = one.whole()  # what the other networks left in the caches goes
            seen.parts.append(one.parts())
            seen.whole.append(timed(one.whole, first))
        for one, seconds in zip(others, beside, strict=True):
            seconds.append(run_whole(one))
    for seen in found:
        seen.beside = [undisturbed(seconds) for seconds in beside]
    return found


def undisturbed(seconds: Sequence[float]) -> float:
    """The lower quartile: a busy machine makes times longer, never shorter."""
    return sorted(seconds)[int(_USED * (len(seconds) - 1))]


def _weights(observed: Sequence[Observed]) -> Weights:
    rows: list[Row] = []
    measured: list[float] = []
    trust: list[float] = []
    for one in observed:
        times = [undisturbed(each) / one.pace for each in zip(*one.parts, strict=True)]
        # Reading the clock takes time, and the whole knows nothing of it.
        share = min(1.0, one.at_pace / sum(times))
        rows += [*one.rows, one.total]
        measured += [*(share * each for each in times), one.at_pace]
        trust += [*[1 / len(times)] * len(times), _WHOLE]
    return fit(rows, measured, trust)


def _errors(observed: Sequence[Observed]) -> Iterator[float]:
    """|ln(measured / predicted)| of each network, by a model without those measured beside it."""
    for start in range(0, len(observed), _AT_ONCE):
        beside = observed[start : start + _AT_ONCE]
        weights = _weights([*observed[:start], *observed[start + _AT_ONCE :]])
        for one in beside:
            predicted = seconds_of(one.total, weights)
            yield abs(math.log(one.at_pace / max(predicted, 1e-9)))


def _loader(asked: Asked) -> Load:
    """Makes networks ready on a device."""
    return lambda network: runner(network, asked)
