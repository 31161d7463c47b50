from __future__ import annotations

import itertools
import json
import math
import random

import matplotlib
import numpy as np
import pytest
from matplotlib.lines import Line2D
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from archscope.reporting.facts.points import LearningCurve
from archscope.reporting.figure import canvas, costs_plot, curves, figure7, scatter, ticks
from archscope.reporting.figure.costs import costs_of
from archscope.reporting.figure.papers import figure5
from archscope.reporting.figure.plot import Heading, Mark, Scatter, Series
from archscope.sweep.store.records import read_sweep

# ResNeXt paper, Figure 7, read from the vector figure: millions of parameters (batch norm left
# out), test error, standard error.
PAPER = {
    "cardinality": {
        "1x64d": (4.894, 4.394, 0.053),
        "2x64d": (9.105, 4.023, 0.042),
        "3x64d": (13.316, 3.873, 0.043),
        "4x64d": (17.526, 3.762, 0.025),
        "6x64d": (25.948, 3.731, 0.037),
        "8x64d": (34.369, 3.654, 0.041),
        "16x64d": (68.054, 3.583, 0.038),
    },
    "width": {
        "1x64d": (4.894, 4.394, 0.053),
        "1x96d": (8.742, 4.125, 0.046),
        "1x128d": (13.75, 4.063, 0.055),
        "1x160d": (19.92, 3.948, 0.035),
        "1x192d": (27.25, 3.867, 0.022),
        "1x256d": (45.396, 3.807, 0.021),
        "1x384d": (95.621, 3.727, 0.026),
    },
}


def paper_figure():
    series = [
        Series(name, name, [Mark(t, t, m * 1e6, e, se) for t, (m, e, se) in members.items()])
        for name, members in PAPER.items()
    ]
    return Scatter(Heading("Title", ["subtitle"]), "x", "y", series)


def random_figure(seed, bar):
    draw = random.Random(seed)
    series = []
    for name, label in (("cardinality", "{}x64d"), ("width", "1x{}d")):
        marks = [
            Mark(text, text, 1e5 * 2**i * draw.uniform(0.9, 1.1), 60 - i + draw.gauss(0, 0.5), b)
            for i in range(7)
            for text in [label.format(2**i if name == "cardinality" else 64 + 32 * i)]
            for b in [draw.uniform(0.2, 1) * bar or None]
        ]
        series.append(Series(name, name, marks))
    return Scatter(Heading("Title"), "x", "y", series)


def extents(figure, prefix):
    """The boxes in pixels of what is drawn, by the name (gid) of each artist."""
    found = {}
    for artist in figure.findobj(lambda a: str(a.get_gid() or "").startswith(prefix)):
        box = artist.get_window_extent()
        if prefix == "bar-" and isinstance(artist, Line2D):
            # The extent of a cap is that of a square marker: only its middle line has ink.
            middle, half = (box.y0 + box.y1) / 2, artist.get_markeredgewidth() * 200 / 72 / 2
            box = Bbox([[box.x0, middle - half], [box.x1, middle + half]])
        found.setdefault(artist.get_gid(), []).append(box)
    return found


def drawn_texts(figure):
    """Text and box of all that is written; the labels of ticks beyond the limits are not."""
    hidden = set()
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            ticks = axis.get_major_ticks()
            hidden |= {t.label1 for t in ticks if not low <= t.get_loc() <= high}
    texts = figure.findobj(lambda t: isinstance(t, Text) and t.get_visible() and t not in hidden)
    return [(t.get_text(), t.get_window_extent()) for t in texts if t.get_text().strip()]


def overlapping(a, b):
    return a.x0 < b.x1 and b.x0 < a.x1 and a.y0 < b.y1 and b.y0 < a.y1


@pytest.mark.parametrize(
    "data",
    [paper_figure(), *(random_figure(seed, bar) for seed in (1, 2, 3) for bar in (0.0, 0.3, 3.0))],
)
def test_labels_collide_with_nothing(data):
    figure = scatter.draw(data)
    figure.draw_without_rendering()
    labels = {gid: boxes[0] for gid, boxes in extents(figure, "label-").items()}
    wanted = {f"label-{mark.label}" for series in data.series for mark in series.marks}
    assert set(labels) == wanted
    for a, b in itertools.combinations(labels.values(), 2):
        assert not overlapping(a, b)
    frame = figure.axes[0].get_window_extent()
    solid = [*extents(figure, "marker-").values(), *extents(figure, "bar-").values()]
    for box in labels.values():
        assert frame.x0 <= box.x0 and frame.y0 <= box.y0
        assert box.x1 <= frame.x1 and box.y1 <= frame.y1
        assert not any(overlapping(box, other) for boxes in solid for other in boxes)


ABLATION = [
    f"cifar_resnext29_{template}@0.125{end}"
    for template in ("1x64d", "4x24d")
    for end in ("", "-noshortcut")
]
MIXED = [*ABLATION, "cifar_preresnet-basic_110@0.5-noshortcut"]


@pytest.mark.parametrize("templates", [None, ABLATION, MIXED])
def test_no_text_of_a_figure_leaves_it_or_meets_another(fake_sweep, templates):
    if templates is None:
        folder = fake_sweep(statuses={("8x64d", 2): "diverged", ("2x64d", 1): "running"})
    else:
        folder = fake_sweep(templates=templates)
    sweep = read_sweep(folder)
    found = costs_of(sweep)
    assert found
    drawn = scatter.draw(figure7.data(sweep)), curves.draw(curves.data(sweep))
    for figure in (*drawn, costs_plot.draw(found)):
        figure.draw_without_rendering()
        boxes = drawn_texts(figure)
        assert len(boxes) > 10
        width, height = figure.canvas.get_width_height()
        for text, box in boxes:
            assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= width and box.y1 <= height, text
        for (one, a), (two, b) in itertools.combinations(boxes, 2):
            assert not overlapping(a, b), (one, two)


def test_named_networks_are_called_by_what_tells_them_apart(fake_sweep):
    sweep = read_sweep(fake_sweep(templates=ABLATION))
    (series,) = figure7.data(sweep).series
    said = "Names leave out what all share: cifar_resnext29, @0.125."
    assert {mark.label for mark in series.marks} == {
        *("1x64d", "4x24d", "1x64d-noshortcut", "4x24d-noshortcut")
    }
    assert said in figure7.data(sweep).heading.subtitles
    figure = curves.draw(curves.data(sweep))
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == ["1x64d", "1x64d-noshortcut", "4x24d", "4x24d-noshortcut"]
    assert said in curves.data(sweep).heading.subtitles
    assert said in costs_of(sweep).heading.subtitles
    # One kind of marker needs no legend.
    assert scatter.draw(figure7.data(sweep)).axes[0].get_legend() is None


def test_a_panels_name_without_room_loses_its_middle(fake_sweep):
    figure = curves.draw(curves.data(read_sweep(fake_sweep(templates=MIXED))))
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles[0] == "resnext29_1x64d@0.125"
    start, end = titles[4].split("…")
    whole = MIXED[4].removeprefix("cifar_")
    assert whole.startswith(start) and whole.endswith(end) and abs(len(start) - len(end)) < 2


def test_figure7_of_a_sweep(fake_sweep):
    data = figure7.data(read_sweep(fake_sweep()))
    assert data.heading.title == (
        "Test error against parameters: CIFAR-10 (JPEG), 5 epochs, 3 seeds"
    )
    assert [series.label for series in data.series] == [
        "increase cardinality (d = 64)",
        "increase width (C = 1)",
    ]
    cardinality, width = data.series
    assert [mark.label for mark in cardinality.marks] == ["1x64d", "2x64d", "4x64d", "8x64d"]
    assert [mark.label for mark in width.marks] == ["1x64d", "1x96d", "1x160d", "1x256d"]
    # Seeds 1, 2, 3 of 1x64d have errors 39.5, 40, 40.5: s = 0.5, and 0.5 / sqrt(3).
    assert cardinality.marks[0] == width.marks[0]
    assert cardinality.marks[0].y == pytest.approx(40.0)
    assert cardinality.marks[0].bar == pytest.approx(0.5 / math.sqrt(3))
    assert "Bars: ± one standard error" in data.heading.subtitles[1]
    axes = scatter.draw(data).axes[0]
    assert axes.get_xscale() == "log"
    assert "batch norm included" in axes.get_xlabel()
    assert axes.get_ylabel() == "test error (%), lower is better"


def test_curves_are_told_apart_without_colour():
    looks = list(scatter.LOOKS.values())
    for attribute in ("marker", "line", "colour"):
        assert len({getattr(look, attribute) for look in looks}) == len(looks)


def test_one_seed_has_no_error_bars(fake_sweep):
    data = figure7.data(read_sweep(fake_sweep(seeds=(1,))))
    assert {mark.bar for series in data.series for mark in series.marks} == {None}
    assert "no error bars" in data.heading.subtitles[1]
    assert "1 seed" in data.heading.title
    assert not extents(scatter.draw(data), "bar-")


def test_unfinished_networks_are_hollow_or_absent(fake_sweep):
    statuses = {("8x64d", seed): "pending" for seed in (1, 2, 3)}
    statuses |= {("4x64d", 1): "running", ("1x96d", 2): "diverged", ("1x160d", 3): "failed"}
    data = figure7.data(read_sweep(fake_sweep(statuses=statuses)))
    marks = {mark.label: mark for series in data.series for mark in series.marks}
    assert "8x64d" not in marks
    assert {label for label, mark in marks.items() if not mark.complete} == {
        *("4x64d", "1x96d", "1x160d")
    }
    # 1x96d keeps seeds 1 and 3, which stand half a point below and above seed 2.
    assert marks["1x96d"].bar == pytest.approx(math.sqrt(0.5) / math.sqrt(2))
    assert data.heading.subtitles[-1] == (
        "Unfinished, 4 of 21 trials to go; 1 diverged, left out; 1 failed, left out; hollow "
        "markers: not all seeds."
    )
    assert "2 to 3 of 3 seeds" in data.heading.title


def test_a_sweep_without_any_point_says_so(fake_sweep):
    folder = fake_sweep(templates=("1x64d",), seeds=(1,), statuses={("1x64d", 1): "pending"})
    sweep = read_sweep(folder)
    texts = [t.get_text() for t in scatter.draw(figure7.data(sweep)).findobj(Text)]
    assert "no trial has finished yet" in texts
    texts = [t.get_text() for t in curves.draw(curves.data(sweep)).findobj(Text)]
    assert "no epoch has finished yet" in texts


def test_the_built_in_set_is_said_to_be_built_in(fake_sweep):
    folder = fake_sweep()
    document = json.loads((folder / "sweep.json").read_text())
    document["dataset"] |= {"name": "shapes", "label": "shapes (built-in)"}
    (folder / "sweep.json").write_text(json.dumps(document))
    sweep = read_sweep(folder)
    for heading in (figure7.data(sweep).heading, curves.data(sweep).heading):
        assert "shapes (built-in), not CIFAR" in heading.title


def test_networks_without_a_curve_are_points_of_their_own(fake_sweep):
    folder = fake_sweep()
    document = json.loads((folder / "sweep.json").read_text())
    document["networks"][0]["curves"] = []
    (folder / "sweep.json").write_text(json.dumps(document))
    data = figure7.data(read_sweep(folder))
    assert [series.name for series in data.series] == ["cardinality", "width", "other"]
    assert [mark.label for mark in data.series[2].marks] == ["1x64d"]
    scatter.draw(data)


def test_a_network_that_is_alone_on_a_curve_is_one_of_the_others(fake_sweep):
    kept = ("1x64d", "2x40d", "4x24d", "8x12d", "32x4d")  # Table 3's: 1x64d is on both curves
    data = figure7.data(read_sweep(fake_sweep(templates=kept)))
    assert [series.name for series in data.series] == ["other"]
    assert {mark.label for mark in data.series[0].marks} == set(kept)
    # What has not finished yet counts: the look of a network must not change in mid-sweep.
    statuses = {("2x64d", seed): "pending" for seed in (1, 2, 3)}
    folder = fake_sweep(templates=("1x64d", "2x64d"), statuses=statuses)
    data = figure7.data(read_sweep(folder))
    assert [series.name for series in data.series] == ["cardinality"]


def test_learning_curves_are_means_over_finished_seeds(fake_sweep):
    statuses = {("2x64d", 3): "running", ("8x64d", 1): "diverged", ("4x64d", 2): "running"}
    statuses |= {("4x64d", seed): "pending" for seed in (1, 3)}
    sweep = read_sweep(fake_sweep(epochs=4, statuses=statuses))
    found = {curve.template: curve for curve in curves.data(sweep).panels}
    # The made-up error of 1x64d: final + (90 - final) * (1 - e/4)^2 with final 39.5, 40, 40.5.
    assert found["1x64d"].test == pytest.approx([40 + 50 * 9 / 16, 52.5, 43.125, 40], abs=1e-3)
    assert found["1x64d"].train == pytest.approx([e * 0.9 for e in found["1x64d"].test], abs=1e-3)
    assert (found["2x64d"].n, len(found["2x64d"].epochs)) == (2, 4)
    assert (found["8x64d"].n, found["8x64d"].finished) == (2, True)
    assert (found["4x64d"].n, list(found["4x64d"].epochs)) == (1, [1, 2])
    assert not found["4x64d"].finished


def test_of_many_networks_the_best_have_a_panel_and_all_are_drawn(fake_sweep, monkeypatch):
    every = curves.data(read_sweep(fake_sweep(templates=MIXED))).panels
    monkeypatch.setattr(curves, "MOST", 2)
    found = curves.data(read_sweep(fake_sweep(templates=MIXED)))
    best = sorted(every, key=lambda one: one.test[-1])[:2]
    assert {one.template for one in found.panels} == {one.template for one in best}
    assert len(found.panels) + len(found.without) == len(every) > 2
    (words, *_) = found.heading.subtitles
    assert f"Of {len(every)} networks the 2 of the least error are shown." in words
    assert words.partition(" Band:")[0] in figure5.heading_of(found).subtitles[0]
    figure = curves.draw(found)
    assert [len(axes.lines) for axes in figure.axes] == [len(every) + 1] * 2  # its own are two


@pytest.mark.parametrize(
    ("panels", "columns_and_rows"),
    [(1, (1, 1)), (3, (3, 1)), (7, (4, 2)), (8, (4, 2)), (9, (3, 3)), (13, (5, 3)), (40, (4, 10))],
)
def test_panels_fill_their_grid(panels, columns_and_rows):
    assert curves.grid(panels) == columns_and_rows


def test_falling_errors_are_drawn_on_a_logarithmic_scale():
    epochs = range(1, 301)
    test = [4 + 86 * math.exp(-e / 20) for e in epochs]
    train = [90 * math.exp(-e / 30) if e < 290 else 0.0 for e in epochs]
    panel = LearningCurve("8x64d", list(epochs), test, train, [0.1] * 300, 3, True)
    figure = curves.draw(curves.Curves(Heading("Title"), [panel]))
    low, high = figure.axes[0].get_ylim()
    assert figure.axes[0].get_yscale() == "log"
    assert 0 < low < 4 and high > 90
    texts = [t.get_text() for t in figure.findobj(Text)]
    assert "training error (leaves the frame towards 0)" in texts
    assert "4.0 %" in texts


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (4e6, 1.1e8, ["5 M", "10 M", "20 M", "50 M", "100 M"]),
        (84e3, 168e3, ["100 k", "120 k", "140 k", "160 k"]),
        (1e5, 1e9, None),
    ],
)
def test_ticks_are_round_numbers(low, high, expected):
    shown = [ticks.tick_label(tick) for tick in ticks.log_ticks(low, high)]
    assert shown == (expected or ["100 k", "1 M", "10 M", "100 M", "1 G"])


@pytest.mark.parametrize(("low", "high"), [(31e3, 112e3), (50e3, 60e3), (4e6, 1.1e8), (1e5, 1e9)])
def test_tick_labels_stand_side_by_side(low, high):
    apart = np.diff(np.log10(ticks.log_ticks(low, high))) / np.log10(high / low)
    assert apart.min() >= 1 / 10


def test_pictures_are_the_same_bytes_whatever_the_users_settings(tmp_path, fake_sweep):
    data = figure7.data(read_sweep(fake_sweep()))
    first = canvas.save(scatter.draw(data), tmp_path / "first")
    with matplotlib.rc_context({"font.size": 30, "axes.grid": True, "savefig.dpi": 50}):
        before = dict(matplotlib.rcParams)
        second = canvas.save(scatter.draw(data), tmp_path / "second")
        assert dict(matplotlib.rcParams) == before
    for one, two in zip(first, second, strict=True):
        assert one.read_bytes() == two.read_bytes()
    assert first[0].read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    assert b"marker-cardinality-8x64d" in first[1].read_bytes()


def test_a_label_with_a_dollar_is_no_formula():
    heading = Heading(r"cost $\frac$ of CIFAR_10")
    figure = scatter.draw(Scatter(heading, "x", "y", paper_figure().series))
    figure.draw_without_rendering()
    assert heading.title in [t.get_text() for t in figure.findobj(Text)]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("suffix", canvas.SUFFIXES)
def test_labels_in_any_script_are_drawn_without_warnings(suffix):
    """What our font has, as it is; the rest escaped, so that labels can be told apart."""
    series = [Series("cardinality", "cardinality", [Mark("a", "猫x64d", 1e5, 40, 1.0)])]
    heading = Heading("Ελληνικά и मानक", ["مرحبا, 猫🦕"])
    with canvas.styled():
        figure = scatter.draw(Scatter(heading, "x", "y", series))
    assert canvas.file_bytes(figure, suffix)
    texts = " ".join(t.get_text() for t in figure.findobj(Text))
    assert "\\u732bx64d" in texts and "\\u732b\\U0001f995" in texts and "猫" not in texts
    assert "Ελληνικά и \\u092e" in texts and "مرحبا" in texts
