"""Weights from one form of a block to another (Figures 3 and 4 of the ResNeXt paper), and back.

Also those of branches that are added up, as one convolution (RepVGG): see `fuse`.

`archscope.arch.rewrite.cuts` says which leaf of form (c) became which leaves: the first and the
grouped convolution are cut by output channels (so the latter by group), batch norm and its running
statistics by channel, and in form (a) the last convolution by input channels. Gradients go the same
way, as each weight of form (c) is in exactly one place of every other form.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import torch
from torch import Tensor
from torch.nn.functional import pad

from archscope.arch.folding.fuse import Branch, Fusion
from archscope.arch.nodes import Conv
from archscope.arch.rewrite import Cut
from archscope.arch.windows import pair
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


def fuse(state: Mapping[str, Tensor], fusions: Mapping[str, Fusion]) -> dict[str, Tensor]:
    """The state dict for the tree in which `fusions` makes one convolution of each sum; copies.

    Batch norm counts as in eval mode, by its running statistics. Gradients go back through it.
    """
    inside = {leaf for one in fusions.values() for branch in one.branches for leaf in branch[:2]}
    made = {
        key: value.clone() for key, value in state.items() if key.rpartition(".")[0] not in inside
    }
    for place, (conv, branches) in fusions.items():
        parts = [_convolution(state, branch, conv) for branch in branches]
        made[f"{place}.weight"] = torch.stack([kernel for kernel, _ in parts]).sum(0)
        made[f"{place}.bias"] = torch.stack([shift for _, shift in parts]).sum(0)
    return made


def unfused(
    gradients: Mapping[str, Tensor],
    state: Mapping[str, Tensor],
    fusions: Mapping[str, Fusion],
    parameters: Collection[str],
) -> dict[str, Tensor]:
    """Gradients of what `fuse` makes of a state dict, as those of the `parameters` that it has."""
    leaves = {key: state[key].detach().clone().requires_grad_() for key in parameters}
    made = fuse({**state, **leaves}, fusions)
    known = [key for key in made if key in gradients]
    back = torch.autograd.grad(
        [made[key] for key in known],
        list(leaves.values()),
        [gradients[key] for key in known],
        allow_unused=True,
    )
    found = zip(leaves, back, strict=True)
    return {key: gradient for key, gradient in found if gradient is not None}


def _convolution(state: Mapping[str, Tensor], branch: Branch, conv: Conv) -> tuple[Tensor, Tensor]:
    """The kernel of a branch, as large as that of `conv`, and its bias."""
    norm = {name: state[f"{branch.norm}.{name}"] for name in ("weight", "bias")}
    mean, variance = (state[f"{branch.norm}.running_{name}"] for name in ("mean", "var"))
    factor = norm["weight"] / torch.sqrt(variance + branch.eps)
    shift = norm["bias"] - mean * factor
    if branch.conv is None:
        kernel, own = _identity(conv.out, conv.groups).to(factor), None
    else:
        kernel, own = state[f"{branch.conv}.weight"], state.get(f"{branch.conv}.bias")
    high, wide = (
        (whole - part) // 2 for whole, part in zip(pair(conv.kernel), kernel.shape[2:], strict=True)
    )
    kernel = pad(kernel, (wide, wide, high, high)) * factor[:, None, None, None]
    return kernel, shift if own is None else shift + own * factor


def _identity(channels: int, groups: int) -> Tensor:
    """The 1x1 kernel that gives each channel as it is."""
    width = channels // groups
    return torch.eye(width).repeat(groups, 1)[:, :, None, None]
