"""Studies: an experiment of a paper, or one's own; no torch.

    read_study("resnext-table3")  ->  Study  ->  settings for a sweep, rows for a table

A study says what was asked, the rows of the published table with their networks (exact complexity
at paper scale), the pairs of interest, and presets: the settings of `cifar-sweep` at several
scales. A row's `train` names what stands for it where less than the paper's network is trained.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from archscope.arch.names import parse
from archscope.arch.network import Network
from archscope.errors import UsageError, shown
from archscope.sweep.presets import PRESETS

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
        presets: settings of a sweep by preset; `use = "network"` trains the networks themselves.
        needs: the data set that a user must bring to train the published networks.
        command: what would train or measure one of them; `{network}` stands for its name.
        classes: outputs of the networks, where not their usual number.
        source_text: the file as it was read.
    """

    texts: Mapping[str, str]
    measures: tuple[str, ...]
    rows: tuple[Row, ...]
    pairs: tuple[tuple[str, str], ...]
    presets: Mapping[str, Mapping[str, Any]]
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

    def templates(self, preset: str) -> dict[str, str]:
        """What a preset trains, by the label of the row; rows that it leaves out are missing.

        Raises UsageError for a preset that the study does not have.
        """
        if preset not in self.presets:
            has = f"it has {', '.join(self.presets)}" if self.presets else "nothing is trained"
            raise UsageError(
                f"study {self.name}: preset '{shown(preset)}' was asked for, but {has} in this "
                "study; name one, or `--preset none` for the published numbers alone"
            )
        whole = self.presets[preset].get("use") == "network"
        named = {row.label: row.network if whole else row.train for row in self.rows}
        return {label: name.lower() for label, name in named.items() if name}

    def settings(self, preset: str) -> dict[str, Any]:
        """The changes to a preset of `cifar-sweep` that train this study."""
        changes = {key: value for key, value in self.presets[preset].items() if key != "use"}
        return {**changes, "templates": tuple(dict.fromkeys(self.templates(preset).values()))}

    def base(self, preset: str) -> str:
        """The preset of `cifar-sweep` whose other settings apply."""
        return preset if preset in PRESETS else "proxy"
