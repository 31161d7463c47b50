import gzip
import json
from pathlib import Path

import pytest
import torch

from archscope.arch.names import parse
from archscope.cost import count
from archscope.errors import UsageError
from archscope.nn.build import build
from archscope.nn.weights.load import from_torchvision, load_state
from archscope.nn.weights.theirs import to_torchvision

# Made by make_torchvision_keys.py beside this file, where torchvision is installed.
KEPT = json.loads(
    gzip.decompress(Path(__file__).with_name("torchvision_keys.json.gz").read_bytes())
)
MODELS = KEPT["models"]


@pytest.mark.parametrize("name", MODELS)
def test_keys_and_shapes_are_torchvisions(name):
    network = parse("inception_v3-aux" if name == "inception_v3" else name)
    with torch.device("meta"):
        state = build(network, init=False).state_dict()
    assert {key: list(value.shape) for key, value in state.items()} == MODELS[name]["keys"]
    assert list(state) == list(MODELS[name]["keys"])
    cost = count(network)
    assert cost.params == MODELS[name]["num_params"]
    assert round(cost.macs / 1e9, 3) == MODELS[name]["gmacs"]


def test_weights_go_to_torchvision_and_back():
    torch.manual_seed(0)
    one, other = build(parse("resnet18")), build(parse("resnet18"))
    exported = to_torchvision(one)
    assert {key: list(value.shape) for key, value in exported.items()} == MODELS["resnet18"]["keys"]
    from_torchvision(other, exported)
    x = torch.randn(1, 3, 64, 64)
    assert torch.equal(one.eval()(x), other.eval()(x))
    exported["fc.bias"].fill_(1.0)
    assert not one.state_dict()["fc.bias"].any()


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (lambda state: state.pop("fc.bias"), r"lacks 'fc.bias' \(such keys: 1\)"),
        (lambda state: state.update(extra=torch.zeros(1)), "adds 'extra'"),
        (lambda state: state.update({"fc.bias": torch.zeros(5)}), r"'fc.bias' has shape \[5\]"),
    ],
)
def test_loading_is_strict(change, rule):
    module = build(parse("resnet18"))
    state = to_torchvision(module)
    change(state)
    with pytest.raises(UsageError, match=rule):
        from_torchvision(module, state)


@pytest.mark.parametrize("name", ["inception_v4", "inception_resnet_v2"])
def test_the_later_inceptions_have_timms_weights_in_timms_order(name):
    with torch.device("meta"):
        state = build(parse(name), init=False).state_dict()
    theirs = KEPT["timm"][name]
    assert [list(value.shape) for value in state.values()] == list(theirs.values())
    if name == "inception_resnet_v2":  # timm only numbers the layers of inception_v4
        assert list(state) == list(theirs)


def test_torchvisions_inception_loads_with_and_without_its_side_head():
    torch.manual_seed(0)
    whole, main = build(parse("inception_v3-aux")), build(parse("inception_v3"), init=False)
    from_torchvision(main, to_torchvision(whole))
    x = torch.randn(1, 3, 75, 75)
    assert torch.equal(whole.eval()(x), main.eval()(x))
    with pytest.raises(UsageError, match=r"lacks 'AuxLogits"):
        from_torchvision(whole, to_torchvision(main))


REFUSED = [
    *("wrn_16_1", "resnet20", "resnext29_8x64d@0.125", "resnet50@0.5"),
    *("resnet18@0.5", "imagenet_wrn_18_1.5"),
    *("preresnet18", "inception_v4", "resnet18-noshortcut", "resnet50-noshortcut"),
    *("resnet18d", "res2net_1_1_1_1_4w_2s"),
]


@pytest.mark.parametrize("name", REFUSED)
def test_networks_that_torchvision_lacks_are_refused(name):
    with pytest.raises(UsageError, match="no counterpart"):
        to_torchvision(build(parse(name), init=False))


def test_strides_in_the_first_1x1_are_not_torchvisions():
    with torch.device("meta"):
        module = build(parse("resnet50-stride1x1"), init=False)
    for change in (to_torchvision, lambda module: from_torchvision(module, module.state_dict())):
        with pytest.raises(UsageError, match="use the name without -stride1x1"):
            change(module)


@pytest.mark.parametrize("name", KEPT["detection"])
def test_a_backbone_has_the_keys_of_torchvisions_detection_models(name):
    """Those with FrozenBatchNorm2d have no counters of batches, and leave them out on loading."""
    name, norm = name.split()
    with torch.device("meta"):
        module = build(parse(name), init=False)
    state = {
        key: list(value.shape)
        for key, value in to_torchvision(module, detector="fasterrcnn").items()
        if norm == "BatchNorm2d" or not key.endswith("num_batches_tracked")
    }
    assert state == KEPT["detection"][f"{name} {norm}"]


def test_timms_numbers_of_inception_v4_are_our_names():
    """Its keys in any order: a file keeps them sorted."""
    torch.manual_seed(0)
    module = build(parse("inception_v4"), init=False)
    own = module.state_dict()
    for value in own.values():
        value.copy_(torch.randn(value.shape) if value.is_floating_point() else 3)
    expected = {key: value.clone() for key, value in own.items()}
    theirs = dict(zip(KEPT["timm"]["inception_v4"], expected.values(), strict=True))
    load_state(build(parse("inception_v4"), init=False), theirs)  # in timm's own order
    for value in own.values():
        value.zero_()
    load_state(module, dict(sorted(theirs.items())))
    assert all(torch.equal(own[key], expected[key]) for key in own)


def test_old_files_without_counters_load():
    module = build(parse("resnet18"))
    state = {k: v for k, v in to_torchvision(module).items() if "num_batches" not in k}
    from_torchvision(module, state)
    assert module.state_dict()["bn1.num_batches_tracked"] == 0
