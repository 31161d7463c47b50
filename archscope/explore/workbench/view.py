"""What is shown of the gathered designs: those within the budgets, their front, the command."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import numpy as np

from archscope.arch.quantities import STORED
from archscope.arch.times import LATENCY, MILLISECOND
from archscope.cost.stored import Storage
from archscope.explore.design.caps.conditions import Range, inside
from archscope.explore.design.collect import front_of
from archscope.explore.design.limits import CAPPED
from archscope.explore.workbench.gathered import Gathered, chosen
from archscope.reporting.figure.plot import LABELS
from archscope.reporting.networks.designs import enumeration_table, values_text
from archscope.reporting.networks.latency import with_ends
from archscope.reporting.table.formats import tick
from archscope.reporting.table.rows import csv_pieces


@dataclass(frozen=True)
class View:
    """The designs within some budgets, by two costs.

    Attributes:
        designs: all that there are.
        ranges: the least and the most of each cost, of latency in nanoseconds; None: no end.
        front: the two costs along x and y, with a minus where more is better.
        rows: which designs are within the budgets; `on_front` which of all are on their front.
    """

    designs: Gathered
    ranges: Mapping[str, Range]
    front: tuple[str, str] = ("params", "-macs")
    rows: Any = field(init=False)
    on_front: Any = field(init=False)

    def __post_init__(self) -> None:
        columns = self.designs.found.columns
        within = np.flatnonzero(inside(self.ranges, columns, len(columns["part"])))
        kept = {cost: columns[cost][within] for cost in self.axes}
        object.__setattr__(self, "rows", within)
        object.__setattr__(self, "on_front", within[front_of(kept, self.front)])

    @property
    def axes(self) -> tuple[str, str]:
        """The costs along x and y."""
        one, other = (cost.removeprefix("-") for cost in self.front)
        return one, other

    def drawn(self, cost: str, rows: Any) -> Any:
        """A cost of some designs as it is drawn: latency in milliseconds."""
        return in_units(cost, self.designs.found.columns[cost][rows])

    def command(self) -> str:
        """The command that lists the front of these designs."""
        given = self.designs.found.query.given.items()
        options = [f"--axis={word}={values_text(values)}" for word, values in given]
        options += [word for cost, ends in self.ranges.items() for word in _option(cost, ends)]
        names = list(self.designs.found.query.families)
        options += ["--pareto", ",".join(self.front)]
        if self._timed:
            options += [word for key, said in self._setting for word in (f"--{key}", str(said))]
        words = ["archscope", "enumerate", *names, *options]
        return shlex.join(words)

    def python(self) -> str:
        """The same in Python."""
        names = list(self.designs.found.query.families)
        asked = f"{names!r}"
        given = self.designs.found.query.given.items()
        if given:
            texts = ((word, values_text(values)) for word, values in given)
            said = ", ".join(f'"{word}": parse_factors("{text}", "{word}")' for word, text in texts)
            asked += f", {{{said}}}"
        lines = ["import archscope as a", ""]
        if self.ranges:
            ends = ", ".join(f'"{cost}": {_ends(ends)}' for cost, ends in self.ranges.items())
            asked += f", ranges={{{ends}}}"
        if self._timed:
            setting = ", ".join(f"{said!r}" for _, said in self._setting)
            lines[1:] = [
                "from archscope.explore.latency.fitted import asked_for, fitted_model",
                "",
                f"model = fitted_model(asked_for({setting}))",
            ]
            asked += ", latency=model"
        one, other = self.front
        if given:
            lines.insert(1, "from archscope.arch.quantities import parse_factors")
        lines.append(f"query = a.Query({asked})")
        lines.append(f'found = a.enumerate(query, a.Order(pareto=("{one}", "{other}")))')
        return "\n".join(lines)

    @property
    def _timed(self) -> bool:
        return LATENCY in {*self.ranges, *self.axes}

    @property
    def _setting(self) -> list[tuple[str, Any]]:
        """For what the model of latency holds, in the order of `asked_for`."""
        model = self.designs.found.query.latency
        assert model is not None, "latency is shown where a model is there"
        return [(key, model.machine[key]) for key in ("threads", "precision", "device")]

    def csv(self, rows: Any) -> str:
        """Some designs as CSV, with the columns of `archscope enumerate --format csv`."""
        found = chosen(self.designs.found, rows, self.ranges)
        steady = found.rows()
        first = next(steady, None)
        columns = enumeration_table(found.head(), [first] if first else []).columns
        every = chain([first] if first else [], steady)
        return "".join(csv_pieces(columns, map(with_ends, every)))

    def row(self, index: int) -> dict[str, Any]:
        """One design: its network, its numbers, its costs."""
        return next(iter(chosen(self.designs.found, np.array([index]), {}).rows()))


def label(cost: str) -> str:
    """The title of an axis or a slider, with the unit."""
    kept = Storage().formats.get(cost)  # as a query has it where nothing else is said
    return LABELS[cost].replace("(bytes)", f"(bytes, {kept})")


def in_units(cost: str, values: Any) -> Any:
    """Costs as they are drawn: latency in milliseconds, others as they are."""
    return values / MILLISECOND if cost == LATENCY else values


def costs_of(designs: Gathered) -> list[str]:
    """The costs that are known of the designs."""
    return [cost for cost in CAPPED if cost in designs.found.columns]


def ends_of(designs: Gathered, cost: str) -> tuple[float, float]:
    """The log10 of the least and the most of a cost: the ends of its slider."""
    column = designs.found.columns[cost]
    low, high = np.log10(max(1, int(column.min()))), np.log10(max(1, int(column.max())))
    return float(low), float(high if high > low else low + 0.01)


def range_at(place: tuple[float, float], ends: tuple[float, float]) -> Range | None:
    """The range that a slider between `ends` says at a place: of three digits; None where all."""
    low = 0 if place[0] <= ends[0] else round_three(place[0])
    high = None if place[1] >= ends[1] else round_three(place[1])
    return None if (low, high) == (0, None) else (low, high)


def round_three(exponent: float) -> int:
    """Ten to that power, in three digits."""
    return int(float(f"{10**exponent:.2e}"))


def _option(cost: str, ends: Range) -> list[str]:
    low, high = ends
    return [f"--{cost}", f"{_text(cost, low) if low else ''}:{_text(cost, high) if high else ''}"]


def _text(cost: str, number: int) -> str:
    if cost == LATENCY:
        return f"{number / MILLISECOND:.9f}".rstrip("0").rstrip(".") + "ms"
    return tick(number).replace(" ", "") + ("B" if cost in STORED else "")


def _ends(ends: Range) -> str:
    low, high = ends
    return f"({low:_}, {high if high is None else format(high, '_')})"
