"""Whose operators are whose: `forward` called directly is named in a trace as a call is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import nn


@contextmanager
def forwards_named(module: nn.Module) -> Iterator[None]:
    """Meanwhile each submodule's `forward` tells the tracer whose it is, whoever calls it.

    fvcore's own hooks see calls of the submodule alone. Scripted modules keep what they have.
    """
    import torch

    parts = [
        (name, part)
        for name, part in module.named_modules()
        if name and not isinstance(part, torch.jit.ScriptModule)
    ]
    before = [vars(part).get("forward") for _, part in parts]
    for name, part in parts:
        vars(part)["forward"] = _named(name, part.forward)
    try:
        yield
    finally:
        for (_, part), own in zip(parts, before, strict=True):
            if own is None:
                del vars(part)["forward"]
            else:
                vars(part)["forward"] = own


def _named(name: str, forward: Callable[..., Any]) -> Callable[..., Any]:
    import torch

    @wraps(forward)
    def named(*args: Any, **kwargs: Any) -> Any:
        tracing: Any = torch._C._get_tracing_state()
        if tracing is None:
            return forward(*args, **kwargs)
        tracing.push_scope(name)
        try:
            return forward(*args, **kwargs)
        finally:
            tracing.pop_scope()

    return named
