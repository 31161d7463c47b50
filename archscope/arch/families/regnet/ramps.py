"""RegNet's line of widths, quantised to stages (Radosavovic et al., arXiv 2003.13678, sec. 3.3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from itertools import groupby
from math import inf, log, nextafter
from typing import Any

from archscope.arch.arrays import Number, blockwise, is_array
from archscope.arch.rounded import Rule, rounded
from archscope.arch.scaling import Factor, Fractions, exact, ratio
from archscope.errors import UsageError

_SECTION = "RegNet's section 3.3: w0 + wa·j of a stage's first block j to the nearest w0·wm^k"
_POWER, _EIGHT = Rule("w0·wm^k", _SECTION), Rule("multiple of 8", _SECTION)
Ramp = tuple[Sequence[Number], Sequence[Number]]
_MOST = log(2.0**52)  # of the growth of a width: wider ones are not exact in floats
_BLOCK = 32_768  # designs at a time, so that they stay in the cache


def ramp(numbers: Mapping[str, Any]) -> Ramp:
    """The blocks and the widths of the stages of a `depth`, `w0`, `wa` and `wm`.

    Of arrays of designs there are as many stages as the design with the most has; the others have
    no blocks in those behind their last, which are as wide as that.

    Raises:
        UsageError: where wm is not above 1.
    """
    blocks, widths = fitted(numbers, lambda width, _: (width,), 1)
    return blocks, widths


def fitted(
    numbers: Mapping[str, Any], fit: Callable[[Number, Number], tuple[Number, ...]], group: Number
) -> list[list[Number]]:
    """The blocks of the stages of a `ramp`, and what `fit` makes of each width and the `group`.

    Raises:
        UsageError: where wm is not above 1.
    """
    depth, w0 = numbers["depth"], numbers["w0"]
    wa, wm = exact(numbers["wa"], "wa"), exact(numbers["wm"], "wm")
    number, parts = ratio(wm)
    if (number <= parts).any() if is_array(number) else number <= parts:
        least = float(number.min() / parts) if is_array(number) else float(wm)
        raise UsageError(f"wm {least:g} must be above 1: it is what the widths grow by; use 2.5")
    if any(map(is_array, (depth, w0, wa, wm))):
        return _several((depth, w0, wa, wm), fit, group)
    line = [w0 + float(wa) * index for index in range(depth)]
    powers = [w0 * float(wm) ** _step(width / w0, float(wm)) for width in line]
    every = [
        rounded(round(power / 8) * 8, power, _EIGHT, before=(width, _POWER))
        for width, power in zip(line, powers, strict=True)
    ]
    made = [blockwise(fit, width, group) for width in dict.fromkeys(every)]
    return [[len(list(block)) for _, block in groupby(every)], *map(list, zip(*made, strict=True))]


def _step(grown: float, wm: float) -> int:
    """The power of wm that is nearest to what a width has grown by."""
    return round(log(grown) / log(wm))


def _power(wm: float, step: float) -> float:
    """A power of wm; infinite beyond what any width grows by."""
    return inf if step * log(wm) > _MOST else float(wm**step)


@cache
def _reaching(wm: float, step: int) -> float:
    """The smallest growth whose nearest power of wm is that step."""
    if _power(wm, step) == inf:
        return 2.0**60  # which nothing grows by
    middle = _power(wm, step - 0.5)
    low, high = middle * (1 - 1e-9), middle * (1 + 1e-9)  # of which `_step` is below, and not
    while (between := low + (high - low) / 2) not in (low, high) and nextafter(low, inf) < high:
        low, high = (low, between) if _step(between, wm) >= step else (between, high)
    return high


def _several(
    numbers: tuple[Any, ...], fit: Callable[[Number, Number], tuple[Number, ...]], group: Number
) -> list[list[Number]]:
    """The same of arrays of designs: where a power of wm begins is solved for."""
    import numpy as np

    depth, w0, wa, wm = numbers
    bases, which = _distinct(wm)
    tables = _Tables(bases)
    slope, parts = ratio(wa)
    columns = np.broadcast_arrays(depth, w0, slope / parts, which)
    sides, flat = columns[0].shape, [column.reshape(-1) for column in columns]
    # A group of each design is fitted where the widths are in the cache; of others it is later.
    apart = is_array(group) and group.shape != sides
    pieces = []
    for start in range(0, max(columns[0].size, 1), _BLOCK):
        part = slice(start, start + _BLOCK)
        blocks, widths = _stages(tables, *(column[part] for column in flat))
        own = group.reshape(-1)[part] if is_array(group) and not apart else group
        made = [(width,) if apart else fit(width, own) for width in widths]
        pieces.append([blocks, *zip(*made, strict=True)])
    most = max(len(piece[0]) for piece in pieces)
    rows = [
        [
            np.concatenate([_row(piece[which], stage, int(which > 0)) for piece in pieces])
            for stage in range(most)
        ]
        for which in range(len(pieces[0]))
    ]
    shaped = [[one.reshape(sides) for one in row] for row in rows]
    if not apart:
        return shaped
    made = [fit(width, group) for width in shaped[1]]
    return [shaped[0], *map(list, zip(*made, strict=True))]


def _stages(tables: _Tables, depth: Any, w0: Any, slope: Any, which: Any) -> tuple[Any, Any]:
    """Blocks and widths of a few designs, an array for each stage.

    Nearly always each power of wm begins a stage, up to the last. Designs where one has no blocks,
    or is as wide as the one before, and the few with more stages than most are gone through apart.
    """
    import numpy as np

    steepness, eighth, deep = w0 / slope, w0 / 8, depth.astype(float)
    start, wide = np.zeros(len(deep)), np.zeros(len(deep))
    blocks: list[Any] = []
    widths: list[Any] = []
    apart = np.zeros(len(deep), dtype=bool)
    alive = start < deep
    while 8 * np.count_nonzero(alive) > len(deep) or not widths:
        power, growth = tables.of(len(widths))
        width = np.rint(eighth * power[which])
        end = np.minimum(_first(growth, which, steepness, w0, slope), deep)
        apart |= alive & ((end <= start) | (width <= wide))
        wide = np.maximum(wide, width * alive)
        blocks.append((end - start).astype(np.int64))
        widths.append((8 * wide).astype(np.int64))
        start, alive = end, end < deep
    places = np.flatnonzero(apart | alive)
    if len(places):
        few = _skipping(tables, *(column[places] for column in (depth, w0, slope, which)))
        for stage in range(max(len(widths), len(few[0]))):
            if stage == len(widths):
                blocks.append(np.zeros_like(depth))
                widths.append(widths[-1].copy())
            blocks[stage][places], widths[stage][places] = (
                _row(few[0], stage, 0),
                _row(few[1], stage, 1),
            )
    return blocks, widths


class _Tables:
    """Of each wm its powers, and the growths that reach the next ones, by the step; made once."""

    def __init__(self, bases: Sequence[float]) -> None:
        self._bases = bases
        self._made: list[tuple[Any, Any]] = []

    def of(self, step: int) -> tuple[Any, Any]:
        """The power, and the growth that reaches the one behind it."""
        import numpy as np

        for number in range(len(self._made), step + 1):
            powers = [_power(base, number) for base in self._bases]
            # No block has grown so much that the power is infinite.
            finite = np.array([one if one < inf else 0.0 for one in powers])
            growth = np.array([_reaching(base, number + 1) for base in self._bases])
            self._made.append((finite, growth))
        return self._made[step]


def _skipping(tables: _Tables, depth: Any, w0: Any, slope: Any, which: Any) -> tuple[Any, Any]:
    """The same, where any power may begin no stage: a row for each stage."""
    import numpy as np

    starts: list[Any] = [np.zeros_like(depth)]
    widths: list[Any] = []
    steepness = w0 / slope
    while (starts[-1] < depth).any():
        power, growth = tables.of(len(widths))
        widths.append(np.rint(w0 * power[which] / 8).astype(np.int64) * 8)
        first = _first(growth, which, steepness, w0, slope)
        starts.append(np.minimum(first, depth).astype(np.int64))
    # A power without blocks, or as wide as the one before, begins no stage.
    begins, last = [], np.zeros_like(depth)
    for start, end, width in zip(starts, starts[1:], widths, strict=False):
        begins.append((end > start) & (width > last))
        last = np.where(begins[-1], width, last)
    begin = np.array(begins)
    place = np.cumsum(begin, axis=0, dtype=np.int16)
    shape = int(place[-1].max()), len(depth)
    first, wide = np.empty(shape, np.int64), np.empty(shape, np.int64)
    first[:], wide[:] = depth, last
    power_of, design = np.nonzero(begin)
    there = place[power_of, design] - 1
    first[there, design] = np.array(starts)[power_of, design]
    wide[there, design] = np.array(widths)[power_of, design]
    return np.diff(first, axis=0, append=depth[None]), wide


def _first(reach: Any, which: Any, steepness: Any, w0: Any, slope: Any) -> Any:
    """The first block that has grown so much: of each wm the growth, and of each design its wm."""
    import numpy as np

    place = (reach - 1)[which] * steepness
    first = np.ceil(place)
    # Where a block just reaches it, or just not, the last bit of its width decides.
    near = np.flatnonzero(np.abs(first - place - 0.5) > 0.5 - 1e-6)
    if len(near):
        after, rise, start = np.rint(place[near]), slope[near], w0[near]
        after += (start + rise * after) / start < reach[which[near]]
        first[near] = after
    return first


class Beginnings:
    """The values of wa at which a ramp may become another one, while its other numbers stay.

    It is at those where some block comes nearer to the next power of wm. Each has a number of its
    own, from the block and the power; 0 is the smallest value.

    Args:
        values: of each number in a box, by word: ascending arrays, or one value.
    """

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values["wa"]
        self._blocks = int(max(values["depth"])) - 1
        most = 1 + float(self._values[-1]) * self._blocks / float(min(values["w0"]))
        self._bases = [float(one) for one in values["wm"]]
        self._steps = 1 + round(log(most) / log(self._bases[0]))
        self.number = 1 + self._blocks * self._steps

    def places(self, columns: Mapping[str, Any], picks: Any) -> Any:
        """Of each design the place of a value, counted from 0; the number of values: there is none.

        `columns` has the other numbers; `picks` are numbers below `number`.
        """
        import numpy as np

        block, step = 1 + (picks - 1) % self._blocks, 1 + (picks - 1) // self._blocks
        table = np.array(
            [[_reaching(one, k) for k in range(self._steps + 2)] for one in self._bases]
        )
        w0, which = columns["w0"], np.searchsorted(self._bases, columns["wm"])
        growth = table[which, step]
        place = np.searchsorted(self._values, (growth - 1) * w0 / block * (1 - 1e-9))
        # The last bit of a float may be to either side.
        value = self._values[np.minimum(place, len(self._values) - 1)]
        place += (place < len(self._values)) & ((w0 + value * block) / w0 < growth)
        return np.where(picks == 0, 0, np.where(place == 0, len(self._values), place))


def _row(rows: Any, stage: int, behind: int) -> Any:
    """The row of a stage; behind the last stage that row, so many times."""
    return rows[stage] if stage < len(rows) else behind * rows[-1]


def _distinct(wm: Factor) -> tuple[list[float], Any]:
    """The different values of wm as floats, and the place of each design's among them."""
    if not isinstance(wm, Fractions):
        return [float(wm)], 0
    different, place = wm.distinct
    return [float(one) / wm.denominator for one in different.numerator], place
