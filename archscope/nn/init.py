"""Initialisation: every parameter and buffer of a module, from torch's global generator."""

from __future__ import annotations

from itertools import chain
from typing import Literal

from torch import nn

from archscope.arch.readings import unknown
from archscope.nn.layers import Factor


def initialise(module: nn.Module, mode: Literal["fan_out", "fan_in"]) -> None:
    """Fill a module's weights.

    Convolutions: He normal by `mode` (ResNet and ResNeXt by fan out, Wide ResNet by fan in; He et
    al., arXiv 1502.01852). Normalisation: weight 1, bias 0; gains: their
    start. Linear layers: uniform within
    1/sqrt(inputs), torch's default, with bias 0. The order of the draws is the order of the tree.

    Raises:
        UnknownNode: for another module with weights of its own.
    """
    for part in module.modules():
        match part:
            case nn.Conv2d():
                nn.init.kaiming_normal_(part.weight, mode=mode, nonlinearity="relu")
                if part.bias is not None:
                    nn.init.zeros_(part.bias)
            case nn.BatchNorm2d() | nn.LayerNorm() | nn.GroupNorm() | Factor():
                part.reset_parameters()
            case nn.Linear():
                part.reset_parameters()
                if part.bias is not None:
                    nn.init.zeros_(part.bias)
            case _ if any(True for _ in chain(part.parameters(False), part.buffers(False))):
                raise unknown(part, "initialise")
