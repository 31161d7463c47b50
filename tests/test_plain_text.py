"""Text from elsewhere does no harm: on a terminal, in a table, in a spreadsheet."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from archscope.cli.main import app
from archscope.plain_text import visible

HOSTILE = "x\x1b[31m\u202ey\n\u2066z\x9b"


@given(st.text())
def test_whatever_it_was_it_is_one_printable_line_and_words_are_as_they_were(text):
    shown = visible(text)
    assert shown.isprintable()
    if text.isprintable():
        assert shown == text


def test_what_is_hidden_can_be_told():
    assert visible(HOSTILE) == r"x\x1b[31m\u202ey \u2066z\x9b"


@pytest.mark.parametrize(
    "words",
    [
        [HOSTILE],
        ["compare", HOSTILE],
        ["compare", f"--{HOSTILE}"],
        ["compare", "resnet18", "--format", HOSTILE],
        ["compare", "resnet18", "--output", f"{HOSTILE}/x.csv"],
        ["status", HOSTILE],
        ["report", HOSTILE],
        ["study", HOSTILE],
        ["enumerate", HOSTILE],
        ["solve", "--budget", HOSTILE],
        ["train", "resnet20", "--dataset", HOSTILE],
        ["export", "resnet18", "--to", "pt2", "--weights", HOSTILE, "--output", "x.pt2"],
    ],
)
def test_what_was_typed_reaches_the_terminal_harmless(words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, words)
    assert result.exit_code in (1, 2) and result.stdout == ""
    assert all(c == "\n" or c.isprintable() for c in result.stderr)
