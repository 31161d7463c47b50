"""The optimizer of a recipe."""

from __future__ import annotations

import torch
from torch import nn

from archscope.training.parts import AdamW, RmsProp
from archscope.training.recipe import Recipe


def optimizer(model: nn.Module, recipe: Recipe, device: torch.device) -> torch.optim.Optimizer:
    """The optimizer over the parameters; some may be spared weight decay.

    Those are all but the weights of convolutions and linear layers: biases, norms, learned scales.
    """
    chosen = recipe.optimizer
    layers = (part for part in model.modules() if isinstance(part, (nn.Conv2d, nn.Linear)))
    weights = {id(layer.weight) for layer in layers}
    every = chosen.decay_on == "all"
    decayed = [p for p in model.parameters() if every or id(p) in weights]
    plain = [p for p in model.parameters() if not (every or id(p) in weights)]
    groups = [
        {"params": decayed, "weight_decay": chosen.weight_decay},
        {"params": plain, "weight_decay": 0.0},
    ]
    groups = [group for group in groups if group["params"]]
    fused = device.type in ("cpu", "cuda")
    if isinstance(chosen, AdamW):
        betas = (chosen.beta1, chosen.beta2)
        return torch.optim.AdamW(groups, lr=chosen.lr, betas=betas, fused=fused)
    if isinstance(chosen, RmsProp):
        momentum = chosen.momentum
        return torch.optim.RMSprop(groups, chosen.lr, chosen.alpha, chosen.eps, momentum=momentum)
    return torch.optim.SGD(
        groups, lr=chosen.lr, momentum=chosen.momentum, nesterov=chosen.nesterov, fused=fused
    )
