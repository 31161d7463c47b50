"""Arrows point downward only: each room imports only what stands below it, and no file a circle."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import archscope

# From the top down. A room may import from itself and from all that stand below it.
ROOMS = [
    "testing",
    "cli",
    "explore",
    "reporting",
    "studies",
    "sweep",
    "training",
    "data",
    "nn",
    "cost",
    "arch",
]
# Below every room.
LEAVES = ["documents", "errors", "files", "plain_text", "running", "short_repr", "__init__"]

# The same within a room: its sub-rooms and files, from the top down. What is not named has no
# order of its own; a file may still not import what imports it.
INSIDE = {
    "cli": ["main", "commands", "options", "help", "completion", "output"],
    "explore": ["training", "clock", "design", "forms", "networks", "latency"],
    "nn": ["export_check", "export", "weights"],
    "cost": ["onnx_file", "counters", "fvcore", "traced", "latency"],
    "reporting": ["folder", "judge", "figure", "networks", "facts", "table"],
    "sweep": ["executor", "ray", "run", "store", "plan"],
    "data": ["load", "sets", "fetch", "batches", "dataset", "view"],
    "arch": ["names", "families", "papers", "network", "nodes"],
}
PACKAGE = Path(archscope.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))
MOST_FILES = 16  # of a folder, its __init__ not counted
MOST_LINES = 300

# The files that may import torch at all, by room; everywhere else the parent process would pay.
TORCH_ROOMS = {"nn", "data", "training", "sweep", "cost"}


def parts_of(path: Path) -> tuple[str, ...]:
    return path.relative_to(PACKAGE).with_suffix("").parts


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


IMPORTED = {path: imported(ast.parse(path.read_text(encoding="utf-8"))) for path in FILES}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_each_file_imports_only_what_stands_below(path):
    here = parts_of(path)
    if here[0] in ("__init__", "__main__"):
        return
    for name in IMPORTED[path]:
        there = name.split(".")[1:]
        if not name.startswith("archscope.") or there == ["__version__"]:
            continue
        if there[0] in LEAVES:
            continue
        assert there[0] in ROOMS, f"{name} is no room"
        assert here[0] in ROOMS, f"{here[0]} stands below every room, but imports {name}"
        assert ROOMS.index(there[0]) >= ROOMS.index(here[0]), f"{here[0]} imports {name}"
        order = INSIDE.get(here[0], [])
        if there[0] == here[0] and len(there) > 1 and here[1] in order and there[1] in order:
            assert order.index(there[1]) >= order.index(here[1]), f"{'.'.join(here)} imports {name}"


def test_no_files_import_each_other_in_a_circle():
    modules = {".".join(("archscope", *parts_of(path))): path for path in FILES}
    arrows = {
        module: {
            target
            for name in IMPORTED[path]
            for target in (name, name.rpartition(".")[0])
            if target in modules and target != module
        }
        for module, path in modules.items()
    }
    done: set[str] = set()

    def follow(module: str, trail: list[str]) -> None:
        assert module not in trail, " -> ".join([*trail[trail.index(module) :], module])
        if module not in done:
            for target in sorted(arrows[module]):
                follow(target, [*trail, module])
            done.add(module)

    for module in modules:
        follow(module, [])


def test_every_room_is_ordered():
    rooms = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").is_file()}
    assert rooms == set(ROOMS)
    for room, order in INSIDE.items():
        inner = {p.name for p in (PACKAGE / room).iterdir() if (p / "__init__.py").is_file()}
        assert inner <= set(order), room


@pytest.mark.parametrize(
    "folder", sorted({path.parent for path in FILES}), ids=lambda path: path.name
)
def test_rooms_stay_small(folder):
    files = [path for path in folder.glob("*.py") if path.name != "__init__.py"]
    assert (folder / "__init__.py").is_file()
    assert len(files) <= MOST_FILES
    long = {
        path.name: lines
        for path in files
        if (lines := len(path.read_text("utf-8").splitlines())) > MOST_LINES
    }
    assert not long


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_torch_stays_in_its_rooms(path):
    if any(name.split(".")[0] == "torch" for name in IMPORTED[path]):
        assert parts_of(path)[0] in TORCH_ROOMS


HEAVY = {"torch", "pandas", "matplotlib", "fvcore"}
COMMANDS = "archscope.cli.commands"


@pytest.mark.parametrize(
    ("statement", "heavy"),
    [
        ("import archscope, archscope.cli", {*HEAVY, "numpy"}),
        (
            "import archscope.explore.networks.compare, archscope.explore.design.solve",
            {*HEAVY, "numpy"},
        ),
        (
            "import archscope.explore.training.cifar_sweep, archscope.reporting.folder.sweep",
            HEAVY,
        ),
        (
            "import archscope.explore.training.train, archscope.reporting.folder.single",
            {*HEAVY, "tensorboard", "PIL"},
        ),
        ("import archscope.sweep.run.worker_main", HEAVY),
        ("import archscope as a; a.count(a.network('resnet50'))", {*HEAVY, "numpy"}),
        (
            "from archscope.cli import app; import sys; sys.argv = ['', 'solve', '-C', '32']"
            "\ntry: app()\nexcept SystemExit: pass",
            {
                *HEAVY,
                "numpy",
                f"{COMMANDS}.networks.compare",
                f"{COMMANDS}.training.cifar_sweep",
            },
        ),
    ],
)
def test_no_heavy_import_before_it_is_needed(statement, heavy):
    code = f"{statement}\nimport sys; print(sorted(set({sorted(heavy)}) & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.splitlines()[-1] == "[]"
