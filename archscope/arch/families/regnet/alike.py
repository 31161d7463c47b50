"""Which RegNets might be the same network: bounds, from its stages, on the numbers of its ramp.

Each function takes a network's stages, columns of numbers that were chosen before (each with a row
for a design), and the values of one number. It gives which of these might, beside the chosen ones,
make these stages: a row of bools, or one for each design. It may be too generous, never too strict.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf
from typing import Any, NamedTuple

_EIGHT = 4  # what rounding to a multiple of 8 changes, at most
_NEARLY = 1e-9  # of floats


class Known(NamedTuple):
    """A network's stages: blocks, widths, group widths; and whether widths were rounded up."""

    depths: Sequence[int]
    widths: Sequence[int]
    groups: Sequence[int]
    up: bool

    def ends(self, stage: int) -> tuple[float, float]:
        """Between what a stage's width lies before it is rounded."""
        off = self.groups[stage] / (1 if self.up else 2) + _EIGHT
        return max(self.widths[stage] - off, 1.0), self.widths[stage] + off


def group(known: Known, _: Mapping[str, Any], values: Any) -> Any:
    """A group width: that of any stage with several groups, or else no less than all widths."""
    told = [g for w, g in zip(known.widths, known.groups, strict=True) if w > g]
    return values == told[0] if told else values >= max(known.widths)


def start(known: Known, _: Mapping[str, Any], values: Any) -> Any:
    """A w0: the width of the first stage before it is rounded."""
    low, high = known.ends(0)
    return (values >= low) & (values <= high)


def growth(known: Known, chosen: Mapping[str, Any], values: Any) -> Any:
    """A wm: w0 times a power of it is the width of each stage before it is rounded."""
    start = chosen["w0"][:, None] if "w0" in chosen else None
    kept = True
    for stage in range(1, len(known.widths)):
        least, most = _powers(known, stage, start, values)
        kept = kept & (most >= stage) & (most >= least)
    return kept if len(known.widths) > 1 else values > 1


def slope(known: Known, chosen: Mapping[str, Any], values: Any) -> Any:
    """A wa: blocks in the line are no further from their power of wm than half a step."""
    if not {"w0", "wm"} <= chosen.keys():
        return values > 0
    start, step = chosen["w0"][:, None], chosen["wm"][:, None]
    low, high, first = 0.0, inf, 0
    for stage, blocks in enumerate(known.depths):
        least, most = _powers(known, stage, start, step)
        last = first + blocks - 1
        if first:
            low = _larger(low, start * (step ** (least - 0.5) - 1) / first)
        if last:
            high = -_larger(-high, -start * (step ** (most + 0.5) - 1) / last)
        first += blocks
    return (values >= low * (1 - _NEARLY)) & (values <= high * (1 + _NEARLY))


def _powers(known: Known, stage: int, start: Any, step: Any) -> tuple[Any, Any]:
    """The least and the largest power of wm that may be the width of a stage."""
    import numpy as np

    low, high = known.ends(stage)
    under, over = known.ends(0) if start is None else (start, start)
    least, most = low / over, high / under
    scale = np.log(step)
    return np.ceil(np.log(least) / scale - _NEARLY), np.floor(np.log(most) / scale + _NEARLY)


def _larger(one: Any, other: Any) -> Any:
    import numpy as np

    return np.maximum(one, other)
