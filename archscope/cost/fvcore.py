"""What fvcore counts, given a module, and its exact multiply-adds, from one trace of fvcore's."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from archscope.arch.inputs import Input, input_text
from archscope.cost.example import traceable
from archscope.errors import UsageError
from archscope.short_repr import ShortRepr

if TYPE_CHECKING:
    from torch import nn

    from archscope.cost.operators import Exact, Failed


@dataclass(frozen=True, repr=False)
class FvcoreCount(ShortRepr):
    """fvcore's counts of one image in eval mode, and ours of the same trace.

    Attributes:
        params: learnable parameters.
        macs: multiply-adds of convolutions and products of matrices, exact (`cost.operators`).
        by_operator: fvcore's own numbers: multiply-adds as it counts them, 2 an element for batch
            norm, 1 for pooling.
        unsupported: operators that fvcore did not count, and how often each stood there.
        differences: operators whose multiply-adds fvcore's number is not: (ours, fvcore's).
        parts: params and multiply-adds of each direct submodule, in order.
    """

    params: int
    macs: int
    by_operator: dict[str, int]
    unsupported: dict[str, int]
    differences: dict[str, tuple[int, int]] = field(default_factory=dict)
    parts: dict[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def flops(self) -> int:
        """fvcore's own total, whatever it got wrong."""
        return sum(self.by_operator.values())


def count_with_fvcore(module: nn.Module, shape: Input) -> FvcoreCount:
    """Trace a module once (eval mode, batch 1, zeros of `shape`) and let fvcore count it.

    Raises:
        UsageError: where the trace needs more memory than there is.
    """
    import torch

    with _quiet():
        from fvcore.nn import FlopCountAnalysis, parameter_count

        from archscope.cost import operators

    try:
        with _in_eval_mode(module), torch.no_grad(), _quiet(), traceable(module, shape) as tensors:
            analysis = FlopCountAnalysis(module, tensors)
            analysis.set_op_handle(**operators.HANDLES)
            inside = analysis.by_module_and_operator()
            unsupported = {
                key.removeprefix("aten::").rstrip("_"): int(value)
                for key, value in analysis.unsupported_ops().items()
            }
    except RuntimeError as error:
        if "allocate memory" not in str(error):
            raise
        raise UsageError(
            f"an image of {input_text(shape)} was to be traced, but that takes more memory "
            "than there is; use a smaller input, or count with the formula"
        ) from None
    counted = inside[""]
    exact = _of(operators.Exact, counted)
    theirs = {key: int(value) for key, value in counted.items() if isinstance(key, str)}
    differences = {
        name: (exact.get(name, 0), theirs.get(name, 0))
        for name in operators.COUNTED
        if exact.get(name, 0) != theirs.get(name, 0)
    }
    params = parameter_count(module)
    parts = {
        name: (params[name], sum(_of(operators.Exact, inside.get(name, {})).values()))
        for name, _ in module.named_children()
    }
    unsupported |= _of(operators.Failed, counted)
    return FvcoreCount(params[""], sum(exact.values()), theirs, unsupported, differences, parts)


def count_activations_with_fvcore(module: nn.Module, shape: Input) -> int:
    """The activations in eval mode: outputs of convolutions and linear layers, as fvcore counts."""
    return activations_inside(module, shape)[""]


def activations_inside(module: nn.Module, shape: Input) -> dict[str, int]:
    """The same of each submodule by its path; that of the whole is empty.

    A trace of its own: fvcore shares none between its counts.
    """
    import torch

    with _in_eval_mode(module), torch.no_grad(), _quiet(), traceable(module, shape) as tensors:
        from fvcore.nn import ActivationCountAnalysis

        found = ActivationCountAnalysis(module, tensors).by_module()
        return {name: int(value) for name, value in found.items()}


def _of(kind: type[Exact | Failed], counted: Mapping[Any, Any]) -> dict[str, int]:
    """The counts under one kind of key, by operator."""
    return {key.operator: int(value) for key, value in counted.items() if isinstance(key, kind)}


@contextmanager
def _in_eval_mode(module: nn.Module) -> Iterator[None]:
    """Eval mode meanwhile; afterwards every part has its own mode again.

    Attention runs as its single layers: torch's fused operator hides the linear ones from fvcore.
    """
    import torch

    modes = {part: part.training for part in module.modules()}
    fused = torch.backends.mha.get_fastpath_enabled()
    module.eval()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fused)
        for part, mode in modes.items():
            part.training = mode


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence fvcore's log lines (what it did not count is in the result) and its warnings."""
    logger = logging.getLogger("fvcore.nn.jit_analysis")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
