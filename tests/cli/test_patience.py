"""A command that works long says so: on stderr, and no more once it has ended."""

from threading import Event

import pytest
from typer.testing import CliRunner

from archscope.cli import patience
from archscope.cli.main import COMMANDS, app


def test_a_silent_command_says_that_it_is_still_at_work(monkeypatch):
    said, twice = [], Event()

    def heard(text):
        said.append(text)
        if len(said) == 2:
            twice.set()

    monkeypatch.setattr(patience, "note", heard)
    monkeypatch.setattr(patience, "FIRST", 0.01)
    assert patience.patient("solve", lambda: twice.wait(60))() is True
    assert said[0] == (
        "Still at work after 0.01 s (Ctrl-C ends it; fewer free numbers or smaller ranges take "
        "less time)."
    )
    assert said[1].startswith("Still at work after 0.02 s")


def test_an_error_ends_it_too(monkeypatch):
    ended = []
    monkeypatch.setattr(patience, "_tell", lambda over, *_: ended.append(over.wait(60)))

    def fails():
        raise KeyError

    with pytest.raises(KeyError):
        patience.patient("list", fails)()
    assert ended == [True]


def test_the_commands_that_may_be_silent_have_it(monkeypatch):
    assert set(patience.FASTER) <= set(COMMANDS)
    monkeypatch.setattr(patience, "_tell", lambda over, due, faster: patience.note(faster))
    result = CliRunner().invoke(app, ["solve", "--cardinality", "32"])
    assert result.exit_code == 0
    assert "smaller ranges take less time" in result.stderr
