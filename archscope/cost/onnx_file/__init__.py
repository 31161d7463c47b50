"""What an ONNX file costs: a walk through its graph that knows every shape, and runs nothing."""

from archscope.cost.onnx_file.count import CONVENTION, OnnxCount, count_onnx, read_input, read_names

__all__ = ["CONVENTION", "OnnxCount", "count_onnx", "read_input", "read_names"]
