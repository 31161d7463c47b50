"""All designs of some families whose costs lie in given ranges, streamed in chunks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from archscope.arch.network import Network
from archscope.arch.shape import Shape
from archscope.cost.formula import CONVENTION, Count, count
from archscope.errors import ArchscopeError, InfeasibleError, UsageError
from archscope.explore.design.collect import SORTS, Collector, Columns, Order
from archscope.explore.design.limits import METRICS
from archscope.explore.design.nearest import Cannot, Range, dividing_numbers, group_width, nearest
from archscope.explore.design.question import Base, read_base
from archscope.explore.design.search import expand
from archscope.explore.design.space import Names, Part, Space
from archscope.reporting.networks.designs import number, number_text, range_text

FAMILIES = ("resnext",)
NUMBERS = ("cardinality", "width", "widen", "deepening")
MOST_BUILT = 100
MOST_CANDIDATES = 10**12
CHUNK = 65_536


@dataclass(frozen=True)
class Query:
    """Which designs.

    Attributes:
        families: as `resnext` (all depths free), `resnext50` (its depths), `wrn`, `wrn_28`.
        given: values by word, as `archscope.explore.design.inverse.inverse` takes them.
        ranges: the least and the most of `params`, `macs`, `activations`; None: no end.
        divisible: the channels of the first stage's 3x3 convolutions are multiples of it.
        classes, input_shape: where not the family's own.
    """

    families: Sequence[str] = FAMILIES
    given: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    ranges: Mapping[str, Range] = field(default_factory=dict)
    divisible: int = 1
    classes: int | None = None
    input_shape: Shape | None = None


@dataclass(frozen=True)
class Enumeration:
    """The designs that were found.

    Attributes:
        query, order: what was asked.
        spaces: one for each family.
        candidates: designs in all boxes; `counted` of them were counted, as costs grow with every
            number and most can be ruled out together; `matches` fulfil every condition, and with a
            Pareto front `front` of them are on it.
        columns: an entry for each listed design: its part, its numbers, its costs.
    """

    query: Query
    order: Order
    spaces: Sequence[Space]
    parts: Sequence[Part]
    candidates: int
    counted: int
    matches: int
    front: int | None
    columns: Columns
    sample: Columns

    def __len__(self) -> int:
        return len(self.columns["part"])

    def values(self, index: int) -> dict[str, Any]:
        """The numbers of one listed design."""
        part = self.parts[int(self.columns["part"][index])]
        columns = self.columns
        return part.values({a: int(columns[a][index]) for a in part.arrays if a in columns})

    def network(self, index: int) -> Network:
        """One listed design as a network."""
        return self.parts[int(self.columns["part"][index])].space.network(self.values(index))

    def rows(self) -> Iterator[dict[str, Any]]:
        """The listed designs, a mapping each, made as they are asked for."""
        names = {id(space): Names(space) for space in self.spaces}
        for index in range(len(self)):
            space = self.parts[int(self.columns["part"][index])].space
            values = self.values(index)
            template = f"{values['cardinality']}x{values['width']}d" if "width" in values else None
            yield {
                "network": names[id(space)](values),
                "family": space.family.name,
                "template": template,
                **{axis: number(values.get(axis)) for axis in NUMBERS},
                "blocks": "-".join(
                    str(values[axis]) for axis in space.family.axes if axis.startswith("depth")
                ),
                "scale": number_text(values["scale"]),
                **{metric: int(self.columns[metric][index]) for metric in METRICS},
            }

    def head(self) -> dict[str, Any]:
        """All of the JSON but the designs, schema `archscope.enumerate/1`."""
        query = self.query
        return {
            "schema": "archscope.enumerate/1",
            "convention": CONVENTION,
            "families": list(query.families),
            "boxes": [_box(space) for space in self.spaces],
            "ranges": {metric: list(ends) for metric, ends in query.ranges.items()},
            "divisible": query.divisible,
            "candidates": self.candidates,
            "counted": self.counted,
            "matches": self.matches,
            "front": self.front,
            "listed": len(self),
            "sort": self.order.sort,
            "pareto": list(self.order.pareto) if self.order.pareto else None,
            "sample": None
            if self.order.sample is None
            else {"size": self.order.sample, "seed": self.order.seed},
        }


def enumerate_designs(
    query: Query | str | Sequence[str], order: Order | None = None, *, sampled: int = 0
) -> Enumeration:
    """Go through every design of the families and keep those that fulfil the query.

        from archscope.explore.design.enumerate import Order, Query

        query = Query(["resnext50"], ranges={"macs": (4_000_000_000, 4_300_000_000)})
        found = a.enumerate_designs(query, Order("params", limit=10))
        list(found.rows())  # a mapping each: network, its numbers, its costs
        found.network(0)    # the first, to build or to count

    Memory holds the listed designs and one chunk: with a limit or a Pareto front, little.

    Args:
        query: the families, their numbers, and the ranges of parameters, and of multiply-adds and
            activations of one image; or the families alone.
        order: how they are listed; by parameters where there is none.
        sampled: how many of all that fulfil the query are kept for a picture, about.

    Raises:
        UsageError: for a name, number or word that cannot be.
        InfeasibleError: where no design fulfils the query; it names the nearest one.
    """
    if not isinstance(query, Query):
        query = Query([query] if isinstance(query, str) else query)
    order = order or Order()
    spaces = _spaces(query)
    candidates = sum(space.size for space in spaces)
    if candidates > MOST_CANDIDATES:
        raise UsageError(
            f"{candidates:,} designs were to be gone through, but {MOST_CANDIDATES:,} is the most; "
            "state smaller ranges, as --depth 1:6"
        )
    parts = [part for space in spaces for part in space.parts()]
    axes = list(dict.fromkeys(axis for part in parts for axis in part.free))
    key = order.sort.removeprefix("-")
    if key not in (*METRICS, *axes):
        axes.append(key)
    collector = Collector(order, ["part", *axes, *METRICS], sampled)
    counted = 0
    for index, part in enumerate(parts):
        if dividing_numbers(part, query.divisible) is None:
            continue
        for columns, cost in _chunks(part, _out_of(query.ranges)):
            counted += len(cost.params)
            divisible = query.divisible == 1 or group_width(part, columns) % query.divisible == 0
            keep = np.flatnonzero(_within(cost, query.ranges) & divisible)
            fixed = {axis: part.values().get(axis, 0) for axis in axes}
            found: dict[str, Any] = {"part": index, **fixed, **columns}
            found |= {metric: getattr(cost, metric) for metric in METRICS}
            collector.add({name: _taken(value, keep) for name, value in found.items()})
    if not collector.matches:
        raise InfeasibleError(_none(query, parts))
    listed, sample = collector.finish()
    front = collector.kept if order.pareto else None
    numbers = candidates, counted, collector.matches, front
    return Enumeration(query, order, spaces, parts, *numbers, listed, sample)


def confirm(network: Network) -> None:
    """Build a network and let fvcore count it.

    Raises:
        ArchscopeError: where it finds other parameters, multiply-adds or activations.
    """
    from archscope.cost.fvcore import count_activations_with_fvcore, count_with_fvcore
    from archscope.nn.build import build

    module, cost = build(network, init=False), count(network)
    measured = count_with_fvcore(module, network.input)
    activations = count_activations_with_fvcore(module, network.input)
    ours = (cost.params, cost.macs, cost.activations)
    theirs = (measured.params, measured.macs, activations)
    if ours != theirs:
        raise ArchscopeError(
            f"{network.name} was counted as {ours} params, multiply-adds and activations by the "
            f"formula, but as {theirs} by fvcore; they must agree, so please report this as a "
            "defect of archscope"
        )


def _none(query: Query, parts: Sequence[Part]) -> str:
    """That nothing was found, and what comes nearest."""
    asked = [range_text(metric, ends) for metric, ends in query.ranges.items()]
    if query.divisible > 1:
        asked.append(f"group widths that are multiples of {query.divisible}")
    what = f"{', '.join(query.families)} with {' and '.join(asked) or 'these numbers'}"
    found = nearest(parts, query.ranges, query.divisible, _chunks)
    return (
        f"{what} was asked for, but no design in the box has that, and {found.sentence()}; widen "
        "what is asked for, or the box, as with --cardinality 1:128"
    )


def _spaces(query: Query) -> list[Space]:
    bases = [read_base(name).by_stage(query.given) for name in query.families]
    used: set[str] = set()
    spaces = []
    for base in bases:
        given = {word: values for word, values in query.given.items() if _has(base, word)}
        used |= given.keys()
        filled = {
            axis: [base.numbers[axis]] if axis in base.numbers else base.family.box[axis]
            for axis in base.family.axes
        }
        axes = {**filled, **base.given(given)}
        spaces.append(base.space(axes, query.classes, query.input_shape))
    for word in query.given.keys() - used:
        bases[0].axes_of(word)  # raises: no family has it
    return spaces


def _has(base: Base, word: str) -> bool:
    return any(word in (axis, axis.rstrip("1234")) for axis in base.family.axes)


def _out_of(ranges: Mapping[str, Range]) -> Cannot:
    """What tells whether nothing between the cheapest and the dearest can be in range."""

    def cannot(cheapest: Count, dearest: Count | None) -> Any:
        out: Any = False
        for metric, (low, high) in ranges.items():
            if high is not None:
                out = out | (getattr(cheapest, metric) > high)
            if dearest is not None:
                out = out | (getattr(dearest, metric) < low)
        return np.broadcast_to(out, np.shape(cheapest.params))

    return cannot


def _chunks(part: Part, cannot: Cannot) -> Iterator[tuple[Columns, Count]]:
    """All designs of a part with their costs, without most of those that are out of question."""
    inner = max(part.free or ["-"], key=lambda axis: len(part.arrays.get(axis, ())))
    if not part.free:
        cost = count(part.network({}))
        yield {}, Count(*(np.array([getattr(cost, metric)]) for metric in METRICS))  # type: ignore[arg-type]
        return
    values = np.array(part.arrays[inner], dtype=np.int64)
    step = max(1, CHUNK // len(values))
    for outer, rows in expand(part, [axis for axis in part.free if axis != inner], cannot):
        for start in range(0, rows, step):
            piece = {axis: column[start : start + step] for axis, column in outer.items()}
            grown = {axis: np.repeat(column, len(values)) for axis, column in piece.items()}
            grown[inner] = np.tile(values, min(step, rows - start))
            yield grown, count(part.network(grown))


def _within(cost: Count, ranges: Mapping[str, Range]) -> Any:
    inside = np.ones(len(cost.params), dtype=bool)
    for metric, (low, high) in ranges.items():
        inside &= getattr(cost, metric) >= low
        if high is not None:
            inside &= getattr(cost, metric) <= high
    return inside


def _taken(value: Any, keep: npt.NDArray[np.intp]) -> Any:
    return value[keep] if isinstance(value, np.ndarray) else np.full(len(keep), number(value))


def _box(space: Space) -> dict[str, Any]:
    ends = {
        axis: [number_text(values[0]), number_text(values[-1])]
        for axis, values in space.axes.items()
    }
    return {"family": space.family.name, **ends}


__all__ = ["SORTS", "Enumeration", "Order", "Query", "confirm", "enumerate_designs"]
