"""The optimizer of a recipe."""

from __future__ import annotations

import torch
from torch import nn

from archscope.training.recipe import Recipe


def sgd(model: nn.Module, recipe: Recipe, device: torch.device) -> torch.optim.SGD:
    """Stochastic gradient descent over the parameters; some may be spared weight decay."""
    chosen = recipe.sgd
    plain = [p for p in model.parameters() if p.ndim == 1 and chosen.decay_on == "weights"]
    spared = set(map(id, plain))
    decayed = [p for p in model.parameters() if id(p) not in spared]
    groups = [
        {"params": decayed, "weight_decay": chosen.weight_decay},
        {"params": plain, "weight_decay": 0.0},
    ]
    return torch.optim.SGD(
        [group for group in groups if group["params"]],
        lr=chosen.lr,
        momentum=chosen.momentum,
        nesterov=chosen.nesterov,
        fused=device.type in ("cpu", "cuda"),
    )
