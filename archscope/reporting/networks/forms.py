"""One block in several forms: drawn as in Figures 3 and 4 of the ResNeXt paper, and in tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from archscope.arch.network import Network, stages
from archscope.arch.nodes import (
    Act,
    Aux,
    Cat,
    Conv,
    Dropout,
    Gain,
    Gate,
    Grow,
    Linear,
    Node,
    Norm,
    Pool,
    Repeat,
    Seq,
    Shortcut,
    Shuffle,
    Split,
    Sum,
)
from archscope.arch.quantities import COSTS
from archscope.arch.readings import unknown
from archscope.arch.rewrite import PATHS, blocks
from archscope.arch.shape import output_shape
from archscope.arch.windows import pair
from archscope.errors import plural
from archscope.reporting.networks.architectures import activation_text, brackets
from archscope.reporting.table.formats import absent, decimal, integer, text
from archscope.reporting.table.table import Column, Table

NAMES: Mapping[int | None, Mapping[str, str]] = {
    3: {"a": "(a) aggregated paths", "b": "(b) early concatenation", "c": "(c) grouped"},
    4: {"a": "(a) left: aggregated paths", "c": "(c) right: wide and dense"},
    None: {"trained": "trained: branches", "fused": "fused: one convolution"},
}
_GAPS = (
    ("eval", "outputs", "outputs,\neval"),
    ("eval", "gradients", "gradients,\neval"),
    ("train", "outputs", "outputs,\ntrain"),
    ("train", "gradients", "gradients,\ntrain"),
    ("train", "running_statistics", "running\nstatistics"),
)


def drawing(document: Mapping[str, Any], forms: Sequence[tuple[str, Network]]) -> Table:
    """A block of the first stage in each form; a line is: channels in, kernel, channels out.

    Args:
        document: of `archscope.equivalence/1`.
        forms: the networks, by the letter of their form.
    """
    names = NAMES[document["figure"]]
    row = {form: block_lines(network) for form, network in sorted(forms)}
    return Table(
        f"A block of {document['name']} as in Figure {document['figure']} of the ResNeXt paper "
        "(channels in, kernel, channels out)",
        [Column(form, names[form], text, "left") for form in row],
        [row],
    )


def cost_table(document: Mapping[str, Any]) -> Table:
    """A row for each form: what it costs, by the formula and built, and how long it takes."""
    columns = cost_columns(document, "to (c)")
    if document["timing"]:
        columns += [
            Column("step", "training\nstep (ms)", _milliseconds),
            Column("step_ratio", "to (c)", _times),
        ]
    return Table(_title(document), columns, rows_of(document), _cost_notes(document))


def cost_columns(document: Mapping[str, Any], to_first: str) -> list[Column]:
    """What a form costs; where they were timed, also a forward pass, and over the first form's."""
    columns = [
        Column("name", "form", text, "left"),
        Column("params", "params", integer),
        Column("macs", "FLOPs\n(multiply-adds)", integer),
        Column("activations", "activations", integer),
        Column("built", "built:\nfvcore counts", text, "left"),
    ]
    if document["timing"]:
        columns += [
            Column("forward", "forward\n(ms)", _milliseconds),
            Column("forward_ratio", to_first, _times),
        ]
    return columns


def gap_columns(modes: Sequence[str] = ("eval", "train")) -> list[Column]:
    """How far a form's numbers are from the first's."""
    return [
        Column("name", "form", text, "left"),
        *(Column(f"{mode}_{kind}", header, _gap) for mode, kind, header in _GAPS if mode in modes),
    ]


def check_table(document: Mapping[str, Any]) -> Table:
    """A row for each form: how far its numbers are from those of form (c)."""
    rows = [row for row in rows_of(document) if row["form"] != "c"]
    notes = check_notes(document, f"The way back, {_way(document)}: {_restored(document)}.")
    title = "Largest relative differences from form (c), same weights"
    return Table(title, gap_columns(), rows, notes)


def check_notes(document: Mapping[str, Any], between: str) -> list[str]:
    """How the forms were compared, what else is to be said, and the verdict."""
    check, moved = document["check"], document["check"]["sensitivity"]
    rounding = (
        ""
        if moved is None
        else f" The reference itself moves by {moved:.1e} when its input changes by the last bit: "
        "ten times that, up to 1e-06, is the rounding of sums in another order."
    )
    return [
        f"Limit {check['limit']:.2g}: of each tensor the largest difference over its largest "
        f"entry; the largest of all tensors. {plural(check['batch'], 'image')}, float64, "
        f"seed {check['seed']}.{rounding}",
        between,
        "The forms are equivalent."
        if document["equivalent"]
        else f"NOT equivalent: {'; '.join(document['failures'])}.",
    ]


def csv_table(document: Mapping[str, Any]) -> Table:
    """A row for each form with all of its numbers."""
    fixed = ("network", "form", *COSTS)
    keys = [*fixed, *(f"built_{key}" for key in COSTS), *(f"{m}_{k}" for m, k, _ in _GAPS)]
    keys += ["forward", "forward_ratio", "step", "step_ratio"]
    rows = [{"network": document["name"], **row} for row in rows_of(document)]
    headers = {"forward": "forward_seconds", "step": "training_step_seconds"}
    columns = [Column(headers.get(key, key), key, text) for key in keys]
    rows = [{headers.get(key, key): value for key, value in row.items()} for row in rows]
    return Table("Forms", columns, rows)


def block_lines(network: Network) -> list[str]:
    """The repeated block of the first stage that has forms, a line a layer, paths in brackets.

    Of a network without stages, the whole.
    """
    plain: tuple[Node, int] = network.tree, network.input[0]
    for stage in stages(network):
        if stage.repeat is not None and _has_forms(stage.repeat.rest):
            plain = stage.repeat.rest, stage.output[0]
            break
    node, channels = plain
    lines, out = _lines(node, channels)
    return [f"{channels}-d in", *lines, f"{out}-d out"]


def _has_forms(node: Node) -> bool:
    named = isinstance(node, (Sum, Cat)) and node.label == PATHS
    return named or bool(blocks(node)) or any(map(_has_forms, node.parts()))


def _lines(node: Node, channels: int) -> tuple[list[str], int]:
    """The lines of a node on `channels`, and its channels out."""
    match node:
        case Conv():
            kh, kw = pair(node.kernel)
            groups = f", C={node.groups}" if node.groups != 1 else ""
            return [f"{channels}, {kh}×{kw}, {node.out}{groups}"], node.out
        case Norm():
            return ["BN" if node.kind == "batch" else f"{node.kind} norm"], channels
        case Act():
            return [activation_text(node)], channels
        case Sum() | Cat() if node.label == PATHS:
            lines, out = _lines(node.branches[0], channels)
            number = len(node.branches)
            together = "sum" if isinstance(node, Sum) else "concatenate"
            out = out if isinstance(node, Sum) else out * number
            return [*brackets([(lines, number)]), f"{together}: {out}-d"], out
        case Sum():
            lines, out = _lines(node.branches[0], channels)
            return [*lines, "+ shortcut"], out
        case Seq():
            found: list[str] = []
            for child in node.children:
                lines, channels = _lines(child, channels)
                found += lines
            return _joined(found), channels
        case (Cat() | Repeat() | Shortcut() | Aux() | Gate() | Split() | Grow()) | (
            Pool() | Linear() | Dropout() | Shuffle() | Gain()
        ):
            return [], output_shape(node, (channels, 64, 64))[0]
    raise unknown(node, "drawing")


def _joined(lines: Sequence[str]) -> list[str]:
    """Batch norm and ReLU at the end of the line that they follow."""
    joined: list[str] = []
    for line in lines:
        if joined and line.startswith(("BN", "ReLU")) and not joined[-1].startswith("["):
            joined[-1] += f", {line}"
        else:
            joined.append(line)
    return joined


def rows_of(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A row for each form, with all of its numbers."""
    rows = []
    for one in document["forms"]:
        built = {key: one["built"][key] for key in COSTS}
        same = all(built[key] == one[key] for key in COSTS)
        row = {key: one[key] for key in ("form", *COSTS)}
        row["name"] = NAMES[document["figure"]][one["form"]]
        row["built"] = "the same" if same else [f"{key} {built[key]:,}" for key in COSTS]
        row |= {f"built_{key}": value for key, value in built.items()}
        for mode, kinds in (one["differences"] or {}).items():
            row |= {f"{mode}_{kind}": gap for kind, gap in kinds.items()}
        for key, short in (("forward", "forward"), ("training_step", "step")):
            if one[key] is not None:
                ratio = one[key][f"ratio_to_{document['forms'][0]['form']}"]
                row |= {short: one[key]["median"], f"{short}_ratio": ratio}
        rows.append(row)
    return rows


def _title(document: Mapping[str, Any]) -> str:
    shape = "×".join(map(str, document["input"]))
    return (
        f"{document['name']} in the forms of Figure {document['figure']}: "
        f"{plural(document['blocks'], 'block')} of {plural(document['paths'], 'path')}, "
        f"input {shape}"
    )


def _cost_notes(document: Mapping[str, Any]) -> list[str]:
    by_form = {one["form"]: one for one in document["forms"]}
    ratio = by_form["a"]["activations"] / by_form["c"]["activations"]
    notes = [
        "Parameters and multiply-adds are the same. Paths that are added up have "
        f"{ratio:.1f} times the activations: each ends in all output channels."
        if ratio > 1
        else "One path: the forms differ in how they are written, not in what they compute."
    ]
    if document["figure"] == 4:
        notes.append(
            "Blocks of two convolutions: the paths are the wide dense block itself, cut up. "
            "There is nothing to group, so cardinality is not a dimension of its own here "
            "(section 3.3)."
        )
    return notes + timing_notes(document)


def timing_notes(document: Mapping[str, Any]) -> list[str]:
    """On what the times were taken; nothing where none were."""
    timing = document["timing"]
    if not timing:
        return []
    kinds = (("forward", "forward"), ("training_step", "training"))
    first = document["forms"][0]
    rounds = ", ".join(f"{first[key]['rounds']} {word}" for key, word in kinds if first[key])
    return [
        f"Times: medians of interleaved rounds ({rounds}), batch {timing['batch']}, "
        f"{timing['precision']}, threads: {timing['threads']}, "
        f"{timing['environment']['processor'] or 'an unknown processor'}, "
        f"torch {timing['environment']['torch']}."
    ]


def _way(document: Mapping[str, Any]) -> str:
    forms = [one["form"] for one in document["forms"]]
    return " to ".join(f"({form})" for form in reversed(forms))


def _restored(document: Mapping[str, Any]) -> str:
    tree = "the same tree" if document["tree_restored"] else "ANOTHER tree"
    weights = "the same weights, bit for bit" if document["weights_restored"] else "OTHER weights"
    return f"{tree}, {weights}"


def _gap(value: Any) -> str:
    return "infinite" if absent(value) else f"{value:.1e}" if value else "0"


def _milliseconds(value: Any) -> str:
    return decimal(1)(None if absent(value) else 1000 * value)


def _times(value: Any) -> str:
    return text(value) if absent(value) else f"×{value:.2f}"
