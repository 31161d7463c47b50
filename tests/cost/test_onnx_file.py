"""ONNX files counted by their own shapes, against hand arithmetic."""

from pathlib import Path

import pytest

from archscope.arch.names import parse
from archscope.cost.formula import count
from archscope.errors import UsageError

pytestmark = pytest.mark.torchvision
onnx = pytest.importorskip("onnx", reason="onnx is an extra")
from archscope.cost.onnx_file import count_onnx, read_input  # noqa: E402


def weight(name, *shape, kind=onnx.TensorProto.FLOAT):
    size = 1
    for entry in shape:
        size *= entry
    return onnx.helper.make_tensor(name, kind, shape, [1] * size)


def saved(path, shape=("N", 3, 8, 8), extra=(), inputs=1):
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
        [
            onnx.helper.make_tensor_value_info(f"x{index}", onnx.TensorProto.FLOAT, shape)
            for index in range(inputs)
        ],
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
    for options in ({"shape": (8, 3, 8, 8)}, {"shape": ("N", 3)}, {"inputs": 2}):
        saved(path, **options)
        with pytest.raises(UsageError, match="does not take one image at a time"):
            read_input(path)
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
