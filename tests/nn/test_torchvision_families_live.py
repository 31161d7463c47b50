"""Families whose labels are not torchvision's keys, beside torchvision (make test-torchvision)."""

import pytest
import torch

from archscope.arch.names import parse
from archscope.explore.networks.export import export
from archscope.nn.build import build
from archscope.nn.weights.load import from_torchvision
from archscope.nn.weights.theirs import to_torchvision

pytestmark = pytest.mark.torchvision
torchvision = pytest.importorskip(
    "torchvision", reason="torchvision is an extra: make test-torchvision"
)

NAMES = [
    *("regnet_x_400mf", "regnet_x_3_2gf", "regnet_y_400mf", "regnet_y_16gf", "efficientnet_b0"),
    *("efficientnet_b3", "efficientnet_v2_s", "mobilenet_v2", "mobilenet_v3_small", "mnasnet1_0"),
    *("mobilenet_v3_large", "densenet121", "densenet161", "shufflenet_v2_x1_0", "vgg16"),
    *("vgg16_bn", "squeezenet1_0", "squeezenet1_1", "googlenet", "googlenet-aux", "alexnet"),
    *("convnext_tiny", "convnext_small"),
]


def theirs(name):
    """Their model, with norms and layer scales that are no identities."""
    torch.manual_seed(0)
    plain = name.removesuffix("-aux")
    options = {"aux_logits": plain != name, "init_weights": False} if plain == "googlenet" else {}
    model = torchvision.models.get_model(plain, weights=None, **options)
    for part in model.modules():
        if isinstance(part, (torch.nn.BatchNorm2d, torch.nn.LayerNorm)):
            torch.nn.init.uniform_(part.weight, 0.5, 1.0)
            torch.nn.init.uniform_(part.bias, -0.5, 0.5)
        if isinstance(part, torch.nn.BatchNorm2d):
            part.running_mean.uniform_(-0.5, 0.5)
            part.running_var.uniform_(0.5, 1.5)
        if hasattr(part, "layer_scale"):
            torch.nn.init.uniform_(part.layer_scale, 0.5, 1.0)
    return model.eval()


def outputs(name, model, x):
    """Ours and theirs, with the weights of theirs, which go back strictly."""
    ours = build(parse(name), init=False).to(x.dtype).eval()
    from_torchvision(ours, model.state_dict())
    back = to_torchvision(ours)
    assert all(torch.equal(back[key], value) for key, value in model.state_dict().items())
    with torch.no_grad():
        expected = model(x).clone()
        for weight in model.parameters():
            weight.zero_()
        model.load_state_dict(back, strict=True)
        assert torch.equal(model(x), expected) and expected.abs().max() > 0
        return ours(x).flatten(1), expected


@pytest.mark.parametrize("name", NAMES)
def test_outputs_are_torchvisions_to_the_bit(name):
    one, other = outputs(name, theirs(name), torch.randn(2, 3, 64, 64))
    assert torch.equal(one, other)


def test_a_narrow_mnasnet_begins_without_a_shortcut_as_theirs():
    """Its first block keeps the shape there, by rounding alone."""
    torch.manual_seed(0)
    model = torchvision.models.MNASNet(0.2).eval()
    one, other = outputs("mnasnet_0.2", model, torch.randn(2, 3, 64, 64))
    assert torch.equal(one, other)


@pytest.mark.parametrize(
    "name", ["mnasnet0_5", "squeezenet1_1", "convnext_tiny", "googlenet", "googlenet-aux"]
)
def test_an_export_runs_in_torchvisions_own_model(name, tmp_path):
    found = export(name, "torchvision", tmp_path / "net.pth", input=(3, 64, 64), classes=7)
    assert found.check.against.startswith(f"torchvision {torchvision.__version__}'s")
    assert found.check.difference <= 1e-5 * found.check.largest
