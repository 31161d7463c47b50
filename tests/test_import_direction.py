"""Arrows point downward only: each room imports only what stands below it."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import archscope

ROOMS = ["cli", "explore", "report", "sweep", "train", "data", "nn", "cost", "arch"]
LEAVES = ["errors", "files", "__init__"]  # below every room
PACKAGE = Path(archscope.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))

# The files that may import torch at all, by room; everywhere else the parent process would pay.
TORCH_ROOMS = {"nn", "data", "train", "sweep", "cost"}


def room_of(path: Path) -> str:
    relative = path.relative_to(PACKAGE)
    return relative.parts[0] if len(relative.parts) > 1 else relative.stem


def imported(tree: ast.AST) -> list[str]:
    """All modules that a file imports anywhere, but for type checkers only."""
    names = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, "relative imports hide the direction"
            names += [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
    return names


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_each_file_imports_only_what_stands_below(path):
    room = room_of(path)
    if room in ("__init__", "__main__"):
        return
    for name in imported(ast.parse(path.read_text(encoding="utf-8"))):
        parts = name.split(".")
        if parts[0] != "archscope" or len(parts) < 2:
            continue
        target = parts[1]
        if target not in ROOMS:
            assert target in LEAVES or target == "__version__", f"{name} is no room"
        elif room in ROOMS:
            assert ROOMS.index(target) >= ROOMS.index(room), f"{room} imports {name}"
        else:
            pytest.fail(f"{room} stands below every room, but imports {name}")


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_torch_stays_in_its_rooms(path):
    names = imported(ast.parse(path.read_text(encoding="utf-8")))
    if any(name.split(".")[0] == "torch" for name in names):
        assert room_of(path) in TORCH_ROOMS


HEAVY = {"torch", "pandas", "matplotlib", "fvcore"}


@pytest.mark.parametrize(
    ("statement", "heavy"),
    [
        ("import archscope, archscope.cli", {*HEAVY, "numpy"}),
        ("import archscope.explore.compare, archscope.explore.solve", {*HEAVY, "numpy"}),
        ("import archscope.explore.cifar_sweep, archscope.report.sweep", HEAVY),
        ("import archscope.explore.train, archscope.report.single", {*HEAVY, "tensorboard", "PIL"}),
        ("import archscope.sweep.child", {*HEAVY, "numpy"}),
        ("import archscope as a; a.count(a.network('resnet50'))", {*HEAVY, "numpy"}),
        (
            "from archscope.cli import app; import sys; sys.argv = ['', 'solve', '-C', '32']"
            "\ntry: app()\nexcept SystemExit: pass",
            {*HEAVY, "numpy", "archscope.cli.compare", "archscope.cli.cifar_sweep"},
        ),
    ],
)
def test_no_heavy_import_before_it_is_needed(statement, heavy):
    code = f"{statement}\nimport sys; print(sorted(set({sorted(heavy)}) & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.splitlines()[-1] == "[]"
