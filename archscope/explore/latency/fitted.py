"""A fitted model of latency: its file in the cache, for whom it holds, and its predictions."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from archscope.arch.network import Network
from archscope.arch.structure import designs
from archscope.cost.execution import execution
from archscope.cost.latency.model import Weights, latencies, latencies_of_box, seconds
from archscope.documents import Unclear, json_value
from archscope.errors import ArchscopeError, UsageError, shown
from archscope.files import at_home, read_ours, write_json
from archscope.reporting.table.formats import brief

SCHEMA = "archscope.latency/1"
COVERAGE = 0.9  # of the intervals
# A model holds for no other machine; under other versions of these it may be out of date.
_MACHINE = ("platform", "processor", "device_name", "cpus")
_VERSIONS = ("python", "torch", "archscope")


@dataclass(frozen=True)
class Asked:
    """For what a model is asked: it holds for no other setting."""

    threads: int
    precision: str = "fp32"
    device: str = "cpu"

    @property
    def file(self) -> Path:
        """Where it is kept."""
        from archscope.data.fetch.locate import home

        device = self.device.replace(":", "")
        return home() / "latency" / f"{device}-{self.precision}-{self.threads}.json"

    @property
    def command(self) -> str:
        """What fits it."""
        device = "" if self.device == "cpu" else f" --device {self.device}"
        precision = "" if self.precision == "fp32" else f" --precision {self.precision}"
        return f"archscope bench --fit{device}{precision} --threads {self.threads}"


def asked_for(threads: int | None, precision: str, device: str) -> Asked:
    """The setting with every choice made: all processors, where no threads are given.

    Raises:
        UsageError: for a device, precision or number that cannot be.
    """
    from archscope.training.devices import check_device, check_precision, inventory

    found = inventory()
    if threads is not None and not 1 <= threads <= 65_536:
        raise UsageError(f"--threads must be a number from 1 to 65,536, not {threads}")
    on = check_device(device, found)
    return Asked(threads or found.cpus, check_precision(precision, on), on)


@dataclass(frozen=True)
class LatencyModel:
    """Seconds of any network, one image at a time, on the machine on which it was fitted.

    Attributes:
        machine: where, with what versions, threads, precision and device.
        weights: seconds of each unit of each term, by the kind of operation.
        errors: |ln(measured / predicted)| of networks that the fit had not seen, ascending.
        about: how it was measured.
    """

    machine: Mapping[str, Any]
    weights: Weights
    errors: Sequence[float]
    about: Mapping[str, Any]

    @property
    def reach(self) -> float:
        """The factor above and below a prediction within which `COVERAGE` of networks lie.

        By split conformal prediction: whatever the errors are, a further network drawn as those
        were lies within it at least so often.
        """
        place = math.ceil((len(self.errors) + 1) * COVERAGE)
        return math.exp(self.errors[min(place, len(self.errors)) - 1])

    def seconds(self, network: Network) -> float:
        """The predicted seconds of one image.

        Raises:
            UsageError: where the tree holds arrays, or a layer does not fit its input.
        """
        return float(seconds(execution(network).operations, self.weights))

    def nanoseconds(self, network: Network) -> Any:
        """The same of every design that the arrays of a network hold, in whole nanoseconds.

        Raises:
            UsageError: where a layer does not fit its input, or maps are too large for 64 bits.
        """
        import numpy as np

        plain = designs(network.tree, network.input) is None
        found = self.seconds(network) if plain else latencies(network, self.weights)
        return np.rint(1e9 * np.asarray(found)).astype(np.int64)

    def nanoseconds_of_box(self, network: Network) -> Any:
        """The same of a box of designs, as `archscope.cost.formula.count_box` takes it.

        Raises:
            UsageError: as `nanoseconds`.
        """
        import numpy as np

        found = latencies_of_box(network, self.weights)
        return np.rint(1e9 * np.asarray(found)).astype(np.int64)

    def interval(self, predicted: float) -> tuple[float, float]:
        """The ends of the interval around a prediction."""
        return predicted / self.reach, predicted * self.reach

    def predicted(self, network: Any) -> Predicted:
        """What it says of one of our networks, of plain numbers."""
        return self.around(self.seconds(network))

    def around(self, predicted: float) -> Predicted:
        """A prediction of so many seconds, with its interval."""
        return Predicted(predicted, self.interval(predicted))

    def sentence(self) -> str:
        """What a reader must know of a prediction."""
        of = {key: shown(str(value)) for key, value in self.machine.items()}
        device = of.get("device_name" if self.machine.get("device_name") else "processor")
        return (
            f"Latency of one image is predicted, not measured ({device}, {of.get('precision')}, "
            f"threads {of.get('threads')}): nine in ten of networks lie within a factor of "
            f"{self.reach:.2f}."
        )

    def document(self) -> dict[str, Any]:
        """The model as JSON, schema `archscope.latency/1`."""
        return {
            "schema": SCHEMA,
            "machine": dict(self.machine),
            "coverage": COVERAGE,
            **self.about,
            "errors": list(self.errors),
            "weights": {kind: dict(terms) for kind, terms in self.weights.items()},
        }

    def write(self, path: Path) -> None:
        """Keep it.

        Raises:
            ArchscopeError: where the file cannot be written.
        """
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_json(path, self.document())
        except OSError as error:
            raise ArchscopeError(
                f"the model cannot be written to {path} ({error.strerror}): free the place, or "
                "set ARCHSCOPE_HOME"
            ) from None


def fitted_model(
    asked: Asked, given: Path | str | None = None, note: Callable[[str], None] | None = None
) -> LatencyModel:
    """The model that was fitted for a setting on this machine; or that of a file which was `given`.

    `note` is told where it was made under other versions, or, of a file, on another machine.

    Raises:
        UsageError: where there is none, or it is of another machine; it names the command.
        ArchscopeError: where its file is damaged, or cannot be read.
    """
    path = asked.file if given is None else at_home(given)
    content = read_ours(path)
    if content is None:
        what = f"{path} is not there" if given else "latency is predicted by a fitted model"
        raise UsageError(f"{what}; fit one first: {asked.command}")
    model = _read(content, path, asked)
    here = this_machine(asked)
    others = [
        f"{key} {model.machine.get(key)} -> {here.get(key)}"
        for key in _MACHINE
        if model.machine.get(key) != here.get(key)
    ]
    if others and given is None:
        raise UsageError(
            f"the model in {path} is of another machine ({shown('; '.join(others))}); run "
            f"{asked.command}, or name it: --latency-model"
        )
    old = [
        f"{key} {model.machine.get(key)} -> {here.get(key)}"
        for key in _VERSIONS
        if model.machine.get(key) != here.get(key)
    ]
    if note is not None and others:
        note(f"archscope: latency is of another machine ({'; '.join(others)})")
    if note is not None and old:
        note(f"archscope: latency may be out of date ({'; '.join(old)}); run {asked.command}")
    return model


def this_machine(asked: Asked) -> dict[str, Any]:
    """What latency depends on; no torch is imported on a machine without an accelerator."""
    from archscope.sweep.store.environment import environment
    from archscope.training.devices import inventory

    found = inventory()
    gpu = asked.device.startswith("cuda:") and int(asked.device[5:]) < len(found.gpus)
    return {
        **environment(),
        "device": asked.device,
        "device_name": found.gpus[int(asked.device[5:])] if gpu else None,
        "cpus": found.cpus,
        "threads": asked.threads,
        "precision": asked.precision,
    }


def _read(content: bytes, path: Path, asked: Asked) -> LatencyModel:
    try:
        document = json_value(content)
        if not isinstance(document, dict) or document.get("schema") != SCHEMA:
            raise Unclear(f"it is no {SCHEMA}")
        machine, errors = document.pop("machine", None), document.pop("errors", None)
        weights = document.pop("weights", None)
        good = isinstance(machine, dict) and isinstance(errors, list) and isinstance(weights, dict)
        if not (
            good and errors and all(map(_positive, errors)) and all(map(_terms, weights.values()))
        ):
            raise Unclear("a number of it is missing or out of range")
    except Unclear as why:
        raise ArchscopeError(
            f"{path} is damaged ({why}): remove it, and run {asked.command}"
        ) from None
    for key in ("threads", "precision", "device"):
        if machine.get(key) != getattr(asked, key):
            raise UsageError(
                f"the model in {path} is of {key} {shown(str(machine.get(key)))}, not "
                f"{getattr(asked, key)}; give --{key} {shown(str(machine.get(key)))}, or run "
                f"{asked.command}"
            )
    about = {key: value for key, value in document.items() if key not in ("schema", "coverage")}
    return LatencyModel(machine, weights, sorted(errors), about)


def _terms(terms: Any) -> bool:
    return isinstance(terms, dict) and all(map(_positive, terms.values()))


def _positive(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < 1e6


@dataclass(frozen=True)
class Predicted:
    """The seconds of one image that a model predicts, and the interval around them."""

    seconds: float
    interval: tuple[float, float]

    def document(self) -> dict[str, Any]:
        """As entries of a JSON, in milliseconds."""
        ends = [1000 * end for end in self.interval]
        return {"latency_ms": 1000 * self.seconds, "latency_ms_interval": ends}

    def text(self) -> str:
        """As a table has it."""
        low, high = (brief(1000 * end) for end in self.interval)
        return f"{brief(1000 * self.seconds)} ms ({low} to {high})"
