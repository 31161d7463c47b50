"""A node that a reading does not know fails loudly there: none is counted or drawn as nothing."""

from __future__ import annotations

import ast
import random
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
import torch
from random_networks import Trees
from torch import nn

import archscope
from archscope.arch import nodes, readings, shape
from archscope.arch.network import Network, Stage, stages
from archscope.arch.nodes import Act, Conv, Node, Norm, Repeat, Seq, is_combinator
from archscope.arch.readings import Reading, UnknownNode
from archscope.arch.rebuild import rebuild
from archscope.arch.rewrite import blocks, to_form
from archscope.arch.shape import output_shape
from archscope.cost import execution, formula, program, tally
from archscope.cost.formula import count
from archscope.cost.latency.model import row_of
from archscope.cost.memory import memory
from archscope.cost.roofline import Load, layers
from archscope.errors import ArchscopeError, UsageError
from archscope.nn.build import build
from archscope.nn.init import initialise
from archscope.reporting.networks.architectures import cardinality, describe
from archscope.reporting.networks.forms import block_lines

SHAPE = (4, 8, 8)


@dataclass(frozen=True, eq=False)
class Whiten(Node):
    """A layer that nobody taught to any reading."""


@dataclass(frozen=True, eq=False)
class Twice(Node):
    """A combinator that nobody taught to any reading."""

    body: Node

    def parts(self):
        yield self.body

    def with_parts(self, parts):
        return Twice(*parts)


NEW = (Whiten(), Twice(Conv(4)))


def network(node: Node) -> Network:
    return Network("new", Seq(Conv(4), node), SHAPE)


def stage(node: Node) -> Stage:
    return Stage("conv2", Seq(node), SHAPE, SHAPE, Repeat(2, node, node))


def weights_of(node: Node) -> nn.Module:
    """A torch module for the node, with a weight that initialisation must fill."""
    module = type(type(node).__name__, (nn.Module,), {})()
    module.weight = nn.Parameter(torch.zeros(1))
    return module


def path_of(node: Node) -> Seq:
    """A block of two convolutions, with the node between them."""
    return Seq(Conv(4, label="conv1"), node, Conv(4, label="conv2"))


READINGS: dict[str, list[Callable[[Node], Any]]] = {
    "shape": [lambda node: output_shape(node, SHAPE)],
    "kind": [is_combinator],
    "count": [lambda node: count(node, SHAPE)],
    "bound": [lambda node: count(Seq(Conv(np.array([4, 8])), node), SHAPE)],
    "tally": [
        lambda node: tally.tally(network(node)),
        lambda node: tally.tally(Network("new", Seq(node, Conv(4)), SHAPE)),
    ],
    "program": [lambda node: program.program(network(node)), lambda node: memory(network(node))],
    "roofline": [lambda node: layers(network(node), Load(training=True))],
    "latency": [lambda node: row_of(execution.execution(network(node)).operations)],
    "build": [lambda node: build(network(node))],
    "initialise": [lambda node: initialise(weights_of(node), "fan_out")],
    "stages": [lambda node: stages(network(node))],
    "table": [lambda node: describe(stage(node)), lambda node: cardinality(stage(node))],
    "rewrite": [
        lambda node: to_form(path_of(node), "a", paths=2),
        lambda node: to_form(Seq(Seq(Norm(), node)), "c"),
        lambda node: blocks(path_of(node)),
    ],
    "drawing": [lambda node: block_lines(Network("new", Seq(Seq(node, label="part")), SHAPE))],
}
CASES = [
    pytest.param(reading, call, id=f"{reading}-{number}")
    for reading, calls in READINGS.items()
    for number, call in enumerate(calls)
]


@pytest.mark.parametrize("node", NEW, ids=lambda node: type(node).__name__)
@pytest.mark.parametrize(("reading", "call"), CASES)
def test_no_reading_passes_over_an_unknown_node(reading, call, node):
    with pytest.raises(UnknownNode, match=f"the node {type(node).__name__};"):
        call(node)


@pytest.mark.parametrize("node", NEW, ids=lambda node: type(node).__name__)
@pytest.mark.parametrize(("reading", "call"), CASES)
def test_each_reading_fails_by_its_own_name_once_the_others_know_the_node(
    reading, call, node, monkeypatch
):
    teach_the_others(monkeypatch, reading)
    with pytest.raises(UnknownNode, match=f"'{reading}' does not know the node") as caught:
        call(node)
    assert isinstance(caught.value, ArchscopeError) and isinstance(caught.value, TypeError)
    assert type(node).__name__ in str(caught.value)


def teach_the_others(monkeypatch: pytest.MonkeyPatch, reading: str) -> None:
    """Let the readings that others are made of treat the new nodes as they treat batch norm."""

    def as_norm(module: Any, name: str) -> None:
        known = getattr(module, name)

        def taught(node: Any, *args: Any) -> Any:
            if isinstance(node, shape.Visit):
                return known(node._replace(node=Norm()) if new(node.node) else node, *args)
            return known(Norm() if new(node) else node, *args)

        monkeypatch.setattr(module, name, taught)

    if reading != "shape":
        as_norm(shape, "_leaf_shape")
    if reading != "kind":
        as_norm(program, "is_combinator")
    if reading != "count":
        as_norm(formula, "_factors")
    if reading != "program":
        known = program._Writer._leaf

        def leaf(self, node, value):
            if not new(node):
                return known(self, node, value)
            result = known(self, Norm(), value)
            step = self.steps.pop()
            visit = step.op.visit._replace(node=node)
            self.steps.append(replace(step, node=node, op=program.Layer(visit)))
            return result

        monkeypatch.setattr(program._Writer, "_leaf", leaf)


def new(node: object) -> bool:
    return isinstance(node, (Whiten, Twice))


def test_a_combinator_without_a_way_to_change_its_parts_is_not_kept_as_it_was():
    class Forgetful(Twice):
        with_parts = Node.with_parts

    with pytest.raises(UnknownNode, match="'kind' does not know the node Forgetful"):
        rebuild(Forgetful(Norm()), lambda node: Act() if isinstance(node, Norm) else node)


@cache
def drawn() -> dict[str, Node]:
    """One of each node that random trees are drawn from, which fits `SHAPE`."""
    found: dict[str, Node] = {}
    for seed in range(300):
        if len(found) == len(CLASSES):
            break
        below = [Trees(random.Random(seed)).sequence(SHAPE, 2)]
        while below:
            node = below.pop()
            below += node.parts()
            if type(node).__name__ not in found:
                with suppress(UsageError):
                    output_shape(Seq(Conv(4), node), SHAPE)
                    found[type(node).__name__] = node
    return found


def test_every_node_is_drawn_in_random_trees_and_known_to_every_reading():
    assert set(drawn()) == CLASSES, "tests/support/random_networks.py draws every node"
    for reading, call in (case.values for case in CASES):
        for node in drawn().values():
            with suppress(UsageError):  # no block to rewrite, no array of these
                if reading != "initialise":  # what `build` does too
                    call(node)


# What follows keeps the list of readings whole.

PACKAGE = Path(archscope.__file__).parent
CLASSES = {
    name for name, value in vars(nodes).items() if isinstance(value, type) and value is not Node
} & {kind.__name__ for kind in Node.__subclasses__()}
LISTED = re.findall(r"^- `(\w+)` \((\S+)\)", readings.__doc__ or "", re.MULTILINE)

# Files that name nodes but read no tree: they make one, or look for one kind that they know.
NO_READINGS = {
    "arch/nodes/leaves.py": "defines them",
    "arch/folding/fold.py": "looks for batch norm behind a convolution",
    "cost/stored.py": "counts biases, which convolutions and linear layers alone have",
    "explore/design/shortlist.py": "leaves rates of dropout out",
    "arch/folding/fuse.py": "looks for sums of convolutions with batch norm",
    "reporting/networks/diagram.py": "draws a block, and what has no picture as a table says it",
    "nn/build.py": "names the modules of combinators where they are printed",
    "arch/rebuild.py": "goes through the blocks of a stage one by one",
    "reporting/networks/fused.py": "shows the convolutions of such sums",
    "arch/windows.py": "checks numbers for arch/shape.py",
    "explore/clock/peak_memory.py": "makes a small network",
    "explore/networks/parts.py": "compares the fields of all nodes alike, padding written out",
    "explore/networks/opened.py": "puts a tree of one leaf into a row",
    "__init__.py": "names them",
    "explore/forms/equivalence.py": "makes a network of one block",
    "explore/forms/fusion.py": "knows its tree for a sequence",
    "nn/forms.py": "is told the convolution that a sum becomes",
    "explore/networks/explanations.py": "looks for batch norm, which papers leave out",
    "cost/execution.py": "reads a program",
    "cost/steps.py": "looks for the shortcut of a block of arrays",
    "cost/memory.py": "cuts before and behind stages, and reads a program",
    "cost/latency/pieces.py": "cuts behind a layer with what follows it",
    "arch/roundings.py": "looks at the numbers of all nodes alike",
    "arch/structure.py": "looks at stages alone",
    "explore/design/drawing/fingerprints.py": "reads the fields of all nodes alike",
    "explore/design/templates/kinds.py": "makes the block of a width",
    "explore/design/templates/widths.py": "leaves batch norm out",
}


@cache
def parsed(file: str) -> ast.Module:
    return ast.parse((PACKAGE / file).read_text("utf-8"))


@cache
def sources() -> dict[str, ast.Module]:
    """The files that import nodes or match anything; to parse all takes seconds."""
    texts = {path: path.read_text("utf-8") for path in sorted(PACKAGE.rglob("*.py"))}
    wanted = (path for path, text in texts.items() if "arch.nodes" in text or "match " in text)
    files = (path.relative_to(PACKAGE).as_posix() for path in wanted)
    return {file: parsed(file) for file in files}


def test_every_reading_is_tried_above_and_listed_in_the_docs():
    assert list(READINGS) == list(get_args(Reading)) == [name for name, _ in LISTED]


@pytest.mark.parametrize(("reading", "file"), LISTED)
def test_a_reading_raises_where_the_docs_say(reading, file):
    raised = {
        call.args[1].value
        for call in ast.walk(parsed(file))
        if called(call) == "unknown" and isinstance(call.args[1], ast.Constant)
    }
    assert reading in raised


def test_every_file_that_reads_nodes_is_listed():
    readers = {
        file
        for file, tree in sources().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        and node.module == "archscope.arch.nodes"
        and CLASSES & {alias.name for alias in node.names}
        and not file.startswith("arch/families/")  # they make trees
    }
    assert len(readers) > 5
    assert readers - {file for _, file in LISTED} - NO_READINGS.keys() == set()


def test_no_match_over_nodes_falls_through():
    quiet, loud = [], 0
    for file, tree in sources().items():
        functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
        calls = {f.name: {called(node) for node in ast.walk(f)} for f in functions}
        raising = {name for name, names in calls.items() if "unknown" in names}
        for function in functions:
            if any(isinstance(n, ast.Match) and over_nodes(n) for n in ast.walk(function)):
                ends = {function.name, *calls[function.name]} & raising
                loud += bool(ends)
                quiet += [] if ends else [f"{file}: {function.name}"]
    assert loud > 10 and not quiet


def over_nodes(match: ast.Match) -> bool:
    patterns = (part for case in match.cases for part in ast.walk(case.pattern))
    return any(
        isinstance(part, ast.MatchClass)
        and isinstance(part.cls, ast.Name)
        and part.cls.id in CLASSES
        for part in patterns
    )


def called(node: ast.AST) -> str | None:
    """The name of the function or method that a call calls."""
    if not isinstance(node, ast.Call):
        return None
    return getattr(node.func, "id", None) or getattr(node.func, "attr", None)
