"""What fvcore counts, given a module."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from archscope.errors import UsageError
from archscope.short_repr import ShortRepr

if TYPE_CHECKING:
    from torch import nn

# The operators whose flops in fvcore are multiply-adds.
MAC_OPERATORS = ("conv", "linear", "matmul", "addmm", "bmm", "einsum")


@dataclass(frozen=True, repr=False)
class FvcoreCount(ShortRepr):
    """fvcore's counts of one image in eval mode.

    Attributes:
        params: learnable parameters.
        flops: fvcore's own total: multiply-adds, and 2 an element for batch norm, 1 for pooling.
        by_operator: that total by operator.
        unsupported: operators that fvcore did not count, and how often each stood there.
        parts: params and multiply-adds of each direct submodule, in order.
    """

    params: int
    flops: int
    by_operator: dict[str, int]
    unsupported: dict[str, int]
    parts: dict[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def macs(self) -> int:
        """Multiply-adds: the convolutions and linear layers of the breakdown."""
        return _macs(self.by_operator)


def count_with_fvcore(module: nn.Module, shape: tuple[int, int, int]) -> FvcoreCount:
    """Trace a module once (eval mode, batch 1, zeros of `shape`) and let fvcore count it.

    Raises:
        UsageError: where the trace needs more memory than there is.
    """
    import torch

    with _quiet():
        from fvcore.nn import FlopCountAnalysis, parameter_count

    try:
        with _in_eval_mode(module), torch.no_grad(), _quiet():
            analysis = FlopCountAnalysis(module, torch.zeros(1, *shape))
            by_operator = {key: int(value) for key, value in analysis.by_operator().items()}
            unsupported = {
                key.removeprefix("aten::").rstrip("_"): int(value)
                for key, value in analysis.unsupported_ops().items()
            }
            inside = analysis.by_module_and_operator()
    except RuntimeError as error:
        if "allocate memory" not in str(error):
            raise
        raise UsageError(
            f"an image of {'x'.join(map(str, shape))} was to be traced, but that takes more memory "
            "than there is; use a smaller input, or count with the formula"
        ) from None
    params = parameter_count(module)
    parts = {
        name: (params[name], _macs(inside.get(name, {}))) for name, _ in module.named_children()
    }
    return FvcoreCount(params[""], sum(by_operator.values()), by_operator, unsupported, parts)


def count_activations_with_fvcore(module: nn.Module, shape: tuple[int, int, int]) -> int:
    """The activations that fvcore counts in eval mode: outputs of convolutions and linear layers.

    A trace of its own: fvcore shares none between its counts.
    """
    import torch

    with _in_eval_mode(module), torch.no_grad(), _quiet():
        from fvcore.nn import ActivationCountAnalysis

        return int(ActivationCountAnalysis(module, torch.zeros(1, *shape)).total())


def _macs(by_operator: Mapping[str, int]) -> int:
    return sum(int(by_operator.get(name, 0)) for name in MAC_OPERATORS)


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
