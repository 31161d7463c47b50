"""Names of networks from a file, such as the CSV that a command has written."""

from __future__ import annotations

import csv
import sys

from archscope.errors import UsageError
from archscope.files import at_home, read_text, reason

_COLUMNS = "network", "name"  # of enumerate, solve and sweeps; of list and compare


def names_in(text: str) -> list[str]:
    """The names in a CSV's column `network` or `name`; where there is none, a name on each line.

    Empty lines, and in a plain list lines that begin with #, are left out.
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    header = next(csv.reader(lines[:1]), [])
    for column in _COLUMNS:
        if column in header:
            return [row[column] for row in csv.DictReader(lines) if row[column]]
    return [line for line in lines if not line.startswith("#")]


def read_names(place: str) -> list[str]:
    """The names in the file `place`, "-" for the standard input.

    Raises:
        UsageError: where it cannot be read, or names nothing.
    """
    try:
        text = sys.stdin.read() if place == "-" else read_text(at_home(place), pipes=True)
        names = names_in(text.removeprefix("\ufeff"))  # the mark that Excel begins a CSV with
    except csv.Error:
        raise UsageError(
            f"a line of {place} is too long to be a network's name; write a name on each "
            "line, or a CSV with a column network"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        why = reason(error) if isinstance(error, OSError) else "it is not UTF-8 text"
        raise UsageError(
            f"the names of networks in {place} cannot be read ({why}); give @FILE with a "
            "readable file, or @- for the standard input"
        ) from None
    if not names:
        raise UsageError(
            f"{place} names no network; write a name on each line, or a CSV with a column "
            "network, as archscope enumerate does"
        )
    return names
