"""Text that came from elsewhere, made fit for a terminal: names, labels, paths, others' messages.

A control character could move the cursor or change colours, one of direction could turn a line
about, and a line break fake a line of a table: here alone they become harmless.
"""

from __future__ import annotations

import re
import sys

_NUMBER = re.compile(r"[+-]?(\d[\d_]*\.?\d*|\.\d+)(e[+-]?\d+)?", re.IGNORECASE)


def visible(text: str) -> str:
    r"""The text on one line: white space is a space, other hidden characters `\x1b`, `\u202e`."""
    if text.isprintable():
        return text
    return "".join(map(_visible, text))


def _visible(character: str) -> str:
    if character.isprintable():
        return character
    if character.isspace():
        return " "
    return ascii(character)[1:-1]


def inert(text: str) -> str:
    """The text for a cell of CSV, which no spreadsheet runs: a quote is put before a formula."""
    first = text.lstrip()[:1]
    formula = first in tuple("=+-@") and len(text) > 1 and not _NUMBER.fullmatch(text)
    return f"'{text}" if formula else text


def say(text: str) -> None:
    """Print a line for people, where no command line does it: to stderr."""
    print(visible(text), file=sys.stderr, flush=True)
