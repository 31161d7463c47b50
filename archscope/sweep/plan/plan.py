"""The plan of a sweep, as `sweep.json` keeps it: one record, written and read.

It is made from settings, their networks and a machine (`archscope.sweep.store.folder`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Annotated, Any

from archscope.data.dataset import Census, DatasetInfo
from archscope.errors import shown
from archscope.sweep.plan.reading import Fault, read
from archscope.sweep.plan.rule import Rule
from archscope.sweep.plan.settings import SEED, Settings
from archscope.sweep.plan.trial import Conditions, Entry, Machine, Trial, is_key

SWEEP_SCHEMA = "archscope.sweep/1"


@dataclass(frozen=True)
class Plan:
    """What is trained and on what: every automatic choice, resolved once.

    Attributes:
        settings: what was asked.
        dataset: the data.
        machine: what trains.
        networks: what is trained.
        trials: each of them from each seed, by network.
        environment: where the sweep was begun: host, versions.
        created: when, in UTC.
        command: what the user typed; empty where a program asked.
        census: what was found in an image folder.
        rule: when it is decided; None where it trains what it was told to.
        rest: what a later version has written.
    """

    settings: Settings
    dataset: DatasetInfo
    machine: Machine
    networks: Sequence[Entry]
    trials: Sequence[Trial]
    environment: Mapping[str, Any]
    created: str | None = None
    command: Sequence[str] = ()
    census: Census | None = None
    rule: Rule | None = None
    rest: Mapping[str, Any] = field(default_factory=dict)

    @property
    def conditions(self) -> Conditions:
        """What its trials share."""
        return Conditions.of(self.settings, self.dataset, self.machine)

    def with_dataset(self, dataset: DatasetInfo) -> Plan:
        """The plan with the same data in another place."""
        if dataset == self.dataset:
            return self
        moved = replace(self, dataset=dataset)
        shared = moved.conditions
        return replace(moved, trials=[Trial(t.key, t.seed, t.entry, shared) for t in self.trials])

    def head(self) -> dict[str, Any]:
        """The document without its trials."""
        return {
            "schema": SWEEP_SCHEMA,
            **({} if self.created is None else {"created": self.created}),
            "command": list(self.command),
            "settings": self.settings.document(),
            "dataset": asdict(self.dataset),
            **({} if self.census is None else {"census": asdict(self.census)}),
            "machine": self.machine.document(),
            **({} if self.rule is None else {"rule": self.rule.document()}),
            "networks": [entry.document() for entry in self.networks],
            "trials": [],
            "environment": dict(self.environment),
            **self.rest,
        }

    def document(self) -> dict[str, Any]:
        """The plan as JSON, schema `archscope.sweep/1`."""
        return {**self.head(), "trials": [trial.row() for trial in self.trials]}

    @staticmethod
    def from_document(document: Mapping[str, Any]) -> Plan:
        """The plan that `document` wrote, its schema checked before.

        Raises `Fault` where something is missing or of a wrong type, `Foreign` where this version
        of archscope does not know it.
        """
        found = read(_Document, document, "")
        _check_listed(found)
        settings = Settings.from_document(found.settings)
        shared = Conditions.of(settings, found.dataset, found.machine)
        by_name = {entry.network: entry for entry in found.networks}
        rest = {name: value for name, value in found.rest.items() if name != "schema"}
        return Plan(
            settings,
            found.dataset,
            found.machine,
            found.networks,
            [_trial(row, by_name, shared) for row in found.trials],
            found.environment,
            found.created,
            found.command,
            found.census,
            found.rule,
            rest,
        )


@dataclass(frozen=True)
class _Document:
    """The JSON of a plan: `settings` are read apart, and `trials` one by one, for speed."""

    settings: Mapping[str, Any]
    dataset: DatasetInfo
    machine: Machine
    environment: Mapping[str, Any]
    networks: tuple[Entry, ...]
    trials: tuple[Any, ...]
    created: str | None = None
    command: tuple[str, ...] = ()
    census: Census | None = None
    rule: Rule | None = None
    rest: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class _Row:
    """The JSON of a trial."""

    key: str
    network: str
    seed: Annotated[int, SEED]
    rest: Mapping[str, Any] = field(default_factory=dict)


def _check_listed(found: _Document) -> None:
    """Raise `Fault` where the plan trains nothing, or a network or a trial stands there twice."""
    names = [entry.network for entry in found.networks]
    rows = [row for row in found.trials if isinstance(row, dict)]
    keys = [row.get("key") for row in rows]
    trained = {row["network"] for row in rows if isinstance(row.get("network"), str)}
    if not found.trials:
        raise Fault("it has no trials")
    if len(set(names)) < len(names) or len(set(map(str, keys))) < len(keys):
        raise Fault("a network or a trial stands in it twice")
    compared = [] if found.rule is None else found.rule.networks
    if unknown := sorted({*compared} - {entry.template for entry in found.networks}):
        raise Fault(f"its rule compares {shown(unknown[0])}, which it does not list")
    if idle := [name for name in names if name not in trained]:
        raise Fault(f"it has no trial of {shown(idle[0])}")


def _trial(row: Any, entries: Mapping[str, Entry], shared: Conditions) -> Trial:
    if not (isinstance(row, dict) and _whole(row.get("key"), row.get("network"), row.get("seed"))):
        read(_Row, row, "trials[]")  # says what is wrong
    key, entry = row["key"], entries.get(row["network"])
    if not is_key(key):
        raise Fault("one of its keys names no trial")
    if entry is None:
        raise Fault("one of its trials is of a network that it does not list")
    return Trial(key, row["seed"], entry, shared)


def _whole(key: Any, network: Any, seed: Any) -> bool:
    return type(key) is str and type(network) is str and type(seed) is int and seed in SEED
