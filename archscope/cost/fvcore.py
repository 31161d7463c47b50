"""What fvcore counts, given a module, and its exact multiply-adds, from one trace of fvcore's."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from archscope.arch.inputs import Input, input_text
from archscope.cost.example import traceable
from archscope.errors import UsageError
from archscope.running import without_log
from archscope.short_repr import ShortRepr

if TYPE_CHECKING:
    import torch
    from torch import nn

    from archscope.cost.traced.operators import Exact, Missed, Uncounted

    _Found = Mapping[str, Mapping[Any, Any]]

# What a network computes outside its submodules, and its own parameters, among its parts.
TOP_LEVEL = ""


class Part(NamedTuple):
    """What a part of a network costs; where `macs_exact` is False, at least so many `macs`.

    Both are None where the trace does not tell: the part is unused, or a saved program has only its
    weights.
    """

    params: int
    macs: int | None
    macs_exact: bool | None = True


@dataclass(frozen=True, repr=False)
class FvcoreCount(ShortRepr):
    """fvcore's counts of one image in eval mode, and ours of the same trace.

    Attributes:
        params: learnable parameters.
        macs: multiply-adds of all operators that multiply, exact (`cost.traced.operators`), or at
            least so many.
        by_operator: fvcore's own numbers: multiply-adds as it counts them, 2 an element for batch
            norm, 1 for pooling.
        unsupported: operators that fvcore did not count, and how often each occurred.
        differences: operators whose multiply-adds fvcore's number is not: (ours, fvcore's).
        parts: each direct submodule, in order, and under `TOP_LEVEL` what is in none of them. A
            shared parameter belongs to the first that has it, so that they add up to the whole.
        uncounted: operators that may multiply but are not in `macs`, and how often each stood
            there.
    """

    params: int
    macs: int
    by_operator: dict[str, int]
    unsupported: dict[str, int]
    differences: dict[str, tuple[int, int]] = field(default_factory=dict)
    parts: dict[str, Part] = field(default_factory=dict)
    uncounted: dict[str, int] = field(default_factory=dict)

    @property
    def macs_exact(self) -> bool:
        """Whether nothing that the trace holds may have been left out of `macs`."""
        return not self.uncounted

    @property
    def flops(self) -> int:
        """fvcore's own total, whatever it got wrong."""
        return sum(self.by_operator.values())

    @property
    def beyond(self) -> dict[str, int]:
        """What `flops` has more than `macs`, or less, by operator."""
        from archscope.cost.traced.operators import COUNTED

        others = {name: n for name, n in self.by_operator.items() if name not in COUNTED}
        return others | {name: theirs - ours for name, (ours, theirs) in self.differences.items()}


def count_with_fvcore(module: nn.Module, shape: Input) -> FvcoreCount:
    """Trace a module once (eval mode, batch 1, zeros of `shape`) and let fvcore count it.

    Raises:
        UsageError: where the trace needs more memory than there is.
    """
    with _quiet():
        from fvcore.nn import FlopCountAnalysis

        from archscope.cost.traced import operators

    try:
        with _traced(module, shape) as tensors:
            analysis = FlopCountAnalysis(module, tensors)
            analysis.set_op_handle(**operators.HANDLES)
            uncalled = analysis.uncalled_modules()
            inside = {
                name: counted
                for name, counted in analysis.by_module_and_operator().items()
                if not name or name not in uncalled  # the whole, even where it does nothing
            }
            without = {name: analysis.unsupported_ops(name) for name in inside}
    except RuntimeError as error:
        if "allocate memory" not in str(error):
            raise
        raise UsageError(
            f"tracing an input of {input_text(shape)} takes more memory than there is; use a "
            "smaller input, or count with the formula"
        ) from None
    return _read(module, inside, without)


def _read(module: nn.Module, inside: _Found, without: _Found) -> FvcoreCount:
    """What fvcore found in a trace, and `without` a handle, in each part called, by operator."""
    from archscope.cost.traced import operators
    from archscope.cost.traced.harmless import is_harmless, short_name

    def macs(name: str) -> int | None:
        return sum(_of(operators.Exact, inside[name]).values()) if name in inside else None

    def uncounted(name: str) -> Counter[str]:
        found = Counter(_of(operators.Uncounted, inside.get(name, {})))
        for kind, times in without.get(name, {}).items():
            if not is_harmless(kind):
                found[short_name(kind)] += int(times)
        return found

    counted = inside[""]
    exact = _of(operators.Exact, counted)
    theirs = {key: int(value) for key, value in counted.items() if isinstance(key, str)}
    missed = Counter(_of(operators.Missed, counted))
    for kind, times in without[""].items():
        missed[short_name(kind)] += int(times)
    return FvcoreCount(
        params=sum(parameter.numel() for parameter in module.parameters()),
        macs=sum(exact.values()),
        by_operator=theirs,
        unsupported=dict(missed),
        differences={
            name: (exact.get(name, 0), theirs.get(name, 0))
            for name in operators.COUNTED
            if exact.get(name, 0) != theirs.get(name, 0)
        },
        parts=_parts(module, macs, uncounted),
        uncounted=dict(uncounted("")),
    )


def _parts(
    module: nn.Module, macs: Callable[[str], int | None], uncounted: Callable[[str], Counter[str]]
) -> dict[str, Part]:
    """The direct submodules with parameters or operators, and what of the whole is in none."""
    parts: dict[str, Part] = {}
    seen: set[int] = set()

    def params(part: nn.Module) -> int:
        own = {id(one): one.numel() for one in part.parameters() if id(one) not in seen}
        seen.update(own)
        return sum(own.values())

    rest, hidden = macs("") or 0, uncounted("")
    for name, part in module.named_children():
        own, found = params(part), macs(name)
        if found is not None:
            parts[name] = Part(own, found, not uncounted(name))
        elif own:
            parts[name] = Part(own, None, None)
        rest -= found or 0
        hidden -= uncounted(name)
    top = Part(params(module), rest, not hidden)
    return parts if top == Part(0, 0) else {**parts, TOP_LEVEL: top}


def count_activations_with_fvcore(module: nn.Module, shape: Input) -> int:
    """The activations in eval mode: outputs of convolutions, linear layers and matrix products."""
    return activations_inside(module, shape)[""]


def activations_inside(module: nn.Module, shape: Input) -> dict[str, int]:
    """The same of each submodule by its path; that of the whole is empty.

    A trace of its own: fvcore shares none between its counts.
    """
    with _traced(module, shape) as tensors:
        from fvcore.nn import ActivationCountAnalysis

        from archscope.cost.traced.operators import ACTIVATIONS

        analysis = ActivationCountAnalysis(module, tensors)
        found = analysis.set_op_handle(**ACTIVATIONS).by_module()
        return {name: int(value) for name, value in found.items()}


def _of(kind: type[Exact | Missed | Uncounted], counted: Mapping[Any, Any]) -> dict[str, int]:
    """The counts under one kind of key, by operator."""
    return {key.operator: int(value) for key, value in counted.items() if isinstance(key, kind)}


@contextmanager
def _traced(module: nn.Module, input: Input) -> Iterator[tuple[torch.Tensor, ...]]:
    """Meanwhile fvcore can trace a module called with these tensors, part by part, and is quiet."""
    import torch

    from archscope.cost.traced.scopes import forwards_named

    with (
        _in_eval_mode(module),
        torch.no_grad(),
        _quiet(),
        traceable(module, input) as tensors,
        forwards_named(module),
    ):
        yield tensors


@contextmanager
def _in_eval_mode(module: nn.Module) -> Iterator[None]:
    """Eval mode meanwhile; afterwards every part has its own mode again.

    Attention runs as its single layers: torch's fused operator hides the linear ones from fvcore.
    """
    import torch

    modes = {part: part.training for part in module.modules()}
    fused = torch.backends.mha.get_fastpath_enabled()
    module.eval()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fused)
        for part, mode in modes.items():
            part.training = mode


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence fvcore's log lines (what it did not count is in the result) and its warnings."""
    with without_log("fvcore.nn.jit_analysis"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
