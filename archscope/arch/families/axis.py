"""An axis: a number of a family that may be left free, or one for each stage."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

from archscope.arch.arrays import Number, is_array, whole
from archscope.arch.families.spelling import FRACTION, WHOLE
from archscope.arch.quantities import COSTS
from archscope.arch.scaling import Fractions, decimal, exact
from archscope.arch.times import LATENCY
from archscope.errors import UsageError, plural, shown


@dataclass(frozen=True)
class Axis:
    """A number of a family that may be left free.

    Attributes:
        word: what users call it.
        box: the values that `enumerate` goes through where nothing else says them, ascending.
        each: the same of one stage, where it is spoken of singly.
        sought: the values that `solve` goes through where it is free and no range was stated;
            without it, all whose designs cost little enough, or the box where costs may fall.
        parameter: of the family's function; the word, where there is none.
        stages: how many numbers it is, one for each stage; 0: it is one number.
        joint: whether the stages share one number, where none of them is spoken of singly.
        least: the smallest value that there can be.
        most: the largest one, where there is an end.
        step: between values that are sought.
        fractional: whether it may be a fraction.
        default: its number where a name does not say it.
        arrays: whether the function takes an array of designs for it: of whole numbers, or where
            it is `decimals` of `Fractions`.
        decimals: whether such an array may hold fractions.
        programs: whether the designs of such an array run the programs that they run one by one, so
            that their memory is told at once; without it, their counts alone.
        grows: the costs that never fall while it grows; those alone it may be bisected or cut by.
        scaled: whether the family's scale multiplies it.
        channels: whether it multiplies the channels of the first stage's widest convolutions.
        symbol: what represents it where the family's form is shown, as `C` in `resnextN_CxWd`.
        spelled: the pattern of its text in a name, where not that of its kind of number.
        alike: from a design's numbers, columns of other numbers by word, and an array of values,
            which of these might, beside the columns, give the same network; without it, all might.
        begins: from the values of all axes, which of its own may be the first ones of a network
            while the others stay: an object with `number` and `places`, see `Beginnings` of
            RegNet. Both make `enumerate --sample` fast.
    """

    word: str
    box: Sequence[Any]
    each: Sequence[Any] | None = None
    sought: Sequence[Any] | None = None
    parameter: str = ""
    stages: int = 0
    joint: bool = False
    least: Any = 1
    most: int | None = None
    step: int | Fraction = 1
    fractional: bool = False
    default: Any = None
    arrays: bool = True
    decimals: bool = False
    programs: bool = True
    grows: tuple[str, ...] = COSTS
    scaled: bool = False
    channels: bool = False
    symbol: str = ""
    spelled: str = ""
    alike: Callable[[Mapping[str, Any], Mapping[str, Any], Any], Any] | None = None
    begins: Callable[[Mapping[str, Any]], Any] | None = None

    def monotone(self, cost: str) -> bool:
        """Whether a cost never falls while it grows.

        Those of `grows` do not, nor do the bytes of the weights where params do not. The memory,
        and how many layers there are, do not where none of them falls (`check_family` tries it).
        Latency may fall with every one: channels that fill a vector are faster than fewer.
        """
        if cost == LATENCY:
            return False
        if cost in COSTS:
            return cost in self.grows
        return "params" in self.grows if cost == "weights" else set(COSTS) <= set(self.grows)

    @property
    def name(self) -> str:
        """The function's parameter."""
        return self.parameter or self.word

    @property
    def pattern(self) -> str:
        """The pattern of its value in a name."""
        one = FRACTION if self.fractional else WHOLE
        stages = f"(?:{one}_){{{self.stages - 1}}}{one}" if self.stages else one
        return self.spelled or (f"{stages}|{one}" if self.stages and self.joint else stages)

    @cached_property
    def words(self) -> tuple[str, ...]:
        """A word for each stage: `depth1`, `depth2`, ...; its own where it is one number."""
        if not self.stages:
            return (self.word,)
        return tuple(f"{self.word}{stage}" for stage in range(1, self.stages + 1))

    def box_of(self, word: str) -> Sequence[Any]:
        """What one of its words goes through where nothing says it: all stages, or a single one."""
        return self.each if self.each is not None and word != self.word else self.box

    def checked(self, value: Any) -> Any:
        """A value as a design holds it: whole numbers, fractions, arrays of whole numbers.

        Raises:
            UsageError: where it is no such number.
        """
        if value is None:  # other numbers leave it nothing to act on
            return None
        if not self.stages:
            return self.within(value, self.word)
        values = tuple(value) if isinstance(value, Sequence) else (value,) * self.stages
        if len(values) != self.stages:
            raise UsageError(
                f"this network has {plural(self.stages, 'stage')}, not {len(values)}; give "
                f"{plural(self.stages, 'number')}"
            )
        return tuple(map(self.within, values, self.words))

    def text(self, value: Any) -> str:
        """A value in a name: `*` for an array, a short decimal for a fraction."""
        if self.stages:
            alike = self.joint and not any(map(is_array, value)) and len(set(value)) == 1
            return number_text(value[0]) if alike else "_".join(map(number_text, value))
        return number_text(value)

    def read(self, text: str) -> Any:
        """The value of a text that fits the pattern."""
        if self.stages:
            values = [self._read(part) for part in text.split("_")]
            return self.checked(values[0] if len(values) == 1 else values)
        return self._read(text)

    def _read(self, text: str) -> Any:
        return self.within(exact(text, self.word) if "." in text else int(text), self.word)

    def within(self, value: Any, what: str) -> Any:
        """One number, or an array, as a design holds it; `what` it is called.

        Raises:
            UsageError: where it is no such number, or out of the axis's range.
        """
        if is_array(value) and not self.arrays:
            raise UsageError(
                f"{what} takes one number at a time, not an array of designs; let another vary"
            )
        if not isinstance(self.least, int) and not is_array(value):
            value = value if isinstance(value, int) else self._one(value, what)
            if value < self.least:
                least = number_text(self.least)
                raise UsageError(
                    f"{what} must be at least {least}, not {number_text(value)}; write {least} or "
                    "more"
                )
        value = self._one(value, what)
        if self.most is not None and (most := _largest(value)) > self.most:
            raise UsageError(
                f"{what} must be at most {self.most:,}, not {shown(number_text(most))}; write "
                f"{self.most:,} or less"
            )
        return value

    def may_be_array(self, values: Sequence[Any]) -> bool:
        """Whether the function takes all of these values at once."""
        if not self.arrays or self.decimals:
            return self.arrays
        return all(isinstance(one, int) for one in values)

    def _one(self, value: Any, what: str) -> Any:
        if self.decimals and is_array(value):
            return exact(value, what)
        if not self.fractional or is_array(value) or isinstance(value, int):
            return whole(value, what, self.least if isinstance(self.least, int) else 1)
        value = exact(value, what)
        return int(value) if value.denominator == 1 else value


def _largest(value: Any) -> int | Fraction:
    """A number, or the largest of an array; 0 where that is empty."""
    if isinstance(value, Fractions):
        return Fraction(int(value.numerator.max(initial=0)), value.denominator)
    number: int | Fraction = int(value.max(initial=0)) if is_array(value) else value
    return number


def switch(value: Any, what: str) -> bool:
    """A number of a family that is True or False.

    Raises:
        UsageError: where it is something else.
    """
    if is_array(value) or value not in (True, False):
        raise UsageError(f"{what} must be True or False, not {shown(str(value))}")
    return bool(value)


def chosen(value: Any, words: Collection[str], what: str) -> str:
    """A number of a family that is one of a few words.

    Raises:
        UsageError: where it is none of them.
    """
    if not isinstance(value, str) or value not in words:
        raise UsageError(f"{what} must be one of {', '.join(words)}, not {shown(str(value))}")
    return value


def number_text(number: Number | Fraction | float) -> str:
    """A number in a name: `*` for an array, a short decimal for a fraction."""
    if is_array(number):
        return "*"
    return str(number) if isinstance(number, int) else decimal(exact(number))


def frees(axis: Axis, axes: Sequence[Axis], form: str, main: str) -> bool:
    """Whether a name of a form that does not say an axis leaves it free; see `Family.main`."""
    usual = [one for one in axes if one.default is not None]
    first = min(usual, key=lambda one: form.find(f"{{{one.word}}}") % len(form), default=axis)
    return axis.default is None or axis.word == (main or first.word)
