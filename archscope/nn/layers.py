"""The module of each leaf of a tree; layers of maps, (N, C, H, W), that torch has no module of."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from archscope.arch.nodes import (
    Act,
    Activation,
    Conv,
    Dropout,
    Gain,
    Linear,
    Norm,
    Pool,
    Shuffle,
)
from archscope.arch.readings import unknown
from archscope.arch.shape import Visit
from archscope.arch.windows import conv_padding

_IN_PLACE: dict[Activation, Callable[..., nn.Module]] = {
    "relu": nn.ReLU,
    "relu6": nn.ReLU6,
    "silu": nn.SiLU,
    "hardswish": nn.Hardswish,
    "hardsigmoid": nn.Hardsigmoid,
}


class Shuffled(nn.Module):
    """Deals out the channels of groups in turn: that of group g and place c goes to c * G + g."""

    def __init__(self, groups: int) -> None:
        super().__init__()
        self.groups = groups

    def forward(self, x: Tensor) -> Tensor:
        """Keeps the shape (N, C, H, W)."""
        count, channels, height, width = x.shape
        grouped = x.reshape(count, self.groups, channels // self.groups, height, width)
        return grouped.transpose(1, 2).reshape(count, channels, height, width)


class ChannelNorm(nn.LayerNorm):
    """Layer norm over the channels, at each place of the map."""

    def forward(self, input: Tensor) -> Tensor:
        """Keeps the shape (N, C, H, W)."""
        return super().forward(input.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class ChannelGelu(nn.GELU):
    """GELU, with the channels last, as ConvNeXt's authors run it.

    torch takes oneDNN's on contiguous memory and its own elsewhere, which differ in the last bit.
    """

    def forward(self, input: Tensor) -> Tensor:
        """Keeps the shape (N, C, H, W) or (N, C)."""
        return super().forward(input.movedim(1, -1)).movedim(-1, 1)


class Factor(nn.Module):
    """A learned factor a channel, `start` at first."""

    def __init__(self, channels: int, start: float) -> None:
        super().__init__()
        self.start = start
        self.weight = nn.Parameter(torch.empty(channels, 1, 1))

    def reset_parameters(self) -> None:
        """Set all factors to `start`."""
        nn.init.constant_(self.weight, self.start)

    def forward(self, x: Tensor) -> Tensor:
        """Keeps the shape (N, C, H, W)."""
        return x * self.weight


def leaf(visit: Visit, in_place: bool) -> nn.Module:
    """torch's module for a leaf of the tree."""
    node, (channels, height, width) = visit.node, visit.input
    match node:
        case Conv():
            return nn.Conv2d(
                channels,
                node.out,
                node.kernel,
                node.stride,
                conv_padding(node),
                groups=node.groups,
                bias=node.bias,
            )
        case Norm(kind="batch"):
            return nn.BatchNorm2d(channels, node.eps)
        case Norm(kind="layer"):
            return ChannelNorm(channels, node.eps)
        case Norm():
            return nn.GroupNorm(node.groups, channels, node.eps)
        case Gain():
            return Factor(channels, node.start)
        case Act(kind="gelu"):
            return ChannelGelu()
        case Act(kind="sigmoid"):
            return nn.Sigmoid()
        case Act():
            return _IN_PLACE[node.kind](inplace=in_place)
        case Shuffle():
            return Shuffled(node.groups)
        case Pool(kind="global"):
            return nn.AdaptiveAvgPool2d(1)
        case Pool(kind="adaptive"):
            return nn.AdaptiveAvgPool2d(node.kernel)
        case Pool(kind="max"):
            return nn.MaxPool2d(node.kernel, node.stride, node.padding, ceil_mode=node.ceil)
        case Pool():
            return nn.AvgPool2d(
                node.kernel,
                node.stride,
                node.padding,
                ceil_mode=node.ceil,
                count_include_pad=node.count_include_pad,
            )
        case Linear():
            return nn.Linear(channels * height * width, node.out, bias=node.bias)
        case Dropout():
            return nn.Dropout(node.p)
    raise unknown(node, "build")
