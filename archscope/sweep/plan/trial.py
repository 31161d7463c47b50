"""A trial: a network trained from a seed under the plan's conditions, and the key that names it.

The key hashes all that decides the trial's result, so that equal keys mean equal numbers, and a
folder can be continued, extended and moved. No torch: planning only names and counts networks.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Annotated, Any, Literal

from archscope.arch.network import Network
from archscope.cost import count
from archscope.data.dataset import DatasetInfo
from archscope.data.view import View
from archscope.documents import Within
from archscope.sweep.plan.reading import written
from archscope.sweep.plan.settings import Settings
from archscope.sweep.plan.subjects import curves
from archscope.training.devices import Precision
from archscope.training.recipe import Recipe

TRIAL_SCHEMA = "archscope.trial/1"
THREADS = Within(1, 4096)
# Of the machine, what decides a result; the last two only where they are there.
MACHINE = ("device", "precision", "threads", "compile", "head")
_KEY = re.compile(r"[A-Za-z0-9_.]+-s[0-9]+-[0-9a-f]+")


@dataclass(frozen=True)
class Machine:
    """What trains: the device kind, its precision, threads per trial, trials at a time.

    `compile`, where torch is to compile the networks, else None. `head` is the precision of the
    last layer, where that is another one: None in plans of before there was such a choice, whose
    trials go on as they began. `measured`, where the threads were
    chosen by trying: images a second of the whole machine, by threads of a trial. `rest` is what a
    later version has written.
    """

    device: str
    precision: Precision
    threads: Annotated[int, THREADS]
    workers: Annotated[int, Within(1)]
    compile: Literal[True] | None = None
    head: Literal["fp32"] | None = None
    measured: Mapping[str, float] | None = None
    rest: Mapping[str, Any] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """The machine as `sweep.json` keeps it."""
        return written(self)


@dataclass(frozen=True)
class Entry:
    """A network of the plan, as one object of `sweep.json`'s list `networks`.

    Attributes:
        template: its label: `8x64d`, or the name of a whole network.
        network: its name.
        curves: those of Figure 7 that it is on: "cardinality", "width", both or none.
        params, macs, activations: as `archscope.cost.count` counts them.
        digest: see `network_digest`.
        rest: what a later version has written.
    """

    template: str
    network: str
    curves: tuple[str, ...]
    params: Annotated[int, Within(1)]
    macs: Annotated[int, Within(1)]
    activations: Annotated[int, Within(1)]
    digest: str
    rest: Mapping[str, Any] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """The entry as JSON."""
        return {**written(self), "curves": list(self.curves)}


@dataclass(frozen=True)
class Conditions:
    """What all trials of a plan share, and what decides a result beside network and seed."""

    dataset: DatasetInfo
    view: View
    recipe: Recipe
    device: str
    precision: Precision
    threads: int
    compile: Literal[True] | None = None
    head: Literal["fp32"] | None = None

    @staticmethod
    def of(settings: Settings, dataset: DatasetInfo, machine: Machine) -> Conditions:
        """The conditions of a plan."""
        chosen: dict[str, Any] = {name: getattr(machine, name) for name in MACHINE}
        return Conditions(dataset, settings.view, settings.recipe, **chosen)

    def document(self) -> dict[str, Any]:
        """The part of a trial's `trial.json` that is the same for all."""
        return {
            "schema": TRIAL_SCHEMA,
            "dataset": asdict(self.dataset),
            "samples": self.view.samples,
            **self.view.to_dict(),
            "recipe": self.recipe.to_dict(),
            **self.machine(),
        }

    def machine(self) -> dict[str, Any]:
        """What decides a result of the machine, by the names of `MACHINE`."""
        chosen = {name: getattr(self, name) for name in MACHINE}
        return {name: value for name, value in chosen.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Trial:
    """A planned trial; small, as there may be 100,000 of them: what they share they refer to."""

    key: str
    seed: int
    entry: Entry
    conditions: Conditions

    @property
    def template(self) -> str:
        """The label of its network."""
        return self.entry.template

    @property
    def network(self) -> str:
        """The name of its network."""
        return self.entry.network

    @property
    def recipe(self) -> Recipe:
        """How it is trained."""
        return self.conditions.recipe

    @property
    def name(self) -> str:
        """What a person calls it: "8x64d seed 1"."""
        return f"{self.template} seed {self.seed}"

    def row(self) -> dict[str, Any]:
        """The trial in `sweep.json`'s list `trials`."""
        return {"key": self.key, "network": self.network, "seed": self.seed}

    def document(self) -> dict[str, Any]:
        """The content of its `trial.json`."""
        return {**self.conditions.document(), **self.row(), **self.entry.document()}


def trials(listed: Iterable[Entry], settings: Settings, conditions: Conditions) -> list[Trial]:
    """Every network from every seed, by network."""
    return [
        Trial(key, seed, entry, conditions)
        for entry in listed
        for seed, key in zip(
            settings.seeds, trial_keys(entry, conditions, settings.seeds), strict=True
        )
    ]


def entries(found: Mapping[str, Network]) -> list[Entry]:
    """The plan's list of networks, counted, with the curves that each is on."""
    standing = curves(list(found))
    listed = []
    for template, network in found.items():
        total = count(network)
        listed.append(
            Entry(
                template,
                network.name,
                standing[template],
                int(total.params),
                int(total.macs),
                int(total.activations),
                network_digest(network),
            )
        )
    return listed


def network_digest(network: Network) -> str:
    """12 hexadecimal digits of the tree, the input shape and the initialisation.

    So a trial of a user's own family is known by what the file made, whatever else changes in it.
    """
    return _digest([repr(network.tree), list(network.input), network.init])


def trial_key(entry: Entry, conditions: Conditions, seed: int) -> str:
    """The trial's name: `8x64d-s1-` and a hash of all that decides its result.

    That is the network, its definition, the recipe, the seed, the data and the subset of it, and
    the device kind, precision and threads: on another of these the numbers differ in the last bits.
    """
    [key] = trial_keys(entry, conditions, (seed,))
    return key


def trial_keys(entry: Entry, conditions: Conditions, seeds: Iterable[int]) -> Iterator[str]:
    """The `trial_key` of each of the seeds, 100,000 of them in a second."""
    decisive = {
        "network": entry.network,
        "definition": entry.digest,
        "recipe": conditions.recipe.to_dict(),
        "seed": "SEED",
        "data": conditions.dataset.fingerprint,
        "samples": conditions.view.samples,
        **conditions.view.to_dict(),
        **conditions.machine(),
    }
    before, after = _json(decisive).split('"seed": "SEED"')
    label = re.sub(r"[^a-z0-9_.]+", "_", entry.template)
    for seed in seeds:
        digest = _hashed(before + f'"seed": {seed}' + after)
        yield f"{label}-s{seed}-{digest}"


def is_key(key: str) -> bool:
    """Whether it can be a trial's: a folder of that name leads nowhere else."""
    return _KEY.fullmatch(key) is not None


def _digest(value: Any) -> str:
    return _hashed(_json(value))


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, allow_nan=False)


def _hashed(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:12]
