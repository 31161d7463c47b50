"""The layers that give the logits, in float32 whatever the rest of a network computes in.

A bfloat16 logit has 8 significant bits: two classes that a network tells apart by less get the same
one, and which of them wins is decided by their order (up to 2.6 % of test images were such ties).
One layer in float32 costs nothing to speak of.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class FullLinear(nn.Linear):
    """A linear layer (N, in) -> (N, out) that autocast leaves in float32."""

    def forward(self, input: Tensor) -> Tensor:
        """The layer's output, float32."""
        with torch.autocast(input.device.type, enabled=False):
            return super().forward(input.float())


class FullConv(nn.Conv2d):
    """A convolution (N, C, H, W) -> (N, out, H, W) that autocast leaves in float32."""

    def forward(self, input: Tensor) -> Tensor:
        """The layer's output, float32."""
        with torch.autocast(input.device.type, enabled=False):
            return super().forward(input.float())


def in_float32(module: nn.Module, classes: int) -> None:
    """Make the layers of `module` that tell `classes` apart compute in float32 from now on.

    Those are the last linear layer and that of a side head; where there is none, the convolution in
    its place (SqueezeNet). Keys and weights stay as they are.
    """
    parts = list(module.modules())
    linear = [part for part in parts if type(part) is nn.Linear and part.out_features == classes]
    for part in linear:
        part.__class__ = FullLinear
    convolutions = [part for part in parts if type(part) is nn.Conv2d]
    if not linear and convolutions and convolutions[-1].out_channels == classes:
        convolutions[-1].__class__ = FullConv
