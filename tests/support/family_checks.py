"""What must hold of every family, seen on members drawn from its axes."""

import random
from itertools import pairwise

from archscope.arch.families.axis import COSTS
from archscope.arch.names import parse
from archscope.cost import count
from archscope.errors import UsageError

TRIES = 25


def members(family, seed=0, number=TRIES):
    """Drawn members: known ones, with all axes drawn anew from what they go through."""
    rng = random.Random(seed)
    found = [parse(name) if not family.place else None for name in family.names.known]
    starts = [one.design.numbers for one in found if one and one.design.family is family]
    for _ in range(20 * number):
        numbers = dict(rng.choice(starts or [{}]))
        for axis in family.axes:
            if numbers.get(axis.name, 0) is not None:
                numbers[axis.name] = drawn(axis, rng)
        try:
            yield family.network(numbers)
        except UsageError:  # such as a scaled width that is not whole
            continue
        number -= 1
        if not number:
            return


def drawn(axis, rng):
    """A number of an axis, one for each stage where it is several."""
    values = axis.sought or axis.box
    if not axis.stages:
        return rng.choice(values)
    alike = axis.joint and rng.random() < 0.5
    first = rng.choice(values)
    return tuple(first if alike else rng.choice(axis.each or values) for _ in axis.words)


def seen_falling(family, seed=0, tries=10):
    """The axes and costs for which a design was seen to cost less though its number is larger."""
    rng = random.Random(seed)
    falling = set()
    for network in members(family, seed, tries):
        _, numbers = network.design
        for axis in family.axes:
            if numbers[axis.name] is None:
                continue
            for stage in range(max(1, axis.stages)):
                steps = sorted(rng.sample(list(axis.sought or axis.box), k=_most(axis)))
                costs = [costs_at(family, numbers, axis, stage, value) for value in steps]
                known = [cost for cost in costs if cost is not None]
                for before, after in pairwise(known):
                    falling |= {(axis.word, c) for c in COSTS if after[c] < before[c]}
    return falling


def _most(axis):
    return min(4, len(axis.sought or axis.box))


def costs_at(family, numbers, axis, stage, value):
    """The costs of a member with another number; None where there is none."""
    if axis.stages:
        value = tuple(
            value if place == stage else one for place, one in enumerate(numbers[axis.name])
        )
    try:
        cost = count(family.network({**numbers, axis.name: value}))
    except UsageError:
        return None
    return {metric: getattr(cost, metric) for metric in COSTS}


def said_to_fall(family):
    """The axes and costs that may fall by what the family declares."""
    return {(axis.word, c) for axis in family.axes for c in COSTS if c not in axis.grows}
