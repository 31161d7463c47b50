"""Widths, titles and text of figures; the paper's own points; the whole front."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from bench_documents import document as bench_document
from bench_documents import entry

from archscope.arch.names import parse
from archscope.explore.design.collect import Order
from archscope.explore.design.enumerate import Query, enumerate_designs
from archscope.explore.networks.difference import difference
from archscope.reporting.figure import canvas, costs_plot, curves, figure7, scatter
from archscope.reporting.figure.bench_plot import _bar, bench_figure
from archscope.reporting.figure.costs import costs_of
from archscope.reporting.figure.papers import blocks, figure5
from archscope.reporting.figure.plot import Style
from archscope.reporting.figure.waterfall import draw_waterfalls
from archscope.reporting.networks.diagram import diagrams
from archscope.sweep.store.records import read_sweep

NARROW = Style(width=3.25, title=False)


def empty_above(figure):
    """Inches without anything at the top."""
    figure.canvas.draw()
    pixels = np.asarray(figure.canvas.buffer_rgba())[..., :3]
    return int(np.argmax((pixels < 230).any(axis=(1, 2)))) / figure.dpi


def test_other_figures_without_a_title_begin_at_the_top_too():
    bare = Style(title=False)
    times = bench_document(entry("resnet101", 2.0, 1.0, group="thin", published_ratio=0.5))
    for figure in (
        draw_waterfalls(difference("resnet18", "resnet34").document(), ["macs"], bare),
        blocks.draw(diagrams(parse("resnet18")), "", bare),
        bench_figure(times, bare),
    ):
        assert 0 < empty_above(figure) < 0.22


def test_every_figure_of_a_sweep_is_as_wide_as_asked_and_has_no_title(fake_sweep):
    sweep = read_sweep(fake_sweep())
    lines, found = curves.data(sweep), costs_of(sweep)
    assert found
    for figure in (
        scatter.draw(figure7.data(sweep), NARROW),
        curves.draw(lines, NARROW),
        figure5.draw(lines, NARROW),
        costs_plot.draw(found, NARROW),
    ):
        assert figure.get_size_inches()[0] == 3.25
        assert empty_above(figure) < 0.22
        assert not [text for text in figure.texts if text.get_gid() == "heading"]


def test_text_of_an_svg_is_text(fake_sweep):
    sweep = read_sweep(fake_sweep())
    drawn = canvas.file_bytes(scatter.draw(figure7.data(sweep)), ".svg")
    texts = {one.text for one in ElementTree.fromstring(drawn).iter() if one.tag.endswith("}text")}
    assert {"8x64d", "test error (%), lower is better", "increase width (C = 1)"} <= texts


def test_the_papers_points_are_fourteen_on_thirteen_networks():
    theirs = figure7.published()
    marks = [mark for series in theirs.series for mark in series.marks]
    assert len(marks) == 14 and len({mark.key for mark in marks}) == 13
    assert [series.name for series in theirs.series] == ["cardinality", "width"]
    by_name = {mark.label: mark for mark in marks}
    # Table 7 of the paper: 8x64d 3.65 and 16x64d 3.58; 34.4 and 68.1 M without batch norm.
    assert round(by_name["8x64d"].y, 2) == 3.65 and round(by_name["16x64d"].y, 2) == 3.58
    assert by_name["16x64d"].x == pytest.approx(68.1e6, rel=0.01)


def test_one_seed_is_no_mean(fake_sweep):
    (words, *_) = curves.data(read_sweep(fake_sweep(seeds=(1,)))).heading.subtitles
    assert words.startswith("One seed;") and "Mean" not in words


def test_throughput_is_drawn_in_images_a_second():
    row = {"mode": "throughput", "batch": 16, "median": 0.5, "quartiles": [0.4, 0.8]}
    row |= {"ratio": 2.0, "published_ratio": None}
    bar = _bar(row, row)
    assert (bar.value, bar.low, bar.high, bar.ratio) == (32, 20, 40, 0.5)


def test_a_picture_has_the_whole_front_and_tells_families_apart():
    numbers = {"depth": [1, 2], "cardinality": [1, 2], "width": [4, 8], "widen": [1, 2]}
    query = Query(["resnext", "wrn"], numbers)
    found = enumerate_designs(query, Order(limit=1, pareto=("params", "-macs")), sampled=100)
    assert found.front and len(found) == 1 < found.front == len(found.whole_front["params"])
    assert found.axes == ("params", "macs")
    assert set(found.families_of(found.sample)) == {"resnext", "wrn"}
    assert b"Pareto front" in found.draw(".svg")
