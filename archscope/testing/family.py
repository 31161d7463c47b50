"""What must hold of every family, seen on members drawn from its axes."""

from __future__ import annotations

import copy
import pickle
import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from archscope.arch.families import registry
from archscope.arch.families.axis import Axis
from archscope.arch.families.family import Family
from archscope.arch.families.spelling import normal
from archscope.arch.names import parse
from archscope.arch.network import Network
from archscope.arch.quantities import COSTS
from archscope.cost import count
from archscope.cost.memory import peak_elements
from archscope.cost.program import program
from archscope.cost.steps import Call, Layer, Program
from archscope.cost.stored import Storage
from archscope.errors import ArchscopeError, UsageError

TRIES = 25
Falling = set[tuple[str, str]]
_FOLDED = Storage("int8", "int8", fold=True)
_READINGS: Mapping[str, Callable[[Network], Any]] = {  # the first word is the cost
    "memory": peak_elements,
    "memory with batch norm folded": _FOLDED.peak_bytes,
    "weights with batch norm folded": lambda one: _FOLDED.weight_bytes(one, count(one).params),
}


def check_family(family: Family[Any], tries: int = TRIES) -> None:
    """Check a family: its names, its designs, and what its axes say of the costs.

    A member is found again by its name, however it is written; its design makes it; it survives
    pickling; it takes another number of classes; no label stands twice in one part of its tree; a
    number that takes no arrays has an end; arrays of designs are counted as one by one, and
    have their weights and memory, also with batch norm folded; and a cost falls along an axis
    exactly where the axis says so (of weights and memory, only there). Members are
    drawn from the axes, the same in every run; `tries` is how many (with fewer than usual, batch
    norm is not folded, and a fall that an axis allows is not looked for).

        from archscope.testing import check_family
        from my_families import plainnet

        def test_plainnet():
            check_family(plainnet)

    Raises:
        AssertionError: with what does not hold, and of which member.
    """
    known = _known(family)
    drawn = list(members(family, number=tries))
    assert drawn, f"{family.title} has no member that could be drawn from its axes; widen a box"
    for network in (*known, *drawn):
        _check_member(family, network)
    for label in _used_twice(program(drawn[0])):
        raise AssertionError(
            f"{family.title}: the label {label} is used twice in one part of {drawn[0].name}; "
            "labels are the keys of the weights, so give each its own"
        )
    _check_ends(family)
    for network in drawn[:3]:
        _check_arrays(family, network)
    _check_declared(family, tries)
    for what in _READINGS if tries >= TRIES else ("memory",):
        _check_stored(family, drawn[0], what)


def _known(family: Family[Any]) -> list[Network]:
    """The known members, by their names."""
    found = [called(family, name) for name in family.names.known]
    for name, network in zip(family.names.known, found, strict=True):
        assert network is not None, f"{family.title} lists {name} as known, but cannot read it"
    return [network for network in found if network is not None]


def called(family: Family[Any], name: str) -> Network | None:
    """The member of a name, read by its family alone; None where it is not one of its names."""
    place = f"{family.place}:" if family.place else ""
    reading = family.read(normal(name.removeprefix(place)))
    return None if reading is None else family.network(reading.numbers)


def _check_member(family: Family[Any], network: Network) -> None:
    name, numbers = network.name, network.design.numbers if network.design else {}
    what = f"{family.title}: the name {name}"
    listed = bool(family.place) or registry.named(family.name) is family
    for spelled in (name, *([] if family.place else [name.upper().replace("_", "-")])):
        again = parse(spelled) if listed else called(family, spelled)
        assert again is not None, f"{what}, written as {spelled}, is not read by its own family"
        assert again == network, f"{what}, written as {spelled}, is read as another network"
    made = family.network(numbers)
    assert made == network and made.design == network.design, (
        f"{what}: its design, made once more, is another network"
    )
    assert family(**numbers) == network, f"{what}: calling the family makes another network"
    other = family.network(numbers, classes=7).classes
    assert other == 7, f"{what}: asked for 7 classes, it has {other}; use the parameter classes"
    if listed:
        for again in (pickle.loads(pickle.dumps(network)), copy.deepcopy(network)):
            assert again == network and again.design == network.design, (
                f"{what}: pickled or copied, it is another network"
            )


def _used_twice(part: Program) -> Iterator[str]:
    """The labels that two modules of one part of a network have."""
    seen: Counter[str] = Counter()
    for step in part.steps:
        if isinstance(step.op, Call):
            for label, inner in step.op.modules:
                seen[label] += 1
                yield from _used_twice(inner)
        elif isinstance(step.op, Layer) and step.node.label is not None:
            seen[step.node.label] += 1
    yield from (label for label, number in seen.items() if number > 1)


def _check_ends(family: Family[Any]) -> None:
    for axis in family.axes:
        assert axis.arrays or axis.fractional or axis.most is not None, (
            f"{family.title}: {axis.word} is taken one number at a time, and without an end a "
            "number of ten digits takes hours; give its axis most"
        )


def _check_arrays(family: Family[Any], network: Network) -> None:
    """An array of designs costs what its designs do, along each axis that may be one."""
    import numpy as np

    numbers = network.design.numbers if network.design else {}
    for axis in family.axes:
        if not axis.may_be_array(_steps(axis)) or numbers[axis.name] is None:
            continue
        single = {value: costs_at(family, numbers, axis, 0, value) for value in _steps(axis)}
        possible = {value: costs for value, costs in single.items() if costs is not None}
        if not possible:
            continue
        array = np.array(list(possible), dtype=float if axis.decimals else np.int64)
        try:
            every = costs_at(family, numbers, axis, 0, array)
        except (TypeError, ValueError, ArchscopeError) as error:
            raise AssertionError(
                f"{family.title} takes no array of {axis.word} ({error}); declare arrays=False"
            ) from error
        for cost in COSTS:
            by_one = [costs[cost] for costs in possible.values()]
            at_once = None if every is None else np.broadcast_to(every[cost], array.shape).tolist()
            assert at_once == by_one, (
                f"{family.title}: an array of {axis.word} gives other {cost} than its numbers one "
                f"by one ({at_once}, not {by_one}, at {network.name}); declare arrays=False"
            )


def _check_stored(family: Family[Any], network: Network, what: str) -> None:
    """A reading is that of each design, also of arrays, and falls along no axis that grows."""
    import numpy as np

    reading, cost = _READINGS[what], what.split()[0]
    numbers = network.design.numbers if network.design else {}
    for axis in family.axes:
        if numbers[axis.name] is None:
            continue
        made = {value: _member_at(family, numbers, axis, value) for value in _steps(axis)}
        single = {value: reading(one) for value, one in made.items() if one}
        told = list(single.values())
        assert told == sorted(told) or not axis.monotone(cost), (
            f"{family.title}: {what} fell while {axis.word} grew ({told}, at {network.name}), "
            "but its axis says that all costs grow; leave one out of grows"
        )
        if single and axis.arrays and axis.programs and not axis.fractional:
            many = _member_at(family, numbers, axis, np.array(list(single), dtype=np.int64))
            at_once = many and np.broadcast_to(reading(many), len(told)).tolist()
            assert at_once == told, (
                f"{family.title}: an array of {axis.word} has other {what} than its numbers one by "
                f"one ({at_once}, not {told}, at {network.name}); declare programs=False"
            )


def _member_at(
    family: Family[Any], numbers: Mapping[str, Any], axis: Axis, value: Any, stage: int = 0
) -> Network | None:
    """A member with another number, of one stage; None where there is none."""
    if axis.stages:
        value = tuple(
            value if place == stage else one for place, one in enumerate(numbers[axis.name])
        )
    try:
        network = family.network({**numbers, axis.name: value})
        network.classes  # noqa: B018  # raises where a layer does not fit
    except UsageError:
        return None
    return network


def _check_declared(family: Family[Any], tries: int) -> None:
    said, seen = said_to_fall(family), seen_falling(family, tries=max(2, 2 * tries // 5))
    for word, cost in sorted(seen - said):
        raise AssertionError(
            f"{family.title}: {cost} was seen to fall while {word} grows, but its axis says that "
            f"it grows; leave {cost} out of grows"
        )
    # An axis that grows no cost claims nothing: its falls may be rare.
    unseen = {one for one in said - seen if family.axis(one[0]).grows and tries >= TRIES}
    if unseen:
        unseen -= seen_falling(family, seed=1, tries=4 * TRIES)
    for word, cost in sorted(unseen):
        raise AssertionError(
            f"{family.title}: {cost} was never seen to fall while {word} grows, but its axis says "
            f"that it may; name {cost} in grows, so that it can be searched by"
        )


def members(family: Family[Any], seed: int = 0, number: int = TRIES) -> Iterator[Network]:
    """Drawn members: known ones, with all axes drawn anew from what they go through."""
    rng = random.Random(seed)
    found = [called(family, name) for name in family.names.known]
    starts = [dict(one.design.numbers) for one in found if one and one.design] or [{}]
    for _ in range(20 * max(number, TRIES)):  # few members may fit together
        numbers: dict[str, Any] = dict(rng.choice(starts))
        for axis in family.axes:
            if numbers.get(axis.name, 0) is not None:
                numbers[axis.name] = _drawn(axis, rng)
        try:
            yield family.network(numbers)
        except UsageError:  # such as a scaled width that is not whole
            continue
        number -= 1
        if not number:
            return


def _drawn(axis: Axis, rng: random.Random) -> Any:
    """A number of an axis, one for each stage where it is several."""
    values = axis.sought or axis.box
    if not axis.stages:
        return rng.choice(values)
    alike = axis.joint and rng.random() < 0.5
    first = rng.choice(values)
    return tuple(first if alike else rng.choice(axis.each or values) for _ in axis.words)


def _steps(axis: Axis, rng: random.Random | None = None) -> Sequence[Any]:
    """A few numbers of an axis, ascending."""
    values = list(axis.sought or axis.box)
    most = min(4, len(values))
    return sorted(rng.sample(values, k=most)) if rng else values[:most]


def seen_falling(family: Family[Any], seed: int = 0, tries: int = 10) -> Falling:
    """The axes and costs for which a design was seen to cost less though its number is larger."""
    rng = random.Random(seed)
    falling: Falling = set()
    for network in members(family, seed, tries):
        numbers = network.design.numbers if network.design else {}
        for axis in family.axes:
            if numbers[axis.name] is None:
                continue
            for stage in range(max(1, axis.stages)):
                costs = [costs_at(family, numbers, axis, stage, n) for n in _steps(axis, rng)]
                known = [cost for cost in costs if cost is not None]
                for before, after in pairwise(known):
                    falling |= {(axis.word, c) for c in COSTS if after[c] < before[c]}
    return falling


def costs_at(
    family: Family[Any], numbers: Mapping[str, Any], axis: Axis, stage: int, value: Any
) -> dict[str, Any] | None:
    """The costs of a member with another number; None where there is none."""
    network = _member_at(family, numbers, axis, value, stage)
    if network is None:
        return None
    cost = count(network)
    return {metric: getattr(cost, metric) for metric in COSTS}


def said_to_fall(family: Family[Any]) -> Falling:
    """The axes and costs that may fall by what the family declares."""
    return {(axis.word, c) for axis in family.axes for c in COSTS if c not in axis.grows}
