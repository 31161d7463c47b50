"""Families that timm has, beside timm (make test-torchvision)."""

import pytest
import torch

from archscope.arch.names import parse
from archscope.cost import count
from archscope.explore.networks.export import export
from archscope.nn.build import build
from archscope.nn.weights.load import load_weights
from archscope.nn.weights.theirs import to_timm

pytestmark = pytest.mark.torchvision
REASON = "timm and safetensors are extras: make test-torchvision"
timm = pytest.importorskip("timm", reason=REASON)

NAMES = [
    *("resnet18", "resnet50", "resnext50_32x4d", "wide_resnet50_2", "seresnet50"),
    *(
        "seresnext50_32x4d",
        "resnet18d",
        "resnet26t",
        "resnext50d_32x4d",
        "res2net50_26w_4s",
        "res2next50",
        "res2net50d",
        "regnetx_004",
        "regnetx_004_tv",
        "regnety_002",
        "regnety_008_tv",
    ),
    *("regnety_160", "efficientnet_b0", "efficientnet_b1", "efficientnet_b4", "convnext_tiny"),
    *("convnext_small", "mobilenetv3_large_075", "mobilenetv3_large_100", "mobilenetv3_small_050"),
    *("mobilenetv3_small_075", "mobilenetv3_small_100", "mobilenetv2_035", "mobilenetv2_100"),
    *("mobilenetv2_140", "inception_v4", "repvgg_a0", "repvgg_b1g4", "seresnet18", "seresnet34"),
    *("semnasnet_100", "semnasnet_075"),
]
OURS = {  # our name of one is torchvision's with another eps; of the other, a CIFAR network's
    "efficientnet_b5": "efficientnet_b5-timm",
    "resnet26": "resnext26_1x64d",
}
# Their GELU sees the channels first, for which torch has another kernel.
NEAR = {"convnext_atto"}


def theirs(name):
    """Their model, with norms and layer scales that are no identities."""
    torch.manual_seed(0)
    model = timm.create_model(name, pretrained=False)
    for part in model.modules():
        if isinstance(part, (torch.nn.BatchNorm2d, torch.nn.LayerNorm)):
            torch.nn.init.uniform_(part.weight, 0.5, 1.0)
            torch.nn.init.uniform_(part.bias, -0.5, 0.5)
        if isinstance(part, torch.nn.BatchNorm2d):
            part.running_mean.uniform_(-0.5, 0.5)
            part.running_var.uniform_(0.5, 1.5)
        if getattr(part, "gamma", None) is not None:
            torch.nn.init.uniform_(part.gamma, 0.5, 1.0)
    return model.eval()


@pytest.mark.parametrize("name", [*NAMES, *OURS, *NEAR])
def test_outputs_are_timms_to_the_bit(name, tmp_path):
    library = pytest.importorskip("safetensors.torch", reason=REASON)
    model, path = theirs(name), tmp_path / "model.safetensors"
    state = model.state_dict()
    library.save_file(state, path)
    network = parse(OURS.get(name, name))
    assert count(network).params == sum(weight.numel() for weight in model.parameters())
    ours = build(network, init=False).eval()
    load_weights(ours, path)
    back = to_timm(ours)
    assert back.keys() == state.keys()
    assert all(torch.equal(back[key], value) for key, value in state.items())
    images = torch.randn(2, 3, *((97, 97) if "inception" in name else (64, 64)))
    with torch.no_grad():
        one, other = ours(images), model(images)
    if name in NEAR:
        assert (one - other).abs().max() <= 1e-6 * other.abs().max()
    else:
        assert torch.equal(one.flatten(1), other) and other.abs().max() > 0


@pytest.mark.parametrize(
    ("name", "called"),
    [
        ("resnet18", "resnet18"),
        ("regnetx_200mf", "regnetx_002"),
        ("regnet_x_400mf", "regnetx_004_tv"),
        ("mobilenetv3_small_075", "mobilenetv3_small_075"),
        ("mobilenet_v2_1.4", "mobilenetv2_140"),
        ("efficientnet_b0", "efficientnet_b0"),
        ("convnext_atto", "convnext_atto"),
    ],
)
def test_an_export_runs_in_timms_own_model(name, called, tmp_path):
    found = export(name, "timm", tmp_path / "net.pth", input=(3, 64, 64), classes=7)
    assert found.check.against == f"timm {timm.__version__}'s {called}"
    assert found.check.difference <= 1e-5 * found.check.largest


def test_a_network_that_timm_has_no_name_for_is_read_again_by_ours(tmp_path):
    found = export("resnext50_2x40d", "timm", tmp_path / "net.pth", input=(3, 64, 64))
    assert found.check.against.startswith("archscope from the file's weights")
    model = timm.models.ResNet(
        timm.models.resnet.Bottleneck, [3, 4, 6, 3], cardinality=2, base_width=40
    )
    model.load_state_dict(torch.load(found.file, weights_only=True), strict=True)
