"""torchvision's detectors on a backbone that was exported: what they compute of it, and what we."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple

from torch import Tensor, nn

from archscope.errors import ArchscopeError
from archscope.nn.guarded import require

_BATCH_NORM = partial(nn.BatchNorm2d, eps=1e-3)  # as the mobile networks have it


class Detector(NamedTuple):
    """A detector on a backbone.

    Attributes:
        title: of the detector.
        module: with the keys of the detector.
        parts: the beginnings of the keys that are the backbone's.
        run: images -> what comes last in it that is the backbone's.
        cut: what of ours takes the same for its input: the last layer of this kind.
    """

    title: str
    module: nn.Module
    parts: tuple[str, ...]
    run: Callable[[Tensor], Tensor]
    cut: type[nn.Module]


def detector_on(kind: str, name: str) -> Detector | None:
    """The detector on a network of torchvision's; None where its own functions make none of it."""
    if kind == "fasterrcnn":
        return _faster_rcnn(name)
    if kind == "ssd":
        return _ssd() if name == "vgg16" else None
    return _ssdlite() if name == "mobilenet_v3_large" else None


def load_backbone(detector: Detector, state: Mapping[str, Tensor]) -> None:
    """Give the backbone its weights.

    Raises:
        ArchscopeError: where its keys are others.
    """
    missing, unexpected = detector.module.load_state_dict(state, strict=False)
    wrong = [*unexpected, *(key for key in missing if key.startswith(detector.parts))]
    if wrong:
        raise ArchscopeError(f"its keys are not those of {detector.title} ('{wrong[0]}')")


def before(module: nn.Module, kind: type[nn.Module], images: Tensor) -> Tensor:
    """What the last layer of a kind, at the top of a network, is given."""
    kept: list[Tensor] = []
    last = [layer for layer in module.children() if isinstance(layer, kind)][-1]
    handle = last.register_forward_pre_hook(lambda _, given: kept.append(given[0].clone()))
    try:
        module(images)
    finally:
        handle.remove()
    return kept[0]


def _faster_rcnn(name: str) -> Detector:
    detection = require("torchvision.models.detection")
    if name.startswith("mobilenet"):
        norm = _BATCH_NORM if "v3" in name else nn.BatchNorm2d
        backbone = detection.backbone_utils.mobilenet_backbone(
            name, weights=None, fpn=True, norm_layer=norm
        )
    else:
        backbone = detection.backbone_utils.resnet_fpn_backbone(backbone_name=name, weights=None)
    model = detection.FasterRCNN(backbone, num_classes=91).eval()
    return Detector(
        f"Faster R-CNN on {name}",
        model,
        ("backbone.body.",),
        lambda images: list(model.backbone.body(images).values())[-1],
        nn.AdaptiveAvgPool2d,
    )


def _ssd() -> Detector:
    detection = require("torchvision.models.detection")
    model = detection.ssd300_vgg16(weights=None, weights_backbone=None).eval()
    last = model.backbone.extra[0][:-1]  # behind it a dense layer's convolution, not VGG's own
    parts = tuple(
        f"backbone.extra.0.{name}." for name, part in last.named_children() if part.state_dict()
    )
    return Detector(
        "SSD on vgg16",
        model,
        ("backbone.features.", *parts),
        lambda images: last(model.backbone.features(images)),
        nn.MaxPool2d,
    )


def _ssdlite() -> Detector:
    """SSDlite's extractor: its own function makes the last layers half as wide, or downloads."""
    models = require("torchvision.models")
    ssdlite = require("torchvision.models.detection.ssdlite")
    features = models.mobilenet_v3_large(weights=None, norm_layer=_BATCH_NORM).features
    backbone = ssdlite.SSDLiteFeatureExtractorMobileNet(features, 13, _BATCH_NORM)
    return Detector(
        "SSDlite on mobilenet_v3_large",
        nn.ModuleDict({"backbone": backbone}).eval(),
        ("backbone.features.",),
        backbone.features,
        nn.AdaptiveAvgPool2d,
    )
