"""Conventions of other counters against what their own documents say; no tool is needed."""

import pytest

from archscope.arch.names import parse
from archscope.arch.network import Network
from archscope.arch.nodes import (
    Act,
    Aux,
    Cat,
    Conv,
    Dropout,
    Gain,
    Gate,
    Linear,
    Norm,
    Pool,
    Repeat,
    Seq,
    Shortcut,
    Sum,
)
from archscope.cost.conventions import CONVENTIONS, COUNTERS
from archscope.cost.tally import tally


def predicted(counter, quantity, word, name):
    (found,) = [
        c for c in CONVENTIONS if (c.counter, c.quantity, c.word) == (counter, quantity, word)
    ]
    return sum(found.parts(tally(parse(name))).values())


# The README of calflops 0.3.2, in GFLOPs and GMACs; its MACs are the formula's. (Its column of
# totals has 15,690,900,000 for ResNet-101 beside 15.65 G: a slip of the pen.)
@pytest.mark.parametrize(
    ("name", "flops", "macs"),
    [
        ("resnet18", 3.63625, 1.81407),
        ("resnet34", 7.33939, 3.66376),
        ("resnet50", 8.21111, 4.08918),
        ("resnet101", 15.65, 7.80141),
        ("resnet152", 23.0943, 11.5136),
    ],
)
def test_what_calflops_publishes(name, flops, macs):
    near = pytest.approx(flops, rel=1e-4 if name == "resnet101" else 3e-6)
    assert predicted("calflops", "forward", "FLOPs", name) / 1e9 == near
    assert predicted("calflops", "forward", "MACs", name) / 1e9 == pytest.approx(macs, rel=3e-6)
    # DeepSpeed's functions are the same; its documents have no such network.
    assert predicted("deepspeed", "forward", "flops", name) / 1e9 == near


# The README of thop 0.1.1, in GMACs; two of the cells (4.14, 11.61) are up to 0.007 more than the
# program gives. Batch norm at 2 an element instead of 4 would be 0.02 off.
@pytest.mark.parametrize(
    ("name", "macs"),
    [
        ("resnet34", 3.68),
        ("resnet50", 4.14),
        ("resnet101", 7.87),
        ("resnet152", 11.61),
        ("wide_resnet50_2", 11.46),
        ("wide_resnet101_2", 22.84),
    ],
)
def test_what_thop_publishes(name, macs):
    assert predicted("thop", "forward", "MACs", name) / 1e9 == pytest.approx(macs, abs=0.007)


# The README of ptflops 0.7.5, in GMACs; torchinfo's has ResNet-152.
@pytest.mark.parametrize(
    ("counter", "word", "name", "macs"),
    [
        ("ptflops", "MACs", "resnet18", 1.83),
        ("ptflops", "MACs", "resnet50", 4.13),
        ("ptflops", "MACs", "wide_resnet50_2", 11.45),
        ("torchinfo", "mult-adds", "resnet152", 11.51),
    ],
)
def test_what_ptflops_and_torchinfo_publish(counter, word, name, macs):
    assert round(predicted(counter, "forward", word, name) / 1e9, 2) == macs


def test_what_fvcore_was_measured_to_say():
    """On torchvision's modules, elsewhere."""
    assert predicted("fvcore", "forward", "flops", "resnet50") == 4_111_512_576
    assert predicted("fvcore", "forward", "flops", "resnext50_32x4d") == 4_259_381_248


def sums(*nodes, shape=(4, 8, 8)):
    return tally(Network("test", Seq(*nodes), shape))


def test_every_sum_by_hand():
    found = sums(
        Conv(8, 3, 2, bias=True),  # 3*3*4 * 8*4*4 = 4608 macs, 296 params, 128 biased outputs
        Norm(),  # 128 elements, 16 params
        Act(),  # 128
        Repeat(3, Conv(8, groups=2), Conv(8, groups=2)),  # 3 times 4 * 128 = 512; 32 params
        Pool("max", 2),  # 128 in, 3x3 out
        Pool("avg", 3),  # 72 in, 8 out
        Aux(Dropout(0.5), Seq(Norm(), Act(), Linear(5))),  # 16 + 45 params, nothing else
        Pool("global"),  # 8 in, 8 out
        Linear(5),  # 40 macs, 45 params, 5 biased outputs
        Linear(2, bias=False),  # 10
    )
    assert found.params == 296 + 16 + 3 * 32 + 61 + 45 + 10
    assert (found.side_params, found.norm_params) == (61, 16)
    assert found.macs == 4608 + 3 * 512 + 40 + 10
    assert (found.conv_bias, found.linear_bias) == (128, 5)
    assert (found.norm, found.relu, found.max_in) == (128, 128, 128)
    assert (found.avg_in, found.avg_out, found.global_in, found.global_out) == (72, 8, 8, 8)
    assert found.grouped == (2 - 1) * 3 * 512
    assert found.stem == 4608
    assert found.backward == 2 * found.macs - 4608


def test_what_sources_count_besides_by_hand():
    """ResNet-18: two sums a stage; 64 + 4*64 + 5*128 + 5*256 + 5*512 channels with batch norm."""
    found = tally(parse("resnet18"))
    assert found.added == 2 * (64 * 56**2 + 128 * 28**2 + 256 * 14**2 + 512 * 7**2)
    assert found.norm_channels == found.unbiased == 4800
    assert found.max_out == 64 * 56**2
    sums = tally(Network("x", Seq(Cat(Sum(Seq(), Seq(), Seq()), Act())), (2, 3, 3)))
    assert sums.added == 2 * 18


@pytest.mark.parametrize(
    ("nodes", "stem"),
    [
        # 1x1 convolutions 4 -> 2 on 8x8: 512; what follows a parameter needs a gradient.
        ([Conv(2), Conv(2)], 512),
        ([Act(), Pool("max", 1), Dropout(0.5), Conv(2)], 512),
        ([Norm(), Conv(2)], 0),
        ([Cat(Conv(2), Seq(Act(), Conv(2)), Seq(Norm(), Conv(2))), Conv(2)], 1024),
        ([Sum(Seq(), Act()), Conv(2)], 512),
        ([Sum(Seq(), Conv(4)), Conv(2)], 1024),  # the branch: 4 * 4 * 64; then none
        ([Repeat(3, Act(), Conv(4))], 1024),
        ([Repeat(2, Act(), Act()), Conv(2)], 512),
        ([Shortcut(4), Shortcut(2), Conv(2)], 512),
        ([Aux(Act(), Linear(3)), Linear(2)], 512),
    ],
)
def test_what_reads_the_image_needs_no_gradient_of_it(nodes, stem):
    assert sums(*nodes).stem == stem


def test_the_surplus_of_torchs_grouped_gradients_by_hand():
    """resnext29_2x8d: nine 3x3 convolutions of two groups.

    In the first stage 32x32 outputs of 16 channels see 8 channels each; where the size halves both
    widths double, so that each of the nine takes as many multiply-adds.
    """
    each = 32 * 32 * 16 * 8 * 9
    surplus = predicted("torch", "backward", "FLOP", "resnext29_2x8d")
    assert surplus - 2 * tally(parse("resnext29_2x8d")).backward == 2 * (2 - 1) * 9 * each


def test_every_convention_says_where_it_was_read():
    for convention in CONVENTIONS:
        assert convention.counter in COUNTERS
        assert convention.source or convention.counter == "formula"
    words = [(c.counter, c.quantity, c.word) for c in CONVENTIONS]
    assert len(set(words)) == len(words)


# Single layers on 4x2x2, as each tool's source counts them: 16 elements in.
LAYERS = {
    "conv": Conv(2, bias=True),  # 2*4*4 = 32 macs, 8 biased outputs
    "linear": Linear(2),  # 32 macs, 2 biased outputs
    "norm": Norm(),  # 8 params
    "layer": Norm(kind="layer"),  # 8 params
    "group": Norm(kind="group", groups=2),  # 8 params
    "relu": Act(),
    "relu6": Act("relu6"),
    "silu": Act("silu"),
    "gelu": Act("gelu"),
    "hard": Seq(Act("hardswish"), Act("hardsigmoid"), Act("sigmoid")),
    "gate": Gate(Seq()),
    "gain": Gain(),  # 4 params
    "max": Pool("max", 2),
    "avg": Pool("avg", 2),  # 4 out
    "global": Pool("global"),  # 4 out
    "adaptive": Pool("adaptive", 3),  # 36 out
}


@pytest.mark.parametrize(
    ("counter", "word", "expected"),
    [
        ("formula", "macs", [32, 32, *[0] * 14]),
        ("fvcore", "flops", [32, 32, 32, 80, 80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 16, 16]),
        ("torch", "FLOP", [64, 64, *[0] * 14]),
        ("torchinfo", "mult-adds", [40, 34, 8, 8, 8, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0]),
        ("ptflops", "MACs", [40, 34, 32, 0, 32, 32, 16, 16, 16, 0, 0, 0, 32, 32, 32, 32]),
        ("thop", "MACs", [32, 32, 64, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 20, 52]),
        ("calflops", "FLOPs", [72, 64, 32, 80, 80, 16, 0, 16, 16, 0, 0, 0, 16, 16, 16, 16]),
        ("calflops", "MACs", [32, 32, *[0] * 14]),
        ("deepspeed", "flops", [72, 64, 32, 80, 80, 16, 0, 16, 16, 0, 0, 0, 16, 16, 16, 16]),
        ("deepspeed", "MACs", [32, 32, *[0] * 14]),
    ],
)
def test_single_layers(counter, word, expected):
    (found,) = [
        c for c in CONVENTIONS if (c.counter, c.quantity, c.word) == (counter, "forward", word)
    ]
    numbers = {
        name: sum(found.parts(sums(layer, shape=(4, 2, 2))).values())
        for name, layer in LAYERS.items()
    }
    assert list(numbers.values()) == expected


def test_what_thop_loses_by_taking_windows_as_fractions():
    """8/7 by 8/7 elements a window: in double precision 452 elements in and out are 451.99..."""
    (found,) = [c for c in CONVENTIONS if (c.counter, c.quantity) == ("thop", "forward")]
    parts = found.parts(sums(Pool("adaptive", 7)))
    assert parts["global pool"] == 4 * 64 + 4 * 49 == 452
    assert parts["rounding"] == -1


def test_what_thop_does_not_know_has_no_parameters():
    nodes = [Norm(), Norm(kind="layer"), Norm(kind="group"), Gain()]  # 8, 8, 8 and 4
    (found,) = [c for c in CONVENTIONS if (c.counter, c.quantity) == ("thop", "params")]
    assert sum(found.parts(sums(*nodes)).values()) == 8


@pytest.mark.parametrize(
    ("counter", "word", "expected"),
    [
        ("ptflops", "MACs", {"layer norm": 16, "hardswish and sigmoids": 48}),
        ("thop", "MACs", {"layer norm": 16, "group norm": 16}),
        ("calflops", "FLOPs", {"hardswish and sigmoids": 48, "ReLU6": 16}),
        ("deepspeed", "flops", {"hardswish and sigmoids": 48, "ReLU6": 16}),
    ],
)
def test_what_is_left_out_though_the_like_counts(counter, word, expected):
    """Of 16 elements each; those of the gate, the learned factor and the sum together 48."""
    nodes = [LAYERS[name] for name in ("layer", "group", "relu6", "hard", "gate", "gain")]
    tallied = sums(*nodes, Sum(Seq(), Act()), shape=(4, 2, 2))
    (found,) = [
        c for c in CONVENTIONS if (c.counter, c.quantity, c.word) == (counter, "forward", word)
    ]
    operators = {} if counter == "thop" else {"sums and products": 48}
    left_out = {term.name: elements for term, elements in found.left_out(tallied)}
    assert left_out == expected | operators
