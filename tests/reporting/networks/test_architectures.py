from archscope.arch.names import parse
from archscope.arch.network import Network, stages
from archscope.arch.nodes import Cat, Conv, Pool, Repeat, Seq
from archscope.reporting.networks.architectures import cardinality, describe, table1


def row(name, stage):
    return describe(next(entry for entry in stages(parse(name)) if entry.name == stage))


def test_a_residual_stage_reads_as_in_the_paper():
    assert row("resnext50_32x4d", "conv2") == [
        "3×3 max pool, stride 2",
        "[1×1, 128      ]",
        "[3×3, 128, C=32] ×3",
        "[1×1, 256      ]",
    ]
    assert row("wrn_40_2-l3", "conv2") == ["[3×3, 32]", "[3×3, 32] ×4", "[3×3, 32]"]


def test_a_grid_has_a_line_for_each_branch_and_blocks_alike_are_counted():
    """Table 1 of the Inception-v3 paper: two modules on the 8x8 grid, behind the reduction."""
    assert row("inception_v3", "conv5") == [
        "[1×1, 192 – 3×3, 320, stride 2                      ]",
        "[1×1, 192 – 1×7, 192 – 7×1, 192 – 3×3, 192, stride 2] ×1",
        "[3×3 max pool, stride 2                             ]",
        "[1×1, 320                                   ]",
        "[1×1, 384 – (1×3, 384 | 3×1, 384)           ] ×2",
        "[1×1, 448 – 3×3, 384 – (1×3, 384 | 3×1, 384)]",
        "[3×3 average pool – 1×1, 192                ]",
    ]
    assert row("inception_v3", "conv2") == ["3×3 max pool, stride 2", "1×1, 80", "3×3, 192"]


def test_scaled_sums_say_so_after_their_branches():
    assert row("inception_resnet_v2", "conv4")[3:] == [
        "[1×1, 192                      ]",
        "[1×1, 128 – 1×7, 160 – 7×1, 192] ×20",
        "[then 1×1, 1088, scaled by 0.1 ]",
    ]


def test_the_side_head_is_spelled_out():
    assert row("inception_v3-aux", "aux") == [
        *("5×5 average pool, stride 3", "1×1, 128", "5×5, 768"),
        *("global average pool", "1000-d fc"),
    ]


def test_side_heads_stand_before_the_head_of_a_table():
    names = [parse(name) for name in ("resnet50", "inception_v3-aux")]
    rows = [row["stage"] for row in table1(names, [], "Table 1").rows]
    assert rows == ["conv1", "conv2", "conv3", "conv4", "conv5", "aux", "head"]


def test_an_identity_branch_is_named():
    network = Network("test", Seq(Seq(Cat(Conv(8), Seq()), Pool("max", 2, 2))), (4, 8, 8))
    assert describe(stages(network)[0]) == ["[1×1, 8  ] ×1", "[identity]", "2×2 max pool, stride 2"]


def test_a_stage_whose_blocks_have_no_convolution_has_no_cardinality():
    pool = Pool("max", 3, 1, 1)
    [stage] = stages(Network("pools", Seq(Repeat(2, pool, pool, label="layer1")), (4, 8, 8)))
    assert cardinality(stage) is None and describe(stage) == ["[3×3 max pool] ×2"]
