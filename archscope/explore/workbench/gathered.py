"""The designs of some families with all of their costs, as arrays: counted once a choice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import prod
from typing import Any

import numpy as np

from archscope.arch.quantities import STORED, parse_factors
from archscope.errors import UsageError, shown
from archscope.explore.design.collect import Columns, Order
from archscope.explore.design.enumerate import enumerate_designs, spaces
from archscope.explore.design.enumeration import Enumeration, Query
from archscope.explore.design.space import Space
from archscope.explore.latency.fitted import LatencyModel

MOST_PROGRAMS = (
    500  # of a family whose designs run so many the memory is left out: it takes minutes
)
MOST = 150_000  # designs of a family that are all looked at; of a larger box a coarser grid


@dataclass(frozen=True)
class Gathered:
    """All designs of some families.

    Attributes:
        found: them, with a column for each cost: params, macs, activations, the bytes of weights
            and memory, and nanoseconds of latency where a model is there.
        boxes: of each family, how many designs its box holds.
        looked: and how many of them are here: fewer, where the box is too large for a page.
    """

    found: Enumeration
    boxes: tuple[int, ...]
    looked: tuple[int, ...]

    def notes(self) -> list[str]:
        """Of which families only a part of the designs is here."""
        every = zip(self.found.query.families, self.looked, self.boxes, strict=True)
        said = [
            f"{name}: an even grid of {some:,} of its {box:,} designs"
            for name, some, box in every
            if some < box
        ]
        if "memory" not in self.found.columns:
            said.append(
                "memory: left out, as too many different programs would be gone through; give the "
                "numbers of the layers (as depth) few values"
            )
        return said


def numbers_in(text: str) -> dict[str, list[Any]]:
    """The values of numbers as they are typed: `width=4:64 cardinality=1,2,4,8`.

    Raises:
        UsageError: where that is no word with its values.
    """
    given: dict[str, list[Any]] = {}
    for entry in text.split():
        word, equals, values = entry.lower().partition("=")
        if not equals or word in given:
            raise UsageError(
                f"numbers are written WORD=A:B, each word once, not {shown(entry)}; write "
                "width=4:64 depth=1:6"
            )
        given[word] = list(parse_factors(values, word))
    return given


def gathered(query: Query, latency: LatencyModel | None = None) -> Gathered:
    """Count the designs of a query's families, whatever its ranges are.

    A box of more than `MOST` designs is gone through on a coarser grid of its numbers.

    Raises:
        UsageError: for a name or a number that cannot be.
    """
    boxes = spaces(query)
    grids = [_grid(box) for box in boxes]
    quick = all(map(_is_quick, boxes, grids))
    stored = [cost for cost in STORED if quick or cost != "memory"]
    parts = [
        enumerate_designs(
            replace(
                query,
                families=(name,),
                given=grid,
                ranges=dict.fromkeys(stored, (0, None)),
                latency=latency,
            ),
            Order("params"),
        )
        for name, grid in zip(query.families, grids, strict=True)
    ]
    asked = replace(query, ranges={}, latency=latency)
    looked = tuple(one.candidates for one in parts)
    return Gathered(joined(asked, parts), tuple(box.size for box in boxes), looked)


def joined(query: Query, several: Sequence[Enumeration]) -> Enumeration:
    """The designs of several enumerations, one a family, as those of one."""
    first = np.cumsum([0, *(len(one.parts) for one in several)])
    names = list(dict.fromkeys(name for one in several for name in one.columns))
    columns: Columns = {}
    for name in names:
        held = [one.columns.get(name, np.zeros(len(one), np.int16)) for one in several]
        if name == "part":
            held = [part.astype(np.int64) + start for part, start in zip(held, first, strict=False)]
        columns[name] = np.concatenate(held)
    return Enumeration(
        query,
        Order("params"),
        [space for one in several for space in one.spaces],
        [part for one in several for part in one.parts],
        sum(one.candidates for one in several),
        sum(one.counted for one in several),
        sum(one.matches for one in several),
        None,
        columns,
        {},
    )


def chosen(found: Enumeration, rows: Any, ranges: Mapping[str, Any]) -> Enumeration:
    """Some of the designs, as an enumeration within these ranges lists them."""
    columns = {name: column[rows] for name, column in found.columns.items()}
    query = replace(found.query, ranges=ranges)
    return replace(found, query=query, columns=columns, matches=len(columns["part"]))


def _grid(space: Space) -> dict[str, list[Any]]:
    """The values of each number, every n-th where there would be too many designs."""
    values = {word: list(one) for word, one in space.axes.items()}
    while prod(map(len, values.values())) > MOST:
        widest = max(values, key=lambda word: len(values[word]))
        values[widest] = _thinner(values[widest])
    return values


def _is_quick(space: Space, grid: Mapping[str, Sequence[Any]]) -> bool:
    """Whether the memory of its designs is soon told: they run few different programs."""
    own = (word for word in space.free if not space.of[word].programs)
    return prod(len(grid[word]) for word in own) <= MOST_PROGRAMS


def _thinner(values: list[Any]) -> list[Any]:
    """About half of them; the first and the last stay, of two the first."""
    if len(values) == 2:
        return values[:1]
    kept = [*values[::2], values[-1]]
    return [one for one, after in pairwise([*kept, None]) if one != after]
