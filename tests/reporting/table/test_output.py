from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from archscope.cli.output import Format, note, print_result, resolve_format, save, write
from archscope.errors import ArchscopeError, UsageError
from archscope.reporting.table.formats import text
from archscope.reporting.table.result import Tables
from archscope.reporting.table.table import Column, Table

WORDS = "many words that do not fit beside each other on a terminal of eighty columns"
TABLE = Table(
    "Title ×",
    [
        Column("name", "name", text, "left"),
        Column("words", "words", text, "left"),
        Column("n", "n"),
    ],
    [{"name": "32x4d", "words": WORDS, "n": 1234567}],
)
PROGRAM = f"""
import sys
from archscope.cli.output import print_result, Format
from archscope.reporting.table.formats import text
from archscope.reporting.table.result import Tables
from archscope.reporting.table.table import Column, Table
table = Table("Title ×", [Column("words", "words", text, "left"), Column("n", "n")],
              [dict(words={WORDS!r}, n=1234567)] * int(sys.argv[2]))
print_result(Tables([table]), Format(sys.argv[1]))
"""


def environment(**changes):
    # Unbuffered, Python drops what is left of a write that a broken pipe cut short.
    decisive = ("NO_COLOR", "COLUMNS", "TERM", "PYTHONUNBUFFERED")
    kept = {k: v for k, v in os.environ.items() if k not in decisive}
    return {**kept, "PYTHONIOENCODING": "utf-8", "TERM": "xterm", **changes}


def run(format="table", rows=1, **changes):
    command = [sys.executable, "-c", PROGRAM, format, str(rows)]
    return subprocess.run(command, capture_output=True, env=environment(**changes))


def on_terminal(**changes):
    """What the program writes when its stdout is a terminal."""
    pty = pytest.importorskip("pty")
    reader, writer = pty.openpty()
    command = [sys.executable, "-c", PROGRAM, "table", "1"]
    with subprocess.Popen(command, stdout=writer, env=environment(**changes)) as process:
        os.close(writer)
        chunks = []
        while True:
            try:
                chunk = os.read(reader, 65536)
            except OSError:
                break
            if not chunk:
                break
            chunks.append(chunk)
    os.close(reader)
    assert process.returncode == 0
    return b"".join(chunks).decode().replace("\r\n", "\n")


def test_piped_text_is_neither_wrapped_nor_coloured():
    found = run(COLUMNS="40", FORCE_COLOR="1")
    lines = found.stdout.decode().splitlines()
    assert found.stderr == b"" and found.returncode == 0
    assert lines[0] == "Title ×"
    assert any(WORDS in line and line.endswith("1,234,567") for line in lines)
    assert b"\x1b" not in found.stdout


def test_a_terminal_folds_and_has_bold_headings():
    shown = on_terminal(COLUMNS="80")
    assert "\x1b[1mTitle ×\x1b[0m" in shown
    plain = shown.replace("\x1b[1m", "").replace("\x1b[0m", "")
    assert max(map(len, plain.splitlines())) <= 80
    assert WORDS not in plain and "columns" in plain and "1,234,567" in plain


@pytest.mark.parametrize("changes", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_a_terminal_without_colour(changes):
    shown = on_terminal(COLUMNS="60", **changes)
    assert "\x1b" not in shown
    assert max(map(len, shown.splitlines())) <= 60


def test_a_stream_without_unicode_gets_ascii():
    found = run(PYTHONIOENCODING="ascii")
    assert found.stderr == b""
    assert found.stdout.decode("ascii").startswith("Title x\n")
    assert b"---" in found.stdout
    assert run("markdown", PYTHONIOENCODING="ascii").stdout.startswith(b"**Title x**\n")


def test_columns_stand_in_line_in_ascii_too(monkeypatch):
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", stream)
    rows = [{"a": "1 ± 2", "b": "end"}, {"a": "12345678", "b": "end"}]
    columns = [Column("a", "a", text, "left"), Column("b", "b", text)]
    print_result(Tables([Table("", columns, rows)]))
    lines = stream.buffer.getvalue().decode("ascii").splitlines()
    assert lines[2:] == ["1 +- 2    end", "12345678  end"]


@pytest.mark.skipif(os.name != "posix", reason="needs a shell with pipes")
@pytest.mark.parametrize("format", ["table", "csv", "json"])
def test_a_broken_pipe_ends_silently(format):
    script = 'python="$0"; "$python" -c "$1" "$2" 20000 | head -n 1; echo "${PIPESTATUS[0]}"'
    found = subprocess.run(
        ["bash", "-c", script, sys.executable, PROGRAM, format],
        capture_output=True,
        text=True,
        env=environment(),
    )
    assert found.stderr == ""
    first, status = found.stdout.splitlines()
    assert first and status == "0"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_said_in_a_sentence():
    with (
        Path("/dev/full").open("w") as stream,
        pytest.raises(ArchscopeError, match="No space left"),
    ):
        write("x" * 10, stream)


@pytest.mark.parametrize(
    ("name", "format"),
    [
        ("a.csv", "csv"),
        ("a.JSON", "json"),
        ("a.md", "markdown"),
        ("a.tex", "latex"),
        ("a.txt", "table"),
        ("a", "table"),
    ],
)
def test_the_extension_says_the_format(name, format):
    assert resolve_format(None, Path(name)) == Format(format)
    assert resolve_format(Format.json, Path(name)) is Format.json


def test_an_unknown_extension_is_a_usage_error():
    with pytest.raises(UsageError, match=r"\.xlsx.*--format"):
        resolve_format(None, Path("a.xlsx"))


def test_output_goes_to_the_file_alone(tmp_path, capsys):
    path = tmp_path / "a.json"
    print_result(Tables([TABLE]), output=path)
    assert json.loads(path.read_text())["schema"] == "archscope.table/1"
    assert list(tmp_path.iterdir()) == [path]
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", f"wrote {path}\n")


def test_stdout_and_notes(capsys):
    print_result(Tables([TABLE]), Format.csv)
    note("a note")
    captured = capsys.readouterr()
    assert captured.out == f"name,words,n\n32x4d,{WORDS},1234567\n"
    assert captured.err == "a note\n"


def test_files_that_cannot_be_written(tmp_path):
    with pytest.raises(ArchscopeError, match=r"there is no folder .*nowhere; make it first\."):
        save("x", tmp_path / "nowhere" / "a.csv")
    with pytest.raises(ArchscopeError, match=r"that is a folder\."):
        save("x", tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(ArchscopeError, match="cannot be written"):
        save("x", tmp_path / "file" / "a.csv")


@pytest.mark.skipif(os.name != "posix", reason="needs links and devices")
def test_devices_and_links_are_not_replaced(tmp_path):
    save("x", Path(os.devnull))
    assert not Path(os.devnull).is_file()
    (tmp_path / "link.csv").symlink_to(tmp_path / "real.csv")
    save("x", tmp_path / "link.csv")
    assert (tmp_path / "link.csv").is_symlink()
    assert (tmp_path / "real.csv").read_text() == "x"


def test_a_stream_of_unknown_encoding_is_written_as_it_is():
    stream = io.StringIO()
    write("×\n", stream)
    assert stream.getvalue() == "×\n"
