"""Caps as they are written: `5Mparams`, `256kB memory:int8`, `as resnet50:macs`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from archscope.arch.quantities import STORED, parse_bytes
from archscope.arch.times import parse_time
from archscope.arch.windows import Shape
from archscope.cost.stored import Storage
from archscope.errors import UsageError, shown
from archscope.explore.design.limits import (
    CAPPED,
    Limit,
    all_limits,
    format_named,
    read_limit,
)

_AND = r"\s+and\s+|;"
_MEMORY = (
    "memory: the most bytes of activations alive at once, batch 1, each buffer "
    "freed after its last use; ReLU and the like and sums work in place where nothing else reads "
    "what they overwrite, convolutions, batch norm, pools and concatenations never"
)
MODEL = (
    "weights: learnable parameters, batch norm's scale and shift among them (not folded into the "
    f"convolutions); {_MEMORY}"
)
FOLDED = (
    "weights: learnable parameters, batch norm folded into the convolution before it (which has a "
    f"bias for it, in int8 of 4 bytes); {_MEMORY}"
)


def model(*, fold: bool) -> str:
    """What weights and memory are, in words."""
    return FOLDED if fold else MODEL


def read_caps(
    at_most: str | Limit | Sequence[str | Limit],
    flash: str | None = None,
    sram: str | None = None,
    input_shape: Shape | None = None,
) -> list[Limit]:
    """Caps as text or as limits; `flash` is one on the weights, and `sram` on the memory.

    Raises:
        UsageError: for what is no cap, an unknown format, or two caps on one cost.
    """
    caps: list[Limit] = []
    alone = isinstance(at_most, str) or not isinstance(at_most, Iterable)
    entries: Iterable[Any] = [at_most] if alone else at_most  # type: ignore[assignment]
    for entry in entries:
        if isinstance(entry, Limit):
            caps.append(_checked(entry))
            continue
        if not isinstance(entry, str):
            raise UsageError(f"a cap is a text, not {shown(repr(entry))}; give '5Mparams'")
        for part in re.split(_AND, entry.strip()):
            if re.match(r"as\s", part, re.I):
                caps += all_limits(part, input_shape)
            else:
                caps.append(read_limit(part))
    for cost, text, option in (("weights", flash, "--flash"), ("memory", sram, "--sram")):
        if text is not None:
            value, format = parse_bytes(text, option)
            caps.append(Limit(cost, value, format=format_named(format)))
    metrics = [cap.metric for cap in caps]
    for cost in CAPPED:
        if metrics.count(cost) > 1:
            raise UsageError(f"{cost} can have one cap, not several; keep the smallest")
    return sorted(
        (replace(cap, hard=True) for cap in caps), key=lambda cap: CAPPED.index(cap.metric)
    )


def any_time(caps: Sequence[str]) -> bool:
    """Whether any of these texts caps the latency."""
    parts = (part for text in caps for part in re.split(_AND, text.strip()))
    return any(parse_time(part) is not None for part in parts)


def storage_of(limits: Sequence[Limit], *, fold: bool = False) -> Storage:
    """How weights and memory are stored where these limits say the formats."""
    return storage({limit.metric: limit.format for limit in limits if limit.format}, fold=fold)


def storage(formats: Mapping[str, str], *, fold: bool = False) -> Storage:
    """How weights and memory are stored: as is said, else as the other is; else in fp32."""
    other = next(iter(formats.values()), "fp32")
    return Storage(**{cost: formats.get(cost, other) for cost in STORED}, fold=fold)


def cost_named(text: str) -> str:
    """The cost that is to be as large as can be.

    Raises:
        UsageError: where it is none.
    """
    cost = text.strip().lower()
    if cost not in CAPPED:
        raise UsageError(
            f"a cost is one of {', '.join(CAPPED)}, not '{shown(text)}'; write --maximise macs"
        )
    return cost


def _checked(cap: Limit) -> Limit:
    if cap.metric not in CAPPED or cap.value < 1:
        raise UsageError(
            f"a cap is at least 1, on {', '.join(CAPPED)}, not {cap.value:,} {shown(cap.metric)}; "
            "write Limit('params', 5_000_000)"
        )
    return replace(cap, format=format_named(cap.format)) if cap.metric in STORED else cap
