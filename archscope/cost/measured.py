"""What fvcore counts, given a module."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from archscope.errors import UsageError

if TYPE_CHECKING:
    from torch import nn

# The operators whose flops in fvcore are multiply-adds.
MAC_OPERATORS = ("conv", "linear", "matmul", "addmm", "bmm")


@dataclass(frozen=True)
class FvcoreCount:
    """fvcore's counts of one image in eval mode.

    Attributes:
        params: learnable parameters.
        flops: fvcore's own total: multiply-adds, and 2 an element for batch norm, 1 for pooling.
        by_operator: that total by operator.
        unsupported: operators that fvcore did not count, and how often each stood there.
    """

    params: int
    flops: int
    by_operator: dict[str, int]
    unsupported: dict[str, int]

    @property
    def macs(self) -> int:
        """Multiply-adds: the convolutions and linear layers of the breakdown."""
        return sum(self.by_operator.get(name, 0) for name in MAC_OPERATORS)


def count_with_fvcore(module: nn.Module, shape: tuple[int, int, int]) -> FvcoreCount:
    """Trace a module once (eval mode, batch 1, zeros of `shape`) and let fvcore count it.

    Raises:
        UsageError: where the trace needs more memory than there is.
    """
    import torch
    from fvcore.nn import FlopCountAnalysis, parameter_count

    modes = {part: part.training for part in module.modules()}
    module.eval()
    try:
        with torch.no_grad(), _quiet():
            analysis = FlopCountAnalysis(module, torch.zeros(1, *shape))
            by_operator = {key: int(value) for key, value in analysis.by_operator().items()}
            unsupported = {
                key.removeprefix("aten::").rstrip("_"): int(value)
                for key, value in analysis.unsupported_ops().items()
            }
    except RuntimeError as error:
        if "allocate memory" not in str(error):
            raise
        raise UsageError(
            f"an image of {'x'.join(map(str, shape))} was to be traced, but that takes more memory "
            "than there is; use a smaller input, or count with the formula"
        ) from None
    finally:
        for part, mode in modes.items():
            part.training = mode
    params = parameter_count(module)[""]
    return FvcoreCount(params, sum(by_operator.values()), by_operator, unsupported)


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence fvcore's log lines: what it did not count is in the result."""
    logger = logging.getLogger("fvcore.nn.jit_analysis")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
