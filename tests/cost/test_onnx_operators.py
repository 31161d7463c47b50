"""Each ONNX operator that multiplies, against hand arithmetic."""

import math
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import strategies as st
from properties import examples

pytestmark = pytest.mark.torchvision
onnx = pytest.importorskip("onnx", reason="onnx is an extra")
from onnx.backend.test.case.node import collect_testcases  # noqa: E402
from onnx_files import operator, weight  # noqa: E402

from archscope.cost.onnx_file import count_onnx  # noqa: E402
from archscope.cost.onnx_file.opened import open_model  # noqa: E402
from archscope.cost.onnx_file.products import PRODUCTS  # noqa: E402
from archscope.cost.onnx_file.quiet import QUIET  # noqa: E402
from archscope.cost.onnx_file.walk import Walk  # noqa: E402

RUNTIME = {"domain": "com.microsoft"}
ONE, ZERO, BYTE = weight("one"), weight("zero", kind="u"), weight("byte", kind="b")


def counted(path, *given, **options):
    found = count_onnx(operator(path / "net.onnx", *given, **options), (1, 1, 1))
    assert found.macs_exact, found.uncounted
    return found.params, found.macs, found.activations


def w(*shape, kind="f"):
    return weight("w", *shape, kind=kind)


def b(*shape, kind="f"):
    return weight("b", *shape, kind=kind)


# name, shape of the first input, the others, options; (params, multiply-adds, activations).
CASES = {
    # Two groups of 3 channels, 4 outputs at 8 places: each a kernel of 3 on 3 channels.
    "conv of one dimension": (
        ("Conv", (1, 6, 10), [w(4, 3, 3), b(4)], {"group": 2}),
        (36 + 4, 4 * 8 * 9, 32),
    ),
    "conv of three dimensions": (
        ("Conv", (1, 2, 4, 4, 4), [w(3, 2, 2, 2, 2)], {}),
        (48, 81 * 16, 81),
    ),
    # Every one of 4 x 5 x 5 inputs goes into 3 channels of 3 x 3.
    "conv transposed": (
        ("ConvTranspose", (1, 4, 5, 5), [w(4, 3, 3, 3), b(6)], {"group": 2, "strides": [2, 2]}),
        (108 + 6, 100 * 27, 6 * 11 * 11),
    ),
    "deformable conv": (
        ("DeformConv", (1, 3, 10, 10), [w(8, 3, 3, 3), weight("o", 1, 18, 8, 8), b(8)], {}),
        (216 + 8, 13_824, 512),
    ),
    "conv of integers": (
        ("ConvInteger", (1, 3, 6, 6), [w(5, 3, 3, 3, kind="b"), ZERO, BYTE], {"kind": "u"}),
        (135, 80 * 27, 80),
    ),
    "quantised conv": (
        (
            "QLinearConv",
            (1, 3, 6, 6),
            [
                ONE,
                ZERO,
                w(5, 3, 3, 3, kind="b"),
                weight("s", 5),
                weight("z", 5, kind="b"),
                ONE,
                ZERO,
                b(5, kind="i"),
            ],
            {"kind": "u"},
        ),
        (135 + 5, 80 * 27, 80),
    ),
    "quantised conv of the runtime": (
        (
            "QLinearConv",
            (1, 3, 6, 6),
            [ONE, ZERO, w(5, 3, 3, 3, kind="b"), ONE, BYTE, ONE, ZERO],
            {"kind": "u", "channels_last": 0, **RUNTIME},
        ),
        (135, 80 * 27, 80),
    ),
    "conv and activation": (
        ("FusedConv", (1, 3, 6, 6), [w(5, 3, 3, 3), b(5)], {"activation": "Relu", **RUNTIME}),
        (140, 80 * 27, 80),
    ),
    "product of vectors": (("MatMul", (7,), [w(7)], {}), (7, 7, 1)),
    "product by broadcasting": (("MatMul", (2, 1, 4, 6), [w(3, 6, 5)], {}), (90, 6 * 120, 120)),
    "product of features": (("MatMul", (6, 5), [((5, 2), "f")], {}), (0, 60, 12)),
    "gemm": (
        ("Gemm", (6, 4), [w(5, 6), b(5)], {"transA": 1, "transB": 1}),
        (35, 4 * 6 * 5, 20),
    ),
    "product of integers": (
        ("MatMulInteger", (4, 6), [w(6, 5, kind="b"), ZERO, BYTE], {"kind": "u"}),
        (30, 120, 20),
    ),
    "quantised product": (
        (
            "QLinearMatMul",
            (4, 6),
            [ONE, ZERO, w(6, 5, kind="u"), weight("s", 5), weight("z", 5, kind="u"), ONE, ZERO],
            {"kind": "u"},
        ),
        (30, 120, 20),
    ),
    "quantised gemm": (
        (
            "QGemm",
            (4, 6),
            [
                ONE,
                ZERO,
                w(5, 6, kind="b"),
                weight("s", 5),
                weight("z", 5, kind="b"),
                b(5, kind="i"),
                ONE,
                ZERO,
            ],
            {"kind": "u", "transB": 1, **RUNTIME},
        ),
        (35, 120, 20),
    ),
    "product quantised on the way": (
        ("DynamicQuantizeMatMul", (4, 6), [w(6, 5, kind="b"), weight("s", 5), None, b(5)], RUNTIME),
        (35, 120, 20),
    ),
    "integers to floats": (
        (
            "MatMulIntegerToFloat",
            (4, 6),
            [w(6, 5, kind="b"), ONE, weight("s", 5), None, None, b(5)],
            {"kind": "u", **RUNTIME},
        ),
        (35, 120, 20),
    ),
    "product, turned": (
        ("FusedMatMul", (2, 6, 4), [w(5, 6)], {"transA": 1, "transB": 1, **RUNTIME}),
        (30, 2 * 4 * 6 * 5, 40),
    ),
    "gemm and activation": (
        ("FusedGemm", (4, 6), [w(6, 5), b(5)], {"activation": "Relu", **RUNTIME}),
        (35, 120, 20),
    ),
    "product and gelu": (("GemmFastGelu", (4, 6), [w(6, 5), b(5)], RUNTIME), (35, 120, 20)),
    # 64 x 10 weights of 4 bits in 320 bytes.
    "4-bit weights": (
        (
            "MatMulNBits",
            (2, 64),
            [w(10, 2, 16, kind="u"), weight("s", 20), None, None, b(10)],
            {"K": 64, "N": 10, "bits": 4, "block_size": 32, **RUNTIME},
        ),
        (640 + 10, 1280, 20),
    ),
    "4-bit floats": (
        (
            "MatMulBnb4",
            (2, 64),
            [w(320, kind="u"), weight("s", 10)],
            {"K": 64, "N": 10, "block_size": 64, "quant_type": 1, **RUNTIME},
        ),
        (640, 1280, 20),
    ),
    # 5 steps of 2 sequences; 4 gates of 3 units take 4 inputs and 3 states; peepholes are 3 x 3.
    "lstm": (
        (
            "LSTM",
            (5, 2, 4),
            [w(1, 12, 4), weight("r", 1, 12, 3), b(1, 24), None, None, None, weight("p", 1, 9)],
            {"hidden_size": 3},
        ),
        (48 + 36 + 24 + 9, 10 * (48 + 36), 5 * 2 * 3),
    ),
    "lstm of integers": (
        (
            "DynamicQuantizeLSTM",
            (5, 2, 4),
            [
                w(1, 4, 12, kind="b"),
                weight("r", 1, 3, 12, kind="b"),
                b(1, 24),
                None,
                None,
                None,
                None,
                weight("s", 1),
                weight("z", 1, kind="b"),
                weight("t", 1),
                weight("v", 1, kind="b"),
            ],
            {"hidden_size": 3, **RUNTIME},
        ),
        (48 + 36 + 24, 10 * (48 + 36), 5 * 2 * 3),
    ),
    "gru both ways": (
        (
            "GRU",
            (5, 2, 4),
            [w(2, 9, 4), weight("r", 2, 9, 3)],
            {"hidden_size": 3, "direction": "bidirectional", "linear_before_reset": 1},
        ),
        (72 + 54, 10 * (72 + 54), 5 * 2 * 2 * 3),
    ),
    "rnn, the batch first": (
        ("RNN", (2, 5, 4), [w(1, 3, 4), weight("r", 1, 3, 3)], {"hidden_size": 3, "layout": 1}),
        (12 + 9, 10 * (12 + 9), 30),
    ),
    "einsum": (
        ("Einsum", (2, 4, 6), [w(6, 5)], {"equation": "bij,jk->bik"}),
        (30, 2 * 4 * 6 * 5, 40),
    ),
    "einsum without a sum": (("Einsum", (4,), [((5,), "f")], {"equation": "i,j->ij"}), (0, 0, 20)),
    # 2 heads, 5 queries on 7 keys of 4 and values of 6.
    "attention": (
        ("Attention", (1, 2, 5, 4), [((1, 2, 7, 4), "f"), ((1, 2, 7, 6), "f")], {}),
        (0, 2 * 5 * 7 * (4 + 6), 2 * 5 * 6),
    ),
    "attention of a shared key": (
        (
            "Attention",
            (1, 5, 8),
            [((1, 7, 4), "f"), ((1, 7, 6), "f"), weight("m", 5, 7)],
            {"q_num_heads": 2, "kv_num_heads": 1},
        ),
        (0, 2 * 5 * 7 * (4 + 6), 5 * 2 * 6),
    ),
    # 5 steps of 4 inputs, projected to 3 times 6, then 5 x 5 products of 6 and of 6.
    "attention with its projections": (
        ("Attention", (1, 5, 4), [w(4, 18), b(18)], {"num_heads": 2, **RUNTIME}),
        (72 + 18, 5 * 4 * 18 + 25 * 12, 30),
    ),
    "attention of integers": (
        (
            "QAttention",
            (1, 5, 4),
            [w(4, 18, kind="b"), b(18), ONE, ONE, None, ZERO, BYTE],
            {"num_heads": 2, "kind": "u", **RUNTIME},
        ),
        (72 + 18, 5 * 4 * 18 + 25 * 12, 30),
    ),
    "attention of the runtime": (
        (
            "MultiHeadAttention",
            (1, 5, 8),
            [((1, 7, 8), "f"), ((1, 7, 6), "f"), b(22)],
            {"num_heads": 2, **RUNTIME},
        ),
        (22, 5 * 7 * (8 + 6), 30),
    ),
    "attention of packed heads": (
        ("MultiHeadAttention", (1, 5, 2, 3, 4), [], {"num_heads": 2, **RUNTIME}),
        (0, 25 * 16, 40),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_an_operator_by_hand(tmp_path, case):
    (name, first, rest, options), expected = CASES[case]
    assert counted(tmp_path, name, first, rest, **options) == expected


def test_every_operator_that_is_counted_has_a_case():
    named = {(options.get("domain", ""), name) for (name, _, _, options), _ in CASES.values()}
    left = set(PRODUCTS) - named
    assert left == {("com.microsoft", "MatMulInteger16"), ("com.microsoft", "TransposeMatMul")}
    assert not QUIET & PRODUCTS.keys()


@pytest.mark.slow
def test_an_attention_costs_what_its_definition_does(tmp_path):
    """ONNX's own cases of it, with shared keys, pasts and masks, beside what ONNX makes of them."""
    found = {}
    for case in collect_testcases("Attention"):
        path = tmp_path / "net.onnx"
        onnx.save(case.model, path)
        walk = Walk(open_model(path), str(tmp_path))
        walk.run({entry.name: entry.type for entry in case.model.graph.input})
        assert not walk.tally.uncounted
        found[case.name] = walk.tally.macs
    pairs = [(macs, found.get(f"{name}_expanded")) for name, macs in found.items()]
    assert sum(other is not None for _, other in pairs) > 20
    assert all(macs == other > 0 for macs, other in pairs if other is not None)


@examples(20, 200, st.data())
def test_a_convolution_costs_what_a_loop_over_its_outputs_does(data):
    """Places by their definition: those where the dilated kernel fits into the padded image."""
    draw = data.draw
    kernel, stride, dilation = (draw(st.integers(1, 3)) for _ in range(3))
    pad, groups, extra = draw(st.integers(0, 2)), draw(st.integers(1, 3)), draw(st.integers(0, 6))
    inside, outside = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    size = dilation * (kernel - 1) + 1 + extra
    places = sum(
        start % stride == 0 and start + dilation * (kernel - 1) < size + 2 * pad
        for start in range(size + 2 * pad)
    )
    kernels = weight("w", groups * outside, inside, kernel, kernel)
    images = (1, groups * inside, size, size)
    attributes = {
        "group": groups,
        "strides": [stride] * 2,
        "dilations": [dilation] * 2,
        "pads": [pad] * 4,
    }
    outputs = groups * outside * places**2
    expected = (math.prod(kernels.dims), outputs * inside * kernel**2, outputs)
    with TemporaryDirectory() as folder:
        assert counted(Path(folder), "Conv", images, [kernels], **attributes) == expected
