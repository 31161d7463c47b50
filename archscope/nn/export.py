"""A built network as a file for other programs; `archscope.nn.export_check` runs it again."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from archscope.arch.network import Network
from archscope.arch.windows import Shape
from archscope.nn.build import build
from archscope.nn.guarded import require, running
from archscope.nn.weights.checkpoints import Weights
from archscope.nn.weights.fused import load_or_fuse
from archscope.nn.weights.theirs import to_timm, to_torchvision

SUFFIXES = {
    "onnx": ".onnx",
    "pt2": ".pt2",
    "torchvision": ".pth",
    "timm": ".pth",
    "safetensors": ".safetensors",
}


@dataclass(frozen=True)
class Export:
    """A network to be written.

    Attributes:
        name: of the network.
        module: as `build` makes it, in eval mode.
        kind: `onnx`, `pt2`, `torchvision`, `timm` or `safetensors`.
        images: (N, C, H, W), N at least 2, for the trace and the check.
        detector: of `torchvision`, what this detector takes, see `to_torchvision`.
    """

    name: str
    module: nn.Module
    kind: str
    images: Tensor
    detector: str | None = None

    def content(self) -> bytes:
        """The file's bytes.

        Raises:
            UsageError: where a package is missing, or the other program has no such network.
            ArchscopeError: where the exporter fails.
        """
        if self.kind in ("torchvision", "timm"):
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

    def state(self) -> dict[str, Tensor]:
        """The weights by the keys of the file."""
        if self.kind == "torchvision":
            return to_torchvision(self.module, detector=self.detector)
        if self.kind == "timm":
            return to_timm(self.module)
        return self.module.state_dict()


def onnx_content(name: str, module: nn.Module, input: Shape) -> bytes:
    """Any module of images as an ONNX file, the batch left open; errors as `Export.content`."""
    return Export(name, module.eval(), "onnx", torch.randn(2, *input)).content()


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


def prepare(
    network: Network, weights: Path | None, key: str | None, seed: int
) -> tuple[nn.Module, Tensor, Weights | None]:
    """A network in eval mode and two images to try it with, both drawn from `seed`.

    The weights are those of a file, where one is given, and come third; weights of a network as it
    is trained are fused for its `-deploy`.
    """
    torch.manual_seed(seed)
    module = build(network).eval()
    images = torch.randn(2, *network.input)
    if weights is None:
        return module, images, None
    return module, images, load_or_fuse(network, module, images, weights, key)
