"""Eq. 4 of the ResNeXt paper, solved: which template fits a block's budget.

A bottleneck block of cardinality C and path width d has

    C * (w_in * d + k^2 * d^2 + d * w_out)

weights in its convolutions (Eq. 4 with w_in = w_out = 256 and k = 3; batch norm left out), and as
many multiply-adds at every position of its stage (stride 1). A budget on the weights is therefore
one on the multiply-adds of the block too, though not of a whole network.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import isqrt, sqrt
from typing import Literal, TypeAlias

from archscope.arch.arrays import positive
from archscope.errors import InfeasibleError, UsageError, shown

Rounding: TypeAlias = "Literal['nearest', 'floor', 'ceil'] | int"  # an int: multiples of it

REFERENCE = "1x64d"


@dataclass(frozen=True)
class Block:
    """A stride-1 bottleneck block without its template: `resolution` is the stage's size.

    The defaults are conv2's of Table 2: 256 channels in and out, 3x3, at 56x56.
    """

    w_in: int = 256
    w_out: int = 256
    kernel: int = 3
    resolution: int = 56

    def __post_init__(self) -> None:
        positive(w_in=self.w_in, w_out=self.w_out, kernel=self.kernel, resolution=self.resolution)

    def params(self, cardinality: int, width: int) -> int:
        """Weights of the block's three convolutions (Eq. 4)."""
        return cardinality * (self.w_in * width + self.kernel**2 * width**2 + width * self.w_out)

    def exact_width(self, cardinality: int, budget: int) -> float:
        """The positive root d of Eq. 4 = `budget`."""
        a, b = cardinality * self.kernel**2, cardinality * (self.w_in + self.w_out)
        # The form without cancellation: (-b + sqrt(b^2 + 4 a B)) / 2a, expanded.
        return 2 * budget / (b + sqrt(b * b + 4 * a * budget))

    def floor_width(self, cardinality: int, budget: int) -> int:
        """The largest whole d within `budget` (0 where there is none), in integers."""
        a, b = cardinality * self.kernel**2, cardinality * (self.w_in + self.w_out)
        return (isqrt(b * b + 4 * a * budget) - b) // (2 * a)

    def half_is_within(self, cardinality: int, width: int, budget: int) -> bool:
        """Whether Eq. 4 at `width` + 1/2 stays within `budget`, in integers."""
        twice = 2 * width + 1
        path = 2 * (self.w_in + self.w_out) * twice + self.kernel**2 * twice**2
        return cardinality * path <= 4 * budget


@dataclass(frozen=True)
class Template:
    """A block's template CxWd against a budget.

    Attributes:
        cardinality, width: C and d.
        exact: the unrounded number that was solved for (d, or C).
        params: weights of the block's convolutions.
        macs: multiply-adds of the block at the stage's resolution.
        deviation: (params - budget) / budget, a fraction.
    """

    cardinality: int
    width: int
    exact: float
    params: int
    macs: int
    deviation: float

    @property
    def name(self) -> str:
        """`32x4d`."""
        return f"{self.cardinality}x{self.width}d"

    @property
    def group_width(self) -> int:
        """C*d, the channels of the grouped convolution."""
        return self.cardinality * self.width


DEFAULT_BLOCK = Block()


def solve_width(
    cardinality: int,
    *,
    budget: int | None = None,
    reference: str = REFERENCE,
    block: Block = DEFAULT_BLOCK,
    rounding: Rounding = "nearest",
) -> Template:
    """Solve Eq. 4 for the bottleneck width d at a cardinality.

    Args:
        cardinality: C, at least 1.
        budget: weights of the block; without it those of `reference`.
        reference: a template CxWd whose weights are kept.
        rounding: to the nearest whole d, or `floor`, `ceil`, or an int K for the nearest multiple
            of K (at least K).

    Raises:
        InfeasibleError: where the exact d is below 1, whatever the rounding.
        UsageError: where a number is not positive.
    """
    (cardinality,) = positive(cardinality=cardinality)
    budget = kept_budget(budget, reference, block)
    check_rounding(rounding)
    exact = block.exact_width(cardinality, budget)
    if block.params(cardinality, 1) > budget:
        raise InfeasibleError(
            f"at cardinality {cardinality} and {budget:,} parameters Eq. 4 gives d = "
            f"{_below_one(exact)}; use "
            f"{_up_to('cardinality', budget // block.params(1, 1))}a budget of at least "
            f"{block.params(cardinality, 1):,}, which is the nearest design, {cardinality}x1d"
        )
    if isinstance(rounding, int):
        width = _nearest_multiple(cardinality, budget, block, rounding)
    else:
        floor = block.floor_width(cardinality, budget)
        half_up = block.half_is_within(cardinality, floor, budget)
        whole = block.params(cardinality, floor) == budget
        width = rounded(floor, half_up, whole, rounding)
    return _template(cardinality, width, exact, budget, block)


def solve_cardinality(
    width: int,
    *,
    budget: int | None = None,
    reference: str = REFERENCE,
    block: Block = DEFAULT_BLOCK,
    rounding: Rounding = "nearest",
) -> Template:
    """Solve Eq. 4 for the cardinality C at a bottleneck width; arguments as `solve_width`.

    Raises:
        InfeasibleError: where the exact C is below 1, whatever the rounding.
        UsageError: where a number is not positive.
    """
    (width,) = positive(width=width)
    budget = kept_budget(budget, reference, block)
    check_rounding(rounding)
    path = block.params(1, width)
    if path > budget:
        raise InfeasibleError(
            f"at width {width} and {budget:,} parameters Eq. 4 gives C = "
            f"{_below_one(budget / path)}; use "
            f"{_up_to('width', block.floor_width(1, budget))}a budget of at least {path:,}, "
            f"which is the nearest design, 1x{width}d"
        )
    floor, rest = divmod(budget, path)
    if isinstance(rounding, int):
        cardinality = max(1, (2 * budget + path * rounding) // (2 * path * rounding)) * rounding
    else:
        cardinality = rounded(floor, 2 * rest >= path, rest == 0, rounding)
    return _template(cardinality, width, budget / path, budget, block)


def parse_template(text: str) -> tuple[int, int]:
    """`32x4d` -> (32, 4).

    Raises:
        UsageError: where the text is not CxWd with whole C, W >= 1.
    """
    found = re.fullmatch(r"([0-9]{1,9})x([0-9]{1,9})d", text.strip().lower())
    if not found or min(map(int, found.groups())) < 1:
        raise UsageError(
            f"a template is CxWd with whole C, W >= 1, not '{shown(text)}'; write 32x4d for "
            "cardinality 32 and bottleneck width 4"
        )
    cardinality, width = found.groups()
    return int(cardinality), int(width)


def parse_rounding(text: str) -> Rounding:
    """`nearest`, `floor`, `ceil`, or `multiple-of 8` (also `multiple-of-8`, `multiple-of:8`).

    Raises:
        UsageError: for anything else.
    """
    match text.strip().lower():
        case "nearest":
            return "nearest"
        case "floor":
            return "floor"
        case "ceil":
            return "ceil"
    found = re.fullmatch(r"multiple-of[\s:=-]*([0-9]{1,6})", text.strip().lower())
    if found and int(found[1]) >= 1:
        return int(found[1])
    raise UsageError(
        f"rounding is nearest, floor, ceil or multiple-of:K, not '{shown(text)}'; write "
        "multiple-of:8 for multiples of 8"
    )


def rounding_text(rounding: Rounding) -> str:
    """A rule of rounding as JSON has it: `nearest`, `multiple-of-8`."""
    return rounding if isinstance(rounding, str) else f"multiple-of-{rounding}"


def kept_budget(budget: int | None, reference: str, block: Block) -> int:
    """The weights of a block to keep: `budget`, or those of the template `reference`."""
    if budget is None:
        return block.params(*parse_template(reference))
    (whole,) = positive(budget=budget)
    return int(whole)


def check_rounding(rounding: Rounding) -> None:
    """Refuse what is no rule of rounding.

    Raises:
        UsageError: where it is neither a word nor an int of at least 1.
    """
    if isinstance(rounding, int):
        positive(multiple=rounding)
    elif rounding not in ("nearest", "floor", "ceil"):
        parse_rounding(rounding)  # refuses what is none
        raise UsageError(
            f"rounding is nearest, floor, ceil or an int, not '{rounding}'; pass multiples "
            "as an int"
        )


def rounded(floor: int, half_up: bool, whole: bool, rounding: Rounding) -> int:
    """Round a number above 1 of which the integers are known: floats would err near a half."""
    if rounding == "floor" or whole:
        return floor
    if rounding == "ceil":
        return floor + 1
    return floor + 1 if half_up else floor


def _nearest_multiple(cardinality: int, budget: int, block: Block, multiple: int) -> int:
    """The nearest multiple K*m: Eq. 4 in m is that of a block with K times the numbers."""
    wide = Block(block.w_in * multiple, block.w_out * multiple, block.kernel * multiple)
    floor = wide.floor_width(cardinality, budget)
    return max(1, floor + wide.half_is_within(cardinality, floor, budget)) * multiple


def _below_one(exact: float) -> str:
    """An exact number below 1 in three decimals, which must not read 1.000."""
    return f"{min(exact, 0.999):.3f}, below 1"


def _up_to(what: str, largest: int) -> str:
    return f"a {what} up to {largest}, or " if largest else ""


def _template(cardinality: int, width: int, exact: float, budget: int, block: Block) -> Template:
    params = block.params(cardinality, width)
    deviation = (params - budget) / budget
    return Template(cardinality, width, exact, params, params * block.resolution**2, deviation)
