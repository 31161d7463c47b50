"""One network by one recipe, from one seed or several: a sweep of a single template."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from archscope.arch.network import Network
from archscope.arch.nodes import Node
from archscope.errors import DataError, UsageError
from archscope.explore.networks.opened import Named, named, refuse_outside
from archscope.explore.training.cifar_sweep import SweepResult
from archscope.explore.training.images_from import Source, named_classes, taken_apart
from archscope.explore.training.run_plan import Console, Order, conduct, decisive
from archscope.reporting.folder import single as report
from archscope.reporting.table.table import Table
from archscope.sweep.plan import training as single
from archscope.sweep.plan.presets import TrainingChanges
from archscope.sweep.plan.settings import Settings
from archscope.sweep.plan.slots import Resources, gpu_count
from archscope.sweep.plan.subjects import input_of
from archscope.sweep.store import folder as folders

if TYPE_CHECKING:
    from archscope.training.devices import Inventory

_DATA_ERROR = f"{DataError.__name__}: "


@dataclass(frozen=True, repr=False)
class TrainResult(SweepResult):
    """The trainings' `folder`, and the files that the report wrote there."""

    def tables(self) -> list[Table]:
        """A row for each seed, and the means in the notes."""
        return [report.table(self.sweep)]

    def document(self) -> dict[str, Any]:
        """The same as JSON: schema `archscope.train/1`."""
        return report.document(self.sweep)


def train(
    network: str | Network | Node,
    dataset: str = "cifar10",
    *,
    resources: Resources | None = None,
    source: Source | None = None,
    out: Path | str | None = None,
    console: Console | None = None,
    inventory: Inventory | None = None,
    command: Sequence[str] = (),
    iterations: int | None = None,
    **changes: Unpack[TrainingChanges],
) -> TrainResult:
    """Train a network from each seed, and write a table and curves; the same call again continues.

    Args:
        network: a whole network's name, such as `wrn_28_10`, or the `Network` of one: a folder
            keeps the name, from which its trainings are continued. A network that no name makes, as
            a tree of one's own, cannot be trained by it. Input and classes are those of the data.
        dataset: `cifar10`, `cifar100`, `svhn`, `svhn+extra`, `shapes`, or `folder:DIR`.
        resources, source, out, console, inventory, command: as `archscope.cifar_sweep`'s.
        iterations: mini-batches, instead of `epochs`.
        changes: `recipe`, `seeds`, `epochs`, `batch`, `lr`, `label_smoothing`, `drop_path`;
            `samples`, `holdout`, `whiten`, `test_crop`, `test_classes` (a file that lists them, or
            their names): see `archscope.data.view`.

    Returns:
        the folder and its records.

    Raises:
        UsageError: for what cannot be, before anything is written.
        DataError: where the images cannot be had, or one turned out damaged on the way.
        Interrupted: after SIGINT or SIGTERM; ArchscopeError: where the folder cannot be written.
    """
    asked, where, say = resources or Resources(), source or Source(), console or Console()
    refuse_outside([network], "trained", "name one, as wrn_28_10")
    name, where = taken_apart(dataset, where)
    _check_iterations(iterations, changes.get("epochs"))
    one = named(network, "a training")
    _check_input(one, name)
    changes["test_classes"] = named_classes(changes.get("test_classes"), name, where)
    chosen = single.settings(one.name, dataset=name, **changes)
    hashed = {**decisive(asked, name, where), "iterations": iterations}
    folder = Path(out) if out else folders.default_folder(chosen, hashed)
    _refuse_another(folder, chosen)
    order = Order(chosen, folder, iterations, command=command, classes=one.classes)
    result = TrainResult(*conduct(order, asked, where, say, inventory))
    _raise_damage(result)
    return result


def on_device(device: str | None, found: Inventory | None) -> int | None:
    """The number of GPUs that a device means: "cpu" none, "cuda" and "mps" all, None: choose.

    Without an inventory, on a cluster, GPUs are what is chosen where there are any. Raises
    `UsageError` for another name, or a device that is not there.
    """
    if device is None:
        return None
    if found is None:
        if device != "cpu":
            raise UsageError(
                "a Ray cluster's GPUs are used where it has any, so --device is cpu or left "
                f"out there, not {device}"
            )
        return 0
    there = ["cpu", *["cuda"] * bool(found.gpus), *["mps"] * (found.mps and not found.gpus)]
    if device not in there:
        raise UsageError(
            f"--device {device} is not available; this machine has {', '.join(there)}: give "
            f"{'one of these' if len(there) > 1 else 'cpu'} (CUDA_VISIBLE_DEVICES chooses "
            "GPUs)"
        )
    return 0 if device == "cpu" else gpu_count(found)


def _refuse_another(folder: Path, asked: Settings) -> None:
    """A folder is of one network: there more templates do not extend the plan."""
    before = folders.existing(folder)
    if before is None:
        return
    there, here = before.settings.subjects.templates, asked.subjects.templates
    if there != here or before.settings.kind != asked.kind:
        raise UsageError(
            f"{folder} holds the trainings of "
            f"{', '.join(there[:3])}{', ...' * (len(there) > 3)}, not of {here[0]}; choose "
            "another --out"
        )


def _check_input(network: Named, dataset: str) -> None:
    """Raise `UsageError` where a network was given another input than its images have."""
    images = input_of(dataset)
    if network.input is not None and network.input != images:
        has = "the input of its name" if images is None else "x".join(map(str, images))
        raise UsageError(
            f"on {dataset} a network is trained with {has}, not with "
            f"{'x'.join(map(str, network.input))}; leave its input out"
        )


def _check_iterations(iterations: int | None, epochs: int | None) -> None:
    """Raise `UsageError` for mini-batches that cannot be, or for epochs beside them."""
    if iterations is None:
        return
    if type(iterations) is not int or iterations < 1:
        raise UsageError(
            f"iterations must be a number of mini-batches from 1 up, not {iterations}; give 500000"
        )
    if epochs is not None:
        raise UsageError("epochs and iterations follow from each other; give one of them")


def _raise_damage(result: TrainResult) -> None:
    """An image that cannot be read is the data's fault, and no matter of one training."""
    for record in result.failed:
        reason = record.reason or ""
        if reason.startswith(_DATA_ERROR):
            raise DataError(reason.removeprefix(_DATA_ERROR))
