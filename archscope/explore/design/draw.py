"""A random sample of a box that is too large to go through."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from archscope.arch.times import LATENCY
from archscope.cost.formula import Count
from archscope.explore.design.caps.conditions import Conditions
from archscope.explore.design.chunks import CHUNK, counted
from archscope.explore.design.collect import PRINT, Collector, Columns, Order
from archscope.explore.design.drawing.alike import Alike
from archscope.explore.design.drawing.fingerprints import TURN
from archscope.explore.design.drawing.lines import PICK, Lines
from archscope.explore.design.space import Part

SMALL = 50_000_000  # designs that are gone through instead: as fast
MOST_DRAWS = 25_000_000  # of designs that are counted: half a minute or so
FEW_TIMED, MOST_TIMED = 100_000, 1_000_000  # the same where the latency of each is predicted
# Of k networks and another, each is drawn with the chance 1 / (k + 1); so often times k + 1 draws
# leave one of them out with a chance of e^-14, one in a million.
SURELY = 14
_MARK = "mark"  # the column of a number for each design, of its part and its numbers
Kept: TypeAlias = Callable[[int, Part, Columns, Count, Columns], Columns]


class Drawn(NamedTuple):
    """A random sample.

    Attributes:
        listed: its designs, in order.
        looked_at: designs on the lines that were drawn.
        found: how many of those meet the conditions; about, where some are predicted, as latency,
            which is told of designs that are taken alone.
        unknown: how many of the sample may be likelier than others: there were too many other
            designs to see which give the same network.
        again: how often one of them was drawn since the last new one, where that is so often that
            there is no other, but for one chance in a million; else 0.
    """

    listed: Columns
    looked_at: int
    found: int
    unknown: int
    again: int


def sampled(
    kept: Kept,
    parts: Mapping[int, Part],
    order: Order,
    names: Sequence[str],
    asked: Conditions,
    divisible: int,
) -> Drawn:
    """So many different networks that fulfil a query, each as likely as any other.

    Lines of designs are drawn, each as likely as any other (`Lines`); of one that has `n` designs
    in the ranges one is taken with the chance `n` / the largest `n` seen, so that each design is
    as likely as any other. It stays where what is predicted of it lies in its range too, and it is
    the first of the designs that give its network (`Alike`), so that each network is. There are
    fewer than asked for where `MOST_DRAWS` were counted before, the time of `MOST_TIMED` was told,
    or there seem to be no others.

    Args:
        kept: the columns of those that fulfil it, of a part's number, some of its designs, their
            costs, and what else stands beside them.
        parts: to draw from, by number.
        order: its sample, seed and sort.
        names: of the columns.
        asked, divisible: of the query.
    """
    assert order.sample is not None
    lines = {index: Lines(part, asked, divisible) for index, part in parts.items()}
    drawing = _Drawing(kept, lines, order.sample, [*names, PICK], order.seed)
    most = MOST_DRAWS // 2 if asked.stored else MOST_DRAWS
    timed = MOST_TIMED if LATENCY in names else MOST_DRAWS
    while (
        not drawing.is_full
        and not drawing.has_all
        and drawing.counted < most
        and drawing.tested < timed
    ):
        drawing.go_on()
    collector = Collector(replace(order, sample=None), names)
    for one in drawing.taken.values():
        collector.add({name: one[name] for name in names})
    unknown = sum(one.unknown for one in drawing.alike.values())
    found = max(len(drawing.taken), drawing.found * drawing.passed // max(1, drawing.tested))
    again = drawing.again if drawing.has_all else 0
    return Drawn(collector.finish()[0], drawing.looked_at, found, unknown, again)


@dataclass
class _Drawing:
    """What was drawn so far."""

    kept: Kept
    lines: Mapping[int, Lines]
    most: int
    names: Sequence[str]
    seed: int
    taken: dict[int, Columns] = field(default_factory=dict)  # by fingerprint, a row each
    looked_at: int = 0
    found: int = 0  # by what is counted
    tested: int = 0  # of those, designs that were taken from their lines
    passed: int = 0  # of these, designs that meet the other conditions
    passes: int = 0
    longest: int = 1  # of the designs that one line has in the ranges
    again: int = 0  # how often those taken were drawn since the last new one

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(self.seed)
        self.alike = {index: Alike(one.part) for index, one in self.lines.items()}
        sizes = np.array([float(one.size) for one in self.lines.values()])
        self._shares = sizes / sizes.sum()

    @property
    def counted(self) -> int:
        """How many designs were counted, or could have been."""
        return sum(one.counted for one in self.lines.values())

    @property
    def is_full(self) -> bool:
        """Whether as many networks were taken as are wanted."""
        return len(self.taken) >= self.most

    @property
    def has_all(self) -> bool:
        """Whether those taken were drawn so often that there is no other: see `SURELY`."""
        return bool(self.taken) and self.again >= SURELY * (len(self.taken) + 1)

    def go_on(self) -> None:
        """Draw some more lines: more at a time where few were taken, as each pass has its price."""
        several = []
        self.passes += 1
        rows = self.rng.multinomial(CHUNK << min(self.passes, 4) - 1, self._shares)
        for (index, lines), number in zip(self.lines.items(), rows.tolist(), strict=True):
            if number:
                columns = lines.drawn(number, self.rng)
                several.append((index, columns, *lines.inside(columns)))
                self.looked_at += lines.length * len(several[-1][-1])
        self.found += sum(int(number.sum()) for *_, number in several)
        self._thin(max(int(number.max(initial=0)) for *_, number in several))
        found = [chosen for one in several if (chosen := self._chosen(*one))]
        if found:
            chunk = {name: np.concatenate([one[name] for one in found]) for name in self.names}
            self._take({**chunk, _MARK: self._marks(chunk)})

    def _thin(self, longest: int) -> None:
        """Where a line has more designs than any before, those taken before were too likely."""
        if longest > self.longest:
            stay = self.rng.random(len(self.taken)) < self.longest / longest
            pairs = zip(self.taken.items(), stay, strict=True)
            self.taken = {number: one for (number, one), kept in pairs if kept}
            self.longest, self.again = longest, 0

    def _chosen(self, index: int, columns: Columns, first: Any, number: Any) -> Columns:
        """Of some lines the designs that are taken, as columns; no column where there are none."""
        lines = self.lines[index]
        place = self.rng.integers(self.longest, size=len(number))
        rows = np.flatnonzero(place < number)
        designs = lines.designs(_rows(columns, rows), first[rows] + place[rows])
        fit = np.flatnonzero(lines.divides(designs, len(rows)))
        if not len(fit):
            return {}
        designs, picks = _rows(designs, fit), columns[PICK][rows[fit]]
        cost = counted(lines.part, designs)
        kept = self.kept(index, lines.part, designs, cost, {PICK: picks})
        self.tested += len(fit)
        self.passed += len(kept["part"])
        return kept

    def _take(self, chunk: Columns) -> None:
        """The networks that were not taken before, and no more than are wanted."""
        before = len(self.taken)
        self.again += self._drawn_again(chunk)
        self._take_new(chunk)
        if len(self.taken) > before:
            self.again = 0

    def _drawn_again(self, chunk: Columns) -> int:
        """How many of some designs were taken before: each is the first of its network."""
        known = np.array([one[_MARK][0] for one in self.taken.values()], np.uint64)
        return int(np.isin(chunk[_MARK], known).sum())

    def _marks(self, designs: Columns) -> Any:
        """A number for each design, of its part and its numbers."""
        total = np.zeros(len(designs["part"]), np.uint64)
        for name in self.names:
            total = total * np.uint64(TURN) + designs[name].astype(np.float64).view(np.uint64)
        return total

    def _take_new(self, chunk: Columns) -> None:
        """Take those networks, in any order."""
        # The parts stand one after the other: in that order the first ones would be likelier.
        order = self.rng.permutation(len(chunk["part"]))
        step = max(16, 2 * self.most)
        for start in range(0, len(order), step):
            rows = order[start : start + step]
            rows = rows[[int(number) not in self.taken for number in chunk[PRINT][rows]]]
            for row in rows[self._first(chunk, rows)]:
                if not self.is_full:
                    one = _rows(chunk, [row])
                    self.taken.setdefault(int(chunk[PRINT][row]), one)
            if self.is_full:
                return

    def _first(self, chunk: Columns, rows: Any) -> Any:
        """Which of the rows are the first designs of their networks."""
        first = np.zeros(len(rows), dtype=bool)
        for index in np.unique(chunk["part"][rows]):
            lines = self.lines[int(index)]
            own = np.flatnonzero(chunk["part"][rows] == index)
            designs = {axis: chunk[axis][rows[own]] for axis in lines.part.free}
            single = lines.first_picks(designs, chunk[PICK][rows[own]])
            first[own] = single
            own = own[single]
            designs = _rows(designs, single)
            first[own] = self.alike[int(index)].first(designs, chunk[PRINT][rows[own]])
        return first


def _rows(columns: Columns, rows: Any) -> Columns:
    return {name: column[rows] for name, column in columns.items()}
