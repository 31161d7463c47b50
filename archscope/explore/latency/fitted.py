"""A fitted model of times: its file in the cache, for whom it holds, and its predictions."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from archscope.arch.network import Network
from archscope.arch.structure import designs
from archscope.arch.times import LATENCY
from archscope.cost.execution import execution
from archscope.cost.latency.model import Weights, latencies, latencies_of_box, seconds
from archscope.cost.workload import MODES, Mode
from archscope.documents import Unclear, json_value
from archscope.errors import ArchscopeError, UsageError, plural, shown
from archscope.explore.latency.asked import MOST_IMAGES, Asked, asked_for, this_machine
from archscope.explore.latency.predicted import Predicted
from archscope.files import at_home, read_ours, write_json

SCHEMA = "archscope.latency/1"
COVERAGE = 0.9  # of the intervals
# A model holds for no other machine; under other versions of these it may be out of date.
_MACHINE = ("platform", "processor", "device_name", "cpus")
_VERSIONS = ("python", "torch", "archscope")

__all__ = [
    "Asked",
    "LatencyModel",
    "Predicted",
    "asked_for",
    "check_models",
    "fitted_model",
    "latency_model",
    "this_machine",
]


@dataclass(frozen=True)
class LatencyModel:
    """Seconds of any network, one call of a mode, on the machine on which it was fitted.

    Attributes:
        machine: where, with what versions, threads, precision and device.
        weights: seconds of each unit of each term, by the kind of operation.
        errors: |ln(measured / predicted)| of networks that the fit had not seen, ascending.
        about: how it was measured.
        mode: what is timed, as `bench` times it: "latency", "throughput" or "step".
        batch: the images of a call.
    """

    machine: Mapping[str, Any]
    weights: Weights
    errors: Sequence[float]
    about: Mapping[str, Any]
    mode: Mode = LATENCY
    batch: int = 1

    @property
    def reach(self) -> float:
        """The factor above and below a prediction within which `COVERAGE` of networks lie.

        By split conformal prediction: whatever the errors are, a further network drawn as those
        were lies within it at least so often.
        """
        place = math.ceil((len(self.errors) + 1) * COVERAGE)
        return math.exp(self.errors[min(place, len(self.errors)) - 1])

    def seconds(self, network: Network) -> float:
        """The predicted seconds of one call: an image, a batch, or a training step.

        Raises:
            UsageError: where the tree holds arrays, or a layer does not fit its input.
        """
        return float(seconds(execution(network).operations, self.weights, self.batch))

    def nanoseconds(self, network: Network) -> Any:
        """The latency of every design that the arrays of a network hold, in whole nanoseconds.

        Raises:
            UsageError: where a layer does not fit its input, maps are too large for 64 bits, or
                the model is of another mode.
        """
        import numpy as np

        self._check_latency()

        plain = designs(network.tree, network.input) is None
        found = self.seconds(network) if plain else latencies(network, self.weights)
        return np.rint(1e9 * np.asarray(found)).astype(np.int64)

    def nanoseconds_of_box(self, network: Network) -> Any:
        """The same of a box of designs, as `archscope.cost.formula.count_box` takes it.

        Raises:
            UsageError: as `nanoseconds`.
        """
        import numpy as np

        self._check_latency()
        found = latencies_of_box(network, self.weights)
        return np.rint(1e9 * np.asarray(found)).astype(np.int64)

    def _check_latency(self) -> None:
        """Caps and orders are by latency alone."""
        if self.mode != LATENCY:
            raise UsageError(
                f"designs are chosen by latency, and this model is of {self.mode}; give a model of "
                "latency"
            )

    def interval(self, predicted: float) -> tuple[float, float]:
        """The ends of the interval around a prediction."""
        return predicted / self.reach, predicted * self.reach

    def predicted(self, network: Any) -> Predicted:
        """What it says of one of our networks, of plain numbers."""
        return self.around(self.seconds(network))

    def around(self, predicted: float) -> Predicted:
        """A prediction of so many seconds, with its interval."""
        return Predicted(predicted, self.interval(predicted), self.mode, self.batch)

    def sentence(self) -> str:
        """What a reader must know of a prediction."""
        of = {key: shown(str(value)) for key, value in self.machine.items()}
        device = of.get("device_name" if self.machine.get("device_name") else "processor")
        what = {
            "latency": "Latency of one image",
            "throughput": f"Throughput in forward passes of {plural(self.batch, 'image')}",
            "step": f"The time of a training step of {plural(self.batch, 'image')}",
        }[self.mode]
        return (
            f"{what} is predicted, not measured ({device}, {of.get('precision')}, "
            f"threads {of.get('threads')}): nine in ten of networks lie within a factor of "
            f"{self.reach:.2f}."
        )

    def document(self) -> dict[str, Any]:
        """The model as JSON, schema `archscope.latency/1`."""
        return {
            "schema": SCHEMA,
            "mode": self.mode,
            "batch": self.batch,
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


def latency_model(
    *,
    threads: int | None = None,
    precision: str = "fp32",
    device: str = "cpu",
    mode: Mode = LATENCY,
    file: Path | str | None = None,
    note: Callable[[str], None] | None = None,
) -> LatencyModel:
    """The model that `archscope bench --fit` has fitted on this machine, for a setting.

        model = a.latency_model(threads=1)
        model.predicted(a.network("resnet50"))  # with its interval
        a.enumerate(a.Query(["wrn_28"], ranges={"latency": (0, 20_000_000)}, latency=model))

    Args:
        threads: without them as many as there are processors.
        precision, device: as `archscope.Setting` has them.
        mode: what is predicted: "latency" of an image, "throughput" of a batch, a training "step".
        file: of a model, as another machine's; without it the one in the cache.
        note: told where the model may be out of date, or is of another machine.

    Raises:
        UsageError: where there is none for the setting; it names the command that fits one.
        ArchscopeError: where its file is damaged, or cannot be read.
    """
    return fitted_model(asked_for(threads, precision, device, mode), file, note)


def check_models(*given: object) -> None:
    """Raise UsageError for what is given as a fitted model and is none; None is no model."""
    for one in given:
        if one is not None and not isinstance(one, LatencyModel):
            raise UsageError(
                f"latency= takes a fitted model, not {shown(repr(one))}; give "
                "archscope.latency_model()"
            )


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
        what = f"{path} is not there" if given else f"{asked.mode} is predicted by a fitted model"
        raise UsageError(f"{what}; fit one first: {asked.command}")
    model = _read(content, path, asked)
    here, asked = this_machine(asked), replace(asked, batch=model.batch)
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
        note(f"archscope: {asked.mode} is of another machine ({'; '.join(others)})")
    if note is not None and old:
        note(f"archscope: {asked.mode} may be out of date ({'; '.join(old)}); run {asked.command}")
    return model


def _read(content: bytes, path: Path, asked: Asked) -> LatencyModel:
    try:
        document = json_value(content)
        if not isinstance(document, dict) or document.get("schema") != SCHEMA:
            raise Unclear(f"it is no {SCHEMA}")
        machine, errors = document.pop("machine", None), document.pop("errors", None)
        weights = document.pop("weights", None)
        mode, batch = document.pop("mode", LATENCY), document.pop("batch", 1)
        good = isinstance(machine, dict) and isinstance(errors, list) and isinstance(weights, dict)
        if not (
            good
            and errors
            and mode in MODES
            and _images(batch)
            and all(map(_positive, errors))
            and all(map(_terms, weights.values()))
        ):
            raise Unclear("a number of it is missing or out of range")
    except Unclear as why:
        raise ArchscopeError(
            f"{path} is damaged ({why}): remove it, and run {asked.command}"
        ) from None
    if mode != asked.mode:
        raise UsageError(
            f"the model in {path} is of {mode}, not {asked.mode}; name one of {asked.mode}, or run "
            f"{asked.command}"
        )
    for key in ("threads", "precision", "device"):
        if machine.get(key) != getattr(asked, key):
            raise UsageError(
                f"the model in {path} is of {key} {shown(str(machine.get(key)))}, not "
                f"{getattr(asked, key)}; give --{key} {shown(str(machine.get(key)))}, or run "
                f"{asked.command}"
            )
    about = {key: value for key, value in document.items() if key not in ("schema", "coverage")}
    return LatencyModel(machine, weights, sorted(errors), about, mode, batch)


def _images(batch: Any) -> bool:
    return isinstance(batch, int) and not isinstance(batch, bool) and 1 <= batch <= MOST_IMAGES


def _terms(terms: Any) -> bool:
    return isinstance(terms, dict) and all(map(_positive, terms.values()))


def _positive(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < 1e6
