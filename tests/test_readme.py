"""The README tells the truth: its commands print what it shows."""

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from archscope.cli import app

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
SHOWN = re.findall(r"```console\n\$ archscope ([^\n]+)\n(.*?)```", README, flags=re.DOTALL)


@pytest.mark.parametrize("command", ["solve", "compare", "study"])
def test_the_output_shown_is_the_output(command):
    (arguments, output) = next(entry for entry in SHOWN if entry[0].startswith(command))
    result = CliRunner().invoke(app, shlex.split(arguments))
    assert result.exit_code == 0
    assert result.stdout == output


def test_every_picture_is_there():
    pictures = re.findall(r"!\[[^\]]*\]\(([^)]+)\)", README)
    assert pictures
    for picture in pictures:
        assert (Path(__file__).parents[1] / picture).stat().st_size > 10_000


def test_the_python_example_runs(tmp_path, monkeypatch):
    (code,) = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    monkeypatch.chdir(tmp_path)
    code = code.replace('a.load_sweep("runs/demo").to_frame()', "pass")
    scope = {}
    exec(code, scope)
    assert scope["a"].count(scope["many"]).macs.shape == (64,)
