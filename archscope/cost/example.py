"""What a module is called with, and called so that a tracer can follow: tensors in, tensors out."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import chain
from typing import TYPE_CHECKING, Any

from archscope.arch.inputs import Input, Inputs

if TYPE_CHECKING:
    import torch
    from torch import nn


def arguments(module: nn.Module, input: Input) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments of a call, in order and by name: what was given, or zeros of batch 1.

    Zeros are of the module's own type of numbers, and where its weights are.
    """
    import torch

    if not isinstance(input, Inputs):
        input = Inputs((input,))
    if input.example is None:
        own, device = dtype_of(module), device_of(module)
        named = input.dtypes or (None,) * len(input.shapes)
        dtypes = [own if name is None else getattr(torch, name) for name in named]
        pairs = zip(input.shapes, dtypes, strict=True)
        return tuple(torch.zeros(1, *shape, dtype=kind, device=device) for shape, kind in pairs), {}
    if isinstance(input.example, Mapping):
        return (), dict(input.example)
    single = isinstance(input.example, torch.Tensor)
    return (input.example,) if single else tuple(input.example), {}


def dtype_of(module: nn.Module) -> torch.dtype:
    """The type of a module's numbers: of its first weight, or buffer, that is no whole number."""
    import torch

    weights = chain(module.parameters(), module.buffers())
    found = (weight.dtype for weight in weights if weight.is_floating_point())
    return next(found, torch.get_default_dtype())


def device_of(module: nn.Module) -> torch.device:
    """Where a module's first weight is; the processor where it has none."""
    import torch

    weights = chain(module.parameters(), module.buffers())
    return next((weight.device for weight in weights), torch.device("cpu"))


@contextmanager
def traceable(module: nn.Module, input: Input) -> Iterator[tuple[torch.Tensor, ...]]:
    """Meanwhile the module is called with these tensors alone, and answers with tensors alone.

    Other arguments, and those that it takes by name, are put in on the way; dataclasses and
    mappings that it answers with are taken apart.
    """
    import torch
    from torch.utils import _pytree as pytree

    leaves, form = pytree.tree_flatten(arguments(module, input))
    places = [index for index, leaf in enumerate(leaves) if isinstance(leaf, torch.Tensor)]

    def complete(_: Any, given: tuple[Any, ...], __: Any) -> Any:
        filled = list(leaves)
        for place, tensor in zip(places, given, strict=True):
            filled[place] = tensor
        return pytree.tree_unflatten(filled, form)

    hooks = [
        module.register_forward_pre_hook(complete, with_kwargs=True, prepend=True),
        module.register_forward_hook(lambda _, __, output: tuple(tensors_in(output))),
    ]
    try:
        yield tuple(leaves[place] for place in places)
    finally:
        for hook in hooks:
            hook.remove()


def tensors_in(output: Any) -> Iterator[torch.Tensor]:
    """The tensors in what a module answers: in lists, mappings and dataclasses, however nested."""
    import torch

    if isinstance(output, torch.Tensor):
        yield output
    elif isinstance(output, Mapping):
        yield from chain.from_iterable(map(tensors_in, output.values()))
    elif isinstance(output, list | tuple):
        yield from chain.from_iterable(map(tensors_in, output))
    elif dataclasses.is_dataclass(output):
        yield from chain.from_iterable(map(tensors_in, vars(output).values()))
