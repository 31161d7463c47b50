"""Figures 3 and 4 of the ResNeXt paper, checked: one network in its forms.

A network is rewritten as a tree, from form (c) to (b) to (a) and back; its weights go along. Each
form is then counted (in closed form and, built, by fvcore), compared with form (c) in float64, and
timed in float32.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from math import gcd
from typing import TYPE_CHECKING, Any, NamedTuple

from archscope.arch.folding.fuse import FUSED, fusions
from archscope.arch.network import Network
from archscope.arch.nodes import Node, Seq
from archscope.arch.rebuild import placed
from archscope.arch.rewrite import PATHS, Cut, Form, blocks, cuts, largest_divisor, to_form
from archscope.arch.windows import Shape
from archscope.cost.formula import Count, count
from archscope.errors import UsageError, plural
from archscope.explore.forms.drawn import FIGURES, draw_forms
from archscope.explore.forms.fused_result import Fused
from archscope.explore.forms.fusion import fusion
from archscope.explore.forms.measured import Note, built, check_memory, timed
from archscope.explore.forms.result import (
    LIMIT,
    Built,
    Checks,
    Differences,
    Equivalence,
    FormResult,
    Settings,
    largest,
)
from archscope.explore.networks.opened import Given, own_networks
from archscope.reporting.figure.plot import PLAIN, Style
from archscope.reporting.networks.diagram import diagram

if TYPE_CHECKING:
    from archscope.nn.probe import Mode, Reading

_FIGURE_4_PATHS = 32
# The forms of a block by its number of convolutions: Figure 4 shows two, on its right and left.
_FORMS: dict[int, tuple[Form, ...]] = {3: ("c", "b", "a"), 2: ("c", "a")}


class _Rewritten(NamedTuple):
    """A network in one form, and how the weights of form (c) go there."""

    form: Form
    network: Network
    cuts: Mapping[str, Cut]
    cost: Count


class _Checked(NamedTuple):
    """A form as it was built: the torch module (by now in float32), and what was found of it."""

    module: Any
    built: Built
    differences: Differences | None
    weights_restored: bool


def equivalence(
    network: Given,
    *,
    input: Shape | None = None,
    classes: int | None = None,
    paths: int | None = None,
    batch: int = 2,
    seed: int = 0,
    rounds: int | None = None,
    note: Note = lambda _: None,
) -> Equivalence | Fused:
    """Rewrite a network into the forms of Figure 3 (or 4), and compare each with form (c).

    One whose blocks are branches that are one convolution in eval mode (RepVGG) is compared with
    that form.

    Args:
        network: a name, a network or a tree, of bottleneck blocks (Figure 3), basic blocks
            (Figure 4) or RepVGG's.
        input: (channels, height, width); without it the network's own.
        classes: outputs of a named network; without it the family's.
        paths: of basic blocks; without it 32 as in Figure 4, or the most below that divide them.
        batch: images, at least 2, of the comparison and of the timed passes.
        seed: of weights and images.
        rounds: timed rounds; 0 leaves the clock out, None takes what fits into half a minute.
        note: called with what is being done.

    Raises:
        UsageError: for a network that has no such forms, or that does not fit into memory.
    """
    settings = Settings(batch, seed, rounds)
    refused = "rewritten", "name one of these, as resnext50_32x4d"
    (given,) = own_networks(network, classes, input, refused)
    if fusions(given.tree):
        if paths is not None:
            raise UsageError(f"paths are those of basic blocks, not of {given.name}; drop --paths")
        return fusion(given, settings, note)
    if any(node.label == FUSED for _, node in placed(given.tree)):
        raise UsageError(f"{given.name} is fused already: its branches are gone; drop -deploy")
    subject = _in_form(given, "c")
    depth, number = _paths(subject, paths)
    forms = _rewrite(subject, depth, number)
    _check_memory(forms, settings.batch)
    checked, sensitivity = _check(forms, settings, note)
    modules: dict[str, Any] = {
        one.form: found.module for one, found in zip(forms, checked, strict=True)
    }
    timings = timed(modules, (settings.batch, *subject.input), settings.rounds, note)
    results = [
        FormResult(
            *(one.form, one.network, one.cost),
            *(found.built, found.differences, timings[one.form]),
        )
        for one, found in zip(forms, checked, strict=True)
    ]
    restored = all(found.weights_restored for found in checked)
    checks = Checks(_returns(forms, number), restored, sensitivity)
    return Equivalence(subject, depth, number, results, settings, checks)


def check_diagram(
    network: Given,
    input: Shape | None = None,
    style: Style = PLAIN,
    paths: int | None = None,
) -> None:
    """Raise UsageError where the forms cannot be drawn so, before any is built."""
    refused = "drawn", "name one of these, as resnext50_32x4d"
    for given in own_networks(network, None, input, refused):
        diagram(given, "")
        if style.width is not None:
            subject = _in_form(given, "c")
            depth, number = _paths(subject, paths)
            rewritten = _rewrite(subject, depth, number)
            forms: dict[str, Network] = {one.form: one.network for one in rewritten}
            draw_forms(given.name, forms, FIGURES[depth], style)


def _paths(network: Network, asked: int | None) -> tuple[int, int]:
    """The number of convolutions of the network's blocks, and of their paths."""
    found = [block for _, block in blocks(network.tree)]
    depths = {block.depth for block in found}
    if len(depths) != 1:
        raise UsageError(
            f"{network.name} has no blocks as in Figures 3 and 4 (two or three convolutions "
            "with only batch norm and ReLU between); use resnext50_32x4d (Figure 3) or "
            "resnet18 (Figure 4), or repvgg_a0, whose blocks can be fused"
        )
    (depth,) = depths
    if depth == 2:
        width = gcd(*(block.first.out for block in found))
        return 2, asked if asked is not None else largest_divisor(width, _FIGURE_4_PATHS)
    if asked is not None:
        raise UsageError(
            f"the cardinality of {network.name} says how many paths its blocks of three "
            f"convolutions have, not {asked}; leave --paths out, or name another template"
        )
    return 3, max(block.paths(None) for block in found)


def _in_form(network: Network, form: Form, paths: int | None = None) -> Network:
    tree = to_form(network.tree, form, paths)
    assert isinstance(tree, Seq)
    return replace(network, tree=tree, design=None)


def _rewrite(network: Network, depth: int, paths: int) -> list[_Rewritten]:
    """Form (c), and each other one from the one before it."""
    forms, current = [], network
    for form in _FORMS[depth]:
        current = _in_form(current, form, paths)
        forms.append(_Rewritten(form, current, cuts(network.tree, form, paths), count(current)))
    return forms


def _returns(forms: list[_Rewritten], paths: int) -> bool:
    """Whether the way back, form by form, gives each tree again."""
    tree: Node = forms[-1].network.tree
    for rewritten in reversed(forms):
        tree = to_form(tree, rewritten.form, paths)
        if tree != rewritten.network.tree:
            return False
    return True


def _check_memory(forms: list[_Rewritten], batch: int) -> None:
    branches: Counter[str] = Counter()
    for rewritten in forms:
        for row in rewritten.cost.nodes:
            block, _, rest = row.path.partition(f"{PATHS}.")
            if rest:
                branches[rewritten.form + block] += row.activations // row.times
    kept = 4 * forms[0].cost.activations + 2 * max(branches.values())
    check_memory(forms[0].network, forms[0].cost.params, kept, batch)


def _check(
    forms: list[_Rewritten], settings: Settings, note: Note
) -> tuple[list[_Checked], float | None]:
    """Build each form with the weights of form (c), compare it with that, and count it.

    Also, where one differs too much, how far form (c) moves by itself: see `Checks`.
    """
    from archscope.nn import forms as weights
    from archscope.nn.probe import build_random, build_with, differences, equal, probe, readings

    original = forms[0].network
    module, at = (
        build_random(original, settings.seed),
        probe(original, settings.batch, settings.seed),
    )
    state = weights.split(module.state_dict(), {})
    checked: list[_Checked] = []
    expected: dict[Mode, Reading] = {}
    for form, network, table, _ in forms:
        merge, restored, gaps = partial(weights.merge, cuts=table), True, None
        if checked:
            module = build_with(network, weights.split(state, table))
            restored = equal(merge(module.state_dict()), state)
        note(
            f"form ({form}): outputs and gradients of {plural(settings.batch, 'image')} in float64"
        )
        found = {mode: one.mapped(merge) for mode, one in readings(module, at).items()}
        if checked:
            gaps = differences(found, expected)
        else:
            expected = found
        note(f"form ({form}): counted by fvcore as it is built")
        module.float()
        checked.append(_Checked(module, built(module, network), gaps, restored))
    if not any(one.differences and largest(one.differences) >= LIMIT for one in checked):
        return checked, None
    again = readings(build_with(original, state), at.nudged())
    return checked, largest(differences(again, expected))
