"""Scaling rules: their factors, what they do to each family, the network nearest to a budget."""

from fractions import Fraction
from functools import cache
from math import ceil

import pytest
from hypothesis import strategies as st
from properties import examples

import archscope as a
from archscope.arch.families import registry
from archscope.arch.names import parse
from archscope.arch.nodes import Conv, Repeat
from archscope.cost import count
from archscope.errors import InfeasibleError, UsageError
from archscope.explore.design.limits import Limit
from archscope.explore.design.scaling.ray import ray_of
from archscope.explore.design.scaling.rules import RULES, Factors, ScalingRule, fast, rules_of
from archscope.explore.design.scaling.solve import scale_network

SAME = Factors(1.0, 1.0, 1.0)
KNOWN = [family.names.known[0] for family in registry.families()]


def test_the_factors_are_those_of_the_papers():
    assert RULES["compound"].factors(1) == (1.2, 1.1, 1.15)
    assert RULES["compound"].factors(2)[0] == pytest.approx(1.44)
    # Dollár et al., Table 4: s^e for e of depth, width and resolution at alpha = 0.8.
    four = RULES["dwr"].factors(2)  # s = 4
    assert four == pytest.approx((4**0.1, 4**0.4, 4**0.05))
    depth, width, resolution = four
    assert depth * width**2 * resolution**2 == pytest.approx(4)
    assert depth * width * resolution**2 == pytest.approx(4**0.6)  # activations
    # alpha = 1/3 scales all three alike, alpha = 1 the width alone.
    alike = fast(1 / 3).factors(1)
    assert alike == pytest.approx((2 ** (1 / 3), 2 ** (1 / 6), 2 ** (1 / 6)))
    assert fast(1.0).factors(1) == pytest.approx((1, 2**0.5, 1))
    for name in ("width", "depth", "resolution"):
        depth, width, resolution = RULES[name].factors(1)
        assert depth * width**2 * resolution**2 == pytest.approx(2)


def test_rules_go_by_names_and_may_be_ones_own():
    mine = ScalingRule("mine", depth=1.1, width=1.3)
    assert rules_of("all") == list(RULES.values())
    assert rules_of(["dwr", mine, "compound,dwr"]) == [RULES["dwr"], mine, RULES["compound"]]
    with pytest.raises(UsageError, match="is compound, dwr, width, depth, resolution or all"):
        rules_of("fast")
    with pytest.raises(UsageError, match="bases are 1 to 2"):
        ScalingRule("shrinks", depth=0.5)


@pytest.mark.parametrize("name", KNOWN)
def test_a_network_is_at_phi_0_of_its_own_rules(name):
    network = parse(name)
    found = ray_of(network).at(SAME)
    assert (found.name, found.input, found.tree) == (network.name, network.input, network.tree)


@pytest.mark.parametrize(
    ("name", "factors", "scaled", "side"),
    [
        ("efficientnet_b0", Factors(1.2, 1.1, 288 / 224), "efficientnet_b2", 288),
        ("mobilenet_v2", Factors(1.0, 1.4, 1.0), "mobilenet_v2_1.4", 224),
        ("resnet50", Factors(2.0, 1.0, 0.5), "resnext_6_8_12_6_1x64d", 112),
        ("resnet50", Factors(1.0, 1.51, 1.0), "resnet50@1.515625", 224),  # 97 / 64
        ("resnext50_32x4d", Factors(1.0, 1.3, 1.0), "resnext50_32x4d@1.25", 224),  # paths of 5
        ("resnet18", Factors(0.1, 1.0, 1.0), "resnet_1_1_1_1", 224),
        ("wrn_28_10", Factors(1.5, 0.5, 1.0), "wrn_40_10@0.5", 32),
        ("convnext_tiny", Factors(1.0, 4 / 3, 1.0), "convnext_3_3_9_3_w128", 224),
        ("densenet121", Factors(1.0, 1.5, 2.0), "densenet_6_12_24_16_k48", 448),
        # w0 96, wa 38.65, groups of 40; twice as deep, the line is half as steep.
        ("regnetx_4.0gf", Factors(1.0, 2.0, 1.0), "regnetx_23_192_77.3_2.43_80", 224),
        ("regnetx_200mf", Factors(1.0, 0.5, 1.0), "regnetx_13_16_18.22_2.49_4", 224),
        ("regnetx_200mf", Factors(1.0, 1.6, 1.0), "regnetx_13_40_58.3_2.49_16", 224),
        ("regnetx_4.0gf", Factors(2.0, 1.0, 1.0), "regnetx_46_96_19.32_2.43_40", 224),
        ("anynet_1_2_7_12_w_32_64_160_384", Factors(1.0, 1.5, 1.0),
         "anynet_1_2_7_12_w_48_96_240_576_g_24", 224),
    ],
)  # fmt: skip
def test_each_familys_numbers_are_multiplied_and_rounded(name, factors, scaled, side):
    found = ray_of(parse(name)).at(factors)
    assert (found.name, found.input) == (parse(scaled).name, (3, side, side))
    assert found.tree == parse(scaled).tree


def test_a_stretched_line_is_as_wide_and_as_long_as_the_factors_say():
    def stages(network):
        repeats = [node for node in network.tree.children if isinstance(node, Repeat)]
        return [(one.n, _widest(one.rest)) for one in repeats]

    ray = ray_of(parse("regnetx_4.0gf"))
    own = stages(ray.network)
    wider = stages(ray.at(Factors(1.0, 2.0, 1.0)))
    assert [width / before for (_, width), (_, before) in zip(wider, own, strict=True)] == (
        pytest.approx([2] * len(own), rel=0.05)
    )
    deeper = stages(ray.at(Factors(2.0, 1.0, 1.0)))
    assert sum(number for number, _ in deeper) == 2 * sum(number for number, _ in own)
    assert [width for _, width in deeper] == [width for _, width in own]


def _widest(node):
    if isinstance(node, Conv):
        return node.out
    return max((_widest(part) for part in node.parts()), default=0)


def resnet20(blocks, planes, side):
    """The macs of CIFAR's ResNet of `blocks` a stage: a sum written out by hand."""
    total, w_in = 3 * planes * 9 * side**2, planes
    for stage in range(3):
        width, size = planes * 2**stage, ceil(side / 2**stage)
        first = w_in * width * 9 + width * width * 9 + (w_in * width if stage else 0)
        total += (first + (blocks - 1) * 2 * width * width * 9) * size**2
        w_in = width
    return total + 10 * w_in


def along(rule, phi):
    """The numbers of resnet20 at a power, rounded here: blocks, planes, side."""
    depth, width, resolution = rule.factors(phi)
    blocks, planes = max(1, round(3 * depth)), max(1, round(16 * width))
    return blocks, planes, max(1, round(32 * resolution))


@cache
def costs_along(name):
    steps = range(-12_000, 12_001)
    every = {along(RULES[name], step / 1000) for step in steps}
    return sorted(resnet20(*numbers) for numbers in every)


@examples(
    12,
    90,
    st.sampled_from(sorted(RULES)),
    st.integers(2 * 10**6, 10**9),
    st.sampled_from(["nearest", "floor", "ceil"]),
)
def test_no_network_of_the_rule_is_nearer(name, budget, rounding):
    rule, limit = RULES[name], Limit("macs", budget)
    costs = costs_along(name)
    allowed = [
        cost
        for cost in costs
        if {"nearest": True, "floor": cost <= budget, "ceil": cost >= budget}[rounding]
    ]
    if costs[0] > budget:
        with pytest.raises(InfeasibleError, match=f"has at least {costs[0]:,} macs"):
            scale_network(parse("resnet20"), [rule], [limit], rounding=rounding)
        return
    (found,) = scale_network(parse("resnet20"), [rule], [limit], rounding=rounding).rules
    numbers = found.numbers
    planes = 16 * Fraction(numbers["scale"])
    assert found.cost.macs == resnet20(numbers["depth"][0], planes, numbers["resolution"])
    assert abs(found.cost.macs - budget) == min(abs(cost - budget) for cost in allowed)


def test_rules_stand_side_by_side():
    found = a.solve("efficientnet_b0", "1GMACs", rule="all")
    document = found.document()
    assert [row["name"] for row in document["rules"]] == list(RULES)
    assert document["base"]["macs"] == 385_814_752 and document["base"]["name"] is None
    for row in document["rules"]:
        network = parse(row["network"], input_shape=tuple(row["input"]))
        assert row["macs"] == count(network).macs and row["residual"] == row["macs"] - 10**9
        assert abs(row["deviation"]) < 0.05
        assert row["memory"] == a.memory(network).peak_activation_bytes
        assert row["numbers"].keys() == {"depth", "width", "resolution"}
    # What dWr is for: fewer activations than by the compound rule, which has fewer than by depth.
    acts = {row["name"]: row["activations"] for row in document["rules"]}
    assert acts["width"] < acts["dwr"] < acts["compound"] < acts["depth"]
    assert found.tables()[0].rows[0]["name"] == "as it is"


def test_what_cannot_be_scaled_is_left_out_with_its_reason():
    found = a.solve("mobilenet_v3_large", "600MMACs", rule="all")
    assert [one.rule.name for one in found.rules] == ["width", "resolution"]
    assert found.left_out == [
        "mobilenet_v3_large has no number for depth, so compound, dwr and depth are left out."
    ]
    params = a.solve("resnet20", "1Mparams", rule=["width", "resolution"])
    assert params.left_out == ["the resolution changes no parameters, so resolution is left out."]


def test_where_a_cost_may_fall_it_is_said():
    found = a.solve("regnetx_400mf", "800MMACs", rule="width,resolution")
    assert found.notes[0].startswith("By width macs may fall while the network grows")
    by_width = found.rules[0]
    ray = ray_of(parse("regnetx_400mf"))
    for phi in (by_width.phi - 0.1, by_width.phi + 0.05, by_width.phi + 0.1):
        other = count(ray.at(RULES["width"].factors(phi))).macs
        assert abs(by_width.cost.macs - 800_000_000) <= abs(other - 800_000_000)


def test_a_network_of_ones_own_numbers_keeps_its_classes_and_its_input():
    network = a.network("resnet20", classes=100, input=(1, 28, 40))
    found = a.solve(network, "80MMACs", rule=ScalingRule("mine", depth=1.5, resolution=1.2))
    (one,) = found.rules
    assert one.network.classes == 100 and one.network.input[0] == 1
    assert one.network.input[1] / one.network.input[2] == pytest.approx(0.7, abs=0.02)
    assert one.numbers["depth"][0] > 3 and one.cost.macs == count(one.network).macs


@pytest.mark.parametrize(
    ("network", "budget", "asked", "words"),
    [
        ("mobilenet_v3_large", "1GMACs", {"rule": "depth"}, "no number for depth"),
        ("squeezenet1_0", "1GMACs", {"rule": "dwr"}, "no number for depth and width"),
        ("resnet20", "1Mparams", {"rule": "resolution"}, "changes no parameters"),
        ("resnet20", ["1GMACs", "1Mparams"], {"rule": "all"}, "one budget, not 2"),
        ("resnet20", "1GMACs", {"rule": "all", "rounding": 8}, "nearest, floor or ceil"),
        ("resnet20", "1GMACs", {"rule": "all", "depth": [3]}, "drop --depth"),
        ("resnet20", "1GMACs", {"rule": "up"}, "a scaling rule is"),
        ("resnext50", "1GMACs", {"rule": "all"}, "no network named"),
        ("efficientnet_b0", "1GMACs", {"rule": "all", "input": (3, 192, 192)}, "drop --input"),
    ],
)
def test_a_mistake_is_told(network, budget, asked, words):
    with pytest.raises(UsageError, match=words):
        a.solve(network, budget, **asked)
