"""A page for each family of the registry: what it is, its axes, its members, its commands."""

from __future__ import annotations

import inspect
import re
from collections.abc import Container
from typing import Any

from archscope.arch.families.axis import Axis, number_text
from archscope.arch.families.family import Family
from archscope.arch.families.registry import families
from archscope.arch.names import parse
from archscope.arch.network import Network
from archscope.arch.papers.published import published_errors
from archscope.cost.formula import count
from archscope.errors import ArchscopeError
from archscope.explore.networks.show import show


def family_pages(drawn: Container[str] = ()) -> dict[str, tuple[str, str]]:
    """Of each family the path of its page in the site, its name, and the page as Markdown.

    Those whose diagram is `drawn` (paths of `family_diagrams`) show it.
    """
    return {
        f"families/{one.name}.md": (one.name, family_page(one, _picture(one) in drawn))
        for one in families()
    }


def family_diagrams() -> dict[str, bytes]:
    """Of each family with residual blocks the path of its diagram in the site, and the SVG."""
    found = {}
    for one in families():
        try:
            found[_picture(one)] = show(one.names.known[0]).draw(".svg")
        except ArchscopeError:  # no residual block: its page shows none
            continue
    return found


def _picture(one: Family[Any]) -> str:
    return f"families/{one.name}.svg"


def family_page(one: Family[Any], diagram: bool = False) -> str:
    """The page of a family, as Markdown; with `diagram` a link to the picture beside it."""
    year = f" ({one.year})" if one.year else ""
    parts = [f"# {one.name}\n", f"Members are spelled `{one.form}`{year}.\n", _described(one)]
    if diagram:
        parts.append(f"![The block of {one.names.known[0]}]({one.name}.svg)\n")
    if one.axes:
        parts += ["## Axes\n", _axes(one.axes)]
    networks = [parse(name) for name in one.names.known]
    parts += ["## Named members\n", _members(networks), "## Commands\n", _commands(one)]
    return "\n".join(parts)


def _described(one: Family[Any]) -> str:
    """The docstring but for the errors, with the first lines of the file that say the paper."""
    text = inspect.getdoc(one.function) or ""
    module = inspect.getdoc(inspect.getmodule(one.function)) or ""
    both = f"{text.partition('Raises:')[0].strip()}\n\n{module}\n"
    return re.sub(r"(?<=\w)\*(?=\w)", r"\\*", both)  # products, not emphasis


def _axes(axes: tuple[Axis, ...]) -> str:
    rows = [
        f"| `{axis.word}` | {axis.stages or 1} | {number_text(axis.least)} | "
        f"{'' if axis.most is None else f'{axis.most:,}'} | {_box(axis)} |"
        for axis in axes
    ]
    head = ["| axis | numbers | least | most | where `enumerate` is told no range |"]
    return "\n".join([*head, "|---|---|---|---|---|", *rows, ""])


def _box(axis: Axis) -> str:
    first, last = axis.box[0], axis.box[-1]
    if len(axis.box) == 1:
        return _value(axis, first)
    return f"{_value(axis, first)} to {_value(axis, last)}, {len(axis.box):,} values"


def _value(axis: Axis, value: Any) -> str:
    return ", ".join(map(number_text, value)) if isinstance(value, tuple) else number_text(value)


def _members(networks: list[Network]) -> str:
    rows = []
    for network in networks:
        cost, side = count(network), "x".join(map(str, network.input))
        said = "<br>".join(f"{it.error} ({it.source})" for it in published_errors(network))
        costs = f"{cost.params:,} | {cost.macs:,} | {cost.activations:,}"
        rows.append(f"| `{network.name}` | {side} | {costs} | {said} |")
    head = "| name | input | params | multiply-adds | activations | published top-1 error, % |"
    return "\n".join([head, "|---|---|---:|---:|---:|---|", *rows, ""])


def _commands(one: Family[Any]) -> str:
    """The command lines to look at the first member, and near it to solve and to enumerate."""
    name = one.names.known[0]
    lines = [f"archscope show {name}"]
    if one.axes:
        cost = count(parse(name))
        lines.append(f"archscope solve --network {one.name} --budget {cost.params}params")
        most = f"--params {cost.params * 9 // 10}:{cost.params * 11 // 10}"
        lines.append(f"archscope enumerate {one.name} {most} --sample 5")
    return "\n".join(["```sh", *lines, "```", ""])
