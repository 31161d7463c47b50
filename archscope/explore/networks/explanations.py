"""Why a published count is another than ours: rules that check what they claim.

A rule is a predicate over a counted cell. It returns the claim with its arithmetic where the claim
holds, and None where it does not: prose alone explains nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeAlias

from archscope.arch.names import parse
from archscope.arch.network import Network, stages
from archscope.arch.nodes import Conv, Linear, Node, Seq
from archscope.arch.papers.eq4 import solve_width
from archscope.arch.papers.published_counts import Convention, Printed, PublishedCount
from archscope.arch.rebuild import rebuild
from archscope.cost.formula import Count, count, count_stages
from archscope.cost.source_terms import SOURCE_TERMS
from archscope.cost.tally import Tally, tally

_BARE = Convention(("batch norm left out",))
# Templates of one complexity differ by the rounding of the width: 8x14d by 4.4 %, the others less.
SAME_COMPLEXITY = 0.05


@dataclass(frozen=True)
class Explained:
    """A `reason` in a few words, and the `check` that was made: the arithmetic."""

    reason: str
    check: str


@dataclass(frozen=True, eq=False)
class Subject:
    """What cells speak of: a network, or one repeated `block` of that stage; counted once."""

    network: Network
    block: str | None = None

    @cached_property
    def cost(self) -> Count:
        """By archscope's convention."""
        return count(self._part)

    @cached_property
    def sums(self) -> Tally:
        """What the terms are made of."""
        return tally(self._part)

    @property
    def _part(self) -> Network:
        if self.block is None:
            return self.network
        stage = next(stage for stage in stages(self.network) if stage.name == self.block)
        assert stage.repeat is not None, f"{self.block} of {self.network.name} has no blocks"
        return replace(self.network, tree=Seq(stage.repeat.rest), input=stage.output)


@dataclass(frozen=True)
class Counted:
    """A cell with our counts.

    Attributes:
        cell: what the source prints.
        network: ours.
        ours: its count by archscope's convention.
        terms: what the source counts besides, by name; zeros are left out.
    """

    cell: PublishedCount
    network: Network
    ours: int
    terms: Mapping[str, int]

    @property
    def theirs(self) -> int:
        """The count by the source's convention."""
        return self.ours + sum(self.terms.values())

    @property
    def convention(self) -> str:
        """How the source counts, in words."""
        plain = "all parameters" if self.cell.quantity == "params" else "as archscope"
        return ", ".join(self.cell.convention.terms) or plain


Rule: TypeAlias = Callable[[Counted, Mapping[str, str]], "Explained | None"]


def subject_of(cell: PublishedCount) -> Subject:
    """What a cell speaks of, at the input of its row."""
    return Subject(parse(cell.network, input_shape=cell.input), cell.convention.block)


def count_cell(cell: PublishedCount, subject: Subject | None = None) -> Counted:
    """Count what a cell speaks of, or another subject as its source counts."""
    subject = subject or subject_of(cell)
    names = cell.convention.terms
    terms = {name: SOURCE_TERMS[name].value(subject.sums) for name in names}
    return Counted(
        cell,
        subject.network,
        int(getattr(subject.cost, cell.quantity)),
        {name: value for name, value in terms.items() if value},
    )


def explain(counted: Counted) -> Explained | None:
    """Why the published number is not ours: its paper's convention, or the rule the cell names.

    None where neither holds.
    """
    found = _convention(counted)
    if found is None and counted.cell.explanation is not None:
        given = counted.cell.explanation
        found = RULES[given["rule"]](counted, given)
    return found


def _convention(counted: Counted) -> Explained | None:
    ours, theirs, printed = counted.ours, counted.theirs, counted.cell.printed
    if theirs == ours or not printed.agrees(theirs):
        return None
    return Explained(", ".join(counted.terms), f"{_sum(counted)} = {theirs:,}, {_how(printed)}")


def _sum(counted: Counted) -> str:
    terms = (
        f" {'-' if value < 0 else '+'} {abs(value):,} of {SOURCE_TERMS[name].name}"
        for name, value in counted.terms.items()
    )
    return f"{counted.ours:,}{''.join(terms)}"


def _cut_off(counted: Counted, given: Mapping[str, str]) -> Explained | None:
    """The paper dropped the digits that it does not print."""
    theirs, printed = counted.theirs, counted.cell.printed
    if not printed.cuts_off(theirs):
        return None
    left_out = "" if theirs == counted.ours else f"{counted.convention}, and "
    return Explained(
        f"{left_out}cut off, not rounded",
        f"{theirs:,} is {printed.rounded(theirs)} rounded, and {printed.text} cut off",
    )


def _preserved(counted: Counted, given: Mapping[str, str]) -> Explained | None:
    """The paper prints one number for all templates of a complexity: that of `reference`.

    Holds where the reference has that number, Eq. 4 gives this template's width at the reference's
    budget, and the two costs are nearly the same.
    """
    reference = _other(counted, given["reference"])
    cardinality, width = map(int, str(counted.network.template).rstrip("d").split("x"))
    template = solve_width(cardinality, reference=str(reference.network.template))
    away = counted.theirs / reference.theirs - 1
    if (
        not counted.cell.printed.agrees(reference.theirs)
        or template.width != width
        or abs(away) > SAME_COMPLEXITY
    ):
        return None
    return Explained(
        f"one number for all templates, that of {reference.network.template}",
        f"{reference.network.name} has {reference.theirs:,}, {_how(counted.cell.printed)}; "
        f"Eq. 4 at its budget gives {template.name}, whose {counted.theirs:,} are "
        f"{100 * away:+.1f} % from it",
    )


def _misprint(counted: Counted, given: Mapping[str, str]) -> Explained | None:
    """The paper printed another row's number.

    Holds where neither convention gives it, `source` prints ours (`right`), and it is the number of
    the network `printed_of`, batch norm left out.
    """
    cell, ours = counted.cell, counted.ours
    right, bare = Printed(given["right"]), replace(cell, convention=_BARE)
    left_out, other = count_cell(bare), count_cell(replace(bare, network=given["printed_of"]))
    if any(map(cell.printed.agrees, (ours, left_out.theirs))):
        return None
    if not (cell.printed.agrees(other.theirs) and right.agrees(ours)):
        return None
    rows = count_stages(counted.network)
    blocks = {int(stage.repeat.n): None for stage, _ in rows if stage.repeat is not None}
    terms = " + ".join(f"{cost.params:,}" for _, cost in rows)
    return Explained(
        f"a misprint for {right.text}",
        f"stem, stages of {' and '.join(map(str, blocks))} blocks, and head: {terms} = {ours:,}, "
        f"the {right.text} of {given['source']}; {cell.printed.text} is the number of "
        f"{other.network.name} ({other.theirs:,} without batch norm)",
    )


def _early_stride(counted: Counted, given: Mapping[str, str]) -> Explained | None:
    """The source's blocks have their stride in the first 1x1 (Caffe's ResNets), not in the 3x3."""
    tree = rebuild(counted.network.tree, _stride_first)
    assert isinstance(tree, Seq)
    moved = count_cell(counted.cell, Subject(replace(counted.network, tree=tree)))
    if moved.ours == counted.ours or not counted.cell.printed.agrees(moved.theirs):
        return None
    terms = ", ".join((*moved.terms, ""))
    return Explained(
        f"{terms}stride in the first 1x1",
        f"with the strides of the 3x3 convolutions in the 1x1 before them: {_sum(moved)} = "
        f"{moved.theirs:,}, {_how(counted.cell.printed)}",
    )


def _stride_first(node: Node) -> Node:
    """A row of layers with the stride of its second convolution in its first."""
    if not isinstance(node, Seq):
        return node
    found = [index for index, part in enumerate(node.children) if isinstance(part, Conv)][:2]
    if len(found) < 2:
        return node
    first, second = (node.children[index] for index in found)
    assert isinstance(first, Conv) and isinstance(second, Conv)
    if (first.kernel, first.stride) != (1, 1) or second.stride == 1:
        return node
    parts = list(node.children)
    parts[found[0]] = replace(first, stride=second.stride)
    parts[found[1]] = replace(second, stride=1)
    return node.with_parts(parts)


def _another_width(counted: Counted, given: Mapping[str, str]) -> Explained | None:
    """The source's network has `out` channels in that `layer` of its head."""
    layer, width, tree = given["layer"], int(given["out"]), counted.network.tree
    layers = list(tree.children)
    for index, part in enumerate(layers):
        if isinstance(part, (Conv, Linear)) and part.label == layer:
            layers[index] = replace(part, out=width)
    changed = replace(counted.network, tree=tree.with_parts(layers))
    other = count_cell(counted.cell, Subject(changed))
    if other.ours == counted.ours or not counted.cell.printed.agrees(other.theirs):
        return None
    return Explained(
        ", ".join((*other.terms, f"{width:,} channels in {layer}")),
        f"with {width:,} channels in {layer}: {other.theirs:,}, {_how(counted.cell.printed)}",
    )


def _input_normalised(counted: Counted, given: Mapping[str, str]) -> Explained | None:
    """The source's network begins with a layer that normalises the image by a mean and a variance.

    It holds them for each channel, and how many images it has seen.
    """
    held = 2 * counted.network.input[0] + 1
    total = counted.theirs + held
    if not counted.cell.printed.agrees(total):
        return None
    return Explained(
        ", ".join((*counted.terms, "normalisation of the input counted")),
        f"{_sum(counted)} + {held} of the input's normalisation = {total:,}, "
        f"{_how(counted.cell.printed)}",
    )


def _whole(counted: Counted, given: Mapping[str, str]) -> Explained | None:
    """The source rounded to a whole number, and prints a zero after the point."""
    whole, point, zeros = counted.cell.printed.text.rstrip("kMG").partition(".")
    unit = counted.cell.printed.text[-1]
    if not point or zeros.strip("0") or not Printed(whole + unit).agrees(counted.theirs):
        return None
    return Explained(
        "rounded to a whole number",
        f"{counted.theirs:,} is {Printed(whole + unit).rounded(counted.theirs)} as a whole number",
    )


def _other(like: Counted, name: str) -> Counted:
    """Another network, counted as the paper counts this cell."""
    return count_cell(replace(like.cell, network=name))


def _how(printed: Printed) -> str:
    if printed.within is not None:
        return f"within {printed.within:,} of {printed.text}"
    return f"which rounds to {printed.text}"


RULES: Mapping[str, Rule] = {
    "cut off": _cut_off,
    "preserved complexity": _preserved,
    "misprint": _misprint,
    "stride in the first 1x1": _early_stride,
    "another width": _another_width,
    "input normalised": _input_normalised,
    "whole": _whole,
}
