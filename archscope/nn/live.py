"""A module as somebody holds it, made ready to be run on this machine: whole, plain, in floats."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from archscope.errors import UsageError, shown
from archscope.nn.guarded import running

_DYNAMIC = "torch.ao.nn.quantized.dynamic"
_QUANTISED = ("torch.ao.nn.quantized", "torch.ao.nn.intrinsic.quantized")
_RECURRENT = (
    *("input_size", "hidden_size", "num_layers", "bias"),
    *("batch_first", "dropout", "bidirectional"),
)
_CELL = ("input_size", "hidden_size", "bias")
_CONV = (
    *("in_channels", "out_channels", "kernel_size", "stride"),
    *("padding", "dilation", "groups"),
)


def original(module: nn.Module) -> nn.Module:
    """The module that was compiled, or put on several devices; any other as it is."""
    while (inner := _inside(module)) is not None:
        module = inner
    return module


def copied(module: nn.Module, name: str) -> nn.Module:
    """A copy that may be changed and trained.

    Raises:
        ArchscopeError: where it cannot be copied.
    """
    with running(f"copying {name}"):
        return copy.deepcopy(original(module))


def size_of(module: nn.Module) -> int:
    """How many learnable parameters it has, those left out that its first run will make."""
    return sum(weight.numel() for weight in module.parameters() if not is_lazy(weight))


def ready(module: nn.Module, name: str) -> tuple[nn.Module, list[str]]:
    """The module with all that hides its layers taken off, in place; and what must be said of it.

    Compiled parts become their originals, dynamically quantised layers the float layers that they
    stand for, and weights on the meta device zeros.

    Raises:
        UsageError: for a scripted module, or one with other quantised layers.
    """
    module = original(module)
    _refuse_scripted(module, name)
    quantised = int(_is_dynamic(module))
    module = _float(module) if quantised else module
    for parent in list(module.modules()):
        parent._compiled_call_impl = None
        for key, part in list(parent._modules.items()):
            if part is None:
                continue
            if _is_dynamic(part):
                parent._modules[key] = _float(part)
                quantised += 1
            else:
                parent._modules[key] = original(part)
    _refuse_quantised(module, name)
    _fill(module)
    note = f"{name}: its quantised layers are counted as the float layers that they stand for."
    return module, [note] if quantised else []


def _inside(module: nn.Module) -> nn.Module | None:
    """What a wrapper was made of."""
    wrapped = getattr(module, "_orig_mod", None)  # torch.compile's
    if isinstance(module, nn.DataParallel | nn.parallel.DistributedDataParallel):
        wrapped = module.module
    return wrapped if isinstance(wrapped, nn.Module) else None


def _refuse_scripted(module: nn.Module, name: str) -> None:
    if any(isinstance(original(part), torch.jit.ScriptModule) for part in module.modules()):
        raise UsageError(
            f"{shown(name)} is or holds a scripted module, which keeps no layers to count; give "
            "the module that it was made of"
        )


def _is_dynamic(part: nn.Module) -> bool:
    """Whether it is a quantised layer that takes floats and stands for one of torch's own."""
    return type(part).__module__.startswith(_DYNAMIC) and hasattr(nn, type(part).__name__)


def _refuse_quantised(module: nn.Module, name: str) -> None:
    for part in module.modules():
        if type(part).__module__.startswith(_QUANTISED):
            raise UsageError(
                f"{shown(name)} holds quantised layers ({type(part).__name__}), whose counts are "
                "those of the float network; give that"
            )


def _float(part: Any) -> nn.Module:
    """The float layer that a dynamically quantised one stands for; of its weights the shapes."""
    kind = type(part).__name__
    make = getattr(nn, kind)
    if kind == "Linear":
        return nn.Linear(part.in_features, part.out_features, part.bias() is not None)
    if kind.startswith("Conv"):
        return make(**_taken(part, _CONV), bias=part.bias() is not None)  # type: ignore[no-any-return]
    return make(**_taken(part, _CELL if kind.endswith("Cell") else _RECURRENT))  # type: ignore[no-any-return]


def _taken(part: nn.Module, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: getattr(part, name) for name in names}


def _fill(module: nn.Module) -> None:
    """Zeros in memory for what is on the meta device; what is shared stays shared."""
    made: dict[int, torch.Tensor] = {}
    for tables in _tables(module):
        for key, weight in tables.items():
            if weight is None or not weight.is_meta or is_lazy(weight):
                continue
            if id(weight) not in made:
                zeros = torch.zeros_like(weight, device="cpu")
                is_weight = isinstance(weight, nn.Parameter)
                made[id(weight)] = nn.Parameter(zeros, weight.requires_grad) if is_weight else zeros
            tables[key] = made[id(weight)]


def _tables(module: nn.Module) -> Iterator[dict[str, Any]]:
    for part in module.modules():
        yield part._parameters
        yield part._buffers
