from __future__ import annotations

import random

import pytest
from hypothesis import strategies as st
from properties import examples

from archscope.reporting.figure.labels import Anchor, crosses, overlap, place

FRAME = (0.0, 0.0, 400.0, 250.0)
LABEL = (30.0, 10.0)


def marker_box(anchor):
    r = anchor.radius
    return (anchor.x - r, anchor.y - r, anchor.x + r, anchor.y + r)


def check(places, obstacles):
    """What always holds of the labels that were placed."""
    boxes = [found.box for found in places if found is not None]
    for index, box in enumerate(boxes):
        assert FRAME[0] <= box[0] and FRAME[1] <= box[1]
        assert box[2] <= FRAME[2] and box[3] <= FRAME[3]
        assert box[2] - box[0] == pytest.approx(LABEL[0])
        assert not any(overlap(box, obstacle) for obstacle in obstacles)
        assert not any(overlap(box, other) for other in boxes[:index])


def thirteen(seed, spread):
    """Thirteen markers with error bars, at random in `spread` by half of it."""
    draw = random.Random(seed)
    anchors = [
        Anchor(
            50 + draw.uniform(0, spread),
            50 + draw.uniform(0, spread / 2),
            3,
            LABEL,
            draw.uniform(0, 360),
        )
        for _ in range(13)
    ]
    bars = [(a.x - 1, a.y - h, a.x + 1, a.y + h) for a in anchors for h in [draw.uniform(0, 20)]]
    return anchors, [*map(marker_box, anchors), *bars]


def test_a_lone_label_stands_where_it_is_preferred():
    above = Anchor(100, 100, 3, LABEL, preferred=90)
    (found,) = place([above], [marker_box(above)], [], FRAME)
    assert found.box == pytest.approx((85, 105, 115, 115), abs=2.01)
    assert found.leader is None
    below = Anchor(100, 100, 3, LABEL, preferred=270)
    (found,) = place([below], [marker_box(below)], [], FRAME)
    assert found.box[3] < 100


def test_a_curve_is_avoided():
    anchor = Anchor(100, 100, 3, LABEL, preferred=90)
    line = (0.0, 108.0, 400.0, 108.0)
    (found,) = place([anchor], [marker_box(anchor)], [line], FRAME)
    assert not crosses(line, found.box)


def test_a_label_in_the_corner_stays_in_the_frame():
    anchor = Anchor(398, 248, 3, LABEL, preferred=45)
    (found,) = place([anchor], [marker_box(anchor)], [], FRAME)
    check([found], [marker_box(anchor)])


@examples(3, 50, st.integers(0, 10**6), st.sampled_from([30.0, 100.0, 300.0]))
def test_labels_never_collide(seed, spread):
    anchors, obstacles = thirteen(seed, spread)
    places = place(anchors, obstacles, [], FRAME)
    check(places, obstacles)
    assert places == place(anchors, obstacles, [], FRAME)


@pytest.mark.parametrize("seed", [401, 1, 2])
@pytest.mark.parametrize("spread", [100.0, 300.0])
def test_in_a_dense_figure_every_label_has_a_place_and_no_leader_meets_one(seed, spread):
    # Best effort, so fixed cases. Without turning labels out of their places, 401 at 100 fails.
    anchors, obstacles = thirteen(seed, spread)
    places = place(anchors, obstacles, [], FRAME)
    assert None not in places
    for found in places:
        others = [other.leader for other in places if other is not found and other.leader]
        assert not any(crosses(leader, found.box) for leader in others)


def test_in_a_heap_smaller_than_a_label_every_label_has_a_place():
    anchors, obstacles = thirteen(0, 30.0)
    places = place(anchors, obstacles, [], FRAME)
    assert None not in places
    check(places, obstacles)


def test_no_room_is_said_and_not_forced():
    anchor = Anchor(10, 10, 3, (30.0, 10.0))
    assert place([anchor], [marker_box(anchor)], [], (0, 0, 20, 20)) == [None]


def test_crossing_and_overlap():
    box = (0.0, 0.0, 10.0, 10.0)
    assert crosses((-5, 5, 15, 5), box)
    assert crosses((2, 2, 3, 3), box)
    assert not crosses((-5, 11, 15, 11), box)
    assert not crosses((-5, 5, 5, 17), box)
    assert not crosses((5, -3, 5, -1), box)
    assert overlap(box, (9, 9, 12, 12)) and not overlap(box, (10, 0, 12, 10))
