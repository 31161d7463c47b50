"""ONNX that is none: refused in one sentence, never counted, whatever is wrong with it."""

import random
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from properties import examples

pytestmark = pytest.mark.torchvision
onnx = pytest.importorskip("onnx", reason="onnx is an extra")
from hypothesis import strategies as st  # noqa: E402
from onnx_files import function, model, node, numbers, saved, value, weight  # noqa: E402

from archscope.cost.onnx_file import count_onnx, read_input  # noqa: E402
from archscope.errors import UsageError  # noqa: E402

X, Y = value("x", 1, 3, 8, 8), value("y", None, None, None, None)
W = weight("w", 4, 3, 3, 3)
CONV = node("Conv", ["x", "w"], ["y"])
SHAPE = (3, 8, 8)


def refused(path, rule):
    with pytest.raises(UsageError, match=rule) as caught:
        count_onnx(path, read_input(path) or SHAPE)
    assert "\n" not in str(caught.value) and str(caught.value).startswith(str(path)[:50])


def deep(levels):
    """Functions whose bodies hold bodies that call the next function."""
    calls, same = [], node("Identity", ["x"], ["t"])
    inner = [same]
    for place in range(levels):
        for _ in range(5):
            inner = [node("If", ["c"], ["t"], then_branch=body(*inner), else_branch=body(same))]
        calls.append(function(f"f{place}", ["x", "c"], ["t"], inner))
        inner = [node(f"f{place}", ["x", "c"], ["t"], domain="mine")]
    return [node(f"f{levels - 1}", ["x", "yes"], ["y"], domain="mine")], tuple(calls)


def of_conv(**options):
    return [node("Conv", ["x", "w"], ["y"], **options)]


def body(*nodes, **options):
    return onnx.helper.make_graph(nodes, "body", [], [value("t", None)], **options)


def chained(count):
    """Functions each of which calls the one before it twice: 2^count convolutions."""
    calls = [function("f0", ["a"], ["b"], [node("Relu", ["a"], ["b"])])]
    for place in range(1, count):
        inner = [
            node(f"f{place - 1}", ["a"], ["m"], domain="mine"),
            node(f"f{place - 1}", ["m"], ["b"], domain="mine"),
        ]
        calls.append(function(f"f{place}", ["a"], ["b"], inner))
    return [node(f"f{count - 1}", ["x"], ["y"], domain="mine")], [], tuple(calls)


def recursive(*names):
    """Functions each of which calls the next, the last of which calls the first."""
    following = zip(names, [*names[1:], names[0]], strict=True)
    calls = [
        function(name, ["a"], ["b"], [node(other, ["a"], ["b"], domain="mine")])
        for name, other in following
    ]
    return [node(names[0], ["x"], ["y"], domain="mine")], [], tuple(calls)


# nodes, weights, functions; what is said.
CASES = {
    "group 0": ((of_conv(group=0), [W]), "'group' below 1"),
    "group of -3": ((of_conv(group=-3), [W]), "'group' below 1"),
    "a stride of 0": ((of_conv(strides=[0, 0]), [W]), "'strides' below 1"),
    "a dilation of 0": ((of_conv(dilations=[0, 1]), [W]), "'dilations' below 1"),
    "another kernel": ((of_conv(kernel_shape=[5, 5]), [W]), "do not fit|breaks a rule"),
    "other channels": (([CONV], [weight("w", 4, 5, 3, 3)]), "do not fit each other"),
    "groups that do not divide": ((of_conv(group=3), [weight("w", 4, 1, 3, 3)]), "do not fit"),
    "weights of two sizes": (([CONV], [weight("w", 12, 9)]), "do not fit|breaks a rule"),
    "no weights": (([CONV], []), "takes 'w', which nothing before it gives"),
    "a node of no inputs": (([node("Conv", [], ["y"])], []), "breaks a rule|lacks its input"),
    "a size of 0": (([CONV], [weight("w", 0, 3, 3, 3)]), "has a size of 0"),
    "a kernel beyond the image": (([CONV], [weight("w", 4, 3, 9, 9)]), "negative size|breaks|of 0"),
    "sizes that do not multiply": (
        ([node("MatMul", ["x", "v"], ["y"])], [weight("v", 7, 8)]),
        "breaks a rule of ONNX",
    ),
    "a reshape that does not fit": (
        ([node("Reshape", ["x", "s"], ["y"])], [numbers("s", 5, -1)]),
        "breaks a rule of ONNX",
    ),
    "a reshape below -1": (
        ([node("Reshape", ["x", "s"], ["y"])], [numbers("s", -7, 3)]),
        "breaks a rule of ONNX|negative",
    ),
    "a node that reads itself": (
        ([node("Add", ["x", "y"], ["y"])], []),
        "takes 'y', which nothing before it gives",
    ),
    "two nodes that read each other": (
        ([node("Add", ["x", "b"], ["a"]), node("Relu", ["a"], ["b"]), CONV], [W]),
        "takes 'b', which nothing before it gives",
    ),
    "a name given twice": (([CONV, node("Relu", ["x"], ["y"])], [W]), "two of its nodes give 'y'"),
    "a result of no node": (([node("Relu", ["x"], ["z"])], []), "its result takes 'y'"),
    "a function that calls itself": (recursive("f"), "'f' calls itself"),
    "functions that call each other": (recursive("f", "g", "h"), "'f' calls itself"),
    "too many calls": (chained(60), "more than 40 deep"),
    "twice as many calls each": (chained(30), "more than 50,000 nodes"),
    "bodies in functions in bodies": (
        (deep(8)[0], [weight("yes", kind="t")], deep(8)[1]),
        "more than 40 deep",
    ),
    "a padding of 2^62": ((of_conv(pads=[2**62] * 4), [W]), r"2\^63|negative|breaks a rule"),
    "more products than fit": (
        (of_conv(pads=[2**30] * 4), [W]),
        r"more than 2\^63 - 1 (elements|multiply-adds)",
    ),
    "a repeat of 2^40": (
        ([node("Tile", ["x", "n"], ["y"])], [numbers("n", 2**40, 2**40, 1, 1)]),
        r"2\^63|breaks a rule|negative",
    ),
    "a number where there is none": ((of_conv(group=[2]), [W]), "breaks a rule|needs a number"),
    "an equation that fits nothing": (
        ([node("Einsum", ["x", "v"], ["y"], equation="ij,jk->ik")], [weight("v", 8, 8)]),
        "breaks a rule|does not fit",
    ),
    "no equation": (([node("Einsum", ["x"], ["y"])], []), "breaks a rule|does not fit"),
    "a constant of nothing": (([node("Constant", [], ["y"])], []), "has no value"),
    "a constant of no name": (([node("Constant", [], [], value_int=1)], []), "gives nothing"),
    "a branch that is missing": (([node("If", ["yes"], ["y"])], [weight("yes", kind="t")]), "no '"),
    "a loop that takes nothing": (
        ([node("Loop", ["n", "", "x"], ["y"], body=body())], [weight("n", kind="l")]),
        "does not take what it is given",
    ),
    "a scan along no axis": (
        (
            [
                node(
                    "Scan",
                    ["x"],
                    ["y"],
                    num_scan_inputs=1,
                    scan_input_axes=[9],
                    body=body(),
                )
            ],
            [],
        ),
        "axis that its input does not have",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_no_network_is_refused(tmp_path, case):
    (nodes, weights, *functions), rule = CASES[case]
    start = time.process_time()
    path = tmp_path / "net.onnx"
    refused(
        saved(path, nodes, [X], [Y], weights, functions=functions[0] if functions else ()), rule
    )
    assert time.process_time() - start < 20


def test_sizes_that_cannot_be(tmp_path):
    path = tmp_path / "net.onnx"
    refused(saved(path, [CONV], [value("x", 1, 3, -8, 8)], [Y], [W]), "negative size")
    refused(saved(path, [CONV], [X], [Y], [W], declared=[value("t", 3, -1)]), "negative size")
    refused(saved(path, [CONV], [X], [Y], [W], declared=[value("t", *[1] * 65)]), "64 axes")
    many = onnx.NodeProto(op_type="Sum", input=["x"] * 1_000_000, output=["y"])
    refused(saved(path, [many], [X], [Y]), "more than 1,000,000 nodes, names and tensors")
    for sizes in ((4, 3, -3, -3), (2**40, 2**40), (4, 3, 3, 4), [2] * 100_000):
        torn = weight("w", 4, 3, 3, 3)
        torn.dims[:] = sizes
        refused(saved(path, [CONV], [X], [Y], [torn]), "size that cannot be|content of its sizes")


def test_a_file_that_lacks_a_part(tmp_path):
    path = tmp_path / "net.onnx"
    whole = model([CONV], [X], [Y], [W])
    del whole.opset_import[1:]
    for field in ("opset_import", "graph"):
        broken = onnx.ModelProto()
        broken.CopyFrom(whole)
        broken.ClearField(field)
        onnx.save(broken, path)
        refused(path, "names no version|holds no network")
    content = onnx.ModelProto.SerializeToString(whole)
    for end in range(0, len(content), 7):
        path.write_bytes(content[:end])
        refused(path, "cannot be counted")


def test_weights_in_another_file_must_be_there(tmp_path):
    path = tmp_path / "net.onnx"

    def outside(name, **where):
        held = onnx.TensorProto(name="w", dims=[4, 3, 3, 3], data_type=1)
        held.data_location = onnx.TensorProto.EXTERNAL
        for key, entry in {"location": name, **where}.items():
            held.external_data.add(key=key, value=str(entry))
        return saved(path, [CONV], [X], [Y], [held])

    refused(outside("weights.bin"), r"in 'weights.bin', which cannot be read \(No such file")
    (tmp_path / "weights.bin").write_bytes(bytes(4 * 108 - 1))
    refused(outside("weights.bin"), "too short for its weights")
    (tmp_path / "weights.bin").write_bytes(bytes(4 * 108 + 8))
    assert count_onnx(outside("weights.bin", offset=8), SHAPE).params == 108
    refused(outside("weights.bin", offset=12), "too short")
    refused(outside("weights.bin", offset=-9), "too short")
    refused(outside("../weights.bin"), "outside of the file's folder")
    refused(outside(str(tmp_path / "weights.bin")), "outside of the file's folder")
    (tmp_path / "folder").mkdir()
    refused(outside("folder"), "it is a folder")


NETWORK = model(
    [
        node("Conv", ["x", "w"], ["c"], pads=[1, 1, 1, 1], strides=[2, 2]),
        node("f", ["c"], ["d"], domain="mine"),
        node("Loop", ["n", "", "d"], ["l"], body=onnx.helper.make_graph(
            [node("Relu", ["a"], ["b"])], "body",
            [value("i", kind="l"), value("k", kind="t"), value("a", 1, 4, 4, 4)],
            [value("k", kind="t"), value("b", 1, 4, 4, 4)])),
        node("Reshape", ["l", "s"], ["r"]),
        node("Gemm", ["r", "v", "u"], ["y"]),
    ],
    [X], [value("y", 1, 5)],
    [W, weight("n", kind="l", values=[3]), numbers("s", 1, -1), weight("v", 64, 5), weight("u", 5)],
    functions=[function("f", ["a"], ["b"], [node("MaxPool", ["a"], ["b"], kernel_shape=[1, 1])])],
)  # fmt: skip


def is_several(content):
    return hasattr(content, "append") or hasattr(content, "add")


def changed(pick):
    """NETWORK, one field of one of its messages changed."""
    broken = onnx.ModelProto()
    broken.CopyFrom(NETWORK)
    messages, todo = [], [broken]
    while todo:
        message = todo.pop()
        messages += [message] if message.ListFields() else []
        for field, content in message.ListFields():
            if field.message_type:
                todo += content if is_several(content) else [content]
    message = pick.choice(messages)
    field, content = pick.choice(message.ListFields())
    if field.message_type or pick.random() < 0.3:
        if is_several(content) and pick.random() < 0.5:
            del content[pick.randrange(len(content)) :]
        else:
            message.ClearField(field.name)
        return broken
    numbers = (0, -1, 1, 7, 2**31 - 1, -(2**31))
    texts = ("", "x", "y", "Conv", "Loop", "é")
    options = {
        field.CPPTYPE_INT32: numbers,
        field.CPPTYPE_INT64: (*numbers, 2**40, 2**62, -(2**63)),
        field.CPPTYPE_STRING: (b"", b"ij,jk") if isinstance(content, bytes) else texts,
        field.CPPTYPE_ENUM: [one.number for one in getattr(field.enum_type, "values", ())],
    }.get(field.cpp_type, (0, 1))
    if is_several(content):
        content[pick.randrange(len(content)) :] = [pick.choice(options)]
    else:
        setattr(message, field.name, pick.choice(options))
    return broken


@examples(60, 3000, st.integers(0, 2**32))
def test_a_network_that_was_tampered_with_is_counted_or_refused(seed):
    with TemporaryDirectory() as folder:
        path = Path(folder) / "net.onnx"
        path.write_bytes(changed(random.Random(seed)).SerializeToString())
        try:
            found = count_onnx(path, read_input(path) or SHAPE)
        except UsageError as error:
            assert "\n" not in str(error)
        else:
            assert min(found.params, found.macs, found.activations) >= 0
