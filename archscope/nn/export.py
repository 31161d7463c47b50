"""A built network as a file for other programs, and the check that the file computes the same."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from archscope.arch.network import Network
from archscope.errors import ArchscopeError
from archscope.nn import export_checks
from archscope.nn.build import build
from archscope.nn.guarded import require, running
from archscope.nn.weights import load_weights, to_torchvision

# The largest difference of outputs, as a part of the largest output, that a check lets pass: ONNX
# runs other kernels, on convolutions with the batch norms folded in; the rest repeat the same ones.
LIMITS = {"onnx": 1e-4, "pt2": 1e-5, "torchvision": 1e-5, "safetensors": 0.0}
SUFFIXES = {"onnx": ".onnx", "pt2": ".pt2", "torchvision": ".pth", "safetensors": ".safetensors"}


@dataclass(frozen=True)
class Check:
    """What ran the file, and how its outputs differ from the network's.

    Attributes:
        against: what read and ran the file.
        difference: the largest difference of an output, absolute.
        largest: the largest output.
    """

    against: str
    difference: float
    largest: float


@dataclass(frozen=True)
class Export:
    """A network to be written.

    Attributes:
        name: of the network.
        module: as `build` makes it, in eval mode.
        kind: `onnx`, `pt2`, `torchvision` or `safetensors`.
        images: (N, C, H, W), N at least 2, for the trace and the check.
        detection: of `torchvision`, the backbone of its detection models alone.
    """

    name: str
    module: nn.Module
    kind: str
    images: Tensor
    detection: bool = False

    def content(self) -> bytes:
        """The file's bytes.

        Raises:
            UsageError: where a package is missing, or torchvision has no such network.
            ArchscopeError: where the exporter fails.
        """
        if self.kind == "torchvision":
            stream = io.BytesIO()
            torch.save(self.state(), stream)
            return stream.getvalue()
        if self.kind == "safetensors":
            library = require("safetensors.torch", "safetensors")
            return bytes(library.save(self.state(), metadata={"format": "pt"}))
        if self.kind == "onnx":
            require("onnxscript", "onnx")
        with (
            running(f"{self.name}'s export to {self.kind}"),
            warnings.catch_warnings(),
            torch.no_grad(),
        ):
            warnings.simplefilter("ignore")
            return _onnx(self) if self.kind == "onnx" else _pt2(self)

    def check(self, file: Path) -> Check | None:
        """Read the file and run it; None for ONNX where onnxruntime is not installed.

        Raises:
            ArchscopeError: where it fails, or its outputs differ by more than the limit.
        """
        expected = self._run(self.module)
        if not all(bool(entry.isfinite().all()) for entry in expected):
            raise ArchscopeError(
                f"{self.name} was to be exported, but its outputs are not all finite numbers, so "
                "nothing can be checked; use other weights"
            )
        with running(f"{self.name}'s export to {self.kind}, read and run again,"):
            runner = export_checks.open_runner(self, file)
            if runner is None:
                return None
            against, expect, run = runner
            expected = self._run(expect)
            found = self._run(run)
        pairs = list(zip(expected, found, strict=True))
        difference = max(float((one - other).abs().max()) for one, other in pairs)
        check = Check(against, difference, max(float(one.abs().max()) for one in expected))
        if not difference <= LIMITS[self.kind] * check.largest:  # NaN is none
            raise ArchscopeError(
                f"{self.name} was exported to {self.kind}, but run by {against} its outputs differ "
                f"by up to {difference:.3g} where the largest is {check.largest:.3g}; the file was "
                "not kept, so please report this"
            )
        return check

    def state(self) -> dict[str, Tensor]:
        """The weights by the keys of the file."""
        if self.kind == "torchvision":
            return to_torchvision(self.module, detection=self.detection)
        return self.module.state_dict()

    def _run(self, run: export_checks.Run) -> list[Tensor]:
        """Outputs for all the images, and for one alone: the batch is left open."""
        with torch.no_grad():
            return [run(self.images).clone(), run(self.images[:1]).clone()]


def _pt2(export: Export) -> bytes:
    program = _exported(export)
    stream = io.BytesIO()
    torch.export.save(program, stream)
    return stream.getvalue()


def _onnx(export: Export) -> bytes:
    program = torch.onnx.export(
        export.module,
        (export.images,),
        dynamo=True,
        verbose=False,
        input_names=["input"],
        output_names=["output"],
        dynamic_shapes=_batch(),
    )
    assert program is not None
    model = program.model_proto
    for node in model.graph.node:
        del node.metadata_props[:]  # where on this machine its source stands
    return bytes(model.SerializeToString())


def _exported(export: Export) -> torch.export.ExportedProgram:
    program = torch.export.export(export.module, (export.images,), dynamic_shapes=_batch())
    for node in program.graph.nodes:
        node.meta.pop("stack_trace", None)  # where on this machine its source stands
    return program


def _batch() -> tuple[dict[int, object]]:
    return ({0: torch.export.Dim("batch")},)


def prepare(network: Network, weights: Path | None, seed: int) -> tuple[nn.Module, Tensor]:
    """A network in eval mode and two images to try it with, both drawn from `seed`.

    The weights are those of a file, where one is given.
    """
    torch.manual_seed(seed)
    module = build(network).eval()
    if weights is not None:
        load_weights(module, weights)
    return module, torch.randn(2, *network.input)
