"""Where the labels of a scatter plot go: near their markers, and over nothing.

A pure function of boxes in one unit (points, say); it draws nothing and knows no plotting library.
Every label has some two hundred candidate places on rings around its marker. Overlaps with
markers, error bars, other labels and the frame are forbidden; crossing a curve, a long distance,
and standing nearer to another marker are costs. The labels with the least room choose first, then
each improves its place while the others stand still, until none does. One that found no room turns
others out of theirs, which then look again.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

Box = tuple[float, float, float, float]
"""Left, bottom, right, top."""

Segment = tuple[float, float, float, float]
"""From x, y to x, y."""

GAPS = (2.0, 4.0, 7.0, 11.0, 16.0, 22.0, 30.0, 40.0, 54.0, 72.0, 96.0)
LEADER_FROM = 9.0
DIRECTIONS = 24
CLEARANCE = 1.2
ROUNDS = 12
EVICTIONS = 6  # for each label

_LINE_CROSSED = 7.0
_LEADER_CROSSES = 2.5
_LEADER_MEETS = 25.0
_LEADER = 4.0
_AMBIGUOUS = 10.0
_EVICTION = 10.0
_TURN = 0.045  # a degree away from the preferred direction


@dataclass(frozen=True)
class Anchor:
    """A marker at `x`, `y` with a `radius`, and the `size` (width, height) of its label.

    `preferred` is the direction in degrees, counter-clockwise from the right, in which the label
    is best placed.
    """

    x: float
    y: float
    radius: float
    size: tuple[float, float]
    preferred: float = 90.0


@dataclass(frozen=True)
class Place:
    """The `box` of a label, and the `leader` to its marker where it is at a distance.

    `padded` is the box with the clearance around it.
    """

    box: Box
    padded: Box
    leader: Segment | None
    cost: float


def place(
    anchors: Sequence[Anchor],
    obstacles: Sequence[Box],
    lines: Sequence[Segment],
    frame: Box,
    reach: float = math.inf,
) -> list[Place | None]:
    """A place for each anchor's label; None where the frame has no room for it.

    Labels stay inside `frame`, touch no box of `obstacles` (the markers and error bars, the
    anchors' own included) and no other label; `lines` are crossed only where nothing else is left.
    No label is further than `reach` from its marker. The same arguments give the same places.
    """
    candidates = [
        sorted(_candidates(index, anchors, obstacles, lines, frame, reach), key=lambda p: p.cost)
        for index in range(len(anchors))
    ]
    order = sorted(range(len(anchors)), key=lambda i: (len(candidates[i]), i))
    chosen = _settled(candidates, order, [None] * len(anchors))
    if None in chosen:
        chosen = _settled(candidates, order, _made_room(candidates, order, chosen))
    for index in (i for i in order if chosen[i] is None):
        # The last resort, in a knot of markers: leaders may cross; labels still may not.
        others = [p for p in chosen if p is not None]
        free = (p for p in candidates[index] if not any(overlap(p.padded, o.box) for o in others))
        chosen[index] = next(free, None)
    return chosen


def _settled(
    candidates: Sequence[Sequence[Place]], order: Sequence[int], chosen: Sequence[Place | None]
) -> list[Place | None]:
    """Each label in turn takes its cheapest free place, until none can improve."""
    settled = list(chosen)
    moves, seen = 0, dict[int, int]()  # how many moves there had been when a label last looked
    for _ in range(ROUNDS):
        before = moves
        for index in order:
            if seen.get(index) == moves:  # the others stand where they stood
                continue
            others = [p for i, p in enumerate(settled) if i != index and p is not None]
            free = (p for p in candidates[index] if not any(_conflict(p, o) for o in others))
            found = next(free, None)
            moves += found != settled[index]
            settled[index], seen[index] = found, moves
        if moves == before:
            break
    return settled


def _made_room(
    candidates: Sequence[Sequence[Place]], order: Sequence[int], chosen: Sequence[Place | None]
) -> list[Place | None]:
    """A label without a place turns others out of theirs; those turned out often are left alone."""
    placed = list(chosen)
    turned_out = [0] * len(placed)
    for _ in range(EVICTIONS * len(placed)):
        index = next((i for i in order if placed[i] is None and candidates[i]), None)
        if index is None:
            break
        best: tuple[float, list[int], Place] | None = None
        for found in candidates[index]:
            victims = [
                i for i, other in enumerate(placed) if other is not None and _conflict(found, other)
            ]
            cost = found.cost + sum(_EVICTION * (1 + turned_out[i]) for i in victims)
            if best is None or cost < best[0]:
                best = (cost, victims, found)
        assert best is not None, "a label with candidates has a best one"
        placed[index] = best[2]
        for victim in best[1]:
            placed[victim] = None
            turned_out[victim] += 1
    return placed


def overlap(a: Box, b: Box) -> bool:
    """Whether two boxes share an area."""
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def crosses(segment: Segment, box: Box) -> bool:
    """Whether a segment enters a box (Liang and Barsky's clipping)."""
    x0, y0, x1, y1 = segment
    left, bottom, right, top = box
    if (x0 < left and x1 < left) or (x0 > right and x1 > right):  # as most do
        return False
    if (y0 < bottom and y1 < bottom) or (y0 > top and y1 > top):
        return False
    enter, leave = 0.0, 1.0
    for start, step, low, high in ((x0, x1 - x0, left, right), (y0, y1 - y0, bottom, top)):
        if step == 0:
            if not low < start < high:
                return False
            continue
        near, far = (low - start) / step, (high - start) / step
        if near > far:
            near, far = far, near
        enter, leave = max(enter, near), min(leave, far)
    return enter < leave


def _candidates(
    index: int,
    anchors: Sequence[Anchor],
    obstacles: Sequence[Box],
    lines: Sequence[Segment],
    frame: Box,
    reach: float,
) -> Iterator[Place]:
    anchor = anchors[index]
    others = [(other.x, other.y) for i, other in enumerate(anchors) if i != index]
    for gap in (gap for gap in GAPS if gap <= reach):
        around = _around(anchor, gap)
        near = [one for one in obstacles if overlap(one, around)]
        foreign = [one for one in near if not _holds(one, anchor)]
        passing = [line for line in lines if overlap(_extent(line), around)]
        for step in range(DIRECTIONS):
            angle = step * 360 / DIRECTIONS
            box = _box(anchor, gap, math.radians(angle))
            if not _inside(box, frame):
                continue
            padded = _padded(box)
            if any(overlap(padded, one) for one in near):
                continue
            leader = _leader(anchor, box) if gap >= LEADER_FROM else None
            turn = abs((angle - anchor.preferred + 180) % 360 - 180)
            cost = gap + _TURN * turn
            cost += _LINE_CROSSED * sum(crosses(line, padded) for line in passing)
            if leader is not None:
                met = sum(crosses(leader, one) for one in foreign)
                met_lines = sum(_segments_cross(leader, line) for line in passing)
                cost += _LEADER + _LEADER_MEETS * met + _LEADER_CROSSES * met_lines
            elif any(_distance(box, at) < _distance(box, (anchor.x, anchor.y)) for at in others):
                cost += _AMBIGUOUS
            yield Place(box, padded, leader, cost)


def _box(anchor: Anchor, gap: float, angle: float) -> Box:
    width, height = anchor.size
    reach = anchor.radius + gap
    x = anchor.x + math.cos(angle) * (reach + width / 2)
    y = anchor.y + math.sin(angle) * (reach + height / 2)
    return (x - width / 2, y - height / 2, x + width / 2, y + height / 2)


def _around(anchor: Anchor, gap: float) -> Box:
    """What holds all places at a distance, with their leaders."""
    reach = anchor.radius + gap + 2 * CLEARANCE
    across, up = reach + anchor.size[0], reach + anchor.size[1]
    return (anchor.x - across, anchor.y - up, anchor.x + across, anchor.y + up)


def _extent(line: Segment) -> Box:
    x0, y0, x1, y1 = line
    return (min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))


def _leader(anchor: Anchor, box: Box) -> Segment:
    """From the marker's rim to the nearest point of the label."""
    x = min(max(anchor.x, box[0]), box[2])
    y = min(max(anchor.y, box[1]), box[3])
    length = math.hypot(x - anchor.x, y - anchor.y)
    rim = (anchor.radius + CLEARANCE) / length if length else 0.0
    return (anchor.x + (x - anchor.x) * rim, anchor.y + (y - anchor.y) * rim, x, y)


def _conflict(a: Place, b: Place) -> bool:
    if overlap(a.padded, b.box):
        return True
    if a.leader is not None and crosses(a.leader, b.padded):
        return True
    if b.leader is not None and crosses(b.leader, a.padded):
        return True
    return a.leader is not None and b.leader is not None and _segments_cross(a.leader, b.leader)


def _segments_cross(a: Segment, b: Segment) -> bool:
    return _parts(a, b) and _parts(b, a)


def _parts(line: Segment, other: Segment) -> bool:
    """Whether the ends of the other segment are on the two sides of a line."""
    x0, y0, x1, y1 = line
    across, up = x1 - x0, y1 - y0
    begin = across * (other[1] - y0) - up * (other[0] - x0)
    return begin * (across * (other[3] - y0) - up * (other[2] - x0)) < 0


def _distance(box: Box, at: tuple[float, float]) -> float:
    return math.hypot(
        max(box[0] - at[0], 0, at[0] - box[2]), max(box[1] - at[1], 0, at[1] - box[3])
    )


def _padded(box: Box) -> Box:
    return (box[0] - CLEARANCE, box[1] - CLEARANCE, box[2] + CLEARANCE, box[3] + CLEARANCE)


def _inside(box: Box, frame: Box) -> bool:
    return frame[0] <= box[0] and frame[1] <= box[1] and box[2] <= frame[2] and box[3] <= frame[3]


def _holds(box: Box, anchor: Anchor) -> bool:
    return box[0] <= anchor.x <= box[2] and box[1] <= anchor.y <= box[3]
