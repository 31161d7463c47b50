"""All designs of some families whose costs lie in given ranges, streamed in chunks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from archscope.arch.families.axis import Axis
from archscope.arch.network import Network
from archscope.arch.shape import Shape
from archscope.cost.formula import CONVENTION, count
from archscope.errors import ArchscopeError, InfeasibleError, UsageError, shown
from archscope.explore.design.chunks import chunks, out_of, within
from archscope.explore.design.collect import SORTS, Collector, Columns, Order
from archscope.explore.design.limits import METRICS
from archscope.explore.design.nearest import Range, dividing_numbers, nearest
from archscope.explore.design.question import Base, read_base
from archscope.explore.design.space import Part, Space
from archscope.reporting.networks.designs import number, number_text, range_text

FAMILIES = ("resnext",)
NUMBERS = ("cardinality", "width", "widen", "deepening")
MOST_BUILT = 100
MOST_CANDIDATES = 10**12


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

    @property
    def words(self) -> list[str]:
        """The numbers of a row: those that all have, and the others of the families here."""
        others = (
            word
            for space in self.spaces
            for word, axis in space.of.items()
            if axis.word not in ("depth", "scale")
        )
        return list(dict.fromkeys((*NUMBERS, *others)))

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
        words = self.words
        for index in range(len(self)):
            space = self.parts[int(self.columns["part"][index])].space
            values = self.values(index)
            yield {
                "network": space.name(values),
                "family": space.family.title,
                "template": space.template(values),
                **{word: number(values.get(word)) for word in words},
                "blocks": "-".join(
                    str(values[word]) for word, axis in space.of.items() if axis.word == "depth"
                ),
                "scale": number_text(values.get("scale", 1)),
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
    if key not in (*SORTS, *axes):
        raise UsageError(
            f"designs sorted by '{shown(key)}' were asked for, but they can be sorted by "
            f"{', '.join(dict.fromkeys((*SORTS, *axes)))}; write params, or -params for the "
            "largest first"
        )
    if key not in (*METRICS, *axes):
        axes.append(key)
    collector = Collector(order, ["part", *axes, *METRICS], sampled)
    counted = 0
    for index, part in enumerate(parts):
        if dividing_numbers(part, query.divisible) is None:
            continue
        for columns, cost in chunks(part, out_of(query.ranges), query.ranges):
            counted += len(cost.params)
            divisible = query.divisible == 1 or part.group_width(columns) % query.divisible == 0
            keep = np.flatnonzero(within(cost, query.ranges) & divisible)
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
    found = nearest(
        parts,
        query.ranges,
        query.divisible,
        lambda part, cannot: chunks(part, cannot, query.ranges),
    )
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
            word: [base.numbers[word]] if word in base.numbers else _box_of(word, axis)
            for word, axis in base.axes.items()
        }
        axes = {**filled, **base.given(given)}
        spaces.append(base.space(axes, query.classes, query.input_shape))
    for word in query.given.keys() - used:
        bases[0].axes_of(word)  # raises: no family has it
    return spaces


def _has(base: Base, word: str) -> bool:
    return any(word in (one, axis.word) for one, axis in base.axes.items())


def _box_of(word: str, axis: Axis) -> Sequence[Any]:
    """What a number goes through where nothing says it."""
    return axis.each if axis.each is not None and word != axis.word else axis.box


def _taken(value: Any, keep: npt.NDArray[np.intp]) -> Any:
    return value[keep] if isinstance(value, np.ndarray) else np.full(len(keep), number(value))


def _box(space: Space) -> dict[str, Any]:
    ends = {
        axis: [number_text(values[0]), number_text(values[-1])]
        for axis, values in space.axes.items()
    }
    return {"family": space.family.title, **ends}


__all__ = ["SORTS", "Enumeration", "Order", "Query", "confirm", "enumerate_designs"]
