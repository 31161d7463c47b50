"""One design in full, and pinned ones side by side, as HTML."""

from __future__ import annotations

import json
import shlex
from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Any

from archscope.arch.network import Network
from archscope.arch.quantities import COSTS
from archscope.explore.latency.fitted import LatencyModel
from archscope.explore.networks.compare import compare
from archscope.explore.networks.difference import difference
from archscope.explore.workbench.view import label
from archscope.reporting.figure.plot import LABELS
from archscope.reporting.table.formats import brief, integer
from archscope.reporting.table.html import escape

_FIRST = "Tap a design to see it in full; pin two to see them side by side."


def details(row: Mapping[str, Any], model: LatencyModel | None) -> tuple[str, dict[str, str]]:
    """A design of `Enumeration.rows` as HTML; and its name, the command and the Python of it."""
    name = row["network"]
    costs = [f"{integer(row[cost])} {label(cost)}" for cost in LABELS if cost in row]
    if model is not None:
        costs.append(f"{brief(row['latency_ms'])} ms predicted for one image")
    quoted = json.dumps(name, ensure_ascii=False)
    copied = {
        "name": name,
        "command": shlex.join(["archscope", "show", name]),
        "Python": f"import archscope as a\n\nnetwork = a.network({quoted})",
    }
    said = "".join(f"<li>{escape(one)}</li>" for one in costs)
    return f"<h2>{escape(name)}</h2><ul>{said}</ul>", copied


def side_by_side(networks: Sequence[Network], model: LatencyModel | None) -> str:
    """Table 1 of the networks, and why the last costs otherwise than the first."""
    if not networks:
        return f'<p class="note">{_FIRST}</p>'
    tables = compare(list(networks), counter="formula", latency=model).tables()
    parts = ["<h2>Pinned</h2>", *(table.html() for table in tables)]
    if len(networks) > 1:
        parts.append(_waterfall(networks[0], networks[-1]))
    return "".join(parts)


def _waterfall(first: Network, last: Network) -> str:
    drawn = difference(first, last).draw(".svg", COSTS)
    text = escape(f"From {first.name} to {last.name}, step by step")
    data = b64encode(drawn).decode("ascii")
    return f'<div class="wide"><img alt="{text}" src="data:image/svg+xml;base64,{data}"></div>'
