"""Which tensors of a file are parameters, and what exporters and quantisers make of a network."""

import pytest

pytestmark = pytest.mark.torchvision
onnx = pytest.importorskip("onnx", reason="onnx is an extra")
from onnx_files import node, numbers, saved, value, weight  # noqa: E402

from archscope.cost.onnx_file import count_onnx, read_input  # noqa: E402

IMAGE = (3, 32, 32)
# Two convolutions, 3 to 10 channels at 32 x 32 and 10 to 24 at 16 x 16, then 24 to 10 classes.
PARAMS = 10 * 27 + 24 * 90 + 24 * 10
MACS = 10 * 32 * 32 * 27 + 24 * 16 * 16 * 90 + 240
FIRST = {"pads": [1, 1, 1, 1]}
SECOND = {"pads": [1, 1, 1, 1], "strides": [2, 2]}
SHAPES = {"w1": (10, 3, 3, 3), "w2": (24, 10, 3, 3), "w3": (24, 10)}
X, Y = value("x", "N", 3, 32, 32), value("y", "N", 10)


def scales(*names, vectors=False):
    """A scale and a zero point for each name, for each output where it is a weight."""
    sizes = {name: SHAPES[name][-1 if name == "w3" else 0] for name in SHAPES} if vectors else {}
    for name in names:
        shape = [sizes[name]] if name in sizes else []
        yield weight(f"{name}_scale", *shape)
        yield weight(f"{name}_zero", *shape, kind="b" if name in SHAPES else "u")


def integers():
    return [weight(name, *shape, kind="b") for name, shape in SHAPES.items()]


def quantised(name):
    return [name, f"{name}_scale", f"{name}_zero"]


def plain():
    nodes = [
        node("Conv", ["x", "w1"], ["a"], **FIRST),
        node("Relu", ["a"], ["b"]),
        node("Conv", ["b", "w2"], ["c"], **SECOND),
        node("GlobalAveragePool", ["c"], ["d"]),
        node("Flatten", ["d"], ["e"]),
        node("MatMul", ["e", "w3"], ["y"]),
    ]
    return nodes, [weight(name, *shape) for name, shape in SHAPES.items()]


def with_pairs():
    """QDQ: every tensor is quantised and dequantised before an operator of floats."""

    def pair(name):
        return [
            node("QuantizeLinear", quantised(name), [f"{name}_q"]),
            node("DequantizeLinear", [f"{name}_q", *quantised(name)[1:]], [f"{name}_d"]),
        ]

    nodes = [
        node(
            "DequantizeLinear",
            quantised(name),
            [f"{name}_d"],
            **{"axis": 1} if name == "w3" else {},
        )
        for name in SHAPES
    ]
    nodes += [
        *pair("x"),
        node("Conv", ["x_d", "w1_d"], ["a"], **FIRST),
        *pair("a"),
        node("Conv", ["a_d", "w2_d"], ["c"], **SECOND),
        *pair("c"),
        node("GlobalAveragePool", ["c_d"], ["d"]),
        *pair("d"),
        node("Flatten", ["d_d"], ["e"]),
        node("MatMul", ["e", "w3_d"], ["y"]),
    ]
    return nodes, [*integers(), *scales(*"xacd", *SHAPES, vectors=True)]


def with_operators():
    """Operators of integers, as ONNX Runtime's quantiser writes them."""
    nodes = [
        node("QuantizeLinear", quantised("x"), ["x_q"]),
        node(
            "QLinearConv",
            ["x_q", "x_scale", "x_zero", *quantised("w1"), "a_scale", "a_zero"],
            ["a"],
            **FIRST,
        ),
        node(
            "QLinearConv", [*quantised("a"), *quantised("w2"), *quantised("c")[1:]], ["c"], **SECOND
        ),
        node(
            "QLinearGlobalAveragePool",
            [*quantised("c"), "d_scale", "d_zero"],
            ["d"],
            domain="com.microsoft",
            channels_last=0,
        ),
        node("Flatten", ["d"], ["e"]),
        node(
            "QLinearMatMul",
            ["e", "d_scale", "d_zero", *quantised("w3"), "y_scale", "y_zero"],
            ["y_q"],
        ),
        node("DequantizeLinear", ["y_q", "y_scale", "y_zero"], ["y"]),
    ]
    return nodes, [*integers(), *scales(*"xacdy", *SHAPES)]


def dynamic():
    """Dynamic quantisation with a scale an output: the scales are multiplied with features."""
    nodes = []

    def step(image, kind, name, result, **options):
        nodes.extend(
            [
                node("DynamicQuantizeLinear", [image], [f"{image}q", f"{image}s", f"{image}z"]),
                node("Mul", [f"{image}s", f"{name}_scale"], [f"{name}s"]),
                node(
                    kind, [f"{image}q", name, f"{image}z", f"{name}_zero"], [f"{name}i"], **options
                ),
                node("Cast", [f"{name}i"], [f"{name}f"], to=1),
                node("Mul", [f"{name}f", f"{name}t"], [result]),
            ]
        )
        shape = [1, -1] if kind == "MatMulInteger" else [1, -1, 1, 1]
        nodes.insert(-1, node("Reshape", [f"{name}s", f"{name}r"], [f"{name}t"]))
        return numbers(f"{name}r", *shape)

    shapes = [step("x", "ConvInteger", "w1", "a", **FIRST)]
    nodes.append(node("Relu", ["a"], ["b"]))
    shapes.append(step("b", "ConvInteger", "w2", "c", **SECOND))
    nodes += [node("GlobalAveragePool", ["c"], ["d"]), node("Flatten", ["d"], ["e"])]
    shapes.append(step("e", "MatMulInteger", "w3", "y"))
    return nodes, [*shapes, *integers(), *scales(*SHAPES, vectors=True)]


@pytest.mark.parametrize("form", [plain, with_pairs, with_operators, dynamic])
def test_a_quantised_network_costs_what_it_cost_in_floats(tmp_path, form):
    nodes, weights = form()
    path = saved(tmp_path / "net.onnx", nodes, [X], [Y], weights)
    found = count_onnx(path, IMAGE)
    assert (found.params, found.macs, found.classes) == (PARAMS, MACS, 10) == (2670, 829_680, 10)
    assert found.activations == 10 * 32 * 32 + 24 * 16 * 16 + 10 and found.macs_exact


def counted(tmp_path, nodes, weights, image=(3, 8, 8), result="y"):
    unknown = onnx.helper.make_value_info(result, onnx.TypeProto())
    path = saved(tmp_path / "net.onnx", nodes, [value("x", 1, *image)], [unknown], weights)
    return count_onnx(path, image)


@pytest.mark.parametrize(
    ("nodes", "weights", "params"),
    [
        # A bias of a channel, a table added to each place, a class token: learned.
        ([node("Add", ["x", "t"], ["y"])], [weight("t", 3, 1, 1)], 3),
        ([node("Add", ["t", "x"], ["y"])], [weight("t", 3, 8, 8)], 192),
        ([node("Concat", ["t", "x"], ["y"], axis=2)], [weight("t", 1, 3, 1, 8)], 24),
        ([node("Mul", ["x", "t"], ["y"])], [weight("t", 8)], 8),
        ([node("PRelu", ["x", "t"], ["y"])], [weight("t", 1)], 1),
        ([node("LayerNormalization", ["x", "t", "t"], ["y"])], [weight("t", 8)], 8),
        # A rotary table, a number, a mean that is taken off, the sizes and scales of a Resize.
        ([node("Mul", ["x", "t"], ["y"])], [weight("t", 8, 8)], 0),
        ([node("Mul", ["x", "t"], ["y"])], [weight("t", 1)], 0),
        ([node("Sub", ["x", "t"], ["y"])], [weight("t", 3, 1, 1)], 0),
        ([node("Resize", ["x", "", "t"], ["y"])], [weight("t", 4)], 0),
        ([node("Resize", ["x", "", "", "t"], ["y"])], [numbers("t", 1, 3, 9, 9)], 0),
        # A mask, or a gathered bias, on its way to a softmax.
        ([node("Add", ["x", "t"], ["a"]), node("Softmax", ["a"], ["y"])], [weight("t", 8, 8)], 0),
        (
            [
                node("Gather", ["t", "i"], ["b"]),
                node("Add", ["x", "b"], ["a"]),
                node("Softmax", ["a"], ["y"]),
            ],
            [weight("t", 15, 8), numbers("i", *range(8))],
            15 * 8,
        ),
        # A table in the place of the image, through a layer whose result is added.
        (
            [
                node("MatMul", ["t", "w"], ["p"]),
                node("Add", ["p", "b"], ["q"]),
                node("Add", ["x", "q"], ["y"]),
            ],
            [weight("t", 8, 2), weight("w", 2, 8), weight("b", 8)],
            16 + 8,
        ),
        # Weights on their way through the graph, once for both of their uses.
        (
            [
                node("Transpose", ["w"], ["v"]),
                node("MatMul", ["x", "v"], ["a"]),
                node("MatMul", ["a", "w"], ["y"]),
            ],
            [weight("w", 8, 8)],
            64,
        ),
        # Standardised weights: both they and their gain are learned.
        (
            [
                node("ReduceMean", ["w", "i"], ["m"]),
                node("Sub", ["w", "m"], ["c"]),
                node("Mul", ["c", "g"], ["v"]),
                node("MatMul", ["x", "v"], ["y"]),
            ],
            [weight("w", 8, 8), weight("g", 8), numbers("i", 0)],
            64 + 8,
        ),
        # Weights that are quantised only when the network runs.
        (
            [
                node("QuantizeLinear", ["w", "s"], ["q"], axis=1),
                node("DequantizeLinear", ["q", "s"], ["v"], axis=1),
                node("MatMul", ["x", "v"], ["y"]),
            ],
            [weight("w", 8, 8), weight("s", 8)],
            64,
        ),
        # A quantisation written out: the scale is none.
        (
            [
                node("Cast", ["w"], ["c"], to=1),
                node("Mul", ["c", "s"], ["v"]),
                node("MatMul", ["x", "v"], ["y"]),
            ],
            [weight("w", 8, 8, kind="b"), weight("s", 8)],
            64,
        ),
        # An operator of one's own, whose weights may be any tensor of several floats.
        (
            [node("Magic", ["x", "w", "s", "i"], ["y"], domain="mine")],
            [weight("w", 8, 8), weight("s", 1), weight("i", 8, kind="l")],
            64,
        ),
        # Weights that the graph fills, and a table that it fills.
        (
            [
                node("ConstantOfShape", ["s"], ["w"]),
                node("MatMul", ["x", "w"], ["a"]),
                node("Add", ["a", "w"], ["y"]),
            ],
            [numbers("s", 8, 8)],
            64,
        ),
        (
            [node("ConstantOfShape", ["s"], ["t"]), node("Add", ["x", "t"], ["y"])],
            [numbers("s", 8, 8)],
            0,
        ),
        # What nothing uses.
        ([node("Relu", ["x"], ["y"])], [weight("w", 8, 8), weight("s", 3, kind="l")], 0),
    ],
)
def test_a_tensor_is_a_parameter_by_its_use(tmp_path, nodes, weights, params):
    assert counted(tmp_path, nodes, weights).params == params


def test_shapes_that_the_graph_computes_are_known(tmp_path):
    """As exporters write a flatten and an expand for an open batch: 3 x 64 by 64 x 5, plus one."""
    nodes = [
        node("Shape", ["x"], ["s"]),
        node("Gather", ["s", "zero"], ["n"]),
        node("Gather", ["s", "one"], ["c"]),
        node("Mul", ["n", "c"], ["rows"]),
        node("Unsqueeze", ["rows", "axis"], ["r"]),
        node("Concat", ["r", "rest"], ["to"], axis=0),
        node("Reshape", ["x", "to"], ["f"]),
        node("Concat", ["axis1", "sixty"], ["wide"], axis=0),
        node("Expand", ["token", "wide"], ["t"]),
        node("Concat", ["f", "t"], ["g"], axis=0),
        node("MatMul", ["g", "w"], ["y"]),
    ]
    held = [
        *(
            weight("zero", kind="l", values=[0]),
            weight("one", kind="l"),
            numbers("axis", 0),
            numbers("rest", -1),
        ),
        *(numbers("axis1", 1), numbers("sixty", 64), weight("token", 1, 64), weight("w", 64, 5)),
    ]
    image = value("x", "N", 3, 8, 8)
    path = saved(tmp_path / "net.onnx", nodes, [image], [value("y", None, None)], held)
    found = count_onnx(path, (3, 8, 8))
    assert (found.macs, found.params, found.classes) == (4 * 64 * 5, 64 + 320, 5)
    assert found.macs_exact


def turned(tmp_path, *sizes):
    """A file that takes N x H x W x C, as those of TensorFlow do."""
    nodes = [node("Transpose", ["x"], ["t"], perm=[0, 3, 1, 2]), node("Conv", ["t", "w"], ["y"])]
    parts = [value("x", None, *sizes)], [value("y", None, 8, None, None)], [weight("w", 8, 3, 3, 3)]
    return saved(tmp_path / "net.onnx", nodes, *parts)


def test_an_image_whose_channels_come_last(tmp_path):
    path = turned(tmp_path, None, None, 3)
    assert read_input(path) is None
    assert count_onnx(path, (3, 10, 12)).macs == 8 * 8 * 10 * 27
    path = turned(tmp_path, 10, 12, 3)
    assert read_input(path) == (3, 10, 12)
    assert count_onnx(path, (3, 10, 12)).macs == 8 * 8 * 10 * 27
