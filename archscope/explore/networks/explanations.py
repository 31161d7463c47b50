"""Why a published count is another than ours: rules that check what they claim.

A rule is a predicate over a counted cell. It returns the claim with its arithmetic where the claim
holds, and None where it does not: prose alone explains nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

from archscope.arch.names import parse
from archscope.arch.network import Network, stages
from archscope.arch.nodes import Norm
from archscope.arch.papers.eq4 import solve_width
from archscope.arch.papers.published_counts import Convention, Printed, PublishedCount
from archscope.cost.formula import Count, count, count_stages

# Templates of one complexity differ by the rounding of the width: 8x14d by 4.4 %, the others less.
SAME_COMPLEXITY = 0.05


@dataclass(frozen=True)
class Explained:
    """A `reason` in a few words, and the `check` that was made: the arithmetic."""

    reason: str
    check: str


@dataclass(frozen=True)
class Counted:
    """A cell with our counts: `ours` by archscope's convention, `theirs` by the paper's."""

    cell: PublishedCount
    network: Network
    ours: int
    theirs: int


Rule: TypeAlias = Callable[[Counted, Mapping[str, str]], "Explained | None"]


def count_cell(cell: PublishedCount) -> Counted:
    """Count what a cell speaks of: a network, or one repeated block of a stage."""
    network = parse(cell.network)
    cost = _cost(network, cell.convention)
    ours = int(cost.params if cell.quantity == "params" else cost.macs)
    leave_out = cell.quantity == "params" and not cell.convention.batch_norm
    return Counted(cell, network, ours, ours - batch_norm(cost) if leave_out else ours)


def batch_norm(cost: Count) -> int:
    """The parameters of batch norm within a count."""
    return sum(row.params for row in cost.nodes if isinstance(row.node, Norm))


def explain(counted: Counted) -> Explained | None:
    """Why the published number is not ours: its paper's convention, or the rule the cell names.

    None where neither holds.
    """
    found = _convention(counted)
    if found is None and counted.cell.explanation is not None:
        given = counted.cell.explanation
        found = RULES[given["rule"]](counted, given)
    return found


def _cost(network: Network, convention: Convention) -> Count:
    if convention.block is None:
        return count(network)
    stage = next(stage for stage in stages(network) if stage.name == convention.block)
    assert stage.repeat is not None, f"{convention.block} of {network.name} has no blocks"
    return count(stage.repeat.rest, stage.output)


def _convention(counted: Counted) -> Explained | None:
    ours, theirs, printed = counted.ours, counted.theirs, counted.cell.printed
    if theirs == ours or not printed.agrees(theirs):
        return None
    return Explained(
        counted.cell.convention.text,
        f"{ours:,} - {ours - theirs:,} of batch norm = {theirs:,}, {_how(printed)}",
    )


def _cut_off(counted: Counted, given: Mapping[str, str]) -> Explained | None:
    """The paper dropped the digits that it does not print."""
    theirs, printed = counted.theirs, counted.cell.printed
    if not printed.cuts_off(theirs):
        return None
    left_out = "" if theirs == counted.ours else f"{counted.cell.convention.text}, and "
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
    right, bare = Printed(given["right"]), replace(cell, convention=Convention(batch_norm=False))
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
}
