"""Arrows point downward only: each room imports only what stands below it, and no file a circle."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import archscope

# From the top down. A room may import from itself and from all that stand below it.
ROOMS = [
    "testing",
    "cli",
    "integrations",
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
LEAVES = [
    *("documents", "errors", "files", "given", "plain_text", "running", "short_repr"),
    "__init__",
]

# The same within a room: its sub-rooms and files, from the top down. What is not named has no
# order of its own; a file may still not import what imports it.
INSIDE = {
    "cli": ["main", "commands", "options", "help", "completion", "output"],
    "explore": [
        "workbench",
        "device",
        "searching",
        "training",
        "clock",
        "design",
        "forms",
        "networks",
        "latency",
    ],
    "nn": ["export_check", "export", "weights"],
    "cost": ["onnx_file", "counters", "fvcore", "traced", "latency"],
    "reporting": ["folder", "judge", "explorer", "figure", "networks", "facts", "table"],
    "sweep": ["executor", "ray", "run", "store", "plan"],
    "data": ["load", "sets", "fetch", "batches", "dataset", "view"],
    "arch": ["names", "families", "papers", "network", "folding", "nodes"],
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


@pytest.fixture(scope="module")
def imports() -> dict[Path, list[str]]:
    return {path: imported(ast.parse(path.read_text(encoding="utf-8"))) for path in FILES}


def test_each_file_imports_only_what_stands_below(imports):
    assert [wrong for path in FILES for wrong in upward(parts_of(path), imports[path])] == []


def upward(here: tuple[str, ...], names: list[str]) -> Iterator[str]:
    """What is wrong with the imports of a file."""
    if here[0] in ("__init__", "__main__"):
        return
    said = f"{'.'.join(here)} imports"
    for name in names:
        there = name.split(".")[1:]
        if not name.startswith("archscope.") or there == ["__version__"]:
            continue
        if there[0] in LEAVES:
            continue
        if there[0] not in ROOMS or here[0] not in ROOMS:
            yield f"{said} {name}: one of them is no room"
            continue
        if ROOMS.index(there[0]) < ROOMS.index(here[0]):
            yield f"{said} {name}"
        order = INSIDE.get(here[0], [])
        inside = there[0] == here[0] and len(there) > 1 and here[1] in order and there[1] in order
        if inside and order.index(there[1]) < order.index(here[1]):
            yield f"{said} {name}"


@pytest.mark.parametrize(
    ("here", "name"),
    [
        (("arch", "names"), "archscope.cost.formula.count"),
        (("arch", "nodes", "node"), "archscope.arch.names.parse"),
        (("errors",), "archscope.arch.names.parse"),
        (("arch", "names"), "archscope.attic.count"),
    ],
)
def test_an_arrow_upward_is_seen(here, name):
    assert [*upward(here, [name])] and not [*upward(("cli", "main"), ["archscope.errors.shown"])]


def test_no_files_import_each_other_in_a_circle(imports):
    modules = {".".join(("archscope", *parts_of(path))): path for path in FILES}
    arrows = {
        module: {
            target
            for name in imports[path]
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


def test_torch_stays_in_its_rooms(imports):
    users = {
        path
        for path, names in imports.items()
        if any(name.split(".")[0] == "torch" for name in names)
    }
    assert users and {path for path in users if parts_of(path)[0] not in TORCH_ROOMS} == set()


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
