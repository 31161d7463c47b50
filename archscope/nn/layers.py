"""Layers of maps, (N, C, H, W), that torch has no module of."""

from __future__ import annotations

import torch
from torch import Tensor, nn


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
