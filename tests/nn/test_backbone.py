"""Networks without their heads, the outputs of their stages, and what a printed module says."""

from __future__ import annotations

import copy
import pickle

import pytest
import torch

import archscope as a
from archscope.arch.families.registry import families
from archscope.arch.names import parse
from archscope.arch.network import features, headless, stages
from archscope.errors import UsageError


@pytest.mark.parametrize(
    ("name", "side", "channels", "strides"),
    [
        # what timm's features_only gives: of the stem at half the size, then of each stage
        ("resnet18", 64, (64, 64, 128, 256, 512), (2, 4, 8, 16, 32)),
        ("resnext26_32x4d", 64, (64, 256, 512, 1024, 2048), (2, 4, 8, 16, 32)),
        ("mobilenet_v2", 64, (16, 24, 32, 96, 320), (2, 4, 8, 16, 32)),
        ("wrn_16_1", 32, (16, 32, 64), (1, 2, 4)),
        ("densenet121", 64, (64, 256, 512, 1024, 1024), (2, 4, 8, 16, 32)),
    ],
)
def test_features_are_the_stages_outputs(name, side, channels, strides):
    torch.manual_seed(0)
    module = a.build(name, (3, side, side), features_only=True).eval()
    images = torch.randn(2, 3, side, side)
    maps = module(images)
    assert module.channels == channels and module.strides == strides
    sizes = [(2, c, side // s, side // s) for c, s in zip(channels, strides, strict=True)]
    assert [tuple(one.shape) for one in maps] == sizes
    whole = a.build(name, (3, side, side)).eval()
    missing = whole.load_state_dict(module.state_dict(), strict=False)
    assert not missing.unexpected_keys  # the same keys, the head's missing


def test_a_map_is_what_the_whole_network_computes_there():
    torch.manual_seed(0)
    whole = a.build("resnet18", (3, 64, 64)).eval()
    module = a.build("resnet18", (3, 64, 64), features_only=True).eval()
    module.load_state_dict({k: v for k, v in whole.state_dict().items() if "fc." not in k})
    seen = {}
    for name in ("layer1", "layer2", "layer3", "layer4", "act"):
        part = whole.get_submodule(name)
        part.register_forward_hook(lambda _, __, out, name=name: seen.update({name: out.clone()}))
    images = torch.randn(2, 3, 64, 64)
    whole(images)
    for maps in (module(images), copy.deepcopy(module)(images), pickled(module)(images)):
        for found, name in zip(maps, ("act", *(f"layer{n}" for n in (1, 2, 3, 4))), strict=True):
            assert torch.equal(found, seen[name])


def pickled(module):
    return pickle.loads(pickle.dumps(module))


def test_a_map_is_not_overwritten_by_what_runs_after_it():
    from archscope import Act, Cat, Conv, Linear, Norm, Pool, Seq

    tree = Seq(Cat(Conv(4, 3), Conv(4, 1)), Act(), Conv(8, 3, 2), Norm(), Pool("global"), Linear(5))
    module = a.build(tree, (3, 8, 8), features_only=True).eval()
    first = module(torch.randn(1, 3, 8, 8))[0]
    assert first.min() < 0  # the concatenation, not the ReLU that works in its place


@pytest.mark.parametrize("family", families(), ids=lambda family: family.name)
def test_every_family_has_a_body_and_features_that_grow_smaller(family):
    for name in family.names.known[:1]:
        network = parse(name)
        body = headless(network)
        found = features(body)
        strides = [one.stride for one in found]
        assert all(stride & (stride - 1) == 0 for stride in strides)
        assert strides == sorted(set(strides)) and len(found) >= 3
        assert a.count(body).params < a.count(network).params


@pytest.mark.parametrize(
    "name", ["resnet18", "squeezenet1_1", "vgg_1_1_2_2_2_w32", "googlenet-aux"]
)
def test_without_classes_the_last_map_is_given(name):
    module = a.build(name, (3, 64, 64), classes=0, init=False).eval()
    last = stages(headless(parse(name)))[-1]
    with torch.no_grad():
        found = module(torch.zeros(1, 3, 64, 64))
    assert found.ndim == 4 and found.shape[1] == last.output[0]


def test_a_network_without_a_head_is_refused_in_a_sentence():
    from archscope import Norm, Seq

    with pytest.raises(UsageError, match="build it as it is"):
        a.build(Seq(Norm()), (3, 8, 8), classes=0)


def test_features_of_elsewhere_are_refused_in_a_sentence(tmp_path):
    (tmp_path / "own.py").write_text("import torch\ndef net(): return torch.nn.Conv2d(3, 4, 1)\n")
    with pytest.raises(UsageError, match="features_only=True"):
        a.build(f"{tmp_path}/own.py:net", features_only=True)


def test_a_printed_module_names_its_parts():
    shown = repr(a.build("resnet18", init=False))
    assert shown.startswith("resnet18(") and "Scope" not in shown
    assert "(layer1): Stage(" in shown and "(0): ResidualBlock(" in shown
    assert "(denseblock1): DenseStage(" in repr(a.build("densenet121", init=False))
    assert "(inception3a): Branches(" in repr(a.build("googlenet", init=False))
