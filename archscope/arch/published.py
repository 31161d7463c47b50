"""Numbers that the papers published, with their sources."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

# Table 2 of the ResNeXt paper: cardinality -> bottleneck width, at the budget of 1x64d.
TABLE2_WIDTHS = {1: 64, 2: 40, 4: 24, 8: 14, 32: 4}


@dataclass(frozen=True)
class Published:
    """A test error (%) that a paper gives for a network: top-1 on `dataset`."""

    network: str
    dataset: str
    error: float
    source: str


@cache
def _entries() -> list[Published]:
    text = Path(__file__).with_name("published.json").read_text(encoding="utf-8")
    document: dict[str, Any] = json.loads(text)
    return [Published(**entry) for entry in document["errors"]]


def published_errors(name: str) -> list[Published]:
    """What the papers give for the network of this canonical name; the first one leads."""
    same = _SAME.get(name, name)
    return [entry for entry in _entries() if entry.network == same]


# One network, two spellings.
_SAME = {
    "resnext50_1x64d": "resnet50",
    "resnext101_1x64d": "resnet101",
    "resnext152_1x64d": "resnet152",
    "resnext200_1x64d": "resnet200",
    "resnext50_1x64d-noshortcut": "resnet50-noshortcut",
    "resnext50_1x128d": "wide_resnet50_2",
}
