"""Sums of products of numbers that may be arrays of designs: each product is made once.

What is alike is added up as whole numbers before an array is touched.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias

from archscope.arch.arrays import Number, is_array, multiplied, plus

# From the arrays of a product, by their ids, to how often it is added; no array is one.
Sum: TypeAlias = dict[tuple[int, ...], int]


class Products:
    """The products of some arrays, and sums of them. It keeps the arrays that it has seen."""

    def __init__(self) -> None:
        self._made: dict[tuple[int, ...], Any] = {(): 1}

    def add(self, total: Sum, factors: Iterable[Number], often: int = 1) -> None:
        """Add a product so many times; that of no factors is nothing."""
        arrays, some = [], False
        for factor in factors:
            some = True
            if is_array(factor):
                arrays.append(self.seen(factor))
            else:
                often *= factor
        if some and often:
            key = tuple(sorted(arrays))
            total[key] = total.get(key, 0) + often

    def seen(self, array: Number) -> int:
        """The id of an array, which stays alive."""
        self._made[(id(array),)] = array
        return id(array)

    def value(self, total: Sum) -> Number:
        """What a sum comes to."""
        found: Number = 0
        for key, often in total.items():
            found = plus(found, multiplied(self._product(key), often))
        return found

    def _product(self, key: tuple[int, ...]) -> Number:
        if key not in self._made:
            self._made[key] = self._product(key[:-1]) * self._made[key[-1:]]
        return self._made[key]


class Often:
    """What leaves cost that occur equally often.

    Attributes:
        times: how often, where that is an array; 1, where the sums have numbers of times in them.
        vectors: parameters that act at no place of a map.
        outputs: activations on maps of plain sizes.
        maps: of each size of a map, its places, the weights that act at each of them, and the
            channels that are not among `outputs`.
    """

    def __init__(self, times: Number) -> None:
        self.times = times
        self.vectors: Sum = {}
        self.outputs: Sum = {}
        self.maps: dict[tuple[int, ...], tuple[Number, Sum, Sum]] = {}

    def map(self, made: Products, height: Number, width: Number) -> tuple[Number, Sum, Sum]:
        """The entry of `maps` for a size."""
        size = tuple(made.seen(one) if is_array(one) else one for one in (height, width))
        if size not in self.maps:
            self.maps[size] = height * width, {}, {}
        return self.maps[size]

    def totals(self, made: Products) -> tuple[Number, ...]:
        """Parameters, multiply-adds and activations."""
        params, macs, outputs = made.value(self.vectors), 0, made.value(self.outputs)
        for area, kernel, channels in self.maps.values():
            weights = made.value(kernel)
            params, macs = plus(params, weights), plus(macs, multiplied(weights, area))
            outputs = plus(outputs, multiplied(made.value(channels), area))
        return tuple(multiplied(one, self.times) for one in (params, macs, outputs))
