"""Make torchvision_keys.json.gz: run once where torchvision and timm are installed.

The kept file: torch 2.13.0, torchvision 0.28.0, timm 1.0.31.
"""

import gzip
import json
from pathlib import Path

import timm
import torch
import torchvision

NAMES = [
    "resnet18",
    "resnet34",
    "resnet50",
    "resnet101",
    "resnet152",
    "resnext50_32x4d",
    "resnext101_32x8d",
    "resnext101_64x4d",
    "wide_resnet50_2",
    "wide_resnet101_2",
    "inception_v3",
]
# The smallest of each family whose labels are not torchvision's keys.
FAMILIES = [
    *("mobilenet_v2", "mobilenet_v3_small", "mnasnet0_5", "efficientnet_b0", "efficientnet_v2_s"),
    *("regnet_x_400mf", "regnet_y_400mf", "vgg11", "vgg11_bn", "alexnet", "squeezenet1_0"),
    *("squeezenet1_1", "googlenet", "densenet121", "shufflenet_v2_x0_5", "convnext_tiny"),
]

# The smallest of each family that timm's weights load into, and where their keys differ in it.
TIMM = [
    *(
        "inception_v4",
        "inception_resnet_v2",
        "seresnet50",
        "resnet26t",
        "res2net50_26w_4s",
        "regnetx_002",
        "regnetx_004_tv",
    ),
    *("regnety_002", "efficientnet_b0", "convnext_tiny", "convnext_atto", "mobilenetv2_050"),
    *("repvgg_a0", "repvgg_b1g4", "repvgg_d2se"),
    *("mobilenetv3_small_050", "mobilenetv3_small_100", "mobilenetv3_large_075", "semnasnet_100"),
]

models = {}
for name in NAMES:
    with torch.device("meta"):
        state = getattr(torchvision.models, name)().state_dict()
    meta = next(iter(torchvision.models.get_model_weights(name))).meta
    models[name] = {
        "num_params": meta["num_params"],
        "gmacs": meta["_ops"],
        "keys": {key: list(value.shape) for key, value in state.items()},
    }
families = {}
for name in FAMILIES:  # not on the meta device, where RegNet's widths cannot be computed
    state = getattr(torchvision.models, name)().state_dict()
    families[name] = {key: list(value.shape) for key, value in state.items()}
timm_models = {}
for name in TIMM:  # not on the meta device, where RegNet's widths cannot be computed
    state = timm.create_model(name).state_dict()
    timm_models[name] = {key: list(value.shape) for key, value in state.items()}
# The backbones of detection models: every key of theirs below backbone.body, as trained (batch norm
# that learns) and as published (FrozenBatchNorm2d, which has no counters).
detection = {}
for name in ["resnet18", "resnet50", "resnet101", "resnext50_32x4d", "resnext101_32x8d"]:
    for norm in (torch.nn.BatchNorm2d, torchvision.ops.FrozenBatchNorm2d):
        with torch.device("meta"):
            backbone = torchvision.models.detection.backbone_utils.resnet_fpn_backbone(
                backbone_name=name, weights=None, norm_layer=norm
            )
            state = torchvision.models.detection.FasterRCNN(backbone, 91).state_dict()
        detection[f"{name} {norm.__name__}"] = {
            key: list(value.shape)
            for key, value in state.items()
            if key.startswith("backbone.body.")
        }
with torch.device("meta"):
    state = torchvision.models.detection.fasterrcnn_resnet50_fpn(
        weights=None, weights_backbone=None
    ).state_dict()
assert detection["resnet50 BatchNorm2d"] == {
    key: list(value.shape) for key, value in state.items() if key.startswith("backbone.body.")
}
# What else detectors take, by detector and network. SSDlite's own function halves the last layers
# where it loads no weights, so its extractor alone tells the shapes.
Detectors = torchvision.models.detection
norm = torch.nn.BatchNorm2d
large = torchvision.models.mobilenet_v3_large()
ssdlite = Detectors.ssdlite.SSDLiteFeatureExtractorMobileNet(large.features, 13, norm)
whole = Detectors.ssdlite320_mobilenet_v3_large(weights=None, weights_backbone=None)
assert list(ssdlite.state_dict()) == list(whole.backbone.state_dict())
taken = {"ssdlite mobilenet_v3_large": ("features.", ssdlite)}
ssd = Detectors.ssd300_vgg16(weights=None, weights_backbone=None).backbone
ssd.extra[0][-1] = torch.nn.Identity()  # of other layers than VGG's
taken["ssd vgg16"] = (("features.", "extra.0."), ssd)
for name in ["mobilenet_v2", "mobilenet_v3_large", "mobilenet_v3_small"]:
    backbone = Detectors.backbone_utils.mobilenet_backbone(
        name, weights=None, fpn=True, norm_layer=norm
    )
    taken[f"fasterrcnn {name}"] = ("body.", backbone)
backbone = Detectors.backbone_utils.resnet_fpn_backbone(
    backbone_name="wide_resnet50_2", weights=None, norm_layer=norm
)
taken["fasterrcnn wide_resnet50_2"] = ("body.", backbone)
detectors = {
    name: {
        f"backbone.{key}": list(value.shape)
        for key, value in part.state_dict().items()
        if key.startswith(beginning)
    }
    for name, (beginning, part) in taken.items()
}
source = (
    f"torchvision {torchvision.__version__}, torch {torch.__version__}, timm {timm.__version__}: "
    "state_dict(), metadata"
)
text = json.dumps(
    {
        "source": source,
        "models": models,
        "families": families,
        "timm": timm_models,
        "detection": detection,
        "detectors": detectors,
    },
    separators=(",", ":"),
)
target = Path(__file__).with_name("torchvision_keys.json.gz")
target.write_bytes(gzip.compress(text.encode(), mtime=0))
