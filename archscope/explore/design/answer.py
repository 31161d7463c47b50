"""The answers of an inverse design: designs, proof, and what the paper chose, as JSON and table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from archscope.arch.network import Network
from archscope.arch.papers.eq4 import Rounding
from archscope.arch.papers.published import published_templates
from archscope.arch.times import LATENCY, MILLISECOND
from archscope.arch.windows import Shape
from archscope.cost.formula import CONVENTION, count
from archscope.cost.memory import Memory, memory
from archscope.cost.stored import Storage
from archscope.errors import UsageError, plural
from archscope.explore.design.caps.read import model, storage_of
from archscope.explore.design.limits import METRICS, Limit
from archscope.explore.design.question import Base
from archscope.explore.design.search import inner_axis
from archscope.explore.design.shortlist import Design
from archscope.explore.design.space import SIDE, Space, symbols, usual
from archscope.reporting.facts.nearest_published import nearest_published
from archscope.reporting.networks.designs import inverse_table, number, number_text, values_text
from archscope.reporting.table.result import Result
from archscope.reporting.table.table import Table

if TYPE_CHECKING:
    from archscope.explore.latency.fitted import LatencyModel


@dataclass(frozen=True)
class Answer:
    """The nearest designs of one space, and why there is none nearer."""

    space: Space
    fixed: Mapping[str, Any]  # what the question fixes, where there are several questions
    stated: frozenset[str]  # the free axes whose range the user stated
    designs: Sequence[Design]
    lines: int
    counted: int
    cost: str | None = None  # by which the designs are the largest, under caps
    opened: Sequence[str] = ()  # the axes that are sought, though one value may be left of some
    halves: Sequence[Sequence[Sequence[str]]] = ()  # of `Found`

    def box(self) -> dict[str, list[Any]]:
        """The ends of each axis that is sought."""
        sought = {*self.space.free, *self.opened}
        return {axis: [one[0], one[-1]] for axis, one in self.space.axes.items() if axis in sought}

    def shown(self) -> str:
        """What each axis that is sought went through: `width1 16:1024:16, depth2 1,2,4`."""
        return ", ".join(f"{word} {values_text(self.space.axes[word])}" for word in self.box())

    def proof(self, costs: Sequence[str]) -> dict[str, Any]:
        """How it is known that no design is nearer, by these costs."""
        free = self.space.free
        inner = inner_axis(self.space, costs) if free else None
        derived = [word for word in self.box() if word not in self.stated]
        box = {axis: [number_text(end) for end in ends] for axis, ends in self.box().items()}
        method = "bisection" if len(free) == 1 and inner else "exhaustive"
        return {
            "method": "sums" if self.halves else method,
            "inner": None if self.halves else inner,
            "box": box,
            "derived": derived,
            "combinations": self.lines,
            "counted": self.counted,
            "statement": proof_text(self, costs, inner, derived),
        }


def proof_text(
    looked: Answer, costs: Sequence[str], inner: str | None, derived: Sequence[str]
) -> str:
    """The proof as sentences."""
    free, loose, shown = looked.space.free, looked.space.loose(costs), looked.shown()
    counted = f"({plural(looked.counted, 'design')} counted)"
    may_fall = f"a cost may fall while {' or '.join(loose)} grows"
    if not free:
        text = f"Proof: the one design of the box {shown} was counted."
    elif looked.halves:
        text = _by_sums(looked)
    elif inner is None:
        text = (
            f"Proof by exhaustion over {shown}: every design was counted, as {may_fall} {counted}."
        )
    elif len(free) == 1:
        text = (
            f"Proof by monotone bisection: every cost grows with the {WORDS.get(inner, inner)}, so "
            f"within {shown} only the neighbours of the crossing can be nearest {counted}."
        )
    else:
        text = (
            f"Proof by exhaustion over the box {shown}: in {plural(looked.lines, 'combination')} "
            f"the {WORDS.get(inner, inner)} was bracketed by bisection, as every cost grows with "
            "it; in all others the cheapest design costs too much, or the most expensive too "
            f"little, to be nearer {counted}."
        )
        if loose:
            text += f" No combination was left out before {', '.join(loose)} was fixed: {may_fall}."
    if derived:
        text += f" Beyond the box in {', '.join(derived)} every design costs too much."
    return text + left_out(looked.space)


def _by_sums(looked: Answer) -> str:
    widest = max(looked.halves, key=lambda words: sum(map(len, words)))  # of several parts
    shared, one, other = map(", ".join, widest)
    beside = f"with each {shared} " if shared else ""
    text = (
        f"Proof by sums over the box {looked.shown()}: {beside}a design costs what {one} and "
        f"{other} cost, each half by itself; of {plural(looked.lines, 'such sum')} those of one "
        "half were put in order, and for each of the other looked up that make a design near "
        f"enough ({plural(looked.counted, 'design')} counted)."
    )
    if looked.space.scalars and len(list(looked.space.parts())) > 1:
        text += " Where it is as fast, designs were bracketed by bisection instead."
    return text


def left_out(space: Space) -> str:
    """A sentence on the values that nobody looked at; nothing where there are none."""
    if not space.crowded:
        return ""
    return (
        f" Other values of {', '.join(space.crowded)} were left out, as there would be too many "
        "designs: state ranges to have them."
    )


def _memory(network: Network, storage: Storage) -> Memory | None:
    """The memory of a design; None where it grows more often than can be told."""
    try:
        return memory(storage.held(network), element_bytes=storage.sizes["memory"])
    except UsageError:
        return None


def _in_ms(metric: str, value: int) -> int | float | None:
    """A cost as JSON has it: latency in milliseconds."""
    return number(value / MILLISECOND) if metric == LATENCY else value


# The numbers that every row of JSON has, null where its family has none.
KEYS = ("cardinality", "width", "widen", "deepening", "scale")
WORDS = {"widen": "widening factor", "deepening": "deepening factor"}


@dataclass(frozen=True, repr=False)
class Inverse(Result):
    """What was asked, and an answer for each question.

    Attributes:
        base: the network that was named.
        limits: what the design may cost.
        rounding: nearest, floor (within every limit), ceil, or multiples of K of the width.
        answers: one for each combination of the numbers that were given as lists.
        infeasible: one sentence for each question without an answer.
        fold: whether weights and memory are told with batch norm folded.
        latency: the model, where a latency was asked for.
        measured: milliseconds of designs that were measured, by the network's name and input.
    """

    base: Base
    limits: Sequence[Limit]
    rounding: Rounding
    answers: Sequence[Answer]
    infeasible: Sequence[str] = ()
    fold: bool = False
    latency: LatencyModel | None = None
    measured: Mapping[tuple[str, Shape], float] = field(default_factory=dict)

    @property
    def storage(self) -> Storage:
        """In which format the bytes of weights and memory are told."""
        return storage_of(self.limits, fold=self.fold)

    @property
    def maximised(self) -> str | None:
        """The cost by which the designs are the largest; None where they are the nearest."""
        return self.answers[0].cost if self.answers else None

    def document(self) -> dict[str, Any]:
        """The result as JSON, schema `archscope.inverse/1`."""
        return {
            "schema": "archscope.inverse/1",
            "convention": CONVENTION,
            "network": self.base.name,
            "notes": [f"{note}." for note in self.base.notes],
            "symbols": symbols(answer.space.of for answer in self.answers),
            "usual": {word: number(one) for word, one in usual(self.base.axes).items()},
            "limits": [
                {
                    "metric": limit.metric,
                    "value": _in_ms(limit.metric, limit.value),
                    "source": limit.source,
                    **({"bound": "at most"} if limit.hard else {}),
                    **({"unit": "ms"} if limit.metric == LATENCY else {}),
                    **({"format": limit.format} if limit.format else {}),
                }
                for limit in self.limits
            ],
            "maximised": self.maximised,
            "formats": self.storage.formats,
            "fold": self.fold,
            "memory_model": model(fold=self.fold),
            **({"latency_note": self.latency.sentence()} if self.latency else {}),
            "rounding": self.rounding
            if isinstance(self.rounding, str)
            else f"multiple-of-{self.rounding}",
            "answers": [self._answer(answer) for answer in self.answers],
            "infeasible": list(self.infeasible),
        }

    def tables(self) -> list[Table]:
        """The designs, the nearest first, with the proof below."""
        return [inverse_table(self.document())]

    def _answer(self, answer: Answer) -> dict[str, Any]:
        designs = [
            {"rank": rank, **self._row(answer.space, one.values, one.costs)}
            for rank, one in enumerate(answer.designs, 1)
        ]
        return {
            "fixed": {axis: number_text(value) for axis, value in answer.fixed.items()},
            "free": answer.space.free,
            "maximised": answer.cost,
            "designs": designs,
            "published": self._published(answer),
            "nearest_published": self._nearest_published(answer),
            "proof": answer.proof([limit.metric for limit in self.limits]),
        }

    def _row(
        self, space: Space, values: Mapping[str, Any], costs: Mapping[str, Any]
    ) -> dict[str, Any]:
        template = space.template(values)
        depths = [number(values[word]) for word, axis in space.of.items() if axis.word == "depth"]
        network = space.network(values)
        need = _memory(network, self.storage)
        costs = {
            **{metric: costs[metric] for metric in METRICS},
            "weights": int(self.storage.weight_bytes(network, costs["params"])),
            "memory": need.peak_activation_bytes if need else None,
        }
        told: dict[str, Any] = {}
        if self.latency:
            predicted = self.latency.seconds(network)
            costs[LATENCY] = round(1e9 * predicted)
            told = self.latency.around(predicted).document()
            if (ms := self.measured.get((network.name, network.input))) is not None:
                told["latency_ms_measured"] = ms
        row: dict[str, Any] = {"network": network.name, "template": template}
        row["depths"] = depths
        others = [word for word, axis in space.of.items() if axis.word != "depth"]
        for word in dict.fromkeys((*KEYS, *others)):
            row[word] = number(values.get(word, 1 if word == "scale" else None))
        residuals = {limit.metric: costs[limit.metric] - limit.value for limit in self.limits}
        deviations = {limit.metric: residuals[limit.metric] / limit.value for limit in self.limits}
        residuals = {metric: _in_ms(metric, number) for metric, number in residuals.items()}
        costs.pop(LATENCY, None)
        row |= {**costs, "memory_at": need.peak_at if need else None, **told}
        return {**row, "residuals": residuals, "deviations": deviations}

    def _nearest_published(self, answer: Answer) -> dict[str, Any] | None:
        """The nearest published network to the first design, where that is not published."""
        first = answer.designs[0]
        network = answer.space.network(first.values)
        return nearest_published(network, first.costs["params"], first.costs["macs"])

    def _published(self, answer: Answer) -> list[dict[str, Any]]:
        """What the paper chose for the same question: Tables 3 and 4 of ResNeXt."""
        space, macs = answer.space, [limit for limit in self.limits if limit.metric == "macs"]
        if space.family.name != "resnext" or not macs or space.classes or space.input:
            return []
        if SIDE.word in space.of:
            return []
        fixed = {axis: values[0] for axis, values in space.axes.items() if len(values) == 1}
        depths = tuple(fixed.get(f"depth{stage}") for stage in range(1, 5))
        if fixed.get("scale") != 1 or not space.options.get("residual", True):
            return []
        rows = []
        for one in published_templates(depths, macs[0].value):
            chosen = {"cardinality": one.cardinality, "width": one.width}
            if any(fixed.get(axis, value) != value for axis, value in chosen.items()):
                continue
            values = {**fixed, **chosen}
            cost = count(space.network(values))
            costs = {metric: getattr(cost, metric) for metric in METRICS}
            row = self._row(space, values, costs)
            if not any(row[limit.metric] > limit.value for limit in self.limits if limit.hard):
                rows.append({**row, "source": one.source})
        return rows
