"""Measure a machine, and fit the model by which it tells the time of any network.

Networks of all families are run in interleaved rounds, each once as a whole and once with the clock
read behind each of its pieces (a convolution with its norm and activation, a pool, a sum, a gate,
the head), so that a piece is measured where it stands: behind what has just written its input, and
with as much else in the caches as there is.
"""

from __future__ import annotations

import math
import random
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from archscope.arch.network import Network
from archscope.arch.times import LATENCY
from archscope.cost.execution import execution
from archscope.cost.latency.fit import fit
from archscope.cost.latency.model import Row, Weights, row_of, seconds_of
from archscope.cost.memory import call_bytes
from archscope.errors import ArchscopeError, plural
from archscope.explore.clock.fit_networks import drawn_networks
from archscope.explore.clock.fit_runner import Runner, clock_of, runner
from archscope.explore.latency.fitted import Asked, LatencyModel, this_machine
from archscope.nn.free_memory import available
from archscope.plain_text import say

SECONDS = 200.0  # that measuring takes, about
_AT_ONCE = 10  # networks that stand side by side in memory
_LEAST, _MOST = 3, 15  # rounds
_WHOLE = 30.0  # how much a whole network counts beside all of its pieces
_QUIET = 0.1  # rounds of a quiet machine differ by less
_WAIT, _TRIES = 5.0, 3  # seconds that are waited for a quieter machine; how often
_LONGEST = 0.25  # seconds of whole runs of one network in a round
_USED = 0.25  # the part of the rounds that is taken to be undisturbed

Note = Callable[[str], None]


Load = Callable[[Network], Runner]


@dataclass
class Observed:
    """What was measured of one network: the seconds of each round."""

    name: str
    rows: list[Row]
    whole: list[float] = field(default_factory=list)
    parts: list[list[float]] = field(default_factory=list)

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
    observed = list(_measured(chosen, load or _loader(asked), limit, note, pause))
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
    made = (_weights(observed), errors, about, asked.mode, asked.batch)
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
    networks: Sequence[Network], asked: Asked, limit: float, note: Note
) -> Iterator[Observed]:
    """Networks measured with a setting, in about `limit` seconds, as `fit_machine` does."""
    return _measured(networks, _loader(asked), limit, note, time.sleep)


def _measured(
    networks: Sequence[Network],
    load: Load,
    limit: float,
    note: Note,
    pause: Callable[[float], None],
) -> Iterator[Observed]:
    """Some networks at a time, in rounds; again, after a pause, where the rounds disagree."""
    begin, left = time.monotonic(), len(networks)
    waited = 0
    for start in range(0, len(networks), _AT_ONCE):
        group = [load(network) for network in networks[start : start + _AT_ONCE]]
        spent = time.monotonic() - begin
        share = max(0.0, limit - spent) * len(group) / left
        found = _rounds(group, share)
        while _noise(found) > _QUIET and waited < _TRIES:
            waited += 1
            note(
                f"archscope: the machine is busy (rounds differ by {100 * _noise(found):.0f} %): "
                f"measuring again in {_WAIT:.0f} s"
            )
            pause(_WAIT)
            found = min(found, _rounds(group, share), key=_noise)
        left -= len(group)
        note(f"{len(networks) - left} of {plural(len(networks), 'network')} measured")
        yield from found


def _noise(found: Sequence[Observed]) -> float:
    return statistics.median(one.disagreement for one in found)


def _rounds(group: Sequence[Runner], share: float) -> list[Observed]:
    found = [Observed(one.name, one.rows) for one in group]
    end = time.monotonic() + share
    for number in range(_MOST):
        if number >= _LEAST and time.monotonic() > end:
            break
        for one, seen in zip(group, found, strict=True):
            first = one.whole()  # what the other networks left in the caches goes
            seen.parts.append(one.parts())
            often = max(1, min(3, int(_LONGEST / max(first, 1e-9))))
            seen.whole.append(statistics.median(one.whole() for _ in range(often)))
    return found


def undisturbed(seconds: Sequence[float]) -> float:
    """The lower quartile: a busy machine makes times longer, never shorter."""
    return sorted(seconds)[int(_USED * (len(seconds) - 1))]


def _weights(observed: Sequence[Observed]) -> Weights:
    rows: list[Row] = []
    measured: list[float] = []
    trust: list[float] = []
    for one in observed:
        times = [undisturbed(each) for each in zip(*one.parts, strict=True)]
        # Reading the clock takes time, and the whole knows nothing of it.
        share = min(1.0, one.seconds / sum(times))
        rows += [*one.rows, one.total]
        measured += [*(share * each for each in times), one.seconds]
        trust += [*[1 / len(times)] * len(times), _WHOLE]
    return fit(rows, measured, trust)


def _errors(observed: Sequence[Observed]) -> Iterator[float]:
    """|ln(measured / predicted)| of each network, by a model without those measured beside it.

    A machine is some percent faster at one time than at another: what is predicted will run at
    another time than what was measured.
    """
    for start in range(0, len(observed), _AT_ONCE):
        beside = observed[start : start + _AT_ONCE]
        weights = _weights([*observed[:start], *observed[start + _AT_ONCE :]])
        for one in beside:
            predicted = seconds_of(one.total, weights)
            yield abs(math.log(one.seconds / max(predicted, 1e-9)))


def _loader(asked: Asked) -> Load:
    """Makes networks ready on a device."""
    return lambda network: runner(network, asked)
