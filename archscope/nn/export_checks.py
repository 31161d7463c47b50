"""What reads an exported file again and runs it."""

from __future__ import annotations

import copy
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import torch
from torch import Tensor

from archscope.errors import ArchscopeError
from archscope.nn.guarded import held_to_weights, require
from archscope.nn.weight_files import read_weights
from archscope.nn.weights import BODY

if TYPE_CHECKING:
    from archscope.nn.export import Export

Run: TypeAlias = Callable[[Tensor], Tensor]


class Runner(NamedTuple):
    """Two functions of images whose results must be equal."""

    against: str  # what runs the file
    expected: Run
    found: Run


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
    state = read_weights(file, safetensors=export.kind == "safetensors")
    if own.keys() != state.keys() or not all(torch.equal(own[key], state[key]) for key in own):
        raise ArchscopeError("a weight of the file is not the network's")
    if export.kind == "torchvision" and find_spec("torchvision") is not None:
        return _torchvision(export, state) or _same_weights(export, state)
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


def _torchvision(export: Export, state: dict[str, Tensor]) -> Runner | None:
    """Torchvision's own model with these weights; None where it has none of that name."""
    models = require("torchvision").models
    version = f"torchvision {require('torchvision').__version__}"
    name = export.name.removesuffix("-aux")
    if name not in models.list_models(module=models):
        return None
    if export.detection:
        return _detector(export, state, version)
    options: dict[str, Any] = {}
    if name == "inception_v3":
        options = {"aux_logits": export.name != name, "init_weights": False}
    classes = state["fc.bias"].shape[0]
    model = models.get_model(name, weights=None, num_classes=classes, **options).eval()
    model.load_state_dict(state, strict=True)
    return Runner(f"{version}'s {name}", export.module, model)


def _detector(export: Export, state: dict[str, Tensor], version: str) -> Runner:
    """Faster R-CNN on this backbone: the maps of its last stage must be the network's."""
    detection = require("torchvision.models.detection")
    backbone = detection.backbone_utils.resnet_fpn_backbone(backbone_name=export.name, weights=None)
    model = detection.FasterRCNN(backbone, num_classes=91).eval()
    missing, unexpected = model.load_state_dict(state, strict=False)
    if unexpected or any(key.startswith(BODY) for key in missing):
        wrong = [*unexpected, *missing][0]
        raise ArchscopeError(f"its keys are not those of Faster R-CNN's backbone ('{wrong}')")

    def expected(images: Tensor) -> Tensor:
        kept: list[Tensor] = []
        last = export.module.get_submodule("layer4")
        handle = last.register_forward_hook(lambda *call: kept.append(call[2].clone()))
        export.module(images)
        handle.remove()
        return kept[0]

    return Runner(
        f"{version}'s Faster R-CNN on {export.name}",
        expected,
        lambda images: list(model.backbone.body(images).values())[-1],
    )


def _same_weights(export: Export, state: dict[str, Tensor]) -> Runner:
    """A copy of the network that has its weights from the file (a backbone, all but the head's)."""
    twin = copy.deepcopy(export.module)
    for weight in twin.state_dict().values():
        if not export.detection:
            weight.zero_()
    plain = {key.removeprefix(BODY): value for key, value in state.items()}
    twin.load_state_dict(plain, strict=not export.detection)
    return Runner("archscope from the file's weights, equal to the bit", export.module, twin)
