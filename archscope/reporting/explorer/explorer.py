"""Errors and costs to be explored on a page: axes that a reader chooses, curves of any networks.

`data` says what there is, as plain data; `explorer_html` is the part of the page; `explorer.js`
beside this file draws, in a browser, from that data alone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from archscope.errors import plural
from archscope.plain_text import visible
from archscope.reporting.facts.points import LearningCurve
from archscope.reporting.facts.short_names import short_names
from archscope.reporting.facts.statistics import Summary
from archscope.reporting.figure.costs import AXES, Costs
from archscope.reporting.figure.plot import LABELS
from archscope.reporting.networks.bench import three_digits
from archscope.reporting.table.formats import mean_and_error
from archscope.reporting.table.html import escape

LOWER = "lower is better"
# How much of a label is shown at a marker; what a marker tells has the whole name.
LONGEST = 24
_UNITS = {"seconds": "training time (s)"}
_BYTES = {"weights": "weights", "memory": "peak memory"}
Errors = Mapping[str, Mapping[str, Summary]]
"""Further errors (%): by what they are called, those of each network."""
Group = tuple[str, str, Sequence[str]]
"""A name of `scatter.LOOKS`, what the legend says, and the networks."""


def script() -> str:
    """What draws it in a browser; it runs before the page's own script."""
    return Path(__file__).with_name("explorer.js").read_text("utf-8")


def explorer_html(data: Mapping[str, Any]) -> str:
    """The part of a page, hidden until its script shows it; `data` are in it, as JSON."""
    text = json.dumps(data, separators=(",", ":"), allow_nan=False)
    # Nothing in a script's element may look like markup to a browser.
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    axes = [(key, label) for key, label in data["axes"]]
    curves = data["curves"]
    networks = "".join(
        f'<label><input type="checkbox" value="{index}"> {escape(curve["whole"])}</label> '
        for index, curve in enumerate(curves)
    )
    overlay = (
        '<form class="axes curves"><label><input type="checkbox" name="train" checked> training '
        'error</label> <label><input type="checkbox" name="log"> logarithmic</label>'
        f"<fieldset><legend>Error by epoch of</legend>{networks}</fieldset></form>"
        '<figure class="live by-epoch"><div class="figure"><svg></svg></div></figure>'
        if curves
        else ""
    )
    return (
        '<div class="explorer" hidden><form class="axes scatter">'
        f"{_choice('y', 'Show', axes)} {_choice('x', 'against', axes)}</form>"
        '<figure class="live scatter"><div class="figure"><svg></svg></div></figure>'
        f'{overlay}<script type="application/json">{text}</script></div>'
    )


def _choice(name: str, label: str, axes: Sequence[tuple[str, str]]) -> str:
    options = "".join(f'<option value="{key}">{escape(said)}</option>' for key, said in axes)
    return (
        f'<span><label>{label} <select name="{name}">{options}</select></label> <label>'
        f'<input type="checkbox" name="{name}log"> logarithmic</label></span>'
    )


def data(
    found: Costs,
    curves: Sequence[LearningCurve],
    series: Sequence[Group] = (),
    more: Errors | None = None,
    counted: Mapping[str, int] | None = None,
    beside: Mapping[str, Mapping[str, float]] | None = None,
) -> dict[str, Any]:
    """What there is to explore.

    Args:
        found: errors and costs of the networks, by label.
        curves: their errors by epoch.
        series: groups of networks that are told apart, and drawn as `scatter.LOOKS` has them.
        more: further errors.
        counted: over how many trainings each error is a mean; without, they are of one.
        beside: further costs (bytes of `weights` and `memory` in fp32, `latency` in ms), each of
            the networks that have it.
    """
    known = {**found.costs, **(beside or {})}
    further = {
        f"error{index}": (label, of)
        for index, (label, of) in enumerate((more or {}).items())
        if any(summary.mean is not None for summary in of.values())
    }
    axes = [
        ["error", f"{found.error_label}, {LOWER}"],
        *([key, f"{label} (%), {LOWER}"] for key, (label, _) in further.items()),
        *([key, _axis(key)] for key in known),
    ]
    networks = []
    short = short_names(list(found.errors))
    for name, error in found.errors.items():
        values = {"error": error} | {key: of[name] for key, of in known.items() if name in of}
        bars = {"error": found.bars[name]}
        for key, (_, of) in further.items():
            if name in of and (mean := of[name].mean) is not None:
                values[key], bars[key] = mean, of[name].standard_error
        networks.append(
            {
                "name": _short(short[name]),
                "said": visible(_said(found, name, further, known, (counted or {}).get(name))),
                "values": values,
                "bars": {key: bar for key, bar in bars.items() if bar is not None},
                "series": [group for group, _, members in series if name in members],
            }
        )
    lines = [curve for curve in curves if curve.epochs]
    return {
        "axes": axes,
        "series": [[group, label] for group, label, _ in series],
        "networks": networks,
        "judged": f"{lines[0].judged} error" if lines else "",
        "curves": [_curve(curve) for curve in lines],
        "chosen": _chosen(found, lines),
    }


def _said(
    found: Costs,
    name: str,
    further: Mapping[str, tuple[str, Mapping[str, Summary]]],
    known: Mapping[str, Mapping[str, float]],
    n: int | None,
) -> str:
    """All numbers of a network in a line."""
    label = found.error_label.removesuffix(" (%)")
    over = f" ({'mean of ' if n > 1 else ''}{plural(n, 'seed')})" if n else ""
    parts = [f"{label} {mean_and_error(found.errors[name], found.bars[name])} %{over}"]
    for what, of in further.values():
        if name in of and of[name].mean is not None:
            parts.append(f"{what} {mean_and_error(of[name].mean, of[name].standard_error)} %")
    parts += [_cost(axis, values[name]) for axis, values in known.items() if name in values]
    return f"{name}: {', '.join(parts)}"


def _axis(cost: str) -> str:
    """What an axis is called."""
    if cost in AXES:
        return _UNITS.get(cost, AXES[cost])
    return LABELS[cost].replace("(bytes)", "(bytes, fp32)")


def _cost(axis: str, value: float) -> str:
    """A cost in a line of them."""
    if axis in _BYTES:
        return f"{value:,.0f} bytes of {_BYTES[axis]}"
    if axis == "latency":
        return f"{three_digits(value)} ms of predicted latency"
    exact = f"{value:,.1f} s of" if axis == "seconds" else f"{value:,.0f}"
    return f"{exact} {AXES[axis]}"


def _short(name: str) -> str:
    shown = visible(name)
    half = LONGEST // 2
    return shown if len(shown) <= LONGEST else f"{shown[:half]}…{shown[-half + 1 :]}"


def _curve(curve: LearningCurve) -> dict[str, Any]:
    return {
        "name": _short(curve.template),
        "whole": visible(curve.template),
        "test": [round(error, 3) for error in curve.test],
        "train": [round(error, 3) for error in curve.train],
    }


def _chosen(found: Costs, curves: Sequence[LearningCurve]) -> list[int]:
    """The curves that are shown at first: of the lowest and the highest error."""
    ranked = sorted(
        (index for index, curve in enumerate(curves) if curve.template in found.errors),
        key=lambda index: found.errors[curves[index].template],
    )
    return [*dict.fromkeys([*ranked[:1], *ranked[-1:]])] or list(range(min(2, len(curves))))
