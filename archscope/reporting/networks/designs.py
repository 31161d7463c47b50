"""Designs as tables: the nearest ones to a budget, and all of a range."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any

from archscope.arch.scaling import decimal as decimal_text
from archscope.errors import plural
from archscope.reporting.facts.nearest_published import nearest_sentence
from archscope.reporting.networks.latency import LATENCY, latency_columns, latency_text, with_ends
from archscope.reporting.networks.number_columns import DESIGN, depths, narrowed, number_columns
from archscope.reporting.table.formats import deviation, integer, share, si, signed, text
from archscope.reporting.table.table import Column, Table

NAMES = {"params": "params", "macs": "FLOPs\n(multiply-adds)", "activations": "activations"}
# Numbers that are told where they are others than these.
_USUAL = {"scale": 1, "deepening": 2}
MOST_TOLD = 5  # answers beside which the nearest published network stands; JSON has all
SHORT = {
    "params": "params",
    "macs": "multiply-adds",
    "activations": "activations",
    "weights": "bytes of weights",
    "memory": "bytes of memory",
    "latency": "ms of latency",
}
STORED = {"weights": "weights\n(bytes)", "memory": "memory\n(bytes)"}


def number(value: Any) -> int | float | None:
    """A number of a design as JSON has it: whole where it is."""
    if value is None or value == int(value):
        return None if value is None else int(value)
    return float(value)


def number_text(value: Any) -> int | str:
    """A whole number as it is, a fraction as a short decimal."""
    whole = not isinstance(value, Fraction) or value.denominator == 1
    return int(value) if whole else decimal_text(value)


def values_text(values: Sequence[Any]) -> str:
    """Ascending values as they are stated: `1:8`, `16:1024:16`, `1,2,4`."""
    first, last = number_text(values[0]), number_text(values[-1])
    steps = {one - before for before, one in pairwise(values)}
    if len(steps) == 1:
        step = number_text(steps.pop())
        return f"{first}:{last}" if step == 1 else f"{first}:{last}:{step}"
    return ",".join(str(number_text(value)) for value in values)


def inverse_table(document: Mapping[str, Any]) -> Table:
    """The designs of an `archscope.inverse/1` document, a row each, what the paper chose below."""
    limits = document["limits"]
    rows = [
        {**with_ends(row), "depths": "-".join(map(str, row["depths"])), **_distances(row)}
        for answer in document["answers"]
        for row in _with_published(answer)
    ]
    sought = list(dict.fromkeys(axis for answer in document["answers"] for axis in answer["free"]))
    columns = [Column("rank", "rank", text)] if len(document["answers"]) == 1 else []
    columns.append(DESIGN)
    usual = {**document["usual"], **_USUAL}
    numbers = {
        word: symbol
        for word, symbol in document["symbols"].items()
        if word in sought or any(row.get(word) not in (None, usual.get(word)) for row in rows)
    }
    columns += number_columns(numbers)
    if any(axis.startswith("depth") for axis in sought):
        columns.append(depths("depths", rows))
    if any(row["scale"] != 1 for row in rows):
        columns.append(Column("scale", "scale", text))
    limited = [limit["metric"] for limit in limits]
    told = [*limited, *([document["maximised"]] if document["maximised"] else [])]
    hard = {limit["metric"] for limit in limits if _hard(limit)}
    for metric, header in {**NAMES, **STORED}.items():
        if metric not in NAMES and metric not in told:
            continue
        columns.append(Column(metric, header, integer if metric in told else si))
        if metric in hard:
            columns.append(Column(f"share_{metric}", "of its\ncap", share))
        elif metric in limited:
            columns.append(Column(f"residual_{metric}", "from its\nbudget", signed))
            columns.append(Column(f"deviation_{metric}", "in %", deviation))
    if "memory" in told:
        columns.append(Column("memory_at", "peak at", text, "left"))
    columns += latency_columns(rows, limited, hard)
    if any(answer["published"] for answer in document["answers"]):
        columns.append(Column("source", "the choice of", text, "left"))
    return narrowed(Table(_title(document), columns, rows, _notes(document)))


def enumeration_table(head: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> Table:
    """The designs of an `archscope.enumerate/1` document (`head` is all of it but them)."""
    columns = [DESIGN, Column("family", "family", text, "left")]
    shown = {axis for box in head["boxes"] for axis, ends in box.items() if ends[0] != ends[-1]}
    several = len(head["boxes"]) > 1
    boxes = _with_usual(head)
    numbers = dict.fromkeys(("cardinality", "width", "widen", "deepening", *head["symbols"]))
    told = [
        word
        for word in numbers
        if any(word in box and not _is_usual(box, usual, word) for box, usual in boxes)
    ]
    columns += number_columns({word: head["symbols"].get(word, word) for word in told})
    columns += [Column(word, word, text, shown=False) for word in numbers if word not in told]
    deep = any(axis.startswith("depth") for axis in shown) or several
    columns.append(depths("blocks", () if several else rows[:1], shown=deep))
    columns.append(Column("scale", "scale", text, shown="scale" in shown))
    columns += [Column(metric, header, integer) for metric, header in NAMES.items()]
    columns += [Column(cost, f"{cost}\n({one})", integer) for cost, one in head["formats"].items()]
    columns += [LATENCY] if "latency_note" in head else []
    if any("fvcore" in row for row in rows):
        columns.append(Column("fvcore", "fvcore", text, "left"))
    columns[1] = Column("family", "family", text, "left", shown=several)
    columns.insert(2, Column("template", "template", text, "left", shown=False))
    title = f"Designs of {', '.join(head['families'])}"
    notes = [*_about(head), *([head["latency_note"]] if "latency_note" in head else [])]
    limits = [range_text(metric, ends) for metric, ends in head["ranges"].items()]
    if head.get("latency_ms_range"):
        limits.append(f"{latency_text(head['latency_ms_range'])} of latency")
    if head["divisible"] > 1:
        limits.append(f"group widths that are multiples of {head['divisible']}")
    if head["formats"]:
        stored = [f"{cost} in {format}" for cost, format in head["formats"].items()]
        notes.append(f"Bytes: {' and '.join(stored)}. {head['memory_model']}.")
    title += f"{': ' if limits else ''}{', '.join(limits)}"
    return narrowed(Table(title, columns, rows, notes))


def _about(head: Mapping[str, Any]) -> list[str]:
    every = zip(_with_usual(head), head["values"], strict=True)
    boxes = "; ".join(_box_text(*pair, values) for pair, values in every)
    what = f"{head['listed']:,} of {plural(head['matches'], 'design')} meeting every condition"
    if head.get("drawn"):
        return [*_about_draw(head), f"Box: {boxes}."]
    if head["sample"]:
        seed, every = head["sample"]["seed"], head["listed"] < head["sample"]["size"]
        what = (
            f"{plural(head['listed'], 'different network')} of {plural(head['matches'], 'design')}"
        )
        what += " meeting every condition, "
        what += "all there are" if every else f"each as likely as any other (seed {seed})"
    if head["pareto"]:
        better = " and ".join(_better(metric) for metric in head["pareto"])
        listed = f"{head['listed']:,} of " if head["listed"] < head["front"] else "The "
        what = (
            f"{listed}{plural(head['front'], 'design')} of the Pareto front of {better}, "
            f"from {head['matches']:,}"
        )
    counted = f"{head['counted']:,} counted, the others ruled out as costs grow with their numbers"
    if head["counted"] == head["candidates"]:
        counted = "all counted"
    return [f"{what}; {plural(head['candidates'], 'candidate')} ({counted}).", f"Box: {boxes}."]


def _about_draw(head: Mapping[str, Any]) -> list[str]:
    """How a sample was drawn, and how thin it is where it is smaller than was wanted."""
    size, seed = head["sample"]["size"], head["sample"]["seed"]
    share = head["matches"] / head["drawn"]
    # What is predicted is told of those alone that are taken from their lines.
    about = "about " if head.get("latency_ms_range") else ""
    lines = [
        f"{plural(head['listed'], 'different network')} meeting every condition, each as likely as "
        f"any other (seed {seed}): {about}{head['matches']:,} of {head['drawn']:,} designs looked "
        f"at do, drawn from {plural(head['candidates'], 'candidate')}."
    ]
    if head["again"]:
        lines.append(
            f"These seem to be all: {head['again']:,} further draws gave no other, which is one "
            "chance in a million where there is another."
        )
    elif head["listed"] < size:
        lines.append(
            f"{size:,} were not found in so many: about {share:.1g} of the designs meet the "
            "conditions, or few different networks do; widen the conditions, or the box."
        )
    if head["unknown"]:
        lines.append(
            f"Of {head['unknown']:,} it was not seen how many designs give the same network, which "
            "may make them likelier than others: a smaller box has fewer."
        )
    return lines


def _with_usual(head: Mapping[str, Any]) -> list[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    """The boxes, each with the usual numbers of its family."""
    return [(box, {**one, **_USUAL}) for box, one in zip(head["boxes"], head["usual"], strict=True)]


def _is_usual(box: Mapping[str, Any], usual: Mapping[str, Any], word: str) -> bool:
    """Whether a number is the usual one in all designs of a box."""
    return bool(box[word] == 2 * [usual.get(word)])


def _box_text(box: Mapping[str, Any], usual: Mapping[str, Any], values: Mapping[str, str]) -> str:
    parts = [f"{axis} {one}" for axis, one in values.items() if not _is_usual(box, usual, axis)]
    return f"{box['family']} {', '.join(parts)}"


def _better(metric: str) -> str:
    less = "least" if metric in (*STORED, "latency") else "fewest"
    return f"most {metric[1:]}" if metric.startswith("-") else f"{less} {metric}"


def range_text(metric: str, ends: Sequence[Any]) -> str:
    """A range of a cost in words: "at least 1,000 and at most 2,000 params"."""
    low, high = ends
    if low == high:
        return f"{low:,} {SHORT[metric]}"
    first = f"at least {low:,}" if low else ""
    last = f"at most {high:,}" if high is not None else ""
    return f"{' and '.join(part for part in (first, last) if part)} {SHORT[metric]}"


def _with_published(answer: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The designs, with the source at those that the paper chose, and its others behind them."""
    sources = {row["network"]: row["source"] for row in answer["published"]}
    found = [{**row, "source": sources.pop(row["network"], None)} for row in answer["designs"]]
    return [*found, *(row for row in answer["published"] if row["network"] in sources)]


def _notes(document: Mapping[str, Any]) -> list[str]:
    answers = document["answers"]
    proofs = [answer["proof"] for answer in answers]
    if len(answers) > 1 and {proof["method"] for proof in proofs} == {"bisection"}:
        counted = sum(proof["counted"] for proof in proofs)
        notes = [
            f"Proof by monotone bisection: every cost grows with the {proofs[0]['inner']}, "
            "so in each question only the neighbours of the crossing can be nearest "
            f"({plural(counted, 'design')} counted)."
        ]
    else:
        notes = [
            ", ".join(f"{axis} {value}" for axis, value in answer["fixed"].items())
            + (": " if answer["fixed"] else "")
            + answer["proof"]["statement"]
            for answer in answers
        ]
    rule = document["rounding"]
    if rule in ("floor", "ceil"):
        side = "within" if rule == "floor" else "at or above"
        notes.append(f"Only designs {side} every budget were admitted.")
    stored = [f"{metric} in {format}" for metric, format in document["formats"].items()]
    if any(limit.get("format") for limit in document["limits"]) or document["maximised"] in STORED:
        notes.append(f"Bytes: {' and '.join(stored)}. {document['memory_model']}.")
    if sum(not _hard(limit) for limit in document["limits"]) > 1:
        notes.append("Nearest is the design whose largest relative deviation is the smallest.")
    if any(answer["published"] for answer in document["answers"]):
        notes.append(
            "The paper solved Eq. 4 for a block; whole networks of equal blocks differ, so its "
            "choice (without a rank) may be a neighbour of the nearest."
        )
    near = [
        nearest_sentence(answer["designs"][0]["network"], answer["nearest_published"])
        for answer in answers
        if answer["nearest_published"]
    ]
    if "latency_note" in document:
        notes.append(document["latency_note"])
    if any("latency_ms_measured" in row for answer in answers for row in answer["designs"]):
        notes.append("Those that were measured come first, by what they take; over a cap, later.")
    return [*notes, *near[:MOST_TOLD], *document.get("notes", ())]


def _distances(row: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for metric, residual in row["residuals"].items():
        found[f"residual_{metric}"] = residual
        found[f"deviation_{metric}"] = row["deviations"][metric]
        found[f"share_{metric}"] = 1 + row["deviations"][metric]
    return found


def _title(document: Mapping[str, Any]) -> str:
    caps = [_asked(limit) for limit in document["limits"] if _hard(limit)]
    budgets = [_asked(limit) for limit in document["limits"] if not _hard(limit)]
    title = str(document["network"])
    if budgets:
        title += f" nearest to {' and '.join(budgets)}"
    if caps:
        title += f"{', ' if budgets else ' of '}at most {' and '.join(caps)}"
    cost = document["maximised"]
    return f"{title}: most {SHORT[cost].removeprefix('ms of ')} first" if cost else title


def _asked(limit: Mapping[str, Any]) -> str:
    source = f" (as {limit['source']})" if limit["source"] else ""
    format = f" in {limit['format']}" if limit.get("format") else ""
    return f"{limit['value']:,} {SHORT[limit['metric']]}{format}{source}"


def _hard(limit: Mapping[str, Any]) -> bool:
    """Whether it is a cap."""
    return limit.get("bound") == "at most"
