"""ONNX files counted by their own shapes, against hand arithmetic."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from archscope.arch.inputs import Inputs, parse_input
from archscope.arch.names import parse
from archscope.cli.main import app
from archscope.cost.formula import count
from archscope.errors import UsageError

pytestmark = pytest.mark.torchvision
onnx = pytest.importorskip("onnx", reason="onnx is an extra")
from archscope.cost.onnx_file import count_onnx, read_input, read_names  # noqa: E402


def weight(name, *shape, kind=onnx.TensorProto.FLOAT):
    size = 1
    for entry in shape:
        size *= entry
    return onnx.helper.make_tensor(name, kind, shape, [1] * size)


def saved(path, shape=("N", 3, 8, 8), extra=()):
    node = onnx.helper.make_node
    graph = onnx.helper.make_graph(
        [
            node("Conv", ["x0", "w", "b"], ["c"], group=3, pads=[1, 1, 1, 1]),
            node("BatchNormalization", ["c", "scale", "shift", "mean", "var"], ["n"]),
            node("GlobalAveragePool", ["n"], ["g"]),
            node("Flatten", ["g"], ["f"]),
            node("Gemm", ["f", "v", "u"], ["h"]),
            node("Constant", [], ["m"], value=weight("m", 10, 4)),
            node("Mul", ["h", "one"], ["i"]),
            node("MatMul", ["i", "m"], ["y"]),
            *extra,
        ],
        "test",
        [onnx.helper.make_tensor_value_info("x0", onnx.TensorProto.FLOAT, shape)],
        [onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, ("N", 4))],
        [
            weight("w", 6, 1, 3, 3),
            weight("b", 6),
            *(weight(name, 6) for name in ("scale", "shift", "mean", "var")),
            weight("v", 6, 10),
            weight("u", 10),
            weight("one"),
            weight("shape", 2, kind=onnx.TensorProto.INT64),
        ],
        value_info=[
            onnx.helper.make_tensor_value_info("c", onnx.TensorProto.FLOAT, ("N", 6, "H", "W"))
        ],
    )
    domains = [onnx.helper.make_opsetid("", 20), onnx.helper.make_opsetid("mine", 1)]
    onnx.save(onnx.helper.make_model(graph, opset_imports=domains), path)
    return path


def test_each_operator_by_hand(tmp_path):
    """6 maps of 8x8, each output 3x3 of one channel; then 6 x 10 with bias, then 10 x 4."""
    path = saved(tmp_path / "net.onnx")
    assert read_input(path) == (3, 8, 8)
    found = count_onnx(path, (3, 8, 8))
    assert found.params == 6 * 9 + 6 + 2 * 6 + 6 * 10 + 10 + 10 * 4  # no mean, variance, number
    assert found.macs == 6 * 64 * 9 + 6 * 10 + 10 * 4
    assert found.activations == 6 * 64 + 10 + 4
    assert (found.classes, found.uncounted) == (4, {})


def test_resnet50_of_onnx_costs_what_ours_does():
    """A file that comes with onnx, its weights filled by ConstantOfShape."""
    path = Path(onnx.__file__).parent / "backend/test/data/light/light_resnet50.onnx"
    if not path.is_file():
        pytest.skip("onnx comes without its files for tests")
    ours, theirs = count(parse("resnet50")), count_onnx(path, (3, 224, 224))
    found = (theirs.params, theirs.macs, theirs.activations)
    assert found == (ours.params, ours.macs, ours.activations) and theirs.macs_exact


def test_open_sizes_take_the_input_asked_for(tmp_path):
    path = saved(tmp_path / "net.onnx", shape=("N", 3, "H", "W"))
    assert read_input(path) is None
    assert count_onnx(path, (3, 4, 6)).macs == 6 * 24 * 9 + 6 * 10 + 10 * 4


def test_what_is_not_counted_is_told(tmp_path):
    determinant = onnx.helper.make_node("Det", ["square"], ["z"])
    own = onnx.helper.make_node("Magic", ["h"], ["q"], domain="mine")
    later = onnx.helper.make_node("MatMul", ["q", "m"], ["r"])
    square = onnx.helper.make_node("Constant", [], ["square"], value=weight("s", 3, 3))
    found = count_onnx(
        saved(tmp_path / "net.onnx", extra=[square, determinant, own, later]), (3, 8, 8)
    )
    assert found.uncounted == {"Det": 1, "Magic": 1, "MatMul": 1} and not found.macs_exact
    assert found.macs == 6 * 64 * 9 + 6 * 10 + 10 * 4


def test_files_that_take_no_single_image_are_refused(tmp_path):
    path = tmp_path / "net.onnx"
    saved(path, shape=(8, 3, 8, 8))
    with pytest.raises(UsageError, match=r"takes more than one image at a time .x0 of 8x3x8x8"):
        read_input(path)
    saved(path, shape=("N", 3))
    with pytest.raises(UsageError, match="cannot be counted"):  # no convolution takes it
        count_onnx(path, read_input(path))
    saved(path)
    with pytest.raises(UsageError, match=r"takes an input of \?x3x8x8, which 3x9x9"):
        count_onnx(path, (3, 9, 9))
    for content in (b"hello", path.read_bytes()[:-50]):
        path.write_bytes(content)
        with pytest.raises(UsageError, match="cannot be counted: it is no ONNX file") as caught:
            read_input(path)
        assert "\n" not in str(caught.value)
    path.write_bytes(b"")
    with pytest.raises(UsageError, match="it holds no network"):
        read_input(path)


def two(path, image, numbers):
    """A convolution, and a product of what stands beside the image: 7 x C numbers by C x 4."""
    node, tensor = onnx.helper.make_node, onnx.helper.make_tensor_value_info
    kind = onnx.TensorProto.FLOAT
    graph = onnx.helper.make_graph(
        [
            node("Conv", ["image", "w"], ["y"], group=3, pads=[1, 1, 1, 1]),
            node("MatMul", ["words", "v"], ["z"]),
            node("Mul", ["z", "time"], ["t"]),
        ],
        "test",
        [
            tensor("image", kind, image),
            tensor("words", kind, numbers),
            tensor("time", kind, (1,)),
            tensor("w", kind, (6, 1, 3, 3)),  # older files name weights among the inputs
        ],
        [tensor("y", kind, None), tensor("t", kind, None)],
        [weight("w", 6, 1, 3, 3), weight("v", 5, 4)],
    )
    domains = [onnx.helper.make_opsetid("", 20)]
    onnx.save(onnx.helper.make_model(graph, opset_imports=domains), path)
    return path


def test_several_inputs_have_the_sizes_of_the_file(tmp_path):
    path = two(tmp_path / "two.onnx", ("N", 3, 8, 8), (1, 7, 5))
    found = read_input(path)
    assert found == Inputs(((3, 8, 8), (7, 5), ()))
    counted = count_onnx(path, found)
    assert (counted.macs, counted.params) == (6 * 64 * 9 + 7 * 5 * 4, 6 * 9 + 5 * 4)


def test_several_inputs_are_asked_for_by_their_names(tmp_path):
    path = two(tmp_path / "two.onnx", ("N", 3, "H", "W"), (1, "places", 5))
    assert read_input(path) is None
    named = "image of ?x3x?x?, words of 1x?x5, time of 1"
    assert read_names(path) == named
    counted = count_onnx(path, parse_input("3x4x6,2x5,1"))
    assert counted.macs == 6 * 24 * 9 + 2 * 5 * 4
    with pytest.raises(UsageError, match=re.escape(f"takes {named}: give the sizes of 3 inputs")):
        count_onnx(path, (3, 4, 6))
    with pytest.raises(UsageError, match=r"takes an input of 1x\?x5, which 2x6 does not fit"):
        count_onnx(path, parse_input("3x4x6,2x6,1"))
    asked = compare_error(path)
    assert f"leaves sizes of its input open ({named}): give them" in asked


def compare_error(path):
    result = CliRunner().invoke(app, ["compare", str(path)])
    assert (result.exit_code, result.stdout) == (2, "")
    return result.stderr
