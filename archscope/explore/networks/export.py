"""A named network as a file for other programs: written only where the file computes the same."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Literal, get_args

from archscope.arch.network import Network
from archscope.arch.windows import Shape
from archscope.errors import ArchscopeError, UsageError, shown
from archscope.explore.networks.opened import Given, own_networks
from archscope.files import destination, reason, refuse_special, write_atomically
from archscope.reporting.table.formats import auto, text
from archscope.reporting.table.result import Result
from archscope.reporting.table.table import Column, Table

if TYPE_CHECKING:
    from archscope.nn.export_check import Check
    from archscope.nn.weights.checkpoints import Weights

Kind = Literal["onnx", "pt2", "torchvision", "timm", "safetensors"]
Detector = Literal["fasterrcnn", "ssd", "ssdlite"]


@dataclass(frozen=True)
class Request:
    """What is to be exported.

    Attributes:
        network: one of ours.
        kind: `onnx` and `pt2` (torch.export's) hold the network, the batch left open;
            `torchvision` and `timm` are state dicts by their keys, `safetensors` one by ours.
        weights: a file that `load_weights` takes; without it they are drawn from `seed`.
        weights_key: which weights of the file, where it holds several.
        seed: of the weights drawn, and of the images of the check.
        detection: of `torchvision`, what a detector of its takes alone.
        detector: which: `fasterrcnn`, `ssd` or `ssdlite`.
    """

    network: Network
    kind: Kind
    weights: Path | None = None
    weights_key: str | None = None
    seed: int = 0
    detection: bool = False
    detector: str | None = None


@dataclass(frozen=True, repr=False)
class Exported(Result):
    """A file that was written.

    Attributes:
        request: what was asked for.
        file: where it is.
        size: in bytes.
        check: what ran the file and the difference of outputs; None where nothing could run it.
        weights: what was read from a file of weights.
    """

    request: Request
    file: Path
    size: int
    check: Check | None
    weights: Weights | None = None

    @property
    def notes(self) -> tuple[str, ...]:
        """Which weights were taken of several, and what was left out."""
        of_file = self.weights.notes(shown(str(self.request.weights))) if self.weights else ()
        return (*self.request.network.notes, *of_file)

    def document(self) -> dict[str, Any]:
        """The result as JSON, schema `archscope.export/1`."""
        asked = self.request
        return {
            "schema": "archscope.export/1",
            "name": asked.network.name,
            "input": list(asked.network.input),
            "classes": asked.network.classes,
            "to": asked.kind,
            "detection": asked.detection,
            "detector": asked.detector,
            "file": str(self.file),
            "bytes": self.size,
            "weights": str(asked.weights) if asked.weights else None,
            "weights_key": self.weights.key or None if self.weights else None,
            "seed": asked.seed,
            "checked_against": self.check.against if self.check else None,
            "largest_difference": self.check.difference if self.check else None,
            "largest_output": self.check.largest if self.check else None,
            "notes": list(self.notes),
        }

    def tables(self) -> list[Table]:
        """A row a fact."""
        row, check = self.document(), self.check
        weights = row["weights"] or f"random, drawn from seed {row['seed']}"
        if row["weights_key"]:
            weights += f" ({shown(row['weights_key'])})"
        facts = {
            "file": row["file"],
            "bytes": row["bytes"],
            "input": "N×" + "×".join(map(str, row["input"])),
            "weights": weights,
            "checked against": check.against if check else "not run: onnxruntime is not installed",
            "largest difference": f"{check.difference:.3g}" if check else None,
            "largest output": f"{check.largest:.3g}" if check else None,
        }
        kind = row["to"] + (
            f" (a backbone for detection, {row['detector']})" if row["detection"] else ""
        )
        columns = [Column("fact", "export", text, "left"), Column("value", "value", auto, "left")]
        rows = [{"fact": fact, "value": value} for fact, value in facts.items()]
        return [Table(f"{row['name']} as {kind}", columns, rows)]

    def csv_tables(self) -> list[Table]:
        """One row."""
        row = self.document()
        row["input"] = "x".join(map(str, row["input"]))
        keys = [key for key in row if key not in ("schema", "notes")]
        return [Table("Export", [Column(key, key, text) for key in keys], [row])]


def export(
    network: Given,
    to: Kind,
    output: Path | str | None = None,
    *,
    weights: Path | str | None = None,
    weights_key: str | None = None,
    seed: int = 0,
    detection: bool = False,
    detector: Detector | None = None,
    input: Shape | None = None,
    classes: int | None = None,
) -> Exported:
    """Write a network as a file, and run the file to see that it computes the same.

    Args:
        network: one of ours: a name, a network or a tree.
        to: `onnx`, `pt2`, `torchvision`, `timm` or `safetensors`.
        output: the file; without it the network's name here, where no file has that name yet.
        weights, weights_key, seed: as `Request` has them.
        detection: of `torchvision`, what its detector takes of the network, without the rest.
        detector: the same, of this one: `fasterrcnn` (all on a pyramid), `ssd` or `ssdlite`.
        input: (channels, height, width), where not its own.
        classes: outputs of a name, where not its own.

    Raises:
        UsageError: for a network, file or weights that cannot be, or a missing package.
        ArchscopeError: where the export fails or computes something else; no file is left then.
    """
    detection = detection or detector is not None
    _check(to, detection)
    if weights_key is not None and not weights:
        raise UsageError("--weights-key names weights in a file; give --weights as well")
    refused = "exported", "name one, as resnet50"
    (given,) = own_networks(network, classes, input, refused)
    file = Path(weights) if weights else None
    request = Request(given, to, file, weights_key, seed, detection, detector)
    return _export(request, Path(output) if output else None)


def _export(request: Request, output: Path | None) -> Exported:
    from archscope.nn.export import SUFFIXES, Export, prepare
    from archscope.nn.export_check import check
    from archscope.nn.weights.theirs import detectors

    target = _target(output, request.network.name + SUFFIXES[request.kind])
    network = request.network
    module, images, found = prepare(network, request.weights, request.weights_key, request.seed)
    if request.detection:
        request = replace(request, detector=request.detector or detectors(module)[0])
    prepared = Export(network.name, module, request.kind, images, request.detector)
    content = prepared.content()
    checks: list[Check | None] = []

    def fill(stream: BinaryIO) -> None:
        stream.write(content)
        stream.flush()
        checks.append(check(prepared, Path(stream.name)))

    try:
        write_atomically(destination(target), fill)
    except OSError as error:
        raise ArchscopeError(f"{shown(str(target))} cannot be written: {reason(error)}") from error
    return Exported(request, target, len(content), checks[0], found)


def _check(kind: str, detection: bool) -> None:
    if kind not in get_args(Kind):
        known = ", ".join(get_args(Kind))
        raise UsageError(f"an export is to {known}, not '{shown(kind)}'; use one of these")
    if detection and kind != "torchvision":
        raise UsageError(
            f"only torchvision has backbones for detection, not {kind}; use --to "
            "torchvision, or leave --detection out"
        )


def _target(output: Path | None, name: str) -> Path:
    """The file to write; refused before the work where it cannot be."""
    target = Path(name) if output is None else output
    if output is None and os.path.lexists(target):
        raise UsageError(f"{name} exists already; add --output {name} to replace it")
    try:
        refuse_special(destination(target))
    except OSError as error:
        raise UsageError(
            f"--output {shown(str(target))} cannot be written ({reason(error)}); name a file "
            "in an existing folder"
        ) from None
    return target
