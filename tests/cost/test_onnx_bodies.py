"""Functions, If, Loop and Scan: a body costs what it costs once times how often it runs."""

from itertools import pairwise

import pytest

pytestmark = pytest.mark.torchvision
onnx = pytest.importorskip("onnx", reason="onnx is an extra")
from onnx_files import function, node, numbers, saved, value, weight  # noqa: E402

from archscope.cost.onnx_file import count_onnx  # noqa: E402

# An image of 1 x 1 x 4 x 4, and products of it with 4 x 4 weights: 16 times 4 multiply-adds.
ONCE = 64
X, Y = value("x", 1, 1, 4, 4), value("y", None, None, None, None)
W = weight("w", 4, 4)


def counted(tmp_path, *nodes, weights=(W,), **options):
    path = saved(tmp_path / "net.onnx", nodes, [X], [Y], weights, **options)
    return count_onnx(path, (1, 4, 4))


def branch(name, *nodes, result="t", weights=()):
    return onnx.helper.make_graph(nodes, name, [], [value(result, None)], weights)


def test_a_function_costs_what_its_calls_cost(tmp_path):
    """`twice` calls `once` two times; its weights are its caller's or its own, each held once."""
    own = node("Constant", [], ["o"], value=weight("o", 4, 4))
    inner = [own, node("MatMul", ["a", "v"], ["p"]), node("MatMul", ["p", "o"], ["b"])]
    once = function("once", ["a", "v"], ["b"], inner)
    calls = [
        node("once", ["a", "v"], ["m"], domain="mine"),
        node("once", ["m", "v"], ["b"], domain="mine"),
    ]
    twice = function("twice", ["a", "v"], ["b"], calls)
    top = [
        node("twice", ["x", "w"], ["t"], domain="mine"),
        node("once", ["t", "u"], ["y"], domain="mine"),
    ]
    found = counted(tmp_path, *top, weights=(W, weight("u", 4, 4)), functions=[once, twice])
    assert (found.macs, found.params) == (6 * ONCE, 3 * 16) and found.macs_exact


def test_a_function_takes_the_attributes_of_its_call(tmp_path):
    """A kernel of 1 on 4 x 4 places padded by what the call says, 1 where it says nothing."""
    conv = node("Conv", ["a", "k"], ["b"])
    conv.attribute.append(
        onnx.AttributeProto(name="pads", ref_attr_name="by", type=onnx.AttributeProto.INTS)
    )
    default = onnx.helper.make_attribute("by", [1, 1, 1, 1])
    padded = function("padded", ["a", "k"], ["b"], [conv], attribute_protos=[default])
    nodes = [
        node("padded", ["x", "k"], ["t"], domain="mine", by=[0, 0, 0, 2]),
        node("padded", ["t", "k"], ["y"], domain="mine"),
    ]
    found = counted(tmp_path, *nodes, weights=(weight("k", 1, 1, 1, 1),), functions=[padded])
    assert found.macs == 4 * 6 + 6 * 8


@pytest.mark.parametrize(
    ("condition", "other", "macs", "exact"),
    [
        ("true", 1, 2 * ONCE, True),  # known: the branch that is taken
        ("false", 1, ONCE, True),
        ("asked", 2, 2 * ONCE, True),  # unknown, but both cost the same
        ("asked", 1, ONCE, False),  # at least the cheaper one
    ],
)
def test_of_two_branches_the_known_one_counts(tmp_path, condition, other, macs, exact):
    def products(times):
        names = ["x", *(f"t{place}" for place in range(times - 1)), "t"]
        chain = pairwise(names)
        return [node("MatMul", [before, "w"], [after]) for before, after in chain]

    found = counted(
        tmp_path,
        node("ReduceMax", ["x"], ["r"], keepdims=0),
        node("Cast", ["r"], ["asked"], to=onnx.TensorProto.BOOL),
        node(
            "If",
            [condition],
            ["y"],
            then_branch=branch("then", *products(2)),
            else_branch=branch("else", *products(other)),
        ),
        weights=(
            W,
            weight("true", kind="t"),
            weight("false", kind="t", values=[0]),
        ),
    )
    assert (found.macs, found.macs_exact) == (macs, exact)
    assert found.uncounted == ({} if exact else {"If": 1})
    assert found.params == 16


def loop(*nodes, most="three", condition="", again="c", stacked=()):
    """A loop that carries `a`."""
    inputs = [value("n", kind="l"), value("c", kind="t"), value("a", None, None, None, None)]
    outputs = [value(again, kind="t"), value("b", None, None, None, None)]
    outputs += [value(name, None) for name in stacked]
    body = onnx.helper.make_graph(nodes, "body", inputs, outputs)
    return node("Loop", [most, condition, "x"], ["y", *stacked], body=body)


LIMITS = (
    W,
    weight("three", kind="l", values=[3]),
    weight("true", kind="t"),
    weight("no", kind="t", values=[0]),
)
STEP = node("MatMul", ["a", "w"], ["b"])
TEST = [
    node("ReduceMax", ["b"], ["r"], keepdims=0),
    node("Cast", ["r"], ["asked"], to=onnx.TensorProto.BOOL),
]


@pytest.mark.parametrize(
    ("given", "macs", "exact"),
    [
        (loop(STEP), 3 * ONCE, True),
        (loop(STEP, condition="true"), 3 * ONCE, True),
        (loop(STEP, node("Identity", ["c"], ["d"]), again="d"), 3 * ONCE, True),
        (loop(STEP, node("Not", ["c"], ["d"]), again="d"), ONCE, True),
        (loop(STEP, condition="no"), 0, True),
        (loop(STEP, *TEST, again="asked"), 0, False),
        (loop(STEP, most="", condition="true"), 0, False),
        (loop(STEP, most="length"), 4 * ONCE, True),
        (loop(STEP, most="asked"), 0, False),
        (loop(node("Relu", ["a"], ["b"]), most="asked"), 0, True),  # it multiplies nothing
    ],
)
def test_a_loop_counts_as_often_as_it_runs(tmp_path, given, macs, exact):
    sizes = [
        node("Shape", ["x"], ["sizes"], start=3),
        node("Squeeze", ["sizes"], ["length"]),
        node("ReduceMax", ["x"], ["largest"], keepdims=0),
        node("Cast", ["largest"], ["asked"], to=onnx.TensorProto.INT64),
    ]
    found = counted(tmp_path, *sizes, given, weights=LIMITS)
    assert (found.macs, found.macs_exact) == (macs, exact)
    assert found.uncounted == ({} if exact else {"Loop": 1})


def test_what_a_loop_carries_may_change_its_shape(tmp_path):
    """A body that doubles its rows: how many a run has is not known, so the product is told."""
    body = [node("Concat", ["a", "a"], ["t"], axis=2), node("MatMul", ["t", "w"], ["b"])]
    assert counted(tmp_path, loop(*body), weights=LIMITS).uncounted == {"MatMul": 1}


def test_what_a_loop_stacks_has_a_size_for_each_run(tmp_path):
    after = [node("Reshape", ["all", "to"], ["z"]), node("MatMul", ["z", "w"], ["end"])]
    path = saved(
        tmp_path / "net.onnx",
        [loop(STEP, node("Relu", ["b"], ["all"]), stacked=["all"]), *after],
        [X],
        [value("end", None, None)],
        [*LIMITS, numbers("to", -1, 4)],
    )
    assert count_onnx(path, (1, 4, 4)).macs == 3 * ONCE + 3 * ONCE


def test_a_scan_runs_once_for_each_slice(tmp_path):
    """Along the third axis: 4 slices of 1 x 1 x 4, each times 4 x 4, then 4 rows together."""
    body = onnx.helper.make_graph(
        [node("MatMul", ["row", "w"], ["out"]), node("Add", ["sum", "out"], ["next"])],
        "body",
        [value("sum", 1, 1, 4), value("row", 1, 1, 4)],
        [value("next", 1, 1, 4), value("out", 1, 1, 4)],
    )
    scan = node(
        "Scan",
        ["start", "x"],
        ["last", "rows"],
        body=body,
        num_scan_inputs=1,
        scan_input_axes=[2],
        scan_output_axes=[2],
    )
    after = node("MatMul", ["rows", "w"], ["y"])
    found = counted(tmp_path, scan, after, weights=(W, weight("start", 1, 1, 4)))
    assert (found.macs, found.activations) == (4 * 16 + ONCE, 4 * 4 + 16) and found.macs_exact


def test_a_body_in_a_body(tmp_path):
    """A function whose loop of 3 runs holds a branch of two products."""
    products = [node("MatMul", ["a", "w"], ["s"]), node("MatMul", ["s", "w"], ["t"])]
    choice = node(
        "If",
        ["true"],
        ["b"],
        then_branch=branch("then", *products),
        else_branch=branch("else", node("Identity", ["a"], ["t"])),
    )
    assert counted(tmp_path, loop(choice), weights=LIMITS).macs == 3 * 2 * ONCE
