"""Which designs were asked for, and those that were found: as rows, JSON and a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from archscope.arch.network import Network
from archscope.arch.quantities import STORED
from archscope.arch.scaling import plain
from archscope.arch.times import LATENCY, MILLISECOND
from archscope.arch.windows import Shape
from archscope.cost.formula import CONVENTION
from archscope.cost.stored import Storage
from archscope.errors import UsageError
from archscope.explore.design.caps.conditions import Conditions, Range
from archscope.explore.design.caps.read import model
from archscope.explore.design.collect import Columns, Order
from archscope.explore.design.limits import CAPPED, METRICS, check_costs
from archscope.explore.design.space import Part, Space, symbols, usual
from archscope.explore.latency.fitted import LatencyModel
from archscope.explore.networks.confirmed import confirmed
from archscope.reporting.figure.plot import PLAIN, Heading, Style
from archscope.reporting.networks.designs import enumeration_table, number, number_text, values_text
from archscope.reporting.networks.latency import LATENCY as LATENCY_COLUMN
from archscope.reporting.networks.latency import with_ends
from archscope.reporting.table.result import Result
from archscope.reporting.table.table import Table

FAMILIES = ("resnext",)
NUMBERS = ("cardinality", "width", "widen", "deepening")
MOST_BUILT = 100


@dataclass(frozen=True)
class Query:
    """Which designs.

    Attributes:
        families: as `resnext` (all depths free), `resnext50` (its depths), `wrn`, `wrn_28`.
        given: values by word, as `archscope.explore.design.inverse.inverse` takes them.
        ranges: the least and the most of `params`, `macs`, `activations`, of the bytes of `weights`
            and `memory`, and of `latency` in nanoseconds (UsageError for another); None: no end.
        divisible: the channels of the first stage's 3x3 convolutions are multiples of it.
        classes, input_shape: where not the family's own.
        storage: the formats of weights and memory, and whether batch norm is folded.
        latency: a fitted model, by which the time of each design is predicted.
    """

    families: Sequence[str] = FAMILIES
    given: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    ranges: Mapping[str, Range] = field(default_factory=dict)
    divisible: int = 1
    classes: int | None = None
    input_shape: Shape | None = None
    storage: Storage = field(default_factory=Storage)
    latency: LatencyModel | None = None

    def __post_init__(self) -> None:
        check_costs(self.ranges)

    @property
    def counted(self) -> dict[str, Range]:
        """The ranges of what is counted, not predicted."""
        return {cost: ends for cost, ends in self.ranges.items() if cost != LATENCY}

    @property
    def conditions(self) -> Conditions:
        """What designs must cost, but for what is predicted."""
        return Conditions(self.counted, self.storage)


@dataclass(frozen=True, repr=False)
class Enumeration(Result):
    """The designs that were found.

    Attributes:
        query, order: what was asked.
        spaces: one for each family.
        candidates: designs in all boxes; `counted` of them were counted, as costs grow with every
            number and most can be ruled out together; `matches` fulfil every condition, and with a
            Pareto front `front` of them are on it.
        columns: an entry for each listed design: its part, its numbers, its costs.
        is_confirmed: whether fvcore has counted every listed design (see `confirmed`).
        drawn: of a large box, the designs that were looked at, on lines drawn at random; `matches`
            is then how many of those fulfil every condition. None where it was gone through.
        unknown: how many of those drawn may be likelier, as too many designs may give them.
        again: how many draws since gave no other network, where these seem to be all; else 0.
        sample: costs of all designs that meet the conditions, thinned out; `whole_front` those of
            the front before any limit. Both for a picture, and empty without one.
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
    is_confirmed: bool = False
    drawn: int | None = None
    unknown: int = 0
    again: int = 0
    whole_front: Columns = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.columns["part"])

    @property
    def words(self) -> list[str]:
        """The numbers of a row: those that all have, and the others of the families here."""
        return list(dict.fromkeys((*NUMBERS, *symbols(space.of for space in self.spaces))))

    @property
    def costs(self) -> tuple[str, ...]:
        """The costs of a row: bytes are told where a range, the sort or a front asks for them."""
        return (*METRICS, *(cost for cost in STORED if cost in self.columns))

    @property
    def types(self) -> dict[str, type[int] | type[float]]:
        """Whether each number and cost of a row is a whole number or may be a fraction."""
        axes = [(word, axis) for space in self.spaces for word, axis in space.of.items()]
        fractions = {"widen", *(word for word, axis in axes if axis.fractional)}
        types = {word: float if word in fractions else int for word in (*self.words, *self.costs)}
        return {**types, **dict.fromkeys((LATENCY_COLUMN.key, *LATENCY_COLUMN.also), float)}

    def values(self, index: int) -> dict[str, Any]:
        """The numbers of one listed design."""
        part = self.parts[int(self.columns["part"][index])]
        columns = self.columns
        return part.values({a: plain(columns[a][index]) for a in part.arrays if a in columns})

    def network(self, index: int) -> Network:
        """One listed design as a network."""
        return self.parts[int(self.columns["part"][index])].space.network(self.values(index))

    @property
    def axes(self) -> tuple[str, str]:
        """The costs of a picture: the front's, else those of ranges and sort, else the usual."""
        if self.order.pareto:
            one, other = (metric.removeprefix("-") for metric in self.order.pareto)
            return one, other
        asked = (*self.query.ranges, self.order.sort.removeprefix("-"))
        one, other, *_ = dict.fromkeys(c for c in (*asked, "params", "macs") if c in CAPPED)
        return one, other

    def places_of_families(self) -> Any:
        """Of each part the place of its family among those that were named."""
        places = {id(space): place for place, space in enumerate(self.spaces)}
        return np.array([places[id(part.space)] for part in self.parts], np.int64)

    def families_of(self, columns: Columns) -> dict[str, Columns]:
        """Designs (columns with their `part`) by the family that was named."""
        of = self.places_of_families()[columns["part"]]
        return {
            self.query.families[place]: {
                key: column[of == place] for key, column in columns.items()
            }
            for place in np.unique(of).tolist()
        }

    def draw(self, suffix: str, style: Style = PLAIN) -> bytes:
        """All designs by two costs, the whole front or the listed ones marked: a file's bytes.

        Of an enumeration that kept some for a picture (`sampled`).
        """
        from archscope.reporting.figure.designs_plot import Group, draw_designs

        table = enumeration_table(self.head(), [])
        shown = "thinned out" if len(self.sample["macs"]) < self.matches else "all"
        families = self.families_of(self.sample)
        alone = "designs that meet the conditions"
        groups = [
            Group(f"{name if len(families) > 1 else alone} ({shown})", _drawn(columns))
            for name, columns in families.items()
        ]
        front = self.front is not None
        marked = (
            Group(f"Pareto front ({self.front:,})", _drawn(self.whole_front))
            if front
            else Group(f"listed ({len(self):,}, by {self.order.sort})", _drawn(self.columns))
        )
        heading = Heading(table.title, table.notes[:1])
        return draw_designs(
            *(heading, self.axes, groups, marked), front=front, suffix=suffix, style=style
        )

    def rows(self) -> Iterator[dict[str, Any]]:
        """The listed designs, a mapping each, made as they are asked for."""
        words, timed = self.words, self.query.latency
        for index in range(len(self)):
            space = self.parts[int(self.columns["part"][index])].space
            values = self.values(index)
            predicted = timed.around(int(self.columns[LATENCY][index]) / 1e9) if timed else None
            yield {
                "network": space.name(values),
                "family": space.family.title,
                "template": space.template(values),
                **{word: number(values.get(word)) for word in words},
                "blocks": "-".join(
                    str(number_text(values[word]))
                    for word, axis in space.of.items()
                    if axis.word == "depth"
                ),
                "scale": number_text(values.get("scale", 1)),
                **{metric: int(self.columns[metric][index]) for metric in self.costs},
                **(predicted.document() if predicted else {}),
                **({"fvcore": "confirmed"} if self.is_confirmed else {}),
            }

    def confirmed(self) -> Enumeration:
        """The same, after every listed design was built and counted by fvcore.

        Raises:
            UsageError: where more than `MOST_BUILT` are listed.
            ArchscopeError: where fvcore counts otherwise.
        """
        if len(self) > MOST_BUILT:
            raise UsageError(
                f"at most {MOST_BUILT} networks are built, not {len(self):,}; add --limit "
                "10, or narrower ranges"
            )
        for index in range(len(self)):
            confirmed(self.network(index), "use a smaller --input", activations=True)
        return replace(self, is_confirmed=True)

    def document(self) -> dict[str, Any]:
        """The result as JSON, schema `archscope.enumerate/1`: the head, then `designs`."""
        return {**self.head(), "designs": list(self.rows())}

    def tables(self) -> list[Table]:
        """A row for each listed design."""
        return [enumeration_table(self.head(), list(map(with_ends, self.rows())))]

    def _latency(self) -> dict[str, Any]:
        """Of the JSON's head: the range of the latency, and by what it is predicted."""
        if (model := self.query.latency) is None:
            return {}
        ends = self.query.ranges.get(LATENCY)
        ms = [None if end is None else end / MILLISECOND for end in ends] if ends else None
        return {"latency_ms_range": ms, "latency_note": model.sentence()}

    def head(self) -> dict[str, Any]:
        """All of the JSON but the designs, schema `archscope.enumerate/1`."""
        query = self.query
        return {
            "schema": "archscope.enumerate/1",
            "convention": CONVENTION,
            "families": list(query.families),
            "symbols": symbols(space.of for space in self.spaces),
            "boxes": [_box(space) for space in self.spaces],
            "values": [
                {axis: values_text(values) for axis, values in space.axes.items()}
                for space in self.spaces
            ],
            "usual": [
                {word: number_text(one) for word, one in usual(space.of).items()}
                for space in self.spaces
            ],
            "ranges": {metric: list(ends) for metric, ends in query.counted.items()},
            "formats": {c: one for c, one in query.storage.formats.items() if c in self.costs},
            "fold": query.storage.fold,
            "memory_model": model(fold=query.storage.fold),
            **self._latency(),
            "divisible": query.divisible,
            "candidates": self.candidates,
            "counted": self.counted,
            "matches": self.matches,
            "drawn": self.drawn,
            "unknown": self.unknown,
            "again": self.again,
            "front": self.front,
            "listed": len(self),
            "sort": self.order.sort,
            "pareto": list(self.order.pareto) if self.order.pareto else None,
            "sample": None
            if self.order.sample is None
            else {"size": self.order.sample, "seed": self.order.seed},
        }


def _drawn(columns: Columns) -> Columns:
    """As a picture has them: latency in milliseconds."""
    if LATENCY not in columns:
        return columns
    return {**columns, LATENCY: columns[LATENCY] / MILLISECOND}


def _box(space: Space) -> dict[str, Any]:
    ends = {
        axis: [number_text(values[0]), number_text(values[-1])]
        for axis, values in space.axes.items()
    }
    return {"family": space.family.title, **ends}
