"""How the members of a family are spelled: a form with fields, and suffixes behind it.

A form is written as `resnext[{depth}[_{cardinality}x{width}d]]`. Fields are the words of axes; what
stands in brackets may be left out where a name is the start of a question (`resnext50`, `resnext`),
and its numbers are open then. Underscores of the words before the first field are forgiven.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property, lru_cache
from typing import Any, NamedTuple, TypeAlias

from archscope.arch.scaling import decimal, exact
from archscope.errors import UsageError, shown

WHOLE = "[0-9]{1,9}"
FRACTION = rf"{WHOLE}(?:\.[0-9]{{1,9}})?"
PREFIXES = ("imagenet", "cifar")
Numbers: TypeAlias = "Mapping[str, Any]"
_UNDERSCORES = re.compile(r"(?<![0-9])_|_(?![0-9])")  # but those that stand for a point
_PART = re.compile(r"\{(\w+)\}|\[|\]|_|[^_{}\[\]]+")


class Spelled(NamedTuple):
    """A name taken apart: the texts of a form's fields, and of its suffixes by kind."""

    form: str
    prefix: str | None
    texts: Mapping[str, str]
    suffixes: Mapping[str, str]


@dataclass(frozen=True)
class Suffix:
    """What may follow a name, as `@0.25` or `-noshortcut`: one parameter of the function.

    Attributes:
        kind: its name; a spelling has one of a kind.
        parameter: of the family's function; empty where the family's `read` alone looks at it.
        pattern: of the suffix in lower case with underscores; its one group, which is
            called as the kind, is the text.
        read: from the text to the value.
        write: from the value to the canonical suffix; empty where a name does not say it.
    """

    kind: str
    parameter: str
    pattern: str
    read: Callable[[str], Any]
    write: Callable[[Any], str]


@dataclass(frozen=True)
class Names:
    """The grammar of a family's names.

    Attributes:
        form: of the canonical spelling; every member has one.
        aliases: other forms that are understood.
        suffixes: in the order in which they are written.
        known: members that have a name in a paper or elsewhere, canonical: `list` shows them.
        read: from a name taken apart to numbers, by parameter; None where the name is another
            family's. Without it each field is its axis's number.
        write: from numbers to the canonical name without suffixes. Without it the form, with the
            numbers in it.
        template: from numbers to the `CxWd` of a member, where it has one.
        members: names of single members, normal, with their numbers; of several names with the
            same numbers the first is canonical, before the form.
        note: from a member's name (normal, without prefix and suffixes) and its numbers to what
            must be said of that spelling, where it is another's network than torchvision's.
        cifar: whether members have a form for 32x32 images, with `cifar_` in front of the name:
            the function's parameter `cifar`.
    """

    form: str
    aliases: Sequence[str] = ()
    suffixes: Sequence[Suffix] = ()
    known: Sequence[str] = ()
    read: Callable[[Spelled], Numbers | None] | None = None
    write: Callable[[Numbers], str] | None = None
    template: Callable[[Numbers], str] | None = None
    members: Mapping[str, Numbers] = field(default_factory=dict)
    note: Callable[[str, Numbers], str | None] | None = None
    cifar: bool = False

    def member(self, text: str) -> Numbers | None:
        """The numbers of a name of a single member; underscores are forgiven where one is meant."""
        if text in self.members:
            return self.members[text]
        plain = _UNDERSCORES.sub("", text)
        found = [key for key in self.members if _UNDERSCORES.sub("", key) == plain]
        return self.members[found[0]] if len(found) == 1 else None

    @cached_property
    def splitter(self) -> re.Pattern[str]:
        """A suffix of any kind: the family's own, and those of all."""
        own = {suffix.kind: suffix for suffix in (*COMMON, *self.suffixes)}
        return re.compile("|".join(suffix.pattern for suffix in own.values()))


def normal(name: str) -> str:
    """A name in the spelling that patterns read: lower case, underscores for dashes."""
    return name.strip().lower().replace("-", "_")


def split(text: str, splitter: re.Pattern[str]) -> tuple[str, str]:
    """A normal name before and from its suffixes on: `("wrn_28", "_b(3,1)@0.5")`."""
    start = splitter.search(text)
    return (text[: start.start()], text[start.start() :]) if start else (text, "")


def suffixes_of(rest: str, splitter: re.Pattern[str]) -> dict[str, str] | None:
    """The suffixes that a text is made of, by kind; None where it is not.

    Raises:
        UsageError: where there are two of a kind.
    """
    found: dict[str, str] = {}
    while rest:
        suffix = splitter.match(rest)
        if suffix is None:
            return None
        kind = str(suffix.lastgroup)
        value = suffix[kind]
        if found.setdefault(kind, value) != value:
            raise UsageError(
                f"a name takes one suffix of a kind, not both '{shown(found[kind])}' and "
                f"'{shown(value)}'; leave one out"
            )
        rest = rest[suffix.end() :]
    return found


def patterns(form: str, fields: Mapping[str, str]) -> Iterator[re.Pattern[str]]:
    """The patterns of a form: of whole names, then of those with ever more left open.

    `fields` has the pattern of each word.
    """
    parts = [part[0] for part in _PART.finditer(form)]
    for depth in range(parts.count("["), -1, -1):
        yield re.compile("".join(_expressions(parts, fields, depth)))


def _expressions(parts: Sequence[str], fields: Mapping[str, str], depth: int) -> Iterator[str]:
    """The parts up to the bracket `depth`; the brackets are nested."""
    level, before = 0, ""
    words = True
    for part in parts:
        if part == "[":
            level += 1
        elif part != "]" and level <= depth:
            if part.startswith("{"):
                yield "_?" if words and before.isalpha() else ""
                yield f"(?P<{part[1:-1]}>{fields[part[1:-1]]})"
                words = False
            elif part == "_":
                yield "_?" if words else "_"
            else:
                yield re.escape(part.lower())
            before = part[-1]


@lru_cache
def shortest(form: str, usual: tuple[str, ...]) -> str:
    """A form without the brackets, from the innermost on, whose fields need not be said."""
    found = re.search(r"\[([^\[\]]*)\]", form)
    if found is None or not set(re.findall(r"\{(\w+)\}", found[1])) <= set(usual):
        return form
    return shortest(form[: found.start()] + form[found.end() :], usual)


def written(form: str, texts: Mapping[str, str]) -> str:
    """A form with its fields filled in."""
    return re.sub(r"\{(\w+)\}", lambda field: texts[field[1]], re.sub(r"[\[\]]", "", form))


def _kernels(text: str) -> tuple[int, ...]:
    text = text.replace(" ", "")
    if not re.fullmatch(r"(?:[0-9]{1,3},){0,98}[0-9]{1,3}", text):
        raise UsageError(
            "a block is 1 to 99 kernel sizes with commas between them, not "
            f"B({shown(text)}); use B(3,3) or B(3,1,3)"
        )
    return tuple(int(entry) for entry in text.split(","))


def block_text(block: Sequence[int]) -> str:
    """A block of Wide ResNet as the paper writes it: `B(3,1,3)`."""
    return f"B({','.join(map(str, block))})"


def _dropout(text: str) -> Fraction:
    return Fraction(0) if re.fullmatch(r"0{1,6}\.?0{0,9}", text) else exact(text, "dropout")


SCALE = Suffix(
    "scale",
    "scale",
    "@(?P<scale>[^_@]+)",
    exact,
    lambda scale: "" if scale == 1 else f"@{decimal(scale)}",
)
SHORTCUT = Suffix(
    "noshortcut",
    "residual",
    "_(?P<noshortcut>noshortcut)",
    lambda _: False,
    lambda residual: "" if residual else "-noshortcut",
)
DROPOUT = Suffix(
    "dropout",
    "dropout",
    "_drop(?:out)?_?(?P<dropout>[^_@]+)",
    _dropout,
    lambda dropout: f"-drop{decimal(exact(dropout, 'dropout'))}" if dropout else "",
)
BLOCK = Suffix(
    "block",
    "block",
    r"_b\((?P<block>[^()]*)\)",
    _kernels,
    lambda block: "" if tuple(block) == (3, 3) else f"-{block_text(block)}",
)
DEEPENING = Suffix(
    "deepening",
    "deepening",
    "_l_?(?P<deepening>[0-9]{1,3})(?![^_@])",
    int,
    lambda deepening: "" if deepening in (None, 2) else f"-l{deepening}",
)
# What a preresnet's name says only where its depth does not: its family writes it.
KIND = Suffix("kind", "block", "_(?P<kind>basic|bottleneck)", str, lambda _: "")
AUX = Suffix("aux", "aux", "_(?P<aux>aux)", lambda _: True, lambda aux: "-aux" if aux else "")
# He et al. had the stride of a stage in the first 1x1 (Detectron's STRIDE_IN_1X1); torchvision, and
# the plain name, in the 3x3.
STRIDE = Suffix(
    "stride",
    "stride_in_1x1",
    "_(?P<stride>stride_?1x1)",
    lambda _: True,
    lambda stride_in_1x1: "-stride1x1" if stride_in_1x1 else "",
)
# Where timm's network of a name computes something else than torchvision's of the same weights.
TIMM = Suffix("timm", "timm", "_(?P<timm>timm)", lambda _: True, lambda timm: "-timm" * timm)
# Known to every family, so that one that has none of a kind can say so.
COMMON = (SCALE, SHORTCUT, DROPOUT, BLOCK, DEEPENING, KIND, AUX, STRIDE, TIMM)
SIGNS = {"scale": "@", "dropout": "-drop", "block": "-B(", "deepening": "-l"}
