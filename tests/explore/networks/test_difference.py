"""The gap between two networks, split by stage and by choice, against hand arithmetic."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archscope.arch.families.blocks import imagenet_stem
from archscope.arch.names import parse
from archscope.arch.network import Network
from archscope.arch.nodes import Conv, Linear, Pool, Repeat, Seq
from archscope.cost import count
from archscope.errors import UsageError
from archscope.explore.networks.difference import COSTS, ORDER, difference
from archscope.reporting.table.formats import signed, signed_si

NAMES = [
    *("resnet18", "resnet50", "resnet101", "resnet50-noshortcut", "resnext50_32x4d"),
    *("resnext101_64x4d", "resnext50_3x21d", "wide_resnet50_2", "imagenet_wrn_34_1.5"),
    *("preresnet200", "resnet50@0.5", "resnext29_8x64d", "resnext29_1x192d", "wrn_28_10"),
    *("wrn_40_2-B(3,1,3)", "wrn_16_4-drop0.3", "wrn_40_2-l4", "resnet110", "preresnet164"),
    *("inception_v3-aux", "inception_resnet_v2"),
]


def steps_of(first, second, **options):
    found = difference(first, second, **options)
    return {" and ".join(step.choices): step for step in found.steps}


def total(name, **options):
    cost = count(parse(name, **options))
    return {"params": cost.params, "macs": cost.macs, "activations": cost.activations}


@settings(max_examples=12)
@given(st.sampled_from(NAMES), st.sampled_from(NAMES))
def test_both_splits_add_up_to_the_gap(first, second):
    found = difference(first, second).document()
    start, end = total(first), total(second)
    for cost in COSTS:
        gap = end[cost] - start[cost]
        assert found["gap"][cost] == gap
        assert sum(row["change"][cost] for row in found["by_stage"]) == gap
        if found["by_choice"] is not None:
            assert sum(step["change"][cost] for step in found["by_choice"]) == gap
            assert all(
                step["span"][cost][0] <= step["change"][cost] <= step["span"][cost][1]
                for step in found["by_choice"]
            )
    if found["by_choice"]:
        assert found["by_choice"][-1]["total"] == end
    splits = found["by_choice"] is not None
    assert splits is not ("inception" in first + second)


def test_width_and_cardinality_are_told_apart():
    """On the way from ResNet-50 to ResNeXt-50 stands wide_resnet50_2: torchvision's 68,883,240."""
    steps = steps_of("resnet50", "resnext50_32x4d")
    assert list(steps) == ["width", "cardinality"]
    assert steps["width"].choices == {
        "width": ("64, 128, 256, 512 channels", "128, 256, 512, 1024 channels")
    }
    assert steps["cardinality"].choices == {"cardinality": ("1", "32")}
    assert steps["width"].total["params"] == 68_883_240
    assert round(steps["width"].total["macs"] / 1e9, 3) == 11.398  # torchvision's too
    assert steps["width"].change["params"] == 68_883_240 - 25_557_032
    assert steps["cardinality"].change["params"] == 25_028_904 - 68_883_240
    assert steps["cardinality"].change["activations"] == 0


def test_the_other_order_is_the_other_end_of_the_span():
    """Cardinality first: through resnext50_32x2d, whose group width is 64 too."""
    steps = steps_of("resnet50", "resnext50_32x4d")
    between = total("resnext50_32x2d")
    for cost in COSTS:
        start, end = total("resnet50")[cost], total("resnext50_32x4d")[cost]
        assert set(steps["cardinality"].span[cost]) == {
            between[cost] - start,
            steps["cardinality"].change[cost],
        }
        assert set(steps["width"].span[cost]) == {
            end - between[cost],
            steps["width"].change[cost],
        }


def test_depth_alone_is_the_blocks_of_one_stage():
    """ResNet-101 has 17 blocks more in conv4: 1024 -> 256 -> 256 -> 1024, by hand."""
    block = 1024 * 256 + 9 * 256 * 256 + 256 * 1024 + 2 * (256 + 256 + 1024)
    found = difference("resnet50", "resnet101")
    changes = {row["stage"]: row["change"]["params"] for row in found.by_stage}
    assert changes == {"conv4": 17 * block} | dict.fromkeys(
        ("conv1", "conv2", "conv3", "conv5", "head"), 0
    )
    (step,) = found.steps
    assert step.choices == {"depth": ("3, 4, 6, 3 blocks", "3, 4, 23, 3 blocks")}
    assert step.change["params"] == 17 * block
    assert step.change["macs"] == 17 * (block - 2 * (256 + 256 + 1024)) * 14 * 14


def test_shortcuts_alone_are_the_four_projections():
    projections = sum(w_in * out + 2 * out for w_in, out in ((64, 256), (256, 512)))
    projections += sum(w_in * out + 2 * out for w_in, out in ((512, 1024), (1024, 2048)))
    (step,) = difference("resnet50", "resnet50-noshortcut").steps
    assert step.choices == {"shortcut": ("with", "without")}
    assert step.change["params"] == -projections


def test_the_block_is_a_choice_and_the_stride_another():
    steps = steps_of("resnet18", "resnet50")
    assert list(steps) == ["depth", "block", "output", "stride"]
    assert steps["depth"].total["params"] == 21_797_672  # ResNet-34: torchvision
    # With the stride in the first 1x1, ResNet-50 as first published: 3.8e9 (He et al., Table 1).
    before = steps["stride"].total["macs"] - steps["stride"].change["macs"]
    assert int(before / 1e8) == 38
    assert steps["stride"].change["params"] == 0


def test_basic_blocks_have_one_width():
    (step,) = difference("resnet18", "imagenet_wrn_18_2").steps
    assert list(step.choices) == ["width"]
    assert step.change["params"] == 45_618_216 - 11_689_512  # torchvision's; Wide ResNet: 45.6M
    assert list(steps_of("wrn_28_10", "resnext29_8x64d")) == [
        *("stem", "depth", "block", "output", "width", "cardinality", "stride", "head"),
    ]


def test_heads_that_differ_in_dropout_alone_are_told_apart():
    """SENet-154 has dropout before its classifier, which a table of layers does not show."""
    steps = difference("senet154", "seresnext152_64x4d").steps or []
    (before, after) = next(step.choices["head"] for step in steps if "head" in step.choices)
    assert before == f"{after}, dropout p=0.2" and "dropout" not in after


def test_choices_that_only_together_make_a_network_are_one_step():
    """63 channels are no multiple of 32, nor 128 of 3."""
    (step,) = difference("resnext50_32x4d", "resnext50_3x21d").steps
    assert list(step.choices) == ["width", "cardinality"]
    assert step.choices["cardinality"] == ("32", "3")


def test_networks_of_other_tasks_and_stages():
    steps = steps_of("wrn_28_10", "resnet50")
    assert list(steps)[:3] == ["input", "stem", "depth"]
    assert steps["input"].choices == {"input": ("3×32×32", "3×224×224")}
    assert steps["input"].change["params"] == 0
    # 49 times the positions, exactly: 224 = 7 * 32, and the classifier sees one either way.
    fc = 640 * 10
    assert steps["input"].total["macs"] == 49 * (5_243_328_768 - fc) + fc
    same = steps_of("wrn_28_10", "resnet50", input=(3, 64, 64), classes=7)
    assert "input" not in same and "7-d fc" in same["head"].choices["head"][1]


def test_a_stage_that_one_network_has_not_counts_whole():
    rows = {row["stage"]: row for row in difference("wrn_28_10", "resnet50").by_stage}
    assert rows["conv5"]["from"] is None
    assert rows["conv5"]["change"] == rows["conv5"]["to"]


def test_a_network_and_itself():
    found = difference("resnet50", "resnext50_1x64d")  # one network, two names
    assert found.steps == [] and set(found.document()["gap"].values()) == {0}


def test_other_networks_have_the_split_by_stage_and_a_sentence():
    document = difference("inception_v3", "resnet50").document()
    assert document["by_choice"] is None and len(document["by_stage"]) == 6
    assert document["no_choice_split"] == (
        "There is no split by choice: no family of residual networks made inception_v3, "
        "so no network lies between the two."
    )


def test_a_network_that_would_be_misread_has_no_split_by_choice():
    """Biased convolutions, or stages that choices cannot describe: read, but not the same again."""
    biased = Repeat(2, Conv(64, 3, bias=True), Conv(64, 3, bias=True))
    odd = Network("odd", Seq(*imagenet_stem(1), biased, Pool("global"), Linear(10)), (3, 64, 64))
    document = difference(odd, "resnet18").document()
    assert (
        document["by_choice"] is None
        and "residual networks made odd, so" in document["no_choice_split"]
    )
    between = Repeat(2, Conv(64, 3), Conv(64, 3))
    tree = Seq(Conv(64, 3), between, Conv(32, 3), Repeat(1, Conv(32), Conv(32)), Pool("global"))
    assert difference(replace(odd, tree=tree), odd).steps is None
    # Groups in the last convolution: read as the middle one's, whose 64 channels are no multiple.
    block = Seq(Conv(64), Conv(96, 3), Conv(96, groups=3))
    tree = Seq(Conv(96), Repeat(2, block, block), Pool("global"))
    assert difference(replace(odd, tree=tree), odd).steps is None


def test_a_tree_in_the_place_of_the_familys_own_has_no_split_by_choice():
    changed = replace(parse("resnet18"), tree=parse("resnet34").tree)
    found = difference("resnet18", changed).document()
    assert found["gap"]["params"] == total("resnet34")["params"] - total("resnet18")["params"]
    assert found["by_choice"] is None and "made resnet18, so" in found["no_choice_split"]


def test_an_input_that_is_too_small_is_refused():
    with pytest.raises(UsageError, match="larger input"):
        difference("inception_v3", "resnet50", input=(3, 16, 16))


def test_the_document_names_its_schema_and_order():
    document = difference("resnet50", "resnet101").document()
    assert document["schema"] == "archscope.diff/1" and "multiply-adds" in document["convention"]
    assert document["order"] == list(ORDER)
    assert document["by_choice"][0]["choices"] == [
        {"choice": "depth", "from": "3, 4, 6, 3 blocks", "to": "3, 4, 23, 3 blocks"}
    ]


@pytest.mark.parametrize(
    ("value", "exact", "short"),
    [(70_144, "+70,144", "+70.1 k"), (-7_167_541_248, "-7,167,541,248", "-7.17 G"), (0, "0", "0")],
)
def test_signed_numbers(value, exact, short):
    assert (signed(value), signed_si(value)) == (exact, short)


def fields(first, second):
    rows = difference(first, second).document()["by_field"]
    return {(row["layer"], row["field"]): row for row in rows}


def test_fields_that_differ_at_the_same_place_are_listed():
    """TensorFlow's epsilon of B5 (0.001), its dropout; depthwise convolutions stay depthwise."""
    found = fields("efficientnet_b0", "efficientnet_b5")
    assert set(found) == {("Norm", "eps"), ("Dropout", "p")}
    norm = found["Norm", "eps"]
    assert (norm["from"], norm["to"], norm["layers"]) == ("1e-05", "0.001", 49)
    assert (found["Dropout", "p"]["from"], found["Dropout", "p"]["to"]) == ("0.2", "0.4")


def test_the_layers_of_repeated_blocks_are_all_counted():
    groups = fields("resnet50", "resnext50_32x4d")
    assert {key: row["layers"] for key, row in groups.items()} == {("Conv", "groups"): 16}
    assert groups["Conv", "groups"]["first"] == "layer1.0.conv2"
    assert fields("resnet50", "resnet101") == fields("resnet50", "resnet50") == {}


def test_a_padding_that_is_said_is_that_which_is_not():
    def one(**options):
        return Network("one", Seq(Conv(8, 3, label="c", **options), Pool("global")), (3, 8, 8))

    assert fields(one(), one(padding=1)) == {}
    (row,) = fields(one(), one(padding=(0, 1))).values()
    assert (row["field"], row["from"], row["to"]) == ("padding", "1", "0×1")
    assert len(difference(one(), one(padding=2)).tables()) == 2
    assert len(difference(one(), one()).tables()) == 1
