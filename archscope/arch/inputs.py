"""What a network from outside takes: one image, as ours, or any other tensors."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Any, TypeAlias

from archscope.arch.quantities import parse_sizes
from archscope.arch.windows import Shape
from archscope.errors import UsageError, shown

Sizes: TypeAlias = tuple[int, ...]


@dataclass(frozen=True)
class Inputs:
    """Several inputs, or given ones.

    Attributes:
        shapes: of each, without its batch.
        dtypes: torch's name for the numbers of each, as `int64`; None: the network's own.
        example: what the network is called with, batch included: a tensor, a tuple of what it
            takes in order, or a mapping of what it takes by name. None: zeros of the shapes.
        batch: how many of each kind are in the example.
    """

    shapes: tuple[Sizes, ...]
    dtypes: tuple[str | None, ...] = ()
    example: Any = None
    batch: int = 1


Input: TypeAlias = "Sizes | Inputs"
# What may be given where an input is meant.
GivenInput: TypeAlias = Any


def parse_input(text: str) -> Input:
    """`3x224x224`, `10`, or several with commas, `3x32x32,10`: all without the batch.

    Raises:
        UsageError: where a part is no sizes with an x between.
    """
    shapes = tuple(parse_sizes(part) for part in text.split(","))
    return shapes[0] if len(shapes) == 1 else Inputs(shapes)


def as_input(given: GivenInput) -> Input:
    """An input as a function of the library is given it: sizes, several sizes, or tensors.

    Raises:
        UsageError: where it is none of these.
    """
    if isinstance(given, Inputs):
        return given
    if _are_sizes(given):
        return tuple(map(int, given))
    if isinstance(given, Sequence) and given and all(map(_are_sizes, given)):
        return Inputs(tuple(tuple(map(int, one)) for one in given))
    values = given.values() if isinstance(given, Mapping) else given
    tensors = [given] if hasattr(given, "shape") else list(_tensors(values))
    if not tensors:
        raise UsageError(
            "an input is sizes without the batch, as (3, 224, 224), several of them, or tensors "
            f"to call the network with, not {shown(repr(given))}; give one of these"
        )
    batch = max((one.shape[0] for one in tensors if one.shape), default=1)
    return Inputs(tuple(tuple(one.shape[1:]) for one in tensors), example=given, batch=batch)


def image_of(input: Input | None, name: str) -> Shape | None:
    """The input of a network that takes an image: (channels, height, width), or none given.

    Raises:
        UsageError: where it is something else.
    """
    if input is None:
        return None
    shapes = input.shapes if isinstance(input, Inputs) else (input,)
    if len(shapes) == 1 and len(shapes[0]) == 3:
        channels, height, width = shapes[0]
        return channels, height, width
    raise UsageError(
        f"{shown(name)} takes one image, channels x height x width, not "
        f"{shown(input_text(input))}; write 3x224x224"
    )


def input_text(input: Input, times: str = "x") -> str:
    """`3x32x32`, or `3x32x32,10`."""
    shapes = input.shapes if isinstance(input, Inputs) else (input,)
    return ",".join(times.join(map(str, shape)) or "1" for shape in shapes)


def input_plain(input: Input) -> list[Any]:
    """For JSON: the sizes; a list of them for each input where there are several."""
    if isinstance(input, Inputs):
        lists = [list(shape) for shape in input.shapes]
        return lists[0] if len(lists) == 1 else lists
    return list(input)


def elements(input: Input) -> int:
    """How many numbers one call is given, at batch 1."""
    shapes = input.shapes if isinstance(input, Inputs) else (input,)
    return sum(map(math.prod, shapes))


def _are_sizes(given: Any) -> bool:
    return (
        isinstance(given, Sequence)
        and not isinstance(given, str)
        and len(given) > 0
        and all(isinstance(size, Integral) and int(size) > 0 for size in given)
    )


def _tensors(values: Any) -> list[Any]:
    """All tensors in nested lists and mappings, in order."""
    if hasattr(values, "shape"):
        return [values]
    if isinstance(values, Mapping):
        values = values.values()
    if isinstance(values, str) or not hasattr(values, "__iter__"):
        return []
    return [one for value in values for one in _tensors(value)]
