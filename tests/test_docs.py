"""README and docs tell the truth: commands print what is shown, and every link leads somewhere."""

from __future__ import annotations

import functools
import re
import shlex
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from archscope.cli import app

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
TEXTS = {page.relative_to(ROOT).as_posix(): page.read_text("utf-8") for page in PAGES}

CONSOLE = re.compile(r"```console\n\$ archscope ([^\n]+)\n(.*?)```", re.DOTALL)
SHOWN = [(name, *found) for name, text in TEXTS.items() for found in CONSOLE.findall(text)]
# What trains takes minutes, and its errors are those of the machine: examples/ keeps its records.
TRAINS = ("cifar-sweep", "train")

SHELL = re.compile(r"```sh\n(.*?)```", re.DOTALL)


@functools.cache
def printed(command: str) -> str:
    """What a command prints; run once, though README and a page show it."""
    result = CliRunner().invoke(app, shlex.split(command))
    assert result.exit_code == 0
    return result.stdout


def typed() -> list[tuple[str, str]]:
    """Every `archscope ...` of the pages' shell blocks, continued lines joined."""
    found = []
    for name, text in TEXTS.items():
        for block in SHELL.findall(text):
            for line in block.replace("\\\n", " ").splitlines():
                for part in line.split("|"):
                    if part.strip().startswith("archscope "):
                        found.append((name, part.strip().removeprefix("archscope ")))
    return found


@pytest.mark.parametrize(
    ("arguments", "output"),
    [shown[1:] for shown in SHOWN if not shown[1].startswith(TRAINS)],
    ids=lambda value: value.split()[0] if value else "",
)
def test_the_output_shown_is_the_output(arguments, output, monkeypatch):
    monkeypatch.chdir(ROOT)
    command, _, end = arguments.partition(" | ")
    if re.search(r"\dms\b", command):  # predicted by the model of the machine that the page names
        command += f" --latency-model {ROOT / 'tests/support/tour-latency.json'}"
    lines = printed(command).splitlines(keepends=True)
    if end:
        program, option, number = end.split()
        assert option == "-n"
        lines = lines[-int(number) :] if program == "tail" else lines[: int(number)]
    assert "".join(lines) == output


def test_the_output_of_every_main_command_is_shown():
    assert {"solve", "compare", "cifar-sweep", "study"} <= {shown[1].split()[0] for shown in SHOWN}


@pytest.mark.parametrize(("page", "arguments"), typed())
def test_every_command_named_could_be_given(page, arguments, monkeypatch):
    """Commands and options exist, and their values can be: what they name may be elsewhere."""
    monkeypatch.chdir(ROOT)
    words = shlex.split(arguments, comments=True)
    group = typer.main.get_command(app)
    two = " ".join(words[:2])  # as `table make`
    name = two if two in group.commands else words[0]
    command, words = group.commands[name], words[len(name.split()) :]
    command.make_context(name, [word for word in words if word not in ("&&", "\\")])


def test_every_link_and_picture_is_there():
    targets = [
        (ROOT / name).parent / target
        for name, text in TEXTS.items()
        for target in re.findall(r"\]\(([^)#]+)\)", text)
        if not target.startswith("https://")
    ]
    assert len(targets) > 10
    for target in targets:
        assert target.exists(), target
        assert target.suffix != ".png" or target.stat().st_size > 10_000


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "docs/architecture.md"])
def test_every_file_and_folder_named_is_there(page):
    """Named from the top, or from a folder of the package; what has capitals is yet to be made."""
    named = re.findall(r"`([a-z0-9_./-]+(?:/|\.(?:py|md|toml)))`", TEXTS[page])
    assert len(named) > 15
    inside = [path.parent for path in (ROOT / "archscope").rglob("__init__.py")]
    tops = [ROOT, ROOT / "docs", *inside]
    assert [name for name in named if not any((top / name).exists() for top in tops)] == []


def test_every_name_of_the_lists_is_in_a_file_that_its_step_names():
    """Capitals, as `RECIPES`; `NAME` stands for the reader's own."""
    steps = re.split(r"\n(?=\d\. |\n)", TEXTS["CONTRIBUTING.md"])
    for step in steps:
        files = re.findall(r"`([a-z0-9_./-]+\.py)`", step)
        texts = [(ROOT / name).read_text("utf-8") for name in files if (ROOT / name).is_file()]
        for name in re.findall(r"`(_?[A-Z][A-Z_]+)`", step):
            found = any(re.search(rf"^{name}\b", text, re.M) for text in texts)
            assert found or name in ("NAMES", "COUNTERS"), (name, files)


def test_every_room_is_described():
    package = ROOT / "archscope"
    rooms = {path.parent.name for path in package.glob("*/__init__.py")}
    rows = dict(re.findall(r"^\| `(\w+)/` \|(.*)", TEXTS["docs/architecture.md"], re.M))
    assert rows.keys() == rooms
    for path in package.glob("*/**/__init__.py"):
        room, *below = path.parent.relative_to(package).parts
        assert all(f"`{name}/`" in rows[room] for name in below), (room, below)


def test_a_newcomer_can_read_the_readme_at_once():
    assert len((ROOT / "README.md").read_bytes()) < 8000


@pytest.mark.parametrize("page", [name for name, text in TEXTS.items() if "```python\n" in text])
def test_the_python_examples_run(page, tmp_path, monkeypatch):
    blocks = re.findall(r"```python\n(.*?)```", TEXTS[page], flags=re.DOTALL)
    monkeypatch.chdir(tmp_path)
    code = "\n".join(blocks).replace('a.load_sweep("runs/demo").to_frame()', "pass")
    scope = {}
    exec(code, scope)
    if page != "docs/library.md":
        return
    assert scope["a"].count(scope["many"]).macs.shape == (64,)


@pytest.mark.slow
def test_the_tour_leads_to_its_figures(tmp_path, monkeypatch):
    """Its shell blocks in order, but those that need a fitted model of latency."""
    monkeypatch.chdir(tmp_path)
    blocks = [block for block in SHELL.findall(TEXTS["docs/tour.md"]) if "bench --fit" not in block]
    for line in "".join(blocks).splitlines():
        result = CliRunner().invoke(app, shlex.split(line)[1:])
        assert result.exit_code == 0, result.stderr
    assert (tmp_path / "figure1.svg").read_bytes().startswith(b"<?xml")
    assert (tmp_path / "runs/tour/figure7.pdf").read_bytes().startswith(b"%PDF")
    assert (tmp_path / "runs/tour/captions.md").exists()
