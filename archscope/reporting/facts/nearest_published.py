"""Beside a designed network, the nearest one of its family that has a published error.

Nearest is that with the smallest distance hypot(ln(params / params'), ln(macs / macs')): twice the
parameters are as far as half of them, and as far as twice the multiply-adds. Looked at are networks
of as many outputs, each at the input of its published error; of these, where there are any, those
that agree in all but the numbers that may be free (in dropout, shortcuts, kind of block). A network
whose error was published at another input stands beside itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from math import hypot, log
from typing import Any

from archscope.arch.families.family import Family
from archscope.arch.names import read
from archscope.arch.network import Network
from archscope.arch.papers.published import Published, published_errors, published_for
from archscope.arch.windows import Shape
from archscope.cost.formula import count
from archscope.reporting.table.formats import brief

_MACS = "multiply-adds"
_ALIKE = 2.0  # up to this factor a difference is told in %


@dataclass(frozen=True)
class Costed:
    """A network with a published error, its exact costs at the input of that, and its choices."""

    name: str
    input: Shape
    params: int
    macs: int
    entry: Published
    choices: Mapping[str, Any]


def nearest_published(network: Network, params: int, macs: int) -> dict[str, Any] | None:
    """The nearest published network of a designed network's family, as JSON.

    Args:
        network: of which no error was published; `params` and `macs` are its costs.

    Returns:
        its `network` (name), `input` (`same_input`: whether the designed network has the same),
        `dataset`, `error` in %, `source` and `recipe`, its `params` and `macs`, and `params_ratio`
        and `macs_ratio`: its cost over the designed network's. None where the network has a
        published error itself, or its family has none for as many outputs.
    """
    if network.design is None or published_errors(network):
        return None
    family, numbers = network.design
    known = known_published(family, network.classes)
    if not known:
        return None
    own = _choices(family, numbers)
    itself = [one for one in known if one.name == network.name]
    known = itself or [one for one in known if one.choices == own] or known
    found = min(known, key=lambda one: hypot(log(one.params / params), log(one.macs / macs)))
    return {
        "network": found.name,
        "input": list(found.input),
        "same_input": found.input == tuple(network.input),
        **found.entry.document(),
        "params": found.params,
        "macs": found.macs,
        "params_ratio": found.params / params,
        "macs_ratio": found.macs / macs,
    }


def nearest_sentence(name: str, found: Mapping[str, Any]) -> str:
    """What a table says of it: `name` is that of the designed network."""
    recipe = f"; trained: {found['recipe']}" if found["recipe"] else ""
    size = "" if found["same_input"] else f" at {'×'.join(map(str, found['input']))}"
    nearest = f"the nearest network of its family, not the same: {found['network']}"
    if found["network"] == name:
        nearest = "the nearest is itself at another"
    return (
        f"The sources here give no error of {name} at this input; {nearest}, "
        f"{found['error']:g} % top-1 error on "
        f"{found['dataset']}{size} ({found['source']}{recipe}), with "
        f"{_more(found['params_ratio'], 'params')} and {_more(found['macs_ratio'], _MACS)}."
    )


def _more(ratio: float, what: str) -> str:
    if ratio == 1:
        return f"as many {what}"
    if not 1 / _ALIKE <= ratio <= _ALIKE:
        return f"{brief(ratio)} times the {what}"
    return f"{brief(100 * abs(ratio - 1))} % {'more' if ratio > 1 else 'fewer'} {what}"


@cache
def known_published(family: Family[Any], classes: int) -> list[Costed]:
    """The published networks of a family, with the first error of each that sources give."""
    first: dict[tuple[str, Shape], Published] = {}
    for entry, shape in published_for(classes):
        first.setdefault((entry.network, shape), entry)
    found = []
    for (name, shape), entry in first.items():
        reading = read(name)
        if reading.family is family:
            cost = count(family.network(reading.numbers, classes, shape))
            choices = _choices(family, family.numbers(reading.numbers))
            found.append(Costed(name, shape, cost.params, cost.macs, entry, choices))
    return found


def _choices(family: Family[Any], numbers: Mapping[str, Any]) -> dict[str, Any]:
    """The numbers of a design that cannot be free: `residual`, `dropout`, `block`."""
    axes = {axis.name for axis in family.axes}
    return {name: value for name, value in numbers.items() if name not in axes}
