"""What the time of an operation is made of: the roofline's terms, and where it bends.

An operation takes a start, so long for each multiply-add and so long for each element that it
moves, as in `archscope.cost.roofline`; but how long differs from one kind of operation to another.
Kinds of convolutions are those for which libraries have code of their own: on images, 1x1, dense,
depthwise, and grouped, whose channels a group either fill the processor's vectors or do not. Within
a kind the terms are such that a sum of them bends where times do: channels are rounded up to a
vector's, maps may be too small to be worth it, and what does not fit a cache costs more.

All numbers are of one image, and may be arrays of designs; of a batch the maps of all its images
fill the caches. Seconds are the sum of the terms times a kind's weights, so that the time of
several operations is a sum of terms as well.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from archscope.arch.arrays import Number, is_array
from archscope.arch.nodes import (
    Act,
    Cat,
    Conv,
    Gain,
    Gate,
    Grow,
    Linear,
    Node,
    Norm,
    Pool,
    Shuffle,
    Split,
    Sum,
)
from archscope.arch.readings import unknown
from archscope.arch.windows import any_of, pair
from archscope.cost.execution import Operation

_VECTOR = 8  # channels: of 256 bits in fp32
_IMAGE = 4  # channels of an image, at most
_SMALL = (64, 256)  # places of a map
_CACHES = (2**16, 2**18, 2**20, 2**22)  # elements: of a part of a first cache to all of a last one
# The kinds of convolutions.
CONVOLUTIONS = tuple(
    f"conv {kind}" for kind in ("image", "pointwise", "dense", "depthwise", "grouped", "uneven")
)


@dataclass(frozen=True)
class Terms:
    """The terms of an operation that runs once.

    Attributes:
        kinds: of the operation: one, or several of which `which` says for each design which.
        which: places in `kinds`; None where there is one.
        values: each term's number, by name, made when it is asked for.
    """

    kinds: tuple[str, ...]
    which: Any
    values: Mapping[str, Callable[[], Number]]


def terms_of(operation: Operation, batch: int = 1) -> Terms:
    """What the time of an operation on so many images at once is made of.

    Raises:
        UsageError: for a node that it does not know.
    """
    node = operation.node
    match node:
        case Conv():
            return _convolution(operation, node, batch)
        case Linear():
            weights = operation.params
            return Terms(("linear",), None, _with_hinges({"start": _one}, "weights", weights))
        case Pool(kind="global" | "adaptive"):
            return _plain(operation, f"pool {node.kind}", batch)
        case Pool():
            looked = operation.touched[-1] * node.kernel**2
            kind = f"pool {node.kind}"
            values = _plain(operation, kind, batch).values
            return Terms((kind,), None, {**values, "looked at": _of(looked)})
        case _:
            return _plain(operation, _kind(operation, node), batch)


def _kind(operation: Operation, node: Node) -> str:
    match node:
        case Norm():
            return f"norm {node.kind}"
        case Act():
            return f"act {node.kind}" + (" in place" if operation.in_place else "")
        case Sum():
            if len(operation.touched) == 2:
                return "scale"
            return "add in place" if operation.in_place else "add"
        case Gate():
            return "multiply"
        case Cat() | Grow():
            return "concatenate"
        case Split():
            return "add" if len(operation.reads) == 2 and _adds(operation) else "concatenate"
        case Shuffle():
            return "shuffle"
        case Gain():
            return "gain"
    raise unknown(node, "latency")


def _adds(operation: Operation) -> bool:
    """Whether a split's operation adds an output to a part, rather than joining two of them."""
    first, second, written = operation.touched
    return not any_of(written == first + second)


def _plain(operation: Operation, kind: str, batch: int) -> Terms:
    values = _with_hinges({"start": _one}, "moved", operation.moved, batch)
    return Terms((kind,), None, values)


def _convolution(operation: Operation, node: Conv, batch: int) -> Terms:
    visit = operation.visit
    assert visit is not None
    each, groups = visit.per_group, node.groups
    out = node.out // groups if is_array(groups) or groups != 1 else node.out
    kh, kw = pair(node.kernel)
    places, window = visit.output[1] * visit.output[2], kh * kw
    read, written = operation.touched
    macs, weights = operation.macs, operation.params

    def filled() -> Number:
        return _up(each) * _up(out) * (groups * places * window)

    strided = not (not is_array(node.stride) and node.stride == 1)
    values: dict[str, Callable[[], Number]] = {
        "start": _one,
        "macs": _of(macs),
        "filled macs": filled,
        "macs/out": lambda: groups * each * (places * window),
        "macs/in": lambda: written * window,
        **{f"macs on {most}": partial(_where_few, macs, places, most) for most in _SMALL},
        "strided macs": lambda: macs * (node.stride > 1) if strided else 0,
        "wide macs": lambda: macs if window > 9 else 0,
        "read": _of(read),
        "written": _of(written),
        "groups": _of(groups),
        "grouped places": lambda: groups * places,
    }
    values |= _with_hinges({}, "weights", weights)
    moved = _with_hinges({}, "moved", read + written, batch)
    values |= {key: of for key, of in moved.items() if ">" in key}
    return Terms(*_conv_kinds(each, out, groups, window), values)


def _conv_kinds(each: Number, out: Number, groups: Number, window: int) -> tuple[Any, Any]:
    """The kinds of a convolution's designs, and which each is."""
    dense = "pointwise" if window == 1 else "dense"
    if not any(map(is_array, (each, out, groups))):
        if groups == 1:
            kind = "image" if each <= _IMAGE else dense
        elif each == out == 1:
            kind = "depthwise"
        else:
            kind = "uneven" if each % _VECTOR or out % _VECTOR else "grouped"
        return (f"conv {kind}",), None
    if not is_array(groups) and groups == 1 and not is_array(each):
        return (f"conv {'image' if each <= _IMAGE else dense}",), None
    few, one = each <= _IMAGE, groups == 1
    uneven = (each % _VECTOR != 0) | (out % _VECTOR != 0)
    # places: image, dense, depthwise, grouped, uneven
    which = one * (1 - few) + (1 - one) * (
        3 + uneven - (3 + uneven - 2) * ((each == 1) & (out == 1))
    )
    kinds = tuple(f"conv {kind}" for kind in ("image", dense, "depthwise", "grouped", "uneven"))
    return kinds, which


def _with_hinges(
    values: dict[str, Callable[[], Number]], name: str, number: Number, batch: int = 1
) -> dict[str, Callable[[], Number]]:
    """The values with a number, and with what of it is beyond an image's part of each cache."""
    values[name] = _of(number)
    for size in _CACHES:
        values[f"{name}>{size}"] = partial(_beyond, number, size // batch)
    return values


def _beyond(number: Number, size: int) -> Number:
    if is_array(number):
        return (number > size) * (number - size)
    return max(0, number - size)


def _where_few(number: Number, places: Number, most: int) -> Number:
    return number * (places <= most)


def _up(channels: Number) -> Number:
    return -(-channels // _VECTOR) * _VECTOR


def _of(number: Number) -> Callable[[], Number]:
    return lambda: number


def _one() -> int:
    return 1
