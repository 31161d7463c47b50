"""Backbones in torchvision's own detectors (make test-torchvision)."""

import pytest
import torch

from archscope.explore.networks.export import export

pytestmark = pytest.mark.torchvision
torchvision = pytest.importorskip(
    "torchvision", reason="torchvision is an extra: make test-torchvision"
)


@pytest.mark.parametrize(
    ("name", "detector", "title"),
    [
        ("wide_resnet50_2", None, "Faster R-CNN on wide_resnet50_2"),
        ("mobilenet_v2", None, "Faster R-CNN on mobilenet_v2"),
        ("mobilenet_v3_large", None, "Faster R-CNN on mobilenet_v3_large"),
        ("mobilenet_v3_small", None, "Faster R-CNN on mobilenet_v3_small"),
        ("mobilenet_v3_large", "ssdlite", "SSDlite on mobilenet_v3_large"),
        ("vgg16", None, "SSD on vgg16"),
    ],
)
def test_an_exported_backbone_computes_the_same_in_the_detector(name, detector, title, tmp_path):
    found = export(
        name, "torchvision", tmp_path / "body.pth", detection=True, detector=detector, seed=1
    )
    assert found.check.against == f"torchvision {torchvision.__version__}'s {title}"
    assert found.check.difference <= 1e-5 * found.check.largest and found.check.largest > 0


@pytest.mark.parametrize(
    ("function", "name", "left"),
    [
        ("fasterrcnn_mobilenet_v3_large_fpn", "mobilenet_v3_large", "backbone.body."),
        ("fasterrcnn_mobilenet_v3_large_320_fpn", "mobilenet_v3_large", "backbone.body."),
        ("retinanet_resnet50_fpn", "resnet50", "backbone.body."),
        ("ssd300_vgg16", "vgg16", "backbone.features."),
    ],
)
def test_torchvisions_own_functions_take_the_export(function, name, left, tmp_path):
    found = export(name, "torchvision", tmp_path / "body.pth", detection=True)
    make = getattr(torchvision.models.detection, function)
    model = make(weights=None, weights_backbone=None)
    state = torch.load(found.file, weights_only=True)
    missing, unexpected = model.load_state_dict(state, strict=False)
    assert not unexpected and not [key for key in missing if key.startswith(left)]


def test_a_vgg_that_torchvision_has_no_detector_on_is_read_again_by_ours(tmp_path):
    found = export("vgg11_bn", "torchvision", tmp_path / "body.pth", detector="ssd")
    assert found.check.against.startswith("archscope from the file's weights")
