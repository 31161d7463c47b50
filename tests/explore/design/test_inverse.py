"""Inverse design against the papers' integers, and against counting every design of a box."""

from fractions import Fraction
from unittest import mock

import numpy as np
import pytest
from design_spaces import SCALES, SPACES
from hypothesis import strategies as st
from properties import examples

from archscope.arch.families import registry
from archscope.arch.names import parse
from archscope.cost import count
from archscope.errors import ArchscopeError, InfeasibleError, UsageError
from archscope.explore.design import boxes, search
from archscope.explore.design.inverse import Options, inverse
from archscope.explore.design.limits import METRICS, read_limits
from archscope.explore.design.question import read_base
from archscope.explore.design.space import usual

FAMILIES = [family.name for family in registry.families()]


def best(network, *budgets, number=1, **asked):
    options = asked.pop("options", Options(nearest=number))
    return inverse(network, read_limits(budgets), options=options, **asked).document()


def values(document, key, answer=0):
    return [row[key] for row in document["answers"][answer]["designs"]]


@pytest.mark.parametrize(
    ("network", "budget", "given", "name"),
    [
        # Wide ResNet, Tables 4 and 5 (parameters); ResNeXt, Table 7.
        *(("wrn_28", "36.5M params", {}, "wrn_28_10"), ("wrn_28", "52.5Mparams", {}, "wrn_28_12")),
        *(("wrn_40", "8.9Mparams", {}, "wrn_40_4"), ("wrn_16", "11.0Mparams", {}, "wrn_16_8")),
        ("resnext29", "34.4M params", {"cardinality": [8]}, "resnext29_8x64d"),
        ("resnext29", "34.4M params", {"width": [64]}, "resnext29_8x64d"),
        ("resnext29", "68.1M params", {"width": [64]}, "resnext29_16x64d"),
        # torchvision's metadata: wide_resnet50_2 and wide_resnet101_2 in GMACs.
        ("wide_resnet50", "11.398GMACs", {}, "wide_resnet50_2"),
        ("wide_resnet101", "22.753G multiply-adds", {}, "wide_resnet101_2"),
        ("resnext101", "16.414GMACs", {"cardinality": [32]}, "resnext101_32x8d"),
        # Table 1 of ResNeXt: the budget of ResNet-50.
        ("resnext50", "4.1GMACs", {"cardinality": [32]}, "resnext50_32x4d"),
    ],
)
def test_the_published_networks_come_out(network, budget, given, name):
    document = best(network, budget, given=given)
    assert values(document, "network") == [name]
    assert parse(name).name == name


def test_residuals_are_exact_and_the_neighbours_follow():
    document = best("resnext29", "34.4M params", given={"cardinality": [8]}, number=3)
    rows = document["answers"][0]["designs"]
    assert [row["width"] for row in rows] == [64, 63, 65]
    assert rows[0]["params"] == 34_426_698  # with batch norm
    assert rows[0]["residuals"] == {"params": 26_698}
    assert rows[0]["deviations"]["params"] == pytest.approx(26_698 / 34.4e6)


def test_twice_resnet_101_gives_other_widths_than_table_4_and_shows_both():
    for budget, width in (("as 2x resnet101:macs", 101), ("15.0GMACs", 99)):
        document = best("resnext101", budget, given={"cardinality": [1, 2, 64]})
        assert [values(document, "width", index) for index in (0, 2)] == [[width], [4]]
        published = [row for answer in document["answers"] for row in answer["published"]]
        assert [row["template"] for row in published] == ["1x100d", "2x64d", "64x4d"]
    # ResNet-101 has 7.801 GMACs (torchvision), 1x100d more than 15.0 G and less than twice that.
    assert 15.0e9 < published[0]["macs"] < 2 * 7.8015e9


def test_as_another_network_keeps_its_params_and_macs():
    limits = read_limits((), ["resnet50"])
    assert [(limit.metric, limit.value) for limit in limits] == [
        ("params", 25_557_032),
        ("macs", 4_089_184_256),
    ]
    document = inverse("resnext50", limits, free=["cardinality", "width"]).document()
    assert values(document, "template")[0] == "1x64d"
    assert values(document, "residuals")[0] == {"params": 0, "macs": 0}
    # Table 3's templates of this budget, among the 10 or so nearest.
    assert {"2x40d", "4x24d"} <= set(values(document, "template"))


def test_a_network_from_outside_is_a_budget_too(tmp_path):
    """3x3x3 weights of 8 filters and their biases, at 224x224 with stride 2."""
    file = tmp_path / "net.py"
    file.write_text("from torch import nn\n\ndef net(): return nn.Conv2d(3, 8, 3, 2, 1)\n")
    [params, macs] = read_limits((), [f"2x {file}:net"])
    assert (params.value, macs.value) == (2 * (8 * 27 + 8), 2 * 8 * 27 * 112 * 112)
    assert params.source == f"2 times {file}:net"
    [one] = read_limits((), [f"{file}:net:Activations"], (3, 8, 8))
    assert (one.metric, one.value) == ("activations", 8 * 4 * 4)
    with pytest.raises(UsageError, match=r"the costs of 'resnet50' are .*, not 'depth'"):
        read_limits((), ["resnet50:depth"])
    with pytest.raises(UsageError, match="--as takes a network, not ' '"):
        read_limits((), [" "])


def test_a_depth_for_each_stage_starts_from_the_names():
    for name in ("wrn_16_2", "cifar_preresnet20", "resnext29_2x4d", "preresnet_1_2_3-basic"):
        cost = count(parse(name))
        document = best(name, f"{cost.params} params", free=["depth2"], number=2)
        assert values(document, "network")[0] == parse(name).name
        assert values(document, "residuals")[0] == {"params": 0}


def test_equal_designs_are_listed_by_their_numbers_in_order():
    """Two blocks of one convolution a stage have the activations of one block of two."""
    given = {"depth": [[1, 2]], "deepening": [1, 2], "widen": [4]}
    activations = count(parse("wrn_10_4")).activations
    document = best("wrn", f"{activations} activations", given=given, free=list(given), number=2)
    assert values(document, "network") == ["wrn_10_4", "wrn_10_4-l1"]
    assert values(document, "depths") == [[1], [2]]
    assert [row["residuals"] for row in document["answers"][0]["designs"]] == [
        {"activations": 0}
    ] * 2


def test_a_scale_beside_a_depth_keeps_the_depths_of_the_smallest():
    cost = count(parse("resnet62@0.25"))
    document = best(
        "resnet20", f"{cost.macs} macs", given={"scale": SCALES}, free=["depth", "scale"], number=1
    )
    assert values(document, "network") == ["resnet62@0.25"]


def test_a_range_that_no_budget_ends_is_a_usage_error():
    """A million blocks of ResNet-20 have fewer than 10 T activations."""
    with pytest.raises(
        UsageError, match=r"values of the depth cost too little .*; give a range, as --depth 1:64"
    ):
        best("cifar_resnet", "10Tactivations", free=["depth"])
    with pytest.raises(
        UsageError, match=r"999 values of the deepening .* give a range, as --deepening 1:64"
    ):
        best("wrn_10_1", "1Tparams", free=["deepening"])


def test_ceil_lists_as_many_as_asked_however_far_they_are():
    """The third design of the range costs ten times the budget."""
    document = best("wrn_28", "1Mparams", options=Options("ceil", nearest=4))
    assert values(document, "widen") == [2, 3, 4, 5]
    assert all(row["deviations"]["params"] >= 0 for row in document["answers"][0]["designs"])
    document = best("wrn_28", "400kparams", options=Options("nearest", nearest=4))
    assert values(document, "widen") == [1, 2, 3, 4]
    tiny = best("resnext50", "1params", options=Options("ceil", nearest=3))
    assert values(tiny, "template") == ["1x1d", "2x1d", "1x2d"]


def test_names_of_designs_are_the_families():
    for name in (
        *("resnext50_32x4d", "wide_resnet50_2", "wrn_28_10", "wrn_16_1", "resnext29_8x64d"),
        *("wrn_40_2-B(3,1,3)", "wrn_40_2-l3-drop0.3", "wrn_2_3_4_1.5", "preresnet164@0.5"),
        *("preresnet110-bottleneck", "preresnet_1_2_3-basic", "preresnet200", "resnet18"),
        *("imagenet_wrn_34_1.5", "preresnet_1_2_3_4-basic", "resnet_1_2_3", "resnext_1_2_3_8x4d"),
    ):
        base = read_base(name)
        space = base.space({})
        assert space.name(space.smallest()) == name
    space = read_base("resnext50_32x4d@0.25-noshortcut").space({"depth3": [7]})
    assert space.name(space.smallest()) == "resnext_3_4_7_3_32x4d@0.25-noshortcut"
    assert read_base("resnet50").numbers["width"] == 64


def test_multiples_and_ranges_of_the_width_are_kept():
    document = best(
        "resnext50", "4.1GMACs", given={"cardinality": [2]}, options=Options(8, nearest=3)
    )
    assert all(width % 8 == 0 for width in values(document, "width"))
    assert values(document, "width")[0] == 40
    document = best(
        "resnext50", "4.1GMACs", given={"cardinality": [2], "width": [3, 5, 50]}, free=["width"]
    )
    assert values(document, "width") == [50]


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (("resnext50", "1MMACs"), InfeasibleError, "resnext50_1x1d with"),
        (("resnet50", "4GMACs"), UsageError, "fix every number, .* free one"),
        (("wrn_28", "9Mparams", {"width": [3]}), UsageError, "are depth, widen, deepening, scale"),
        (("wrn-B(3,1)", "9Mparams", {"deepening": [3]}), UsageError, "are depth, widen, scale"),
        (("resnet18", "4GMACs"), UsageError, "fix every number, .* free one"),
        (("inception_v3", "4GMACs"), UsageError, "only .*resnext, .*wide_resnet"),
        (("wrn", "9Mparams", {"widen": [Fraction(13, 10)]}), UsageError, "20.8 channels of 16"),
        (("wrn", "9Mparams", {"widen": [Fraction(1, 2)]}), UsageError, "at least 1"),
        (("wrn_16-drop0.3", "9Mparams", {"deepening": [1]}), UsageError, "has only one"),
        (("wrn", "9Mparams", {"deepening": [1, 10**9]}), UsageError, "must be at most 999"),
        (("wrn", "9Mparams", {"depth": [[1], [2]]}), UsageError, "has 1 depth, not 2; write"),
        (("resnext50", "4G"), UsageError, "needs its unit"),
        (("resnext50", "4Gmacs and 3Gmacs"), UsageError, "macs can have one limit"),
        (("resnext50", "as resnet50:bytes"), UsageError, "costs of 'resnet50' are params"),
        (("resnext50", "as :\n:"), UsageError, "--as takes a network, not"),
        (("resnext50", "as 9000x resnet200:macs"), UsageError, "1 to 10T"),
        (("wrn_28", "9Mparams", {"scale": [Fraction(1, 3)]}), UsageError, "must be whole"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_one_sentence(call, error, words):
    network, budget, *given = call
    with pytest.raises(error, match=words) as caught:
        best(network, budget, given=given[0] if given else {})
    assert "\n" not in str(caught.value)


def test_a_tolerance_makes_a_far_answer_infeasible():
    asked = {"given": {"cardinality": [32]}}
    with pytest.raises(
        InfeasibleError, match=r"resnext50_32x4d with 4,230,479,872 macs, 3.2 % off"
    ):
        best("resnext50", "4.1GMACs", options=Options(tolerance=0.01), **asked)
    assert best("resnext50", "4.1GMACs", options=Options(tolerance=0.04), **asked)


def test_a_proof_names_the_values_that_were_gone_through():
    given = {"depth1": [1, 2, 4], "depth2": [2, 4, 6], "depth3": [5, 6], "width": [4]}
    (answer,) = best("resnext50_32x4d", "4.1GMACs", free=[*given][:3], given=given)["answers"]
    assert "box depth1 1,2,4, depth2 2:6:2, depth3 5:6:" in answer["proof"]["statement"]
    assert answer["proof"]["box"]["depth1"] == [1, 4]


def test_too_many_combinations_are_refused(monkeypatch):
    monkeypatch.setattr(search, "MOST_LINES", 100)
    with pytest.raises(UsageError, match="more than 100 combinations"):
        best("resnext50", "4.1GMACs", free=["cardinality", "width"], given={"depth": [[1, 2, 3]]})
    # So are combinations of some numbers that all turn out to hold nothing.
    monkeypatch.setattr(search, "MOST_LINES", 100_000)
    monkeypatch.setattr(boxes, "MOST_LINES", 10**12)
    monkeypatch.setattr(search, "FEW_LINES", 10**12)  # or sums would answer it
    with pytest.raises(UsageError, match="more than 100,000 combinations"):
        best("preresnet-bottleneck", "64Mparams")


@pytest.mark.parametrize(
    ("network", "budget", "first", "cut"),
    [
        ("anynet", "400MMACs", "width1 16:", True),
        ("mobilenet_v3", "150MMACs", "width 0.05:3:0.01", False),
        ("convnext_2_2_6_2", "1GMACs", "width", False),
        pytest.param(*("densenet", "1GMACs", "depth1 2:48", True), marks=pytest.mark.slow),
        pytest.param(*("regnetx", "10GMACs", "depth 12:28", False), marks=pytest.mark.slow),
    ],
)
def test_many_free_numbers_go_through_what_the_family_declares(network, budget, first, cut):
    """A second or so, not minutes; and nothing drawn from the declared values is nearer."""
    document = best(network, budget)
    (answer,) = document["answers"]
    (row,) = answer["designs"]
    assert count(parse(row["network"])).macs == row["macs"]
    assert first in answer["proof"]["statement"]
    assert ("there would be too many designs" in answer["proof"]["statement"]) == cut
    base, rng = read_base(network), np.random.default_rng(0)
    columns = {
        word: rng.choice(np.array(axis.sought or axis.box, float if axis.decimals else int), 2000)
        for word, axis in base.axes.items()
        if word in answer["free"]
    }
    drawn = count(base.space({}).network({**usual(base.axes), **base.numbers, **columns}))
    off = abs(drawn.macs / document["limits"][0]["value"] - 1)
    assert off.min() >= abs(row["deviations"]["macs"]) - 1e-12


@pytest.mark.slow
def test_what_would_be_refused_in_the_end_is_refused_at_once():
    said = pytest.raises(UsageError, match=r"10,000,000 combinations .*, as --width 1:64")
    with mock.patch.object(search, "_search_line") as lines, said:
        best("anynet", "400MMACs", free=["depth", "width"])
    assert lines.call_count <= 1  # of a few to see


def test_numbers_that_are_not_free_are_the_usual_ones():
    rows = best("mobilenet_v2", "300MMACs", free=["expansion3"])["answers"][0]["designs"]
    assert rows[0]["width"] == 1 and rows[0]["depths"] == [1, 2, 3, 4, 3, 3, 1]
    assert read_base("repvgg").numbers == {"groups": 1}


@examples(
    *(20, 80),
    st.text(max_size=20) | st.sampled_from(sorted({*SPACES, *FAMILIES}))
    | st.from_regex(r"(cifar_|imagenet_)?(pre|wide_)?(resnet|resnext|wrn)(_?[0-9]{1,2}){0,4}"
                    r"(-B\([13],[13]\)|-l[1-4]|-drop0.3|@0.5|-basic|-bottleneck)?", fullmatch=True),
    st.text(max_size=20) | st.from_regex(r"(as )?[0-9]{1,3}[kMG]?(macs|params)", fullmatch=True),
    st.sampled_from(["nearest", "floor", "ceil", 8]),
)  # fmt: skip
def test_any_string_is_an_answer_or_one_sentence(name, budget, rounding):
    with mock.patch.object(search, "MOST_LINES", 5_000):  # too many are refused there as here
        for network in (name, "wrn_16"):
            try:
                limits = read_limits([budget], [] if network == name else ["resnet20:macs"])
                found = inverse(network, limits, options=Options(rounding, 2))
            except ArchscopeError as error:
                assert "\n" not in str(error)
                continue
            for row in found.document()["answers"][0]["designs"]:
                cost = count(parse(row["network"]))
                assert all(getattr(cost, metric) == row[metric] for metric in METRICS)
