"""Reading a name: the numbers of a family that its text says, and what it leaves open."""

from __future__ import annotations

from collections.abc import Sequence
from re import Match, Pattern
from typing import NamedTuple, Protocol

from archscope.arch.families import spelling
from archscope.arch.families.axis import Axis
from archscope.arch.families.spelling import Names, Numbers, Spelled
from archscope.errors import UsageError, shown


class Spellable(Protocol):
    """A family, as its names are read."""

    @property
    def name(self) -> str:
        """What users call it."""

    @property
    def names(self) -> Names:
        """How members are spelled."""

    @property
    def axes(self) -> tuple[Axis, ...]:
        """Its numbers that may be free."""

    def axis(self, word: str) -> Axis:
        """The axis of a word."""


class Found(NamedTuple):
    """The numbers that a name gives, by parameter, the words left open, what must be said."""

    numbers: Numbers
    opened: tuple[str, ...]
    note: str | None = None


def read_name(
    family: Spellable, text: str, patterns: Sequence[tuple[str, Pattern[str]]]
) -> Found | None:
    """A name (normal, see `spelling.normal`) of this family; None where it is none.

    Raises:
        UsageError: where it is one, but breaks a rule.
    """
    base, rest = spelling.split(text, family.names.splitter)
    prefix = None
    if (first := base.partition("_")[0]) in spelling.PREFIXES:
        prefix, base = first, base.removeprefix(f"{first}_")
    found = _found(family, base, prefix, rest, patterns)
    if found is not None and family.names.note is not None:
        return found._replace(note=family.names.note(base, found.numbers))
    return found


def _found(
    family: Spellable,
    base: str,
    prefix: str | None,
    rest: str,
    patterns: Sequence[tuple[str, Pattern[str]]],
) -> Found | None:
    """What a name says that stands between its prefix and the text of its suffixes."""
    if (member := family.names.member(base)) is not None:
        spelled = _suffixed(family, Spelled(family.names.form, prefix, {}, {}), rest)
        return None if spelled is None else _with_suffixes(family, spelled, member, ())
    for form, pattern in patterns:
        if (found := pattern.fullmatch(base)) and not _is_one_depth(family, found):
            texts = {word: part for word, part in found.groupdict().items() if part is not None}
            spelled = _suffixed(family, Spelled(form, prefix, texts, {}), rest)
            return None if spelled is None else _reading(family, spelled)
    return None


def _is_one_depth(family: Spellable, found: Match[str]) -> bool:
    """Whether a name has one number where its family takes one for each stage.

    `densenet122` would be read as 122 blocks in each, though papers write the depth so.
    """
    first = min(found.re.groupindex, key=found.re.groupindex.__getitem__, default="")
    if not first or found[first] is None or family.names.read is not None:
        return False
    axis = family.axis(first)
    return axis.stages > 1 and not axis.joint and "_" not in found[first]


def _reading(family: Spellable, spelled: Spelled) -> Found | None:
    if family.names.read is not None:
        found = family.names.read(spelled)
        if found is None:
            return None
        numbers = dict(found)
    else:
        numbers = {
            family.axis(word).name: family.axis(word).read(text)
            for word, text in spelled.texts.items()
        }
    fields = _fields(family, spelled.form)
    opened = tuple(word for word in fields if word not in spelled.texts)
    return _with_suffixes(family, spelled, numbers, opened)


def _suffixed(family: Spellable, spelled: Spelled, rest: str) -> Spelled | None:
    """With the suffixes that stand behind it; None where they are none."""
    suffixes = spelling.suffixes_of(rest, family.names.splitter)
    return None if suffixes is None else spelled._replace(suffixes=suffixes)


def _with_suffixes(
    family: Spellable, spelled: Spelled, numbers: Numbers, opened: tuple[str, ...]
) -> Found | None:
    """The numbers with those that the prefix and the suffixes say."""
    numbers = dict(numbers)
    if family.names.cifar:
        numbers["cifar"] = spelled.prefix == "cifar"
    elif spelled.prefix is not None and family.names.read is None:
        return None
    own = {suffix.kind: suffix for suffix in family.names.suffixes}
    for kind, text in spelled.suffixes.items():
        if kind not in own:
            raise _no_suffix(family, kind, text)
        if own[kind].parameter:
            numbers.setdefault(own[kind].parameter, own[kind].read(text))
    return Found(numbers, opened)


def _no_suffix(family: Spellable, kind: str, text: str) -> UsageError:
    written = f"{spelling.SIGNS.get(kind, '-')}{text}{')' if kind == 'block' else ''}"
    return UsageError(
        f"{family.name} networks take no suffix like '{shown(written)}'; leave it out"
    )


def _fields(family: Spellable, form: str) -> tuple[str, ...]:
    return tuple(axis.word for axis in family.axes if f"{{{axis.word}}}" in form)


def patterns_of(family: Spellable) -> list[tuple[str, Pattern[str]]]:
    """The forms with their patterns, whole names first."""
    fields = {axis.word: axis.pattern for axis in family.axes}
    every = [
        (place, form, pattern)
        for form in (family.names.form, *family.names.aliases)
        for place, pattern in enumerate(spelling.patterns(form, fields))
    ]
    return [(form, pattern) for _, form, pattern in sorted(every, key=lambda one: one[0])]
