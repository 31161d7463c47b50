from __future__ import annotations

import re
from math import hypot, log

import pytest

from archscope.arch.names import parse
from archscope.arch.network import Network
from archscope.arch.papers.published import published_for
from archscope.cost import count
from archscope.reporting.facts.nearest_published import nearest_published, nearest_sentence


def nearest(network):
    cost = count(network)
    return nearest_published(network, cost.params, cost.macs)


@pytest.mark.parametrize("name", ["wrn_28_9", "wrn_34_2-l5", "wrn_16_5-drop0.3"])
def test_no_published_network_of_the_family_is_nearer(name):
    network = parse(name)
    own, found = count(network), nearest(network)
    dropped = "drop" in name
    distances = {}
    for entry, shape in published_for(10):
        if entry.network.startswith("wrn_") and "B(" not in entry.network:
            other = count(parse(entry.network, 10, shape))
            distances.setdefault(
                entry.network,
                hypot(log(other.params) - log(own.params), log(other.macs) - log(own.macs)),
            )
    alike = {one: distance for one, distance in distances.items() if ("drop" in one) == dropped}
    assert found["network"] in alike
    assert alike[found["network"]] == min(alike.values()) > 0
    assert found["params_ratio"] == found["params"] / own.params


def test_an_ablation_does_not_stand_beside_a_design_of_another_kind():
    """Without shortcuts it would be nearer by cost, and has 4 % more error."""
    assert nearest(parse("resnext50_30x4d"))["network"] == "resnext50_4x24d"
    found = nearest(parse("resnext50_30x4d-noshortcut"))
    assert (found["network"], found["error"]) == ("resnext50_32x4d-noshortcut", 26.1)
    # None of torchvision's or the paper's has the stride there, so all of the family are looked at.
    assert nearest(parse("resnet50-stride1x1"))["network"] == "resnet50"


@pytest.mark.parametrize(
    "network",
    [
        parse("resnext50_32x4d"),  # published itself
        parse("resnext50_1x64d"),  # as resnet50
        parse("resnext50_30x4d", classes=37),
        parse("anynet_1_2_7_12_w_32_64_160_384"),  # none of its family is
        Network("mine", parse("resnet20").tree, (3, 32, 32)),
    ],
    ids=lambda network: network.name,
)
def test_beside_others_there_is_none(network):
    assert nearest(network) is None


def test_another_input_of_a_published_network_is_said():
    found = nearest(parse("efficientnet_b3", input_shape=(3, 256, 256)))
    assert not found["same_input"]
    said = nearest_sentence("efficientnet_b3", found)
    assert "of efficientnet_b3 at this input" in said and f"at 3×{found['input'][1]}×" in said
    assert found["recipe"] is None or f"trained: {found['recipe']}" in said


@pytest.mark.parametrize(
    ("params", "macs", "words"),
    [
        (1.02, 0.875, "2 % more params and 12 % fewer multiply-adds"),
        (1, 1, "as many params and as many multiply-adds"),
        (17.3, 0.25, "17 times the params and 0.25 times the multiply-adds"),
    ],
)
def test_the_difference_in_cost_is_said(params, macs, words):
    found = nearest(parse("resnet20")) | {"params_ratio": params, "macs_ratio": macs}
    assert words in nearest_sentence("resnet20", found)


def test_a_network_at_another_input_stands_beside_itself():
    """Res2Net-50 of 48w and 2 splits has fewer multiply-adds, but is another network."""
    found = nearest(parse("res2net50", input_shape=(3, 32, 32)))
    assert (found["network"], found["error"]) == ("res2net50_26w_4s", 22.01)
    said = nearest_sentence("res2net50_26w_4s", found)
    assert "the nearest is itself at another, 22.01 % top-1 error" in said and "3×224×224" in said
    # 224 is 7 times 32, so about 7 * 7 times the work.
    assert re.search(r"with as many params and 4[89] times the multiply-adds", said)
    many = nearest_sentence("res2net50_26w_4s", {**found, "macs_ratio": 163.7})
    assert "164 times the multiply-adds" in many
