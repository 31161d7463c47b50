"""Studies: an experiment of a paper, or one's own; no torch.

    read_study("resnext-table3")  ->  Study  ->  settings for a sweep, rows for a table

A study says what was asked, the rows of the published table with their networks (exact complexity
at paper scale), the pairs of interest, and presets: the settings of `cifar-sweep` at several
scales. A row's `train` names what represents it where less than the paper's network is trained.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from archscope.arch.names import parse
from archscope.arch.network import Network
from archscope.errors import UsageError, shown
from archscope.studies.presets import NOT_SETTINGS, TIMING
from archscope.sweep.plan.presets import PRESETS, RECIPE_NUMBERS, Changes

# Data sets as the measures of studies call them.
_LABELS = {"cifar10": "CIFAR-10", "cifar100": "CIFAR-100", "svhn": "SVHN", "svhn+extra": "SVHN"}
Cell = float | str | None


@dataclass(frozen=True)
class Row:
    """A row of the published table.

    `network` is a name at paper scale; `block` a template of Eq. 4 instead, for tables of blocks.
    `published` has a value for each of the study's measures, None where the paper gives none.
    """

    label: str
    network: str | None
    block: str | None
    published: tuple[Cell, ...]
    train: str | None


@dataclass(frozen=True)
class Study:
    """A study as its file has it; see `archscope/sweep/studies/` for examples.

    Attributes:
        measures: what the published values are, each with its unit.
        pairs: labels of rows to be compared, chosen before the errors are seen.
        presets: settings by preset, of a sweep, or of times to measure (`kind = "timing"`).
            `use = "network"` trains the networks themselves, `networks` (label -> name) others
            than the row's; `rows` leaves all other rows out.
        timing: `reference`, the row that times are relative to, and `published`, how its values
            (of the first measure) read: "time" or "speed". None where no times are measured.
        needs: the data set that a user must bring to train the published networks.
        command: what would train or measure one of them; `{network}` is its name.
        classes: outputs of the networks, where not their usual number.
        source_text: the file as it was read.
    """

    texts: Mapping[str, str]
    measures: tuple[str, ...]
    rows: tuple[Row, ...]
    pairs: tuple[tuple[str, str], ...]
    presets: Mapping[str, Mapping[str, Any]]
    timing: Mapping[str, str] | None
    notes: tuple[str, ...]
    needs: str | None
    command: str | None
    classes: int | None
    source_text: str

    @property
    def name(self) -> str:
        """As `archscope study NAME` takes it."""
        return self.texts["name"]

    @property
    def digest(self) -> str:
        """The SHA-256 of its file."""
        return hashlib.sha256(self.source_text.encode("utf-8")).hexdigest()

    @property
    def title(self) -> str:
        """A heading."""
        return self.texts["title"]

    @property
    def source(self) -> str:
        """Paper, table or section."""
        return self.texts["source"]

    @property
    def question(self) -> str:
        """What the experiment asks."""
        return self.texts["question"]

    def network(self, row: Row) -> Network | None:
        """The row's network at paper scale."""
        return None if row.network is None else parse(row.network, self.classes)

    def check_preset(self, preset: str) -> None:
        """Raise UsageError for a preset that the study does not have."""
        if preset not in self.presets:
            has = f"it has {', '.join(self.presets)}" if self.presets else "it trains nothing"
            raise UsageError(
                f"study {self.name} has no preset '{shown(preset)}'; {has}; name one, or "
                "`--preset none` for the published numbers alone"
            )

    def is_timed(self, preset: str) -> bool:
        """Whether the preset measures times, and trains nothing."""
        return self.presets[preset].get("kind") == TIMING

    def rows_of(self, preset: str) -> list[Row]:
        """The rows that the preset trains or times."""
        labels = self.presets[preset].get("rows", [row.label for row in self.rows])
        return [row for row in self.rows if row.label in labels]

    def templates(self, preset: str) -> dict[str, str]:
        """What a preset trains, by the label of the row; rows that it leaves out are missing.

        Raises UsageError for a preset that the study does not have.
        """
        self.check_preset(preset)
        settings = self.presets[preset]
        whole, others = settings.get("use") == "network", settings.get("networks", {})
        named = {
            row.label: others.get(row.label, row.network if whole else row.train)
            for row in self.rows_of(preset)
        }
        return {label: name.lower() for label, name in named.items() if name}

    def settings(self, preset: str) -> Changes:
        """The changes to a preset of `cifar-sweep` that train this study."""
        said: Any = {k: v for k, v in self.presets[preset].items() if k not in NOT_SETTINGS}
        templates = tuple(dict.fromkeys(self.templates(preset).values()))
        return {**cast(Changes, said), "templates": templates}

    def base(self, preset: str) -> str:
        """The preset of `cifar-sweep` whose other settings apply."""
        return preset if preset in PRESETS else "proxy"

    def is_published_setting(self, preset: str) -> bool:
        """Whether it trains the paper's networks by the paper's recipe, and no proxy of them."""
        settings = self.presets[preset]
        reduced = {"samples", "scale", "depth", *RECIPE_NUMBERS} & set(settings)
        return settings.get("use") == "network" and not reduced

    def measure_of(self, dataset: str | None) -> int | None:
        """Which measure is an error on that data set; else the first error, None without one."""
        errors = [i for i, name in enumerate(self.measures) if "error" in name]
        wanted = _LABELS.get(dataset or "", "")
        named = [i for i in errors if wanted and f"{wanted} " in self.measures[i]]
        return next(iter(named or errors), None)
