"""Options that say which designs are meant: shared by `solve --network` and `enumerate`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from archscope.cli.options.declared import NETWORK, option
from archscope.errors import UsageError, shown

if TYPE_CHECKING:
    from fractions import Fraction

    from archscope.arch.windows import Shape
    from archscope.cost.stored import Storage
    from archscope.explore.design.caps.conditions import Range


def _range(name: str, what: str) -> Any:
    return option(name, value="A:B", help=f"Range of {what}: 20M:26M, :26M or 20M:.")


ParamsOption = Annotated[str | None, _range("--params", "parameters")]
MacsOption = Annotated[str | None, _range("--macs", "multiply-adds")]
ActivationsOption = Annotated[str | None, _range("--activations", "activations")]


def _bytes_range(name: str, what: str) -> Any:
    return option(name, value="A:B[:FORMAT]", help=f"Range of the bytes of {what}: :256kB:int8.")


WeightsOption = Annotated[str | None, _bytes_range("--weights", "the weights")]
StoredMemoryOption = Annotated[str | None, _bytes_range("--memory", "the peak of the activations")]
MemoryOption = Annotated[
    str | None,
    option(
        "--memory",
        value="A:B",
        help="Range of the peak of one image's activations in fp32, in bytes: :10MB.",
    ),
]
CardinalityOption = Annotated[
    str | None,
    option("--cardinality", "-C", value="C[,C...]", help="Cardinalities: 32, or 1,2,4, or 1:64."),
]
WidthOption = Annotated[
    str | None,
    option("--width", "-d", value="D[,D...]", help="Widths: 4, or 4,8,16, or 4:64, or 0.5:1:0.05."),
]
DepthOption = Annotated[
    str | None,
    option(
        "--depth",
        value="A:B[,A:B...]",
        panel=NETWORK,
        help="Blocks of every stage, or of each: 1:8, or 3,4,6,3, or 2:3,4,6,3.",
    ),
]
WidenOption = Annotated[
    str | None,
    option(
        "--widen",
        value="A:B",
        panel=NETWORK,
        help="Widening factors k of Wide ResNets: 1:12, or 1,1.5,2.",
    ),
]
DeepeningOption = Annotated[
    str | None,
    option(
        "--deepening",
        value="A:B",
        panel=NETWORK,
        help="Convolutions of a wrn's block (the paper's l): 1:4.",
    ),
]
ScaleOption = Annotated[
    str | None,
    option(
        "--scale",
        value="S[,S...]",
        panel=NETWORK,
        help="Factors on stem, widths and outputs: 0.25, or 0.125,0.25, or 0.0625:1:0.0625.",
    ),
]
AxisOption = Annotated[
    list[str] | None,
    option(
        "--axis",
        value="WORD=A:B",
        panel=NETWORK,
        help="Values of any other number of the family, as growth=12:48 or growth=8:48:8; "
        "several times.",
    ),
]


def ranges_of(
    params: str | None, macs: str | None, activations: str | None, memory: str | None = None
) -> dict[str, Range]:
    """The ranges of costs that were given; of `memory` in bytes."""
    from archscope.arch.quantities import parse_range

    if memory is not None:
        memory = re.sub(r"b(?=\s*(:|$))", "", memory, flags=re.I)
    given = {"params": params, "macs": macs, "activations": activations, "memory": memory}
    return {cost: parse_range(one, cost) for cost, one in given.items() if one is not None}


def scales_of(text: str) -> list[Fraction]:
    """The factors of `--scale`: `0.25`, `0.125,0.25` or `0.0625:1:0.0625`."""
    from fractions import Fraction

    from archscope.arch.quantities import parse_factors

    return [Fraction(factor) for factor in parse_factors(text, "scale")]


@dataclass(frozen=True)
class Bytes:
    """What the user wrote of bytes: ranges, and whether batch norm is folded."""

    weights: str | None
    memory: str | None
    fold: bool = False

    def read(self) -> tuple[dict[str, Range], Storage]:
        """The ranges that were given, and how weights and memory are stored."""
        from archscope.arch.quantities import parse_bytes_range
        from archscope.explore.design.caps.read import storage
        from archscope.explore.design.limits import format_named

        ranges: dict[str, Range] = {}
        formats: dict[str, str] = {}
        for cost in ("weights", "memory"):
            if (text := getattr(self, cost)) is not None:
                ranges[cost], format = parse_bytes_range(text, cost)
                if format is not None:
                    formats[cost] = format_named(format)
        return ranges, storage(formats, fold=self.fold)


@dataclass(frozen=True)
class Numbers:
    """What the user wrote for each number of a design."""

    cardinality: str | None
    width: str | None
    depth: str | None
    widen: str | None
    deepening: str | None
    scale: str | None
    axis: list[str] | None = None
    sides: str | None = None

    @property
    def input_shape(self) -> Shape | None:
        """The one input, where it is not a range of sides."""
        from archscope.arch.quantities import parse_shape

        if self.sides is None or self._sides:
            return None
        return parse_shape(self.sides)

    @property
    def _sides(self) -> bool:
        return self.sides is not None and "x" not in self.sides.lower()

    def given(self) -> dict[str, list[Any]]:
        """The values of each word that was given; those of `depth` by stage."""
        from archscope.arch.quantities import parse_factors, parse_numbers, parse_sides

        given: dict[str, list[Any]] = {}
        for word in ("cardinality", "deepening"):
            if (text := getattr(self, word)) is not None:
                given[word] = parse_numbers(text, word)
        for word in ("width", "widen"):
            if (text := getattr(self, word)) is not None:
                given[word] = parse_factors(text, word)
        if self.depth is not None:
            given["depth"] = [parse_factors(part, "depth") for part in self.depth.split(",")]
        if self.scale is not None:
            given["scale"] = scales_of(self.scale)
        for entry in self.axis or ():
            word, equals, values = entry.partition("=")
            word = word.strip().lower()
            if not equals or word in given:
                raise UsageError(
                    f"--axis is written WORD=A:B, each word once, not {shown(entry)}; write "
                    "--axis growth=12:48"
                )
            given[word] = parse_factors(values, word)
        if self.sides is not None and self._sides:
            if "resolution" in given:
                raise UsageError("--input says the resolution; drop it, or --axis resolution")
            given["resolution"] = parse_sides(self.sides)
        return given
