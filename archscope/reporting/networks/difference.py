"""The difference of two networks as tables: the gap split by stage and by choice."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from archscope.arch.families.residual.choices import Choices
from archscope.arch.quantities import COSTS
from archscope.arch.windows import pair
from archscope.reporting.networks.architectures import layers
from archscope.reporting.table.formats import integer, signed, signed_si, text
from archscope.reporting.table.table import Column, Table

_HEADERS = ("params", "FLOPs\n(multiply-adds)", "activations")
_NAMES = {"params": "params", "macs": "FLOPs", "activations": "activations"}


def in_words(choices: Choices, name: str) -> str:
    """What a network chose: `32`, or `64, 128, 256, 512 channels`."""
    return _WORDS[name](choices)


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
