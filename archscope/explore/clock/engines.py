"""What runs the networks of a bench: torch as it is, torch compiled, or ONNX Runtime."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from archscope.arch.network import Network
from archscope.cost.workload import Mode, batch_of, compiled, place, workload
from archscope.errors import UsageError, shown
from archscope.explore.clock.bench_result import Setting
from archscope.explore.networks.opened import Outside
from archscope.explore.networks.outside import image_shape, runnable
from archscope.files import at_home
from archscope.nn.guarded import require, running
from archscope.sweep.plan.slots import check_compiler

if TYPE_CHECKING:
    from archscope.explore.clock.rounds import Note

ENGINES = ("torch", "compile", "onnxruntime")
Call = Callable[[], None]
Ready = Callable[[Mode], Call]  # of one network, its call in a mode


def check_engine(setting: Setting) -> None:
    """Raise UsageError where the engine of a setting cannot be had, or cannot run it."""
    if setting.engine not in ENGINES:
        raise UsageError(
            f"an engine is {', '.join(ENGINES)}, not '{shown(setting.engine)}'; give one of them"
        )
    if setting.engine == "compile":
        check_compiler(setting.device.partition(":")[0], "--engine compile")
    if setting.engine == "onnxruntime":
        if "step" in setting.modes:
            raise UsageError(
                "ONNX Runtime runs forward passes alone; give --modes latency,throughput"
            )
        if (setting.device, setting.precision) != ("cpu", "fp32"):
            raise UsageError(
                "ONNX Runtime is timed on the CPU in fp32; leave --device and --precision out, or "
                "take --engine torch"
            )
        require("onnxruntime", "onnx")


def facts(setting: Setting) -> dict[str, Any]:
    """What a bench says of its engine."""
    if setting.engine == "onnxruntime":
        version = str(require("onnxruntime", "onnx").__version__)
        return {"engine": f"onnxruntime {version}", "memory_format": "contiguous"}
    return {"engine": setting.engine}


def ready(network: Network | Outside, setting: Setting, note: Note) -> Ready:
    """A network made ready to be timed.

    Raises:
        UsageError, ArchscopeError: where it cannot be made, exported or run.
    """
    if setting.engine == "onnxruntime":
        return _session(network, setting, note)
    module: Any = runnable(network, note)
    place(module, setting.device)
    if setting.engine == "compile":
        module = compiled(module)
    images = image_shape(network)

    def call(mode: Mode) -> Call:
        size = batch_of(mode, setting.batch)
        return workload(module, mode, (size, *images), setting.precision, setting.device)

    return call


def _session(network: Network | Outside, setting: Setting, note: Note) -> Ready:
    """A file as it is; any other network exported first."""
    import numpy as np

    runtime = require("onnxruntime", "onnx")
    options = runtime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = setting.threads or 0, 1
    options.log_severity_level = 3  # errors alone
    name = shown(network.name)
    with running(f"{name} opened by onnxruntime"):
        given = _content(network, note)
        session = runtime.InferenceSession(given, options, providers=["CPUExecutionProvider"])
    entry, images = session.get_inputs()[0].name, image_shape(network)

    def call(mode: Mode) -> Call:
        shape = (batch_of(mode, setting.batch), *images)
        x = np.random.default_rng(0).standard_normal(shape, dtype=np.float32)
        return lambda: session.run(None, {entry: x})

    return call


def _content(network: Network | Outside, note: Note) -> str | bytes:
    if isinstance(network, Outside) and is_onnx(network):
        return str(at_home(network.name))
    from archscope.nn.export import onnx_content

    note(f"exporting {network.name} to ONNX")
    return onnx_content(network.name, runnable(network, note), image_shape(network))


def is_onnx(network: Outside) -> bool:
    """Whether it is an ONNX file."""
    return network.source.startswith("onnx ")


def without_engine(networks: Sequence[Network | Outside], setting: Setting) -> None:
    """Raise UsageError for a file that another engine alone runs."""
    for one in networks:
        if isinstance(one, Outside) and is_onnx(one) and setting.engine != "onnxruntime":
            raise UsageError(
                f"{shown(one.name)} is run by ONNX Runtime alone; add --engine onnxruntime"
            )
