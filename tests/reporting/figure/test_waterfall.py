"""The waterfalls of a difference: the levels, and that every number can be read."""

import itertools

import pytest
from matplotlib.transforms import Bbox

from archscope.explore.networks.difference import COSTS, difference
from archscope.reporting.figure.plot import Style
from archscope.reporting.figure.waterfall import bars, draw_waterfalls

PAIRS = [
    ("resnet50", "resnext50_32x4d"),
    ("wrn_28_10", "resnext29_8x64d"),
    ("resnet18", "resnet50"),
    ("resnet50", "resnet50"),
    ("resnext50_32x4d", "resnext50_3x21d"),
    ("inception_v3-aux", "resnext101_64x4d@0.25-noshortcut"),
]


@pytest.fixture(scope="module")
def documents():
    return {pair: difference(*pair).document() for pair in PAIRS}


@pytest.mark.parametrize("split", ["by_choice", "by_stage"])
@pytest.mark.parametrize("cost", COSTS)
def test_each_bar_begins_where_the_one_above_ends(documents, split, cost):
    document = documents[PAIRS[1]]
    first, *changes, last = bars(document, split, cost)
    assert (first.start, first.end, first.total) == (0, document["from"][cost], True)
    assert (last.start, last.end, last.total) == (0, document["to"][cost], True)
    level = first.end
    for bar in changes:
        assert bar.start == level
        level = bar.end
    assert level == last.end


def test_bars_say_what_changed(documents):
    labels = [(bar.label, bar.detail) for bar in bars(documents[PAIRS[0]], "by_choice", "macs")]
    assert labels[2] == ("cardinality", "1 → 32")


def text_boxes(figure):
    """The boxes of all numbers and labels of the rows, as drawn."""
    canvas = figure.canvas
    canvas.draw()
    found = [text for axes in figure.axes for text in axes.texts]
    found += [text for text in figure.texts if text.get_gid() != "heading"]
    return [(text.get_text(), text.get_window_extent()) for text in found]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("pair", "on"),
    [(PAIRS[0], ("params",)), (PAIRS[1], COSTS), (PAIRS[3], ("macs",)), (PAIRS[5], COSTS)],
)
def test_all_numbers_stand_inside_and_apart(documents, pair, on):
    document = documents[pair]
    figure = draw_waterfalls(document, on)
    boxes = text_boxes(figure)
    splits = [split for split in ("by_choice", "by_stage") if document[split] is not None]
    rows = sum(len(document[split]) + 2 for split in splits)
    assert sum(len(axes.texts) for axes in figure.axes) == rows * len(on)
    page = figure.bbox
    for text, box in boxes:
        assert page.x0 <= box.x0 and box.x1 <= page.x1, text
        assert page.y0 <= box.y0 and box.y1 <= page.y1, text
    for index, (text, box) in enumerate(boxes):
        for other, second in boxes[index + 1 :]:
            common = Bbox.intersection(box, second)
            assert common is None or common.width < 1 or common.height < 2, (text, other)


@pytest.mark.parametrize("style", [Style(), Style(width=84 / 25.4, title=False)])
def test_what_changed_is_said_whole(documents, style):
    figure = draw_waterfalls(documents[PAIRS[4]], ("params",), style)
    said = [text for text in figure.texts if text.get_gid() == "row-label"]
    words = " ".join(text.get_text() for text in said).split()
    details = [bar.detail for bar in bars(documents[PAIRS[4]], "by_choice", "params") if bar.detail]
    assert details and all(" ".join(detail.split()) in " ".join(words) for detail in details)
    figure.canvas.draw()
    boxes = [text.get_window_extent() for text in said]
    assert all(box.x0 >= 0.1 * figure.dpi for box in boxes)
    for high, low in itertools.pairwise(boxes):
        assert low.y1 - high.y0 < 3  # pixels, of 200 an inch


@pytest.mark.slow
def test_numbers_stand_within_their_panel(documents):
    figure = draw_waterfalls(documents[PAIRS[0]], COSTS)
    figure.canvas.draw()
    for axes in figure.axes:
        frame = axes.get_window_extent()
        assert all(text.get_window_extent().x1 <= frame.x1 + 1 for text in axes.texts)


def test_an_axis_that_is_cut_says_so(documents):
    figure = draw_waterfalls(documents[PAIRS[0]], COSTS)
    cut = [axes for axes in figure.axes if axes.get_xlim()[0] > 0]
    whole = [axes for axes in figure.axes if axes.get_xlim()[0] == 0]
    assert len(cut) == 4 and len(whole) == 2
    assert all(axes.get_xlabel() == "the axis does not begin at 0" for axes in cut)
    assert all(axes.get_xlabel() == "" for axes in whole)
    # Two strokes through each of both totals and through the axis.
    breaks = [[one for one in axes.lines if one.get_gid() == "break"] for axes in (*cut, *whole)]
    assert [len(found) for found in breaks] == [6] * 4 + [0] * 2
