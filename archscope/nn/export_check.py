"""An exported file, read again and run: it must compute what the network computes."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import torch
from torch import Tensor

from archscope.errors import ArchscopeError
from archscope.nn.detector_check import before, detector_on, load_backbone
from archscope.nn.export import Export
from archscope.nn.guarded import held_to_weights, require, running
from archscope.nn.weights.files import read_weights
from archscope.nn.weights.load import load_state
from archscope.nn.weights.theirs import called

# The largest difference of outputs, as a part of the largest output, that a check lets pass: ONNX
# runs other kernels, on convolutions with the batch norms folded in; the rest repeat the same ones.
LIMITS = {"onnx": 1e-4, "pt2": 1e-5, "torchvision": 1e-5, "timm": 1e-5, "safetensors": 0.0}

Run: TypeAlias = Callable[[Tensor], Tensor]


class Runner(NamedTuple):
    """Two functions of images whose results must be equal."""

    against: str  # what runs the file
    expected: Run
    found: Run


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


def check(export: Export, file: Path) -> Check | None:
    """Read the file and run it; None for ONNX where onnxruntime is not installed.

    Raises:
        ArchscopeError: where it fails, or its outputs differ by more than the limit.
    """
    expected = _outputs(export, export.module)
    if not all(bool(entry.isfinite().all()) for entry in expected):
        raise ArchscopeError(
            f"the outputs of {export.name} are not all finite numbers, so its export cannot "
            "be checked; use other weights"
        )
    with running(f"{export.name}'s export to {export.kind}, read and run again,"):
        runner = open_runner(export, file)
        if runner is None:
            return None
        against, expect, run = runner
        expected = _outputs(export, expect)
        found = _outputs(export, run)
    pairs = list(zip(expected, found, strict=True))
    difference = max(float((one - other).abs().max()) for one, other in pairs)
    check = Check(against, difference, max(float(one.abs().max()) for one in expected))
    if not difference <= LIMITS[export.kind] * check.largest:  # NaN is none
        raise ArchscopeError(
            f"{export.name} exported to {export.kind} and run by {against}: its outputs "
            f"differ by up to {difference:.3g} where the largest is {check.largest:.3g}; the "
            "file was not kept, so please report this"
        )
    return check


def _outputs(export: Export, run: Run) -> list[Tensor]:
    """Outputs for all the images, and for one alone: the batch is left open."""
    with torch.no_grad():
        return [run(export.images).clone(), run(export.images[:1]).clone()]


def open_runner(export: Export, file: Path) -> Runner | None:
    """Read a file that an export wrote; None where what could run it is not installed.

    Raises:
        ArchscopeError: where the file's weights are not the network's, to the bit.
    """
    if export.kind == "onnx":
        return _onnx(export, file)
    if export.kind == "pt2":
        with held_to_weights(), file.open("rb") as stream:
            program = torch.export.load(stream)
        return Runner(f"torch {torch.__version__}", export.module, program.module())
    own = export.state()
    state: dict[str, Tensor] = read_weights(file, safetensors=export.kind == "safetensors")
    if own.keys() != state.keys() or not all(torch.equal(own[key], state[key]) for key in own):
        raise ArchscopeError("a weight of the file is not the network's")
    theirs = {"torchvision": _torchvision, "timm": _timm}.get(export.kind)
    if theirs is not None and find_spec(export.kind) is not None:
        return theirs(export, file) or _same_weights(export, state)
    return _same_weights(export, state)


def _onnx(export: Export, file: Path) -> Runner | None:
    if find_spec("onnxruntime") is None:
        return None
    runtime = require("onnxruntime", "onnx")
    session = runtime.InferenceSession(str(file), providers=["CPUExecutionProvider"])

    def run(images: Tensor) -> Tensor:
        (output,) = session.run(None, {"input": images.numpy()})
        return torch.from_numpy(output)

    return Runner(f"onnxruntime {runtime.__version__}", export.module, run)


def _torchvision(export: Export, file: Path) -> Runner | None:
    """Torchvision's own model with the file's weights; None where it has none of that name."""
    models = require("torchvision").models
    version = f"torchvision {require('torchvision').__version__}"
    name = export.name.removesuffix("-aux")
    if name not in models.list_models(module=models):
        return None
    state = torch.load(file, map_location="cpu", weights_only=True)
    if export.detector:
        return _detector(export, state, version)
    options: dict[str, Any] = {}
    if name in ("inception_v3", "googlenet"):
        options = {"aux_logits": export.name != name, "init_weights": False}
    classes = _flat(export)(export.images[:1]).shape[1]
    model = models.get_model(name, weights=None, num_classes=classes, **options).eval()
    model.load_state_dict(state, strict=True)
    return Runner(f"{version}'s {name}", _flat(export), model)


def _flat(export: Export) -> Run:
    """The network as a classifier: (N, classes), also where it ends in a pool."""

    def run(images: Tensor) -> Tensor:
        with torch.no_grad():
            scores: Tensor = export.module(images)
        return scores.flatten(1)

    return run


def _detector(export: Export, state: dict[str, Tensor], version: str) -> Runner | None:
    """A detector of torchvision's on this backbone: its last map must be the network's."""
    assert export.detector is not None
    detector = detector_on(export.detector, export.name)
    if detector is None:
        return None
    load_backbone(detector, state)
    cut = detector.cut
    return Runner(
        f"{version}'s {detector.title}",
        lambda images: before(export.module, cut, images),
        detector.run,
    )


def _timm(export: Export, file: Path) -> Runner | None:
    """timm's own model with the file's weights; None where it has none of these names."""
    timm = require("timm")
    names = [name for name in called(export.module, export.name) if timm.is_model(name)]
    if not names:
        return None
    classes = _flat(export)(export.images[:1]).shape[1]
    model = timm.create_model(names[0], pretrained=False, num_classes=classes).eval()
    state = torch.load(file, map_location="cpu", weights_only=True)
    model.load_state_dict(state, strict=True)
    return Runner(f"timm {timm.__version__}'s {names[0]}", _flat(export), model)


def _same_weights(export: Export, state: dict[str, Tensor]) -> Runner:
    """A copy of the network that has its weights from the file (a backbone's are equal as read)."""
    twin = copy.deepcopy(export.module)
    if export.detector is None:
        for weight in twin.state_dict().values():
            weight.zero_()
        load_state(twin, state)
    return Runner("archscope from the file's weights, equal to the bit", export.module, twin)
