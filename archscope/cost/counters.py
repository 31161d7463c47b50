"""What other tools count, given a module: their own numbers, untouched.

Each tool gets a copy of the module, and what it prints or patches is silenced and undone.
"""

from __future__ import annotations

import contextlib
import copy
import io
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from typing import TYPE_CHECKING, Any, TypeAlias

from archscope.cost.conventions import Quantity
from archscope.cost.fvcore import count_with_fvcore

if TYPE_CHECKING:
    from torch import nn

Shape: TypeAlias = tuple[int, int, int]
# What a tool reports: (quantity, its word for it) -> the number.
Report: TypeAlias = "dict[tuple[Quantity, str], int]"


@dataclass(frozen=True)
class Tool:
    """A counter: the distribution that brings it, and how it is asked."""

    distribution: str
    count: Callable[[nn.Module, Shape], Report]

    @property
    def version(self) -> str | None:
        """The installed version; None where there is none."""
        try:
            return metadata.version(self.distribution)
        except metadata.PackageNotFoundError:
            return None


def count_with(tool: Tool, module: nn.Module, shape: Shape) -> Report:
    """Let a tool count one image of `shape` in eval mode; the module stays as it was.

    Raises:
        Exception: whatever the tool raises.
    """
    import torch

    with _undone(), torch.random.fork_rng(devices=[]):
        return tool.count(copy.deepcopy(module).eval(), shape)


def _fvcore(module: nn.Module, shape: Shape) -> Report:
    found = count_with_fvcore(module, shape)
    return {("params", "parameters"): found.params, ("forward", "flops"): found.flops}


def _torch(module: nn.Module, shape: Shape) -> Report:
    import torch
    from torch.utils._pytree import tree_leaves
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as forward:
        output = module(torch.zeros(1, *shape))
    outputs = [one for one in tree_leaves(output) if getattr(one, "requires_grad", False)]
    with FlopCounterMode(display=False) as backward:
        if outputs:  # there are none where the network has no parameters
            torch.autograd.backward([one.sum() for one in outputs])
    return {
        ("forward", "FLOP"): forward.get_total_flops(),
        ("backward", "FLOP"): backward.get_total_flops(),
    }


def _torchinfo(module: nn.Module, shape: Shape) -> Report:
    import torchinfo

    found = torchinfo.summary(module, input_size=(1, *shape), verbose=0, device="cpu")
    return {
        ("params", "Total params"): found.total_params,
        ("forward", "mult-adds"): found.total_mult_adds,
    }


def _ptflops(module: nn.Module, shape: Shape) -> Report:
    import ptflops

    macs, params = ptflops.get_model_complexity_info(
        module, tuple(shape), as_strings=False, print_per_layer_stat=False
    )
    return {("params", "params"): _whole(params), ("forward", "MACs"): _whole(macs)}


def _thop(module: nn.Module, shape: Shape) -> Report:
    import thop
    import torch

    macs, params = thop.profile(module, inputs=(torch.zeros(1, *shape),), verbose=False)
    return {("params", "params"): _whole(params), ("forward", "MACs"): _whole(macs)}


def _calflops(module: nn.Module, shape: Shape) -> Report:
    from calflops import calculate_flops

    def ask(backward: bool) -> tuple[int, int, int]:
        found = calculate_flops(
            module,
            (1, *shape),
            include_backPropagation=backward,
            output_as_string=False,
            print_results=False,
        )
        flops, macs, params = map(_whole, found)
        return flops, macs, params

    flops, macs, params = ask(backward=False)
    all_flops, all_macs, _ = ask(backward=True)  # forward and backward together
    return {
        ("params", "Params"): params,
        ("forward", "FLOPs"): flops,
        ("forward", "MACs"): macs,
        ("backward", "FLOPs"): all_flops - flops,
        ("backward", "MACs"): all_macs - macs,
    }


def _deepspeed(module: nn.Module, shape: Shape) -> Report:
    from deepspeed.profiling.flops_profiler import get_model_profile

    flops, macs, params = get_model_profile(
        module, (1, *shape), print_profile=False, as_string=False, warm_up=0
    )
    return {("params", "params"): params, ("forward", "flops"): flops, ("forward", "MACs"): macs}


TOOLS = {
    "fvcore": Tool("fvcore", _fvcore),
    "torch": Tool("torch", _torch),
    "torchinfo": Tool("torchinfo", _torchinfo),
    "ptflops": Tool("ptflops", _ptflops),
    "thop": Tool("thop", _thop),
    "calflops": Tool("calflops", _calflops),
    "deepspeed": Tool("deepspeed", _deepspeed),
}


def _whole(value: Any) -> int:
    """A tool's float as the integer that it is."""
    if value is None or value != int(value):
        raise ValueError(f"reported {value}, which is no whole number")
    return int(value)


@contextlib.contextmanager
def _undone() -> Iterator[None]:
    """Silence meanwhile; afterwards torch's functions are again what they were.

    Some tools replace them, and put them back only where nothing went wrong.
    """
    import torch

    places: list[Any] = [torch, torch.Tensor, torch.nn.functional]
    kept = [dict(vars(place)) for place in places]
    with (
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(io.StringIO()),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        try:
            yield
        finally:
            for place, before in zip(places, kept, strict=True):
                for name, value in dict(vars(place)).items():
                    if name in before:
                        if value is not before[name]:
                            setattr(place, name, before[name])
                    elif place is torch.Tensor and hasattr(torch._C.TensorBase, name):
                        delattr(place, name)  # a method of its base is seen again
