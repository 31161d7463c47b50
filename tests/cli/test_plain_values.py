"""Plain values are what Typer makes of them, and mistakes are Typer's to tell."""

import contextlib
import io
import subprocess
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import pytest
import typer
from hypothesis import example, given
from hypothesis import strategies as st
from typer.main import get_command

from archscope.cli.plain_values import accept_plain_values


class Colour(StrEnum):
    red = "red"
    dark_red = "dark red"


def show(
    words: Annotated[list[str], typer.Argument()],
    text: Annotated[str | None, typer.Option()] = None,
    texts: Annotated[list[str] | None, typer.Option()] = None,
    whole: Annotated[int, typer.Option(min=1, max=100)] = 3,
    open_below: Annotated[int | None, typer.Option(max=7)] = None,
    real: Annotated[float, typer.Option(min=0.5)] = 1,
    any_real: Annotated[float | None, typer.Option()] = None,
    colour: Annotated[Colour | None, typer.Option()] = None,
    path: Annotated[Path, typer.Option()] = Path("here"),
    flag: Annotated[bool, typer.Option()] = False,
) -> None:
    print(words, text, texts, whole, open_below, real, any_real, repr(colour), repr(path), flag)


def made(plain):
    application = typer.Typer(add_completion=False, rich_markup_mode=None)
    application.command()(show)
    command = get_command(application)
    if plain:
        accept_plain_values(command, show)
    return command


def outcome(command, arguments):
    """What the command printed, or its mistake."""
    try:
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            command.main(args=arguments, prog_name="show", standalone_mode=False)
    except Exception as mistake:
        return type(mistake), getattr(mistake, "message", None)
    return printed.getvalue()


NUMBERS = ["0", "1", "100", "101", "7", "8", "-1", "1_0", "０", " 5", "0.5", "0.4", "1e400", "nan"]
OPTIONS = ["--text", "--texts", "--whole", "--open-below", "--real", "--any-real", "--colour"]
WORDS = st.sampled_from([*NUMBERS, "inf", "red", "dark red", "Red", "x", "", "\udc80", "1" * 5000])
GIVEN = st.builds("{}={}".format, st.sampled_from([*OPTIONS, "--path"]), WORDS)
PLAIN, CHECKED = made(True), made(False)


@given(st.lists(GIVEN | WORDS.map("w{}".format) | st.just("--flag"), max_size=5))
@example([])
@example(["a", "--whole", "--real"])
@example(["a", "--path=" + "1" * 5000])
@example(["a", "--open-below=０"])
@example(["a", "b", "--whole=7", "--texts=1", "--texts=2", "--colour=dark red", "--path=/dev/null"])
def test_values_and_mistakes_are_those_of_typer_alone(arguments):
    assert outcome(PLAIN, arguments) == outcome(CHECKED, arguments)


def test_in_a_path_a_tilde_is_the_home(monkeypatch, tmp_path):
    """A shell expands it in `--path ~/x`, and leaves `--path=~/x` as it is."""
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "closed").touch(mode=0)  # such a one is left to Typer
    for name in ("x", "closed"):
        assert repr(tmp_path / name) in outcome(PLAIN, ["w", f"--path=~/{name}"])
    assert "'~unknown/x'" in outcome(PLAIN, ["w", "--path=~unknown/x"])
    assert "'~/x'" in outcome(PLAIN, ["~/x", "--text=~/x"])  # of texts each command knows


@pytest.mark.parametrize(
    "given",
    ["['solve', '-C', '1:4', '--in', '64', '--format', 'json']", "['list', 'resnext']"],
)
def test_a_command_given_plain_values_starts_without_pydantic(given):
    program = (
        "import sys\n"
        "from archscope.cli import app\n"
        f"app({given}, standalone_mode=False)\n"
        "print('pydantic' in sys.modules, file=sys.stderr)\n"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (found.returncode, found.stderr) == (0, "False\n")
