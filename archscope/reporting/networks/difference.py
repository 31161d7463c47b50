"""The difference of two networks as tables: the gap split by stage and by choice."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any

from archscope.arch.families.residual.choices import Choices
from archscope.arch.nodes import Node
from archscope.arch.quantities import COSTS
from archscope.arch.windows import pair
from archscope.reporting.networks.architectures import layers
from archscope.reporting.table.formats import integer, signed, signed_si, text
from archscope.reporting.table.table import Column, Table

_HEADERS = ("params", "FLOPs\n(multiply-adds)", "activations")
_NAMES = {"params": "params", "macs": "FLOPs", "activations": "activations"}


def both_in_words(one: Choices, other: Choices, name: str) -> tuple[str, str]:
    """What each of two networks chose: `32`, or `64, 128, 256, 512 channels`.

    Layers that the words of a stem or head leave out, as dropout, are told where they differ.
    """
    words = _WORDS[name](one), _WORDS[name](other)
    if words[0] != words[1] or name not in ("stem", "head"):
        return words
    first, second = _leaves(getattr(one, name)), _leaves(getattr(other, name))
    return words[0] + _beside(first, second), words[1] + _beside(second, first)


def _leaves(nodes: Iterable[Node]) -> list[Node]:
    """The layers of nodes, in order."""
    return [leaf for node in nodes for leaf in (_leaves(node.parts()) or [node])]


def _beside(layers: Sequence[Node], others: Sequence[Node]) -> str:
    """The layers that others have not, with the numbers that they have: `, dropout p=0.2`."""
    told = []
    for node in layers:
        if node not in others:
            own = (f for f in fields(node) if getattr(node, f.name) not in (f.default, None))
            numbers = (f"{f.name}={getattr(node, f.name)}" for f in own)
            told.append(" ".join([f", {type(node).__name__.lower()}", *numbers]))
    return "".join(told)


def named(step: Mapping[str, Any]) -> str:
    """The choices of a step: `width and cardinality`."""
    return " and ".join(row["choice"] for row in step["choices"])


def changed(step: Mapping[str, Any]) -> str:
    """What they were and became: `1 → 32`; each by its name where there are several."""
    alone = len(step["choices"]) == 1
    return "; ".join(
        f"{'' if alone else row['choice'] + ' '}{row['from']} → {row['to']}"
        for row in step["choices"]
    )


def _block(choices: Choices) -> str:
    kernels = ", ".join("{}×{}".format(*pair(kernel)) for kernel in choices.block.kernels)
    block = choices.block
    if not block.preactivation:
        half = f", the first {block.narrower} times narrower" if block.narrower > 1 else ""
        wide = (
            f", {block.projection}×{block.projection} projections" if block.projection > 1 else ""
        )
        last = "" if block.last_pooled else ", the last part convolved in first blocks"
        return f"{kernels}, post-activation{half}{wide}{last}"
    return f"{kernels}, pre-activation" + ("" if choices.block.lead else " (the first in the stem)")


def _numbers(choices: Choices, name: str) -> str:
    """An entry a stage, or one where all are equal."""
    numbers = getattr(choices, name)[: len(choices.depth)]
    return str(numbers[0]) if len(set(numbers)) == 1 else _listed(numbers)


def _stride(choices: Choices) -> str:
    stages = _listed(choices.stride.stages[: len(choices.depth)])
    return f"{stages} in convolution {choices.stride.convolution + 1}"


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers))


_WORDS: dict[str, Callable[[Choices], str]] = {
    "input": lambda choices: "×".join(map(str, choices.input)),
    "stem": lambda choices: layers(choices.stem),
    "depth": lambda choices: f"{_listed(choices.depth)} blocks",
    "block": _block,
    "output": lambda choices: f"{_numbers(choices, 'output')} channels",
    "width": lambda choices: f"{_numbers(choices, 'width')} channels",
    "cardinality": lambda choices: _numbers(choices, "cardinality"),
    "stride": _stride,
    "splits": lambda choices: str(choices.splits),
    "squeeze": lambda choices: "none" if choices.squeeze is None else f"by {choices.squeeze}",
    "shortcut": lambda choices: "with" if choices.shortcut else "without",
    "pooled": lambda choices: f"stride in the {'pool' if choices.pooled else '1×1'}",
    "head": lambda choices: layers(choices.head),
}


def difference_tables(document: Mapping[str, Any]) -> list[Table]:
    """The gap by stage and, where there are such, by choice, and the fields that differ."""
    tables = [_stage_table(document)]
    if document["by_choice"] is not None:
        tables.append(_choice_table(document))
    if document["by_field"]:
        tables.append(_field_table(document))
    return tables


def difference_csv(document: Mapping[str, Any]) -> Table:
    """A row a part of either split, and the two networks, for machines."""
    rows = [_flat("network", document["from"]["name"], document["from"])]
    for row in document["by_stage"]:
        rows.append(_flat("stage", row["stage"], row["change"]))
    for row in document["by_choice"] or ():
        words = {"from_to": changed(row)}
        rows.append({**_flat("choice", named(row), row["change"]), **words})
    rows.append(_flat("network", document["to"]["name"], document["to"]))
    keys = ("split", "name", "from_to", *COSTS)
    return Table("Difference", [Column(key, key, text) for key in keys], rows)


def _flat(split: str, name: str, costs: Mapping[str, Any]) -> dict[str, Any]:
    return {"split": split, "name": name, **{cost: costs[cost] for cost in COSTS}}


def _stage_table(document: Mapping[str, Any]) -> Table:
    rows = [{"name": row["stage"], **row["change"]} for row in document["by_stage"]]
    stages = document["stages_are"]
    notes = [f"The changes add up to the gap, to the integer. Stages are the {stages}."]
    if document["by_choice"] is None:
        notes.append(document["no_choice_split"])
    notes += [*document["from"].get("notes", ()), *document["to"].get("notes", ())]
    return _table(document, "stage", [Column("name", "stage", text, "left")], rows, notes)


def _choice_table(document: Mapping[str, Any]) -> Table:
    rows = [
        {"name": named(step), "words": changed(step), **step["change"]}
        for step in document["by_choice"]
    ]
    columns = [
        Column("name", "choice", text, "left"),
        Column("words", "from → to", lambda words: words or "", "left"),
    ]
    return _table(document, "choice", columns, rows, _choice_notes(document))


def _field_table(document: Mapping[str, Any]) -> Table:
    columns = [
        Column("layer", "layer", text, "left"),
        Column("field", "field", text, "left"),
        Column("from", "from", text, "left"),
        Column("to", "to", text, "left"),
        Column("layers", "layers", integer),
        Column("first", "the first", text, "left"),
    ]
    title = f"Layers of {document['from']['name']} and {document['to']['name']} at the same place"
    return Table(title, columns, document["by_field"], ["Widths are in the tables above."])


def _choice_notes(document: Mapping[str, Any]) -> list[str]:
    steps = document["by_choice"]
    if len(steps) < 2:
        return ["The changes add up to the gap, to the integer."]
    notes = [
        "Each choice is made after those above it, and each network on the way is counted; the "
        "changes add up to the gap, to the integer. Another order may split it otherwise:"
    ]
    for step in steps:
        spans = [
            f"{signed_si(low)} to {signed_si(high)} {_NAMES[cost]}"
            for cost in COSTS
            for low, high in [step["span"][cost]]
            if low != high
        ]
        if spans:
            notes.append(f"{named(step)} brings {', '.join(spans)}, depending on the order.")
    return notes if len(notes) > 1 else [notes[0].replace("otherwise.", "the same way.")]


def _table(
    document: Mapping[str, Any],
    by: str,
    columns: Sequence[Column],
    rows: Sequence[Mapping[str, Any]],
    notes: Sequence[str],
) -> Table:
    """The first network, the changes, their sum, and the second network."""
    first, second = document["from"], document["to"]
    costs = [
        Column(cost, header, _cell, also=("kind",))
        for cost, header in zip(COSTS, _HEADERS, strict=True)
    ]
    gap = {"name": "gap", **{cost: sum(row[cost] for row in rows) for cost in COSTS}}
    return Table(
        f"From {first['name']} to {second['name']}, by {by}",
        [*columns, *costs],
        [{**first, "kind": "total"}, *rows, gap, {**second, "kind": "total"}],
        notes,
    )


def _cell(value: Any, kind: str | None) -> str:
    return integer(value) if kind == "total" else signed(value)
