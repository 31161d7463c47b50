"""Training-free scores of a network: each a few lines on the built module, after its paper.

A higher score promises a lower error. Each function is given a network as it begins training (torch
weights drawn by the family's own rule) and a batch of images (N, 3, H, W) with labels (N,); it may
spoil the module. Scores that are not finite rank below all others.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

NORMS = (nn.modules.batchnorm._BatchNorm, nn.GroupNorm, nn.LayerNorm)
ALPHA, TIMES = 0.01, 8  # zen: the step from one image to the next, and batches of images


@contextmanager
def outputs_of(module: nn.Module, kinds: Any, keep: Callable[[Tensor], None]) -> Iterator[None]:
    """Hand the output of each layer of some kinds to `keep` while the module runs."""
    layers = [layer for layer in module.modules() if isinstance(layer, kinds)]
    hooks = [layer.register_forward_hook(lambda _l, _i, out: keep(out)) for layer in layers]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def gradient_norm(module: nn.Module, images: Tensor, labels: Tensor) -> float:
    """The sum of the Euclidean norms of the weights' gradients, of the loss on one batch.

    Abdelfattah et al., *Zero-Cost Proxies for Lightweight NAS* (arXiv 2101.08134), section 3.
    """
    functional.cross_entropy(module(images), labels).backward()
    return sum(float(one.grad.norm()) for one in module.parameters() if one.grad is not None)


def synflow(module: nn.Module, images: Tensor, labels: Tensor) -> float:
    """The logarithm of the sum of |weight x gradient| of the outputs' sum, for an image of ones.

    Weights are their absolute values, in float64; norms do nothing, as with Abdelfattah et al.
    Tanaka et al., *Pruning neural networks without any data* (arXiv 2006.05467), equation 2.
    """
    module.double()
    for layer in module.modules():
        if isinstance(layer, NORMS):
            layer.forward = nn.Identity().forward  # type: ignore[method-assign]
    with torch.no_grad():
        for one in module.parameters():
            one.abs_()
    module(torch.ones_like(images[:1], dtype=torch.float64)).sum().backward()
    parts = [(one.detach() * one.grad).sum() for one in module.parameters() if one.grad is not None]
    return math.log(max(float(torch.stack(parts).sum()), 1e-300))


def naswot(module: nn.Module, images: Tensor, labels: Tensor) -> float:
    """The logarithm of the determinant of how alike the images' codes of active ReLUs are.

    Mellor et al., *Neural Architecture Search without Training* (arXiv 2006.04647v3), equation 2.
    """
    kernel = torch.zeros(len(images), len(images), dtype=torch.float64)

    def add(out: Tensor) -> None:
        code = (out > 0).flatten(1).to(torch.float32)
        kernel.add_((code @ code.T + (1 - code) @ (1 - code).T).double())

    with torch.no_grad(), outputs_of(module, (nn.ReLU, nn.ReLU6), add):
        module(images)
    return float(torch.linalg.slogdet(kernel).logabsdet)


def jacov(module: nn.Module, images: Tensor, labels: Tensor) -> float:
    """How little the images' gradients are correlated: -sum(log(v + k) + 1 / (v + k)).

    v are the eigenvalues of the correlations of the gradients of the outputs' sum by each image,
    k = 1e-5. Mellor et al., the first version of the same paper (arXiv 2006.04647v1), section 3.
    """
    images = images.clone().requires_grad_()
    module(images).sum().backward()
    assert images.grad is not None
    values = torch.linalg.eigvalsh(torch.corrcoef(images.grad.flatten(1).double())) + 1e-5
    return -float((values.log() + 1 / values).sum())


def zen(module: nn.Module, images: Tensor, labels: Tensor) -> float:
    """How far the features before the last pool move with the image, all Gaussian.

    The logarithm of the mean move, plus half the logarithms of each batch norm's mean variance.
    Shortcuts stay. Lin et al., *Zen-NAS* (arXiv 2102.01063), algorithm 1.
    """
    features: list[Tensor] = []
    scales: list[float] = []
    pools = [one for one in module.modules() if isinstance(one, nn.AdaptiveAvgPool2d)]
    batch_norms = [one for one in module.modules() if isinstance(one, nn.BatchNorm2d)]
    hooks = [pools[-1].register_forward_pre_hook(lambda _l, given: features.append(given[0]))]
    for layer in batch_norms:
        hooks.append(layer.register_forward_pre_hook(lambda _l, given: _spread(given[0], scales)))
    found = []
    with torch.no_grad():
        for _ in range(TIMES):
            for one in module.parameters():
                if one.dim() > 1:
                    nn.init.normal_(one)
            first = torch.randn_like(images)
            module(first)
            scales.clear()
            module(first + ALPHA * torch.randn_like(images))
            before, after = features[-2:]
            move = (before - after).abs().sum(dim=(1, 2, 3)).mean()
            found.append(math.log(max(float(move), 1e-300)) + sum(scales))
            features.clear()
    for hook in hooks:
        hook.remove()
    return sum(found) / len(found)


def _spread(given: Tensor, scales: list[float]) -> None:
    variance = float(given.var(dim=(0, 2, 3), unbiased=False).mean())
    scales.append(0.5 * math.log(max(variance, 1e-300)))


SCORES: dict[str, Callable[[nn.Module, Tensor, Tensor], float]] = {
    "gradient norm": gradient_norm,
    "synflow": synflow,
    "naswot": naswot,
    "jacov": jacov,
    "zen": zen,
}
