"""The errors that a user can cause, each with its exit code.

A message is one sentence: the rule, what was given instead, what to do. The command line
prints it without a traceback; in the library it is an ordinary exception.
"""

from __future__ import annotations

from collections.abc import Sequence

from archscope.plain_text import visible


class ArchscopeError(Exception):
    """Something failed that the user can understand and correct (exit code 1)."""

    exit_code = 1


class UsageError(ArchscopeError, ValueError):
    """What was asked breaks a rule: a name, a number, an option (exit code 2)."""

    exit_code = 2


class InfeasibleError(ArchscopeError, ValueError):
    """The question is well posed, but no design answers it (exit code 4)."""

    exit_code = 4


class DataError(ArchscopeError):
    """A dataset is missing, damaged, or not what it claims to be (exit code 1)."""


def shown(text: str) -> str:
    """What a user typed as an error repeats it: on one line, and not without end."""
    plain = visible(text)
    return plain if len(plain) <= 60 else f"{plain[:57]}..."


def plural(number: int, noun: str, nouns: str = "") -> str:
    """A counted noun: `1 seed`, `1,200 seeds`, `2 classes`; `nouns` where neither s nor es does."""
    several = nouns or noun + ("es" if noun.endswith("s") else "s")
    return f"{number:,} {noun if number == 1 else several}"


def joined(words: Sequence[str]) -> str:
    """Words in a sentence: `width`, `width and depth`, `compound, width and depth`."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
