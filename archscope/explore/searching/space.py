"""Where a search looks: the families as they are for the images, and the largest design there."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from archscope.arch.families.spelling import PREFIXES
from archscope.arch.network import Network
from archscope.arch.windows import Shape
from archscope.cost.formula import count
from archscope.errors import InfeasibleError, UsageError
from archscope.explore.design.caps.read import read_caps
from archscope.explore.design.enumerate import Query, spaces
from archscope.explore.design.solve import solve
from archscope.explore.latency.fitted import LatencyModel
from archscope.explore.searching.feasible import FeasibleSet
from archscope.sweep.plan.subjects import CIFAR


def small_forms(families: Sequence[str], input_shape: Shape | None) -> tuple[str, ...]:
    """The families in their forms for 32x32 images, where these are those and there is such a form.

    Raises UsageError for what is no family.
    """
    return tuple(_small(name) if input_shape == CIFAR else name for name in families)


def _small(name: str) -> str:
    if name.partition("_")[0] in PREFIXES or ".py:" in name:
        return name
    try:
        small = spaces(Query((f"cifar_{name}",)))[0].family
    except UsageError:
        return name
    same = small is spaces(Query((name,)))[0].family
    return name if same and not small.names.cifar else f"cifar_{name}"


def feasible(
    families: Sequence[str],
    caps: Sequence[str],
    scale: Sequence[Fraction],
    classes: int | None,
    input_shape: Shape | None,
    latency: LatencyModel | None = None,
) -> FeasibleSet:
    """The set that is drawn from."""
    given = {"scale": list(scale)} if scale else {}
    return FeasibleSet(
        families, caps, given=given, classes=classes, input_shape=input_shape, latency=latency
    )


def largest(few: FeasibleSet, caps: Sequence[str]) -> Network:
    """The largest design that fits, by the solver: the most multiply-adds under all caps.

    Raises:
        UsageError: where no family has a solver's answer.
        InfeasibleError: where no network keeps the caps.
    """
    found: list[Network] = []
    why: UsageError | InfeasibleError | None = None
    limits = read_caps(list(caps), input_shape=few.input_shape)
    for place, family in enumerate(few.families):
        given = few.given_of(place)
        options: dict[str, Any] = {"classes": few.classes, "input": few.input_shape, **given}
        if few.latency is not None:
            options["latency"] = few.latency
        try:
            answer = solve(family, at_most=limits, maximise="macs", **options).answers[0]
            found.append(answer.space.network(answer.designs[0].values))
        except (UsageError, InfeasibleError) as error:
            why = error
    if not found:
        assert why is not None
        raise why
    return max(found, key=lambda one: (int(count(one).macs), one.name))
