"""A fitted model of times: what it predicts, with an interval, at the machine's latest pace."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from archscope.arch.network import Network
from archscope.arch.structure import designs
from archscope.arch.times import LATENCY
from archscope.arch.windows import Shape
from archscope.cost.execution import execution
from archscope.cost.latency.model import Weights, latencies, latencies_of_box, seconds
from archscope.cost.latency.terms import CONVOLUTIONS
from archscope.cost.workload import Mode
from archscope.errors import ArchscopeError, UsageError, plural, shown
from archscope.explore.latency.asked import Asked
from archscope.explore.latency.interval import COVERAGE, reach
from archscope.explore.latency.predicted import Predicted
from archscope.files import write_json

SCHEMA = "archscope.latency/1"
MOST_PACES = 32  # that are kept, the latest


def is_pace(value: object) -> bool:
    """Whether a machine may be so much slower than during its fit; others are no measurement."""
    return isinstance(value, int | float) and value is not True and 0.01 <= value <= 100


@dataclass(frozen=True)
class Anchor:
    """A network that is measured again to see how fast the machine is now.

    Attributes:
        network, input: its name, and (channels, height, width).
        seconds: of a call at a pace of 1.
    """

    network: str
    input: Shape
    seconds: float


@dataclass(frozen=True)
class LatencyModel:
    """Seconds of any network, one call of a mode, on the machine on which it was fitted.

    Attributes:
        machine: where, with what versions, threads, precision and device.
        weights: seconds of each unit of each term at a pace of 1, by the kind of operation.
        errors: |ln(measured / predicted)| of networks that the fit had not seen, ascending.
        about: how it was measured.
        mode: what is timed, as `bench` times it: "latency", "throughput" or "step".
        batch: the images of a call.
        anchors: the networks that tell the pace; none in a model of an earlier version.
        paces: how much longer everything took, each time that the anchors were measured: by turns
            during the fit, and then by `archscope bench --check`. The last one holds.
    """

    machine: Mapping[str, Any]
    weights: Weights
    errors: Sequence[float]
    about: Mapping[str, Any]
    mode: Mode = LATENCY
    batch: int = 1
    anchors: Sequence[Anchor] = ()
    paces: Sequence[float] = (1.0,)

    @cached_property
    def reach(self) -> float:
        """The factor above and below a prediction within which nine in ten of networks lie."""
        return reach(self.errors, self.paces)

    @property
    def pace(self) -> float:
        """How much longer everything took than at a pace of 1 when the anchors ran last."""
        return self.paces[-1]

    @property
    def setting(self) -> Asked:
        """For which threads, precision, device, mode and batch it is."""
        of = self.machine
        where = int(of["threads"]), str(of["precision"]), str(of["device"])
        return Asked(*where, self.mode, self.batch)

    def at_pace(self, pace: float) -> LatencyModel:
        """The same model, where the anchors have just been measured again."""
        return replace(self, paces=(*self.paces, pace)[-MOST_PACES:])

    @cached_property
    def _now(self) -> Weights:
        """The weights at the latest pace."""
        return {
            kind: {term: self.pace * value for term, value in terms.items()}
            for kind, terms in self.weights.items()
        }

    def seconds(self, network: Network) -> float:
        """The predicted seconds of one call: an image, a batch, or a training step.

        Raises:
            UsageError: where the tree holds arrays, or a layer does not fit its input.
        """
        return float(seconds(execution(network).operations, self._now, self.batch))

    def nanoseconds(self, network: Network) -> Any:
        """The latency of every design that the arrays of a network hold, in whole nanoseconds.

        Raises:
            UsageError: where a layer does not fit its input, maps are too large for 64 bits, or
                the model is of another mode.
        """
        import numpy as np

        self._check_latency()
        plain = designs(network.tree, network.input) is None
        found = self.seconds(network) if plain else latencies(network, self._now)
        return np.rint(1e9 * np.asarray(found)).astype(np.int64)

    def nanoseconds_of_box(self, network: Network) -> Any:
        """The same of a box of designs, as `archscope.cost.formula.count_box` takes it.

        Raises:
            UsageError: as `nanoseconds`.
        """
        import numpy as np

        self._check_latency()
        found = latencies_of_box(network, self._now)
        return np.rint(1e9 * np.asarray(found)).astype(np.int64)

    def _check_latency(self) -> None:
        """Caps and orders are by latency alone."""
        if self.mode != LATENCY:
            raise UsageError(
                f"designs are chosen by latency, and this model is of {self.mode}; give a model of "
                "latency"
            )

    def most_macs(self, nanoseconds: int) -> int | None:
        """No network of more multiply-adds is predicted to take so little; None: any may.

        A multiply-add of each kind of layer takes at least what its terms say that grow with it.
        """
        least = self._now.get("linear", {}).get("weights", 0.0)
        for kind in CONVOLUTIONS:
            terms = self._now.get(kind, {})
            least = min(least, terms.get("macs", 0.0) + terms.get("filled macs", 0.0))
        return math.ceil(1e-9 * (nanoseconds + 1) / least) if least > 0 else None

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
            "anchors": [asdict(one) for one in self.anchors],
            "paces": list(self.paces),
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
