"""Weights from one form of a block to another (Figures 3 and 4 of the ResNeXt paper), and back.

`archscope.arch.rewrite.cuts` says which leaf of form (c) became which leaves: the first and the
grouped convolution are cut by output channels (so the latter by group), batch norm and its running
statistics by channel, and in form (a) the last convolution by input channels. Gradients go the same
way, as each weight of form (c) is in exactly one place of every other form.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from archscope.arch.rewrite import Cut
from archscope.errors import UsageError


def split(state: Mapping[str, Tensor], cuts: Mapping[str, Cut]) -> dict[str, Tensor]:
    """The state dict (or gradients) of form (c) for the form that `cuts` leads to; copies."""
    pieces: dict[str, Tensor] = {}
    for key, value in state.items():
        leaf, _, name = key.rpartition(".")
        if leaf not in cuts:
            pieces[key] = value.detach().clone()
            continue
        cut = cuts[leaf]
        # A counter of batches is one number: each path counts them all.
        number = len(cut.leaves)
        parts = value.detach().chunk(number, cut.axis) if value.ndim else [value.detach()] * number
        assert len(parts) == number
        pieces |= {f"{at}.{name}": part.clone() for at, part in zip(cut.leaves, parts, strict=True)}
    return pieces


def merge(state: Mapping[str, Tensor], cuts: Mapping[str, Cut]) -> dict[str, Tensor]:
    """The state dict (or gradients) of the form that `cuts` leads to, for form (c); copies.

    Raises:
        UsageError: where the paths have not counted the same number of batches.
    """
    origins = {leaf: (key, cut) for key, cut in cuts.items() for leaf in cut.leaves}
    whole: dict[str, Tensor] = {}
    for key, value in state.items():
        leaf, _, name = key.rpartition(".")
        if leaf not in origins:
            whole[key] = value.detach().clone()
            continue
        origin, cut = origins[leaf]
        if f"{origin}.{name}" in whole:
            continue
        parts = [state[f"{at}.{name}"].detach() for at in cut.leaves]
        if value.ndim == 0 and not all(torch.equal(value, part) for part in parts):
            raise UsageError(
                f"the paths of '{origin}' have not seen the same number of batches, so they "
                "cannot become one layer; merge weights that were trained together"
            )
        whole[f"{origin}.{name}"] = torch.cat(parts, cut.axis) if value.ndim else parts[0].clone()
    return whole
