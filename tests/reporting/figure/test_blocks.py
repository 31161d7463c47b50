"""Blocks as the ResNeXt paper draws them: what the boxes say, and that nothing overlaps."""

from __future__ import annotations

from dataclasses import replace

import pytest

import archscope as a
from archscope.arch.names import parse
from archscope.arch.rewrite import to_form
from archscope.cost import count
from archscope.errors import UsageError
from archscope.explore.forms.equivalence import check_diagram
from archscope.explore.forms.result import Built, Checks, Equivalence, FormResult, Settings
from archscope.reporting.figure.canvas import file_bytes, styled
from archscope.reporting.figure.papers.blocks import draw
from archscope.reporting.figure.plot import Style
from archscope.reporting.networks.diagram import Paths, diagram, diagrams


def in_form(form):
    network = parse("resnext50_32x4d")
    return diagram(replace(network, tree=to_form(network.tree, form)), form)


def test_figure_1_and_3_have_the_papers_numbers():
    [left] = diagrams(parse("resnet50"))
    assert left.parts == ("256, 1×1, 64", "64, 3×3, 64", "64, 1×1, 256")
    path = "256, 1×1, 4", "4, 3×3, 4"
    assert in_form("a").parts == (Paths((*path, "4, 1×1, 256"), 32, "sum"),)
    assert in_form("b").parts == (Paths(path, 32, "concatenate"), "128, 1×1, 256")
    grouped = ("256, 1×1, 128", "128, 3×3, 128\ngroup = 32", "128, 1×1, 256")
    assert in_form("c").parts == grouped
    assert {(one.channels_in, one.channels_out) for one in map(in_form, "abc")} == {(256, 256)}
    assert [one.parts for one in diagrams(parse("resnext50_32x4d"))] == [
        in_form("a").parts,
        grouped,
    ]


@pytest.mark.parametrize(
    "name", ["wrn_28_10", "preresnet164", "seresnext50_32x4d", "regnet_x_400mf"]
)
def test_residual_families_have_a_diagram(name):
    found = diagrams(parse(name))
    assert all(one.parts and one.channels_in == one.channels_out for one in found)


@pytest.mark.parametrize("style", [Style(), Style(width=84 / 25.4), Style(width=5.0, title=False)])
def test_boxes_and_words_do_not_overlap(style):
    with styled():
        figure = draw([in_form("a"), in_form("b"), in_form("c")], "A block", style)
        assert style.width in (None, figure.get_size_inches()[0])
        figure.canvas.draw()
        texts = [text for text in figure.findobj(lambda one: hasattr(one, "get_text"))
                 if text.get_text()]  # fmt: skip
        extents = [(text.get_text(), text.get_window_extent()) for text in texts]
    page = figure.bbox
    for index, (said, one) in enumerate(extents):
        assert page.x0 <= one.x0 and one.x1 <= page.x1, said
        assert page.y0 <= one.y0 and one.y1 <= page.y1, said
        for other, two in extents[index + 1 :]:
            assert not one.overlaps(two), (said, other)


@pytest.mark.parametrize("suffix", [".svg", ".pdf"])
def test_the_text_of_a_file_is_text(suffix):
    with styled():
        content = file_bytes(draw(diagrams(parse("resnet18")), "A block"), suffix)
    assert content.startswith(b"%PDF") if suffix == ".pdf" else b"64, 3\xc3\x973, 64" in content


def test_equivalence_draws_each_form_under_its_letter():
    network = parse("resnext50_32x4d")
    cost = count(network)
    built = Built(cost.params, cost.macs, cost.activations)
    forms = [
        FormResult(one, replace(network, tree=to_form(network.tree, one)), cost, built, None, {})
        for one in "cba"
    ]
    found = Equivalence(network, 3, 32, forms, Settings(2, 0, 0), Checks(True, True))
    text = found.draw(".svg").decode()
    said = ("(a) aggregated paths", "(b) early concatenation", "(c) grouped", "concatenate")
    assert [text.count(words) for words in said] == [1] * 4


def test_without_a_title_the_figure_is_lower():
    plain, bare = (
        draw(diagrams(parse("resnet18")), "A block", Style(title=t)) for t in (True, False)
    )
    assert bare.get_size_inches()[1] < plain.get_size_inches()[1]


def test_a_block_that_is_wider_is_refused_before_any_form_is_built():
    style = Style(width=2.5)
    with pytest.raises(UsageError, match=r"least; write --figure-width 3\.1in"):
        check_diagram("resnext50_32x4d", style=style)
    check_diagram("resnext50_32x4d", style=Style(width=3.1))


def test_what_has_no_such_block_is_a_sentence(tmp_path):
    with pytest.raises(UsageError, match="which vgg16 has none of"):
        a.show("vgg16").draw(".svg")
    (tmp_path / "own.py").write_text("import torch\ndef net(): return torch.nn.Conv2d(3, 4, 1)\n")
    with pytest.raises(UsageError, match="drawn from a tree"):
        a.show(f"{tmp_path}/own.py:net").draw(".svg")
