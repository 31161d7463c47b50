"""The one place where commands print: data to stdout or a file, notes to stderr."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from enum import StrEnum
from pathlib import Path
from typing import Any, BinaryIO, TextIO

from archscope.errors import ArchscopeError, UsageError
from archscope.plain_text import visible
from archscope.reporting.table.render import render
from archscope.reporting.table.result import Result


class Format(StrEnum):
    """The formats in which a command shows its result."""

    table = "table"
    json = "json"
    csv = "csv"
    markdown = "markdown"
    latex = "latex"


EXTENSIONS = {
    "": Format.table,
    ".txt": Format.table,
    ".json": Format.json,
    ".csv": Format.csv,
    ".md": Format.markdown,
    ".markdown": Format.markdown,
    ".tex": Format.latex,
}


def resolve_format(format: Format | None, output: Path | None) -> Format:
    """The format that was asked for, or the one that the file's extension means, or a table.

    Raises UsageError for an extension that means none.
    """
    if format is not None:
        return format
    extension = "" if output is None else output.suffix.lower()
    if extension not in EXTENSIONS:
        known = ", ".join(name for name in EXTENSIONS if name)
        raise UsageError(
            f"--output {output}: no table format has the extension {extension}; use one of "
            f"{known}, or add --format"
        )
    return EXTENSIONS[extension]


RAW: ContextVar[bool] = ContextVar("raw", default=False)
"""Whether `--raw` was given: see `csv_text`."""


def print_result(result: Result, format: Format | None = None, output: Path | None = None) -> None:
    """Print a result in the format asked for, to stdout or to the file `output`."""
    chosen = resolve_format(format, output)
    if output is not None and str(output) != "-":
        save(_rendered(result, chosen), output)
        return
    stream = _open(sys.stdout)
    if chosen is not Format.table:
        write(_rendered(result, chosen), stream)
        return
    terminal = stream.isatty()
    width = shutil.get_terminal_size().columns if terminal else None
    colour = terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    tables = result.tables()
    shown = render(tables, "table", width=width, colour=colour)
    if not _encodable(shown, stream):
        shown = render(tables, "table", width=width, colour=colour, ascii_only=True)
    write(shown, stream)


def _rendered(result: Result, chosen: Format) -> str:
    """The result as text that does not depend on where it goes."""
    if chosen is Format.json:
        from archscope.reporting.table.json_csv import json_text

        return json_text(result.document())
    tables = result.csv_tables() if chosen is Format.csv else result.tables()
    return render(tables, chosen.value, raw=RAW.get())


def on_terminal(format: Format | None, output: Path | None) -> bool:
    """Whether a result is a table that somebody watches, and so may come in parts."""
    is_table = output is None and resolve_format(format, output) is Format.table
    return is_table and sys.stdout is not None and sys.stdout.isatty()


@contextmanager
def progress() -> Iterator[Callable[[str], None]]:
    """Say what is being done, on a line of stderr that goes away; off a terminal, nothing."""
    if sys.stderr is None or not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield lambda _: None
        return
    from rich.console import Console
    from rich.text import Text

    with Console(file=sys.stderr).status("") as status:
        yield lambda text: status.update(Text(visible(text)))


def note(text: str) -> None:
    """Print a line for people, not for pipes: progress, warnings, what was written. To stderr."""
    if sys.stderr is not None:  # None where it was closed
        write(visible(text) + "\n", sys.stderr)


def write(text: str, stream: TextIO) -> None:
    """Write `text`, in ASCII where the stream cannot do better.

    A reader that has gone away (`| head`) is no error: the rest goes nowhere, silently.
    """
    if not _encodable(text, stream):
        from archscope.reporting.table.text import to_ascii

        text = to_ascii(text)
    try:
        stream.write(text)
        stream.flush()
    except BrokenPipeError:
        discard(stream)
    except OSError as error:
        discard(stream)
        if stream is sys.stderr:
            return
        raise ArchscopeError(
            f"The result could not be written to the standard output: {error.strerror}."
        ) from error


def save(text: str, path: Path) -> None:
    """Write `text` to `path`, whole or not at all; ArchscopeError in one sentence if that fails."""
    save_with(lambda stream: stream.write(text.encode("utf-8")), path)


def save_with(fill: Callable[[BinaryIO], Any], path: Path, option: str = "--output") -> None:
    """As `save`, for what is written piece by piece: `fill` gets the stream."""
    from archscope.files import destination, reason, write_atomically

    try:
        if path.exists() and not path.is_file() and not path.is_dir():
            with path.open("wb") as stream:
                fill(stream)  # a device or a pipe cannot be replaced
        else:
            write_atomically(destination(path), fill)
    except BrokenPipeError:
        return
    except OSError as error:
        raise ArchscopeError(f"{option} {path} cannot be written: {reason(error)}.") from error
    note(f"wrote {path}")


def check_destination(path: Path | None, option: str = "--output") -> None:
    """Raise UsageError before hours of work for a file that could not be written after them."""
    from archscope.files import destination, reason

    if path is None or str(path) == "-":
        return
    try:
        destination(path)
    except OSError as error:
        raise UsageError(f"{option} {path} cannot be written: {reason(error)}.") from None


def _open(stream: TextIO | None) -> TextIO:
    """The stream, which Python has not where it was closed (`>&-`)."""
    if stream is None:
        raise ArchscopeError(
            "the result cannot be printed, since the standard output is closed; open it, or "
            "write a file with --output"
        )
    return stream


def discard(stream: TextIO) -> None:
    """Let what is left in the buffer go nowhere: at exit it would fail once more."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def _encodable(text: str, stream: TextIO) -> bool:
    try:
        text.encode(getattr(stream, "encoding", None) or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
