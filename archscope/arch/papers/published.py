"""Numbers that the papers published, with their sources."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archscope.arch.papers.published_tables import PAPERS, published_tables, square
from archscope.documents import json_value

if TYPE_CHECKING:
    from archscope.arch.network import Network
    from archscope.arch.windows import Shape

# Table 2 of the ResNeXt paper: cardinality -> bottleneck width, at the budget of 1x64d.
TABLE2_WIDTHS = {1: 64, 2: 40, 4: 24, 8: 14, 32: 4}
# The Res2Net paper (arXiv 1904.01169), at the complexity of ResNet-50 and ResNeXt-50: cardinality
# and splits -> width.
RES2NET_WIDTHS = {(1, 2): 48, (1, 4): 26, (1, 8): 14, (8, 4): 4}


@dataclass(frozen=True)
class PublishedTemplate:
    """A template that the ResNeXt paper chose for whole networks of one complexity.

    `blocks` are those of the stages, `macs` is the complexity that the paper states.
    """

    blocks: tuple[int, ...]
    macs: int
    cardinality: int
    width: int
    source: str


_RESNET50, _RESNET101 = (3, 4, 6, 3), (3, 4, 23, 3)
_TEMPLATES = [
    *(
        PublishedTemplate(blocks, macs, cardinality, width, "ResNeXt paper, Table 3")
        for blocks, macs in ((_RESNET50, 4_100_000_000), (_RESNET101, 7_800_000_000))
        for cardinality, width in TABLE2_WIDTHS.items()
    ),
    *(
        PublishedTemplate(_RESNET101, 15_000_000_000, *template, "ResNeXt paper, Table 4")
        for template in ((1, 100), (2, 64), (64, 4))
    ),
]
# How far a question may be from the complexity that the paper states in two digits: it calls
# 15.0 G twice ResNet-101, which is 15.6 G.
_SAME_COMPLEXITY = 0.05


def published_templates(blocks: tuple[int | None, ...], macs: int) -> list[PublishedTemplate]:
    """The templates that the paper chose for these stages at about so many multiply-adds."""
    return [
        entry
        for entry in _TEMPLATES
        if entry.blocks == blocks and abs(macs / entry.macs - 1) <= _SAME_COMPLEXITY
    ]


@dataclass(frozen=True)
class Published:
    """A test error (%) that a source gives for a network: top-1 on `dataset`.

    `input` is given where it is not the dataset's usual one; `recipe` says how it was trained,
    where the source has more than one way or is no paper.
    """

    network: str
    dataset: str
    error: float
    source: str
    input: tuple[int, ...] | None = None
    recipe: str | None = None

    def document(self) -> dict[str, Any]:
        """As JSON, below the network's own."""
        return {
            "dataset": self.dataset,
            "error": self.error,
            "source": self.source,
            "recipe": self.recipe,
        }


@cache
def _entries() -> list[Published]:
    """First what the papers say, then the tables of projects."""
    text = Path(__file__).with_name("published.json").read_text(encoding="utf-8")
    document: dict[str, Any] = json_value(text)
    for entry in document["errors"]:
        entry["input"] = tuple(entry["input"]) if "input" in entry else None
    papers = [Published(**entry) for entry in document["errors"]]
    return papers + [
        _of_row(table, row)
        for paper in PAPERS
        for table in published_tables(paper)
        for row in table["rows"]
        if "error" in row
    ]


def _of_row(table: dict[str, Any], row: dict[str, Any]) -> Published:
    weights = f", {row['weights']}" if "weights" in row else ""
    return Published(
        row["network"],
        "ImageNet-1K",
        row["error"],
        table["table"] + weights,
        square(row.get("input")),
        row.get("recipe", table.get("recipe")),
    )


def published_errors(network: Network) -> list[Published]:
    """What sources give for exactly this network; the first one leads, a paper before a project.

    Another number of classes or another input is another network.
    """
    task = (network.classes, tuple(network.input))
    name = network.name.removesuffix("-deploy")  # fused it computes the same
    same = _SAME.get(name, name)
    return [entry for entry in _entries() if entry.network == same and _task(entry) == task]


def published_for(classes: int) -> list[tuple[Published, Shape]]:
    """What sources give for networks of so many outputs, each with the input; in their order."""
    tasks = ((entry, *_task(entry)) for entry in _entries())
    return [(entry, (c, h, w)) for entry, outputs, (c, h, w) in tasks if outputs == classes]


def _task(entry: Published) -> tuple[int, tuple[int, ...]]:
    classes, shape = _TASKS[entry.dataset]
    return classes, entry.input or shape


# Classes and usual input of the datasets.
_TASKS: dict[str, tuple[int, tuple[int, ...]]] = {
    "ImageNet-1K": (1000, (3, 224, 224)),
    "CIFAR-10": (10, (3, 32, 32)),
    "CIFAR-100": (100, (3, 32, 32)),
    "SVHN": (10, (3, 32, 32)),
}

# One network, two spellings.
_SAME = {
    "resnext50_1x64d": "resnet50",
    "resnext101_1x64d": "resnet101",
    "resnext152_1x64d": "resnet152",
    "resnext50_1x64d-noshortcut": "resnet50-noshortcut",
    "resnext50_1x128d": "wide_resnet50_2",
    "wide_resnet50_1": "resnet50",
    "wide_resnet101_1": "resnet101",
    "wide_resnet152_1": "resnet152",
}
