"""Numbers that a family's own rule has rounded, and what they were before.

A rule gives its number through `rounded`. Where a tree is made to be told of (`remembering`), that
number remembers its steps until it stands in the tree; otherwise it is the plain number, and costs
nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple, TypeVar, cast

T = TypeVar("T")


class Rule(NamedTuple):
    """How a family rounds: `short` stands behind a number, `name` says whose rule it is."""

    short: str
    name: str


class Step(NamedTuple):
    """A number, and what `rule` made of it."""

    given: float
    got: float
    rule: Rule


class Rounded(int):
    """A whole number with the steps that made it."""

    steps: tuple[Step, ...]


_REMEMBERING: ContextVar[bool] = ContextVar("remembering", default=False)
DOWN = Rule("down to a whole number", "division of the paper's code")


@contextmanager
def remembering() -> Iterator[None]:
    """Within it, numbers that were rounded remember how."""
    token = _REMEMBERING.set(True)
    try:
        yield
    finally:
        _REMEMBERING.reset(token)


def rounded(
    got: T, given: Any, rule: Rule, *, over: int = 1, before: tuple[float, Rule] | None = None
) -> T:
    """`got`, which is `given / over` rounded by `rule`.

    Args:
        got: the number of the network; arrays of designs remember nothing.
        given: what was rounded; where that was rounded itself, its steps come first.
        rule: whose rule it is.
        over: what `given` is divided by.
        before: what `given` was before, and the rule that made `given` of it.
    """
    if not _REMEMBERING.get():
        return got
    from fractions import Fraction  # a solve for a block needs none

    whole, exact = cast(int, got), Fraction(given) / over
    steps = given.steps if isinstance(given, Rounded) and over == 1 else ()
    if before is not None and before[0] != exact:
        steps = (Step(before[0], float(exact), before[1]),)
    if exact != whole:
        steps = (*steps, Step(float(exact), whole, rule))
    if not steps:
        return got
    number = Rounded(whole)
    number.steps = steps
    return cast(T, number)
