"""Networks of a space by their numbers, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from archscope.arch.arrays import one_whole
from archscope.arch.network import Network
from archscope.errors import UsageError, plural
from archscope.explore.design.space import SIDE, Space


def values_of(space: Space, network: Network) -> dict[str, Any] | None:
    """The numbers of a network by the words of a space; None where it is of another family."""
    assert network.design is not None
    family, numbers = network.design
    if family is not space.family:
        return None
    if any(numbers.get(name) != value for name, value in space.options.items()):
        return None
    values: dict[str, Any] = {}
    for word, axis in space.of.items():
        if axis is SIDE:
            values[word] = network.input[1]
            continue
        value = numbers[axis.name]
        if axis.stages and word != axis.word:
            value = value[axis.words.index(word)]
        elif axis.stages:
            if len(set(value)) > 1:
                return None
            value = value[0]
        values[word] = value
    return values


def of_numbers(spaces: Sequence[Space], place: int, values: Mapping[str, Any]) -> Space:
    """The space at a place; UsageError where there is none, or numbers of a design are missing."""
    if not one_whole(place, "place", 0) < len(spaces):
        raise UsageError(
            f"place says which of {plural(len(spaces), 'family', 'families')}, from 0, not "
            f"{place}; give what numbers gives"
        )
    if missing := [word for word in spaces[place].of if word not in values]:
        raise UsageError(f"a design has all its numbers, and {missing[0]} is missing; give it")
    return spaces[place]


def made_of(space: Space, values: Mapping[str, Any]) -> Network | None:
    """The design of these numbers; None where there is none."""
    try:
        network = space.network(values)
        _ = network.classes  # raises where the input is too small for the strides
    except UsageError:
        return None
    return network
