"""Stochastic depth (Huang et al., arXiv 1603.09382): residual branches left out by chance.

It is a part of a recipe and not of a network: the tree, its counts and the keys of its weights are
the same with and without it. The module of a network is given layers that work in training alone,
one on each residual branch, where its program adds that to the shortcut.
"""

from __future__ import annotations

from collections import defaultdict

from torch import Tensor, nn

from archscope.nn.build import Scope


class DropPath(nn.Module):
    """In training sets each image's map to zero with probability `p`; else divides it by 1 - p.

    It draws from torch's global generator of the map's device.
    """

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        """Keeps the shape (N, ...)."""
        if not (self.training and self.p):
            return x
        kept = x.new_empty((len(x), *(1 for _ in x.shape[1:]))).bernoulli_(1 - self.p)
        return x * kept.div_(1 - self.p)

    def extra_repr(self) -> str:
        """What a module shows of it."""
        return f"p={self.p:g}"


def add_drop_path(module: nn.Module, rate: float) -> None:
    """Leave residual branches of a built network out by chance: the last one at `rate`.

    The first never is, and between them it rises in equal steps, as ConvNeXt's authors have it; a
    single one is at `rate`.
    """
    assert isinstance(module, Scope)
    found = list(module.residuals())
    steps = max(1, len(found) - 1)
    layers: dict[Scope, dict[int, nn.Module]] = defaultdict(dict)
    for index, (scope, place) in enumerate(found):
        p = rate * index / steps if len(found) > 1 else rate
        layers[scope][place] = DropPath(p)
    for scope, made in layers.items():
        scope.run_on_residuals(made)
