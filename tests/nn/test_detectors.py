"""What torchvision's detectors take of networks; beside torchvision in test_detectors_live.py."""

import gzip
import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from archscope.arch.names import parse
from archscope.arch.nodes import Linear, Seq
from archscope.errors import UsageError
from archscope.nn.build import build
from archscope.nn.weights.theirs import detectors, to_torchvision

# Made by make_torchvision_keys.py beside this file, where torchvision is installed.
KEPT = json.loads(
    gzip.decompress(Path(__file__).with_name("torchvision_keys.json.gz").read_bytes())
)["detectors"]


def on_meta(name):
    with torch.device("meta"):
        return build(parse(name), init=False)


@pytest.mark.parametrize("case", KEPT)
def test_keys_and_shapes_are_the_detectors(case):
    detector, name = case.split()
    state = to_torchvision(on_meta(name), detector=detector)
    assert {key: list(value.shape) for key, value in state.items()} == KEPT[case]


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("resnext_1_1_1_1_2x4d", ("fasterrcnn",)),
        ("mobilenet_v3_large_0.1", ("fasterrcnn", "ssdlite")),
        ("vgg_1_1_1_1_1_w8", ("ssd",)),
    ],
)
def test_the_usual_detector_comes_first(name, known):
    assert detectors(on_meta(name)) == known


@pytest.mark.parametrize("name", ["inception_v3", "seresnet_1_1_1_1", "cifar_mobilenet_v2_0.1"])
def test_other_networks_are_no_backbones(name):
    with pytest.raises(UsageError, match="built on its resnets, mobilenets and vggs"):
        detectors(on_meta(name))


def test_a_tree_that_is_no_longer_its_familys_is_no_backbone():
    network = parse("mobilenet_v2_0.1")
    tree = Seq(*network.tree.children[:-1], Linear(10, label="other"))
    with pytest.raises(UsageError, match="built on its resnets, mobilenets and vggs"):
        detectors(build(replace(network, tree=tree), init=False))


def test_strides_in_the_first_1x1_are_not_torchvisions():
    with pytest.raises(UsageError, match="use the name without -stride1x1"):
        detectors(on_meta("resnext_1_1_1_1_2x4d-stride1x1"))


def test_another_detector_is_refused_with_those_that_there_are():
    with pytest.raises(UsageError, match="fasterrcnn and ssdlite, not of ssd; use --detector"):
        to_torchvision(on_meta("mobilenet_v3_large_0.1"), detector="ssd")
