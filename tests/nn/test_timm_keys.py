"""Weights by timm's keys; beside timm itself in test_timm_live.py."""

import gzip
import json
from pathlib import Path

import pytest
import torch

from archscope.arch.families import registry
from archscope.arch.names import parse
from archscope.cost import count
from archscope.errors import UsageError
from archscope.nn.build import build
from archscope.nn.weights.load import load_state, load_weights
from archscope.nn.weights.theirs import to_timm, to_torchvision

# Made by make_torchvision_keys.py beside this file, where torchvision and timm are installed.
KEPT = json.loads(
    gzip.decompress(Path(__file__).with_name("torchvision_keys.json.gz").read_bytes())
)["timm"]
SMALL = ["regnety_6_24_36_2.5_8", "efficientnet_0.25_0.3_64-timm", "convnext_1_2_1_1_w16"]
SMALL += ["mobilenetv3_small_025", "mobilenetv2_010", "seresnet_1_1_1_1"]
SMALL += ["repvgg_1_2_3_1_a0.125_b0.03125_g2"]


def slow(*case):
    return pytest.param(*case, marks=pytest.mark.slow)


def on_meta(name):
    with torch.device("meta"):
        return build(parse(name), init=False)


def drawn(name):
    """A module none of whose weights are equal."""
    torch.manual_seed(0)
    module = build(parse(name), init=False)
    for value in module.state_dict().values():
        value.copy_(torch.rand(value.shape) + 0.5 if value.is_floating_point() else 3)
    return module.eval()


# Of families of which a smaller one is looked at.
LARGER = {"regnetx_004_tv", "convnext_tiny", "repvgg_b1g4", "repvgg_d2se", "mobilenetv3_small_100"}


@pytest.mark.parametrize(
    "name",
    [slow(name) if name in LARGER else name for name in KEPT if "inception" not in name],
)
def test_keys_and_shapes_are_timms(name):
    state = to_timm(on_meta(name))
    assert {key: list(value.shape) for key, value in state.items()} == KEPT[name]


def test_the_keys_of_every_family_that_declares_them_are_kept():
    declared = {one.name for one in registry.families() if one.timm}
    kept = {parse(name).design.family.name for name in KEPT}
    labels = {"seresnext", "resnet"}  # no keys to declare, as the labels are timm's
    assert declared - {"inception_v3"} == kept - labels


@pytest.mark.parametrize("name", SMALL)
def test_weights_go_to_timm_and_back_and_are_known_by_their_keys(name, tmp_path):
    one, other = drawn(name), build(parse(name)).eval()
    torch.save({"state_dict": {f"module.{k}": v for k, v in to_timm(one).items()}}, tmp_path / "w")
    load_weights(other, tmp_path / "w")
    own, found = one.state_dict(), other.state_dict()
    assert all(torch.equal(own[key], found[key]) for key in own)


def test_what_is_given_is_a_copy():
    module = drawn("convnext_1_2_1_1_w16")
    kept = module.state_dict()["layer1.0.scale.weight"].clone()
    to_timm(module)["stages.0.blocks.0.gamma"].zero_()
    assert torch.equal(module.state_dict()["layer1.0.scale.weight"], kept)


@pytest.mark.parametrize(
    ("name", "params"),
    # timm's results-imagenet.csv: param_count, in millions
    [
        *(("mobilenetv3_large_100", 5.48), ("mobilenetv3_small_075", 2.04)),
        *(("mobilenetv3_small_050", 1.59), ("mobilenetv2_140", 6.11), ("regnetx_004_tv", 5.50)),
        *(("convnext_atto", 3.70), ("convnext_femto", 5.22), ("convnext_pico", 9.05)),
        *(("convnext_nano", 15.59), ("regnety_1280", 644.81), ("efficientnet_b5-timm", 30.39)),
        *(("mnasnet_050", 2.22), ("mnasnet_100", 4.38), ("mnasnet_140", 7.12)),
        *(("semnasnet_100", 3.89), ("semnasnet_075", 2.91)),
    ],
)
def test_timms_spellings_are_of_timms_networks(name, params):
    assert round(count(parse(name)).params / 1e6, 2) == params


def test_the_spelling_decides_between_timms_network_and_torchvisions():
    assert parse("mobilenetv3_large_100").name == "mobilenet_v3_large-timm"
    assert parse("mobilenetv2_100").name == "mobilenet_v2"
    assert parse("mnasnet_100").name == "mnasnet1_0"
    assert parse("efficientnet_b0-timm").name == "efficientnet_b0"
    theirs, ours = parse("efficientnet_b5-timm"), parse("efficientnet_b5")
    assert "1e-05" not in repr(ours.tree) and theirs.tree != ours.tree
    assert count(theirs).params == count(ours).params


@pytest.mark.parametrize("name", ["mobilenet_v3_small_0.25", slow("efficientnet_1.6_2.2_64")])
def test_networks_of_another_eps_are_refused_with_the_name_to_use(name):
    ours, timms = on_meta(name), on_meta(f"{name}-timm")
    name = parse(name).name
    with pytest.raises(UsageError, match=rf"eps.*use {name}-timm"):
        to_timm(ours)
    with pytest.raises(UsageError, match=rf"eps.*use {name}-timm"):
        load_state(ours, to_timm(timms))
    with pytest.raises(UsageError, match="leave -timm out"):
        to_torchvision(timms)
    with pytest.raises(UsageError, match="leave -timm out"):
        load_state(timms, to_torchvision(ours))


@pytest.mark.parametrize("place", ["tf_efficientnet_b0_aa.pth", "timm--tf_efficientnet_b0/w.pth"])
def test_tensorflows_padding_is_refused_where_the_file_tells_it(place, tmp_path):
    module = drawn("efficientnet_0.25_0.3_64-timm")
    (tmp_path / place).parent.mkdir(exist_ok=True)
    torch.save(to_timm(module), tmp_path / place)
    with pytest.raises(UsageError, match="pad as TensorFlow does"):
        load_weights(module, tmp_path / place)


def test_a_note_says_what_the_keys_leave_open(tmp_path):
    module = drawn("efficientnet_0.25_0.3_64-timm")
    torch.save(to_timm(module), tmp_path / "w.pth")
    (note,) = load_weights(module, tmp_path / "w.pth").notes("w.pth")
    assert "tf_ networks have the same keys" in note
    torch.save(module.state_dict(), tmp_path / "w.pth")
    assert load_weights(module, tmp_path / "w.pth").notes("w.pth") == ()


def test_tf_names_say_what_is_missing():
    with pytest.raises(UsageError, match=r"pad as TensorFlow.*timm:tf_efficientnet_b0"):
        parse("tf_efficientnet_b0")


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("resnet50-stride1x1", "timm's networks have the stride of a stage in the 3x3"),
        ("resnet18@0.5", "timm's keys are known of"),
        ("preresnet18", "timm's keys are known of"),
        ("convnext_3_4_30_3_w384", "eps of 1e-5 in its layer norms"),
        ("cifar_mobilenet_v2_0.1", "timm's keys are known of"),
    ],
)
def test_networks_that_timm_lacks_are_refused(name, rule):
    with pytest.raises(UsageError, match=rule):
        to_timm(on_meta(name))


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (lambda state: state.pop("s1.b1.conv1.bn.bias"), "lacks 's1.b1.conv1.bn.bias'"),
        (lambda state: state.update(extra=torch.ones(1)), "adds 'extra'"),
        (lambda state: state.update({"head.fc.bias": torch.ones(5)}), r"'head.fc.bias' has shape"),
    ],
)
def test_loading_is_strict_in_timms_own_words(change, rule):
    module = on_meta("regnety_6_24_36_2.5_8")
    state = to_timm(module)
    change(state)
    with pytest.raises(UsageError, match=rule):
        load_state(module, state)
