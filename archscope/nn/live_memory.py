"""The most activations that a module holds at once, seen while it runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch import nn
from torch.utils import _pytree as pytree
from torch.utils._python_dispatch import TorchDispatchMode

from archscope.arch.inputs import Input
from archscope.cost.example import arguments, tensors_in


def peak_elements(module: nn.Module, input: Input) -> tuple[int, str]:
    """The most numbers alive at once while one image passes in eval mode, and where that is.

    Alive is a buffer from the operation that first touches it to the last one; weights and whole
    numbers (indices) are left out. Where: the innermost submodule that runs.
    """
    module.eval()
    given, named = arguments(module, input)
    with torch.no_grad(), _names(module) as inside:
        touched = _Touched(module, inside)
        touched.note(tensors_in([*given, *named.values()]))
        with touched:
            output = module(*given, **named)
        touched.note(tensors_in(output))
    return touched.peak()


class _Touched(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """The storages of floating-point tensors that each operation reads or writes, in order."""

    def __init__(self, module: nn.Module, inside: list[str]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        weights = [*module.parameters(), *module.buffers()]
        self._ignored = {weight.untyped_storage().data_ptr() for weight in weights}
        self._inside = inside
        self._kept: dict[int, Any] = {}  # all of them, so that no address is used twice
        self._sizes: dict[int, int] = {}
        self._operations: list[tuple[set[int], str]] = []

    def __torch_dispatch__(
        self, function: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        result = function(*args, **(kwargs or {}))
        leaves = pytree.tree_leaves((args, kwargs, result))
        self.note(leaf for leaf in leaves if isinstance(leaf, torch.Tensor))
        return result

    def note(self, tensors: Iterator[torch.Tensor]) -> None:
        """What one operation touches."""
        touched = set()
        for tensor in tensors:
            storage = tensor.untyped_storage()
            address = storage.data_ptr()
            if tensor.is_floating_point() and storage.nbytes() and address not in self._ignored:
                self._kept[address] = storage
                self._sizes[address] = storage.nbytes() // tensor.element_size()
                touched.add(address)
        self._operations.append((touched, self._inside[-1]))

    def peak(self) -> tuple[int, str]:
        """The most elements alive at once, and the first place where they are."""
        last = {one: index for index, (all_, _) in enumerate(self._operations) for one in all_}
        alive = most = 0
        at, seen = "", set[int]()
        for index, (touched, where) in enumerate(self._operations):
            alive += sum(self._sizes[one] for one in touched - seen)
            seen |= touched
            if alive > most:
                most, at = alive, where
            alive -= sum(self._sizes[one] for one in touched if last[one] == index)
        return most, at or "the input"


@contextmanager
def _names(module: nn.Module) -> Iterator[list[str]]:
    """Meanwhile the list's last entry names the submodule that runs."""
    inside = [""]
    hooks = []
    for name, part in module.named_modules():
        hooks.append(part.register_forward_pre_hook(partial(_enter, inside, name)))
        hooks.append(part.register_forward_hook(partial(_leave, inside)))
    try:
        yield inside
    finally:
        for hook in hooks:
            hook.remove()


def _enter(inside: list[str], name: str, *_: Any) -> None:
    inside.append(name)


def _leave(inside: list[str], *_: Any) -> None:
    inside.pop()
