"""The bench's tables and figure, from a document of round numbers."""

import io
import itertools

import pytest
from bench_documents import document, entry
from matplotlib.image import imread

from archscope.reporting.figure.bench_plot import bench_figure, draw_bench
from archscope.reporting.figure.canvas import styled
from archscope.reporting.figure.plot import Style
from archscope.reporting.networks.bench import bench_table, layer_tables
from archscope.reporting.table.render import render

PLAIN = document(entry("resnet50", 0.5, 1.0), entry("resnext50_32x4d", 1.25, 2.5))
PAPER = document(
    entry("resnet101", 2.0, 1.0, group="thin", published_ratio=1.0, published_seconds=0.70),
    entry("wrn_40_4", 0.3, 0.15, group="wide", published_ratio=0.125),
    entry("wrn_16_10", 0.4, 0.2, group="wide"),
    published={"source": "A paper", "setting": "a mini-batch of 32 images"},
)


def layer(groups=1, **changes):
    return {
        "path": "conv1",
        "kind": "Conv",
        "groups": groups,
        "times": 4,
        "macs": 1000,
        "bytes": 500,
        "intensity": 4.0,
        "bound": "memory",
        "seconds": 0.000002,
        **changes,
    }


def roofline(seconds, ratio, residual, groups):
    return {
        "seconds": seconds,
        "ratio": ratio,
        "residual": residual,
        "memory_bound_share": 0.25,
        "layers": [layer(groups)],
    }


ROOFLINE = document(
    entry("resnet50", 0.5, 1.0, roofline=roofline(0.25, 1.0, 2.0, 1)),
    entry("resnext50_32x4d", 1.25, 2.5, roofline=roofline(0.3125, 1.25, 4.0, 32)),
    peak={"flops": 100e9, "bandwidth": 20e9, "ridge": 5.0, "method": "the best of 7 rounds"},
)


def test_times_ratios_and_the_conditions_are_told():
    shown = render(bench_table(PLAIN))
    rows = [" ".join(line.split()) for line in shown.splitlines()]
    assert "resnet50 step 8 500 450 to 550 16.0 1.000" in rows
    assert "resnext50_32x4d step 8 1,250 1,125 to 1,375 6.40 2.500" in rows
    assert rows[0] == "Times on Imaginary CPU, 1 thread, fp32, images of 3×224×224"
    for words in ("3 interleaved rounds", "2 untimed", "to resnet50", "torch 2.0", "average 0.2"):
        assert words in shown
    assert "published" not in shown and "oofline" not in shown and "peak" not in shown


def test_a_busy_machine_is_told():
    busy = document(entry("resnet50", 0.5, 1.0))
    busy["machine"] = busy["machine"] | {"load_average": 1.5}
    assert "busy (load average 1.5 on 2 processors)" in render(bench_table(busy))
    assert "busy" not in render(bench_table(PLAIN))


def test_peak_memory_and_its_method_are_told():
    rows = [entry("resnet50", 0.5, 1.0, peak_memory_bytes=123_000_000)]
    given = document(*rows)
    given["setting"] = given["setting"] | {"memory": "a high-water mark"}
    shown = render(bench_table(given))
    assert "123 MB" in shown and "Peak memory: a high-water mark." in shown


def test_published_ratios_stand_beside_the_measured_ones():
    shown = render(bench_table(PAPER))
    rows = [" ".join(line.split()) for line in shown.splitlines()]
    assert "wrn_40_4 step 8 300 270 to 330 26.7 0.150 0.125 –" in rows
    assert "Published: A paper; a mini-batch of 32 images." in rows


def test_what_the_roofline_does_not_explain_is_said():
    shown = render(bench_table(ROOFLINE))
    rows = [" ".join(line.split()) for line in shown.splitlines()]
    assert "resnext50_32x4d step 8 1,250 1,125 to 1,375 6.40 2.500 312 1.250 4.00 25.0 %" in rows
    assert (
        "resnext50_32x4d, step: ratio 2.500 measured, 1.250 by the roofline; a factor of 2.00 is "
        "left unexplained (it has 4 grouped convolutions, which the roofline takes to be fast)."
    ) in rows
    assert "100 GFLOP/s" in shown and "20.0 GB/s" in shown and "below 5.0 FLOP a byte" in shown


def test_layers_are_a_table_for_each_network():
    first, second = layer_tables(ROOFLINE)
    assert "resnext50_32x4d, step, batch 8" in second.title
    rows = [" ".join(line.split()) for line in render(first).splitlines()]
    assert "conv1 Conv 1 4 1,000 500 4.00 memory 2.00" in rows
    assert layer_tables(PLAIN) == []
    assert "resnet50,conv1,Conv,1,4,1000,500,4.0,memory,2e-06" in render(first, "csv")


@pytest.mark.parametrize("given", [PLAIN, PAPER], ids=["plain", "paper"])
def test_the_figure_is_drawn(given):
    image = imread(io.BytesIO(draw_bench(given, ".png")))
    assert image.shape[1] == 1300 and image.std() > 0.05
    assert draw_bench(given, ".svg").startswith(b"<?xml")
    assert draw_bench(given, ".png") == draw_bench(given, ".png")


def test_bars_diamonds_and_labels_stand_where_the_numbers_are():
    with styled():
        figure = bench_figure(PAPER)
        (axes,) = figure.axes
        assert [bar.get_width() for bar in axes.patches] == [2000, 300, 400]
        diamonds = [line for line in axes.lines if line.get_marker() == "D"]
        assert [list(line.get_xdata()) for line in diamonds] == [[250.0]]  # 0.125 of 2000 ms
        labels = [text.get_text() for text in axes.texts]
        assert labels == ["2,000 ms, 1×", "300 ms, 0.15× (paper 0.125×)", "400 ms, 0.2×"]
        right = axes.get_window_extent().x1
        assert all(text.get_window_extent().x1 <= right for text in axes.texts)
        legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend == ["thin", "wide", "by the published ratio"]


def test_a_narrow_figure_breaks_its_labels_and_leaves_room_for_the_bars():
    with styled():
        figure = bench_figure(PAPER, Style(width=3.7, title=False))
        (axes,) = figure.axes
        assert axes.texts[1].get_text() == "300 ms, 0.15×\n(paper 0.125×)"
        frame, boxes = axes.get_window_extent(), [one.get_window_extent() for one in axes.texts]
        assert all(box.x1 <= frame.x1 for box in boxes)
        assert all(low.y1 <= high.y0 for high, low in itertools.pairwise(boxes))
        longest = max(bar.get_window_extent().width for bar in axes.patches)
    assert longest > 0.5 * frame.width
