"""What trains a trial in a worker process: the runner of real sweeps. torch is imported on use."""

from __future__ import annotations

import json
import socket
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from archscope.errors import UsageError
from archscope.sweep.plan.trial import Trial, network_digest
from archscope.sweep.run.messages import Report, Task

if TYPE_CHECKING:
    from archscope.arch.network import Network
    from archscope.arch.windows import Shape

_prepared: dict[str, Any] = {}
_datasets: dict[str, Any] = {}  # the last one alone


def run_trial(task: Task, report: Report) -> dict[str, Any]:
    """Train the task's network to the end of its recipe, from its last checkpoint if it has one.

    Returns the content of `result.json`: status, metrics, timing, environment. Raises `Paused`
    where the task has fewer epochs.
    """
    prepare_process(task)
    from archscope.data.dataset import Files
    from archscope.training.job import Job
    from archscope.training.loop import train

    trial = task.trial
    dataset = _dataset(trial)
    shape = None if isinstance(dataset.train, Files) else tuple(dataset.train.images.shape[1:])
    job = Job(
        network=_network(trial, shape),
        recipe=trial.recipe,
        seed=trial.seed,
        device=task.device,
        precision=trial.conditions.precision,
        loaders=task.loaders,
        compile=bool(trial.conditions.compile),
        full_head=trial.conditions.head is not None,
    )
    report.saving()
    outcome = train(
        job,
        dataset,
        folder=task.folder,
        on_epoch=report.epoch,
        on_step=report.step,
        before_saving=report.saving,
        on_note=report.note,
        until=task.until,
    )
    result: dict[str, Any] = {
        "status": outcome.status,
        "metrics": outcome.metrics,
        "timing": outcome.timing,
        "environment": {"device_name": _device_name(task.device)},
    }
    if outcome.status == "diverged":
        epoch = outcome.metrics["diverged_in_epoch"]
        result["reason"] = f"the loss was no longer a finite number in epoch {epoch}"
    return result


def _network(trial: Trial, input_shape: Shape | None) -> Network:
    """The network of the trial, which its key promises.

    Raises UsageError where its name makes another one by now: a user's file may have changed.
    """
    from archscope.arch.names import parse

    classes = trial.conditions.dataset.classes
    network = parse(trial.network, classes=classes, input_shape=input_shape)
    if network_digest(network) != trial.entry.digest:
        raise UsageError(
            f"{trial.network} is no longer the network that the sweep planned, as its definition "
            "changed; restore it, or sweep the new one into another --out"
        )
    return network


def prepare_process(task: Task) -> None:
    """Once for each process: malloc before torch's first allocation, then torch's threads."""
    if "threads" in _prepared:
        return
    from archscope.training.devices import tune_malloc

    if task.device == "cpu":
        tune_malloc()
    import torch

    torch.set_num_threads(task.threads)
    if task.device.startswith("cuda"):
        torch.cuda.set_device(task.device)
    _prepared["threads"] = task.threads


def load_dataset(trial: Trial) -> Any:
    """Read the data that a trial trains on, as it sees them."""
    from archscope.data.load import load

    return load(trial.conditions.dataset, trial.conditions.view)


def dataset_key(trial: Trial) -> str:
    """What identifies the data of a trial, as it sees them."""
    return json.dumps([asdict(trial.conditions.dataset), asdict(trial.conditions.view)])


def adopt(trial: Trial, dataset: Any) -> None:
    """Let this process train on a dataset that it was handed, where `trial` is of it."""
    _datasets.clear()
    _datasets[dataset_key(trial)] = dataset


def _dataset(trial: Trial) -> Any:
    """The trial's data, read once for each process (all trials of a sweep share it).

    Raises DataError where they are files that this machine has not.
    """
    from archscope.data.dataset import Files
    from archscope.errors import DataError

    key = dataset_key(trial)
    if key not in _datasets:
        adopt(trial, load_dataset(trial))
    dataset = _datasets[key]
    if isinstance(dataset.train, Files) and not dataset.train.root.is_dir():
        raise DataError(
            f"the images of {dataset.info.label} are read from {dataset.train.root}, which "
            f"the machine {socket.gethostname()} lacks: put them at that path on every "
            "machine that trains"
        )
    return dataset


def _device_name(device: str) -> str | None:
    if not device.startswith("cuda"):
        return None
    import torch

    return str(torch.cuda.get_device_name(device))
