from __future__ import annotations

import itertools

import pytest

from archscope.errors import UsageError
from archscope.reporting.facts.published_points import published_points
from archscope.reporting.figure.published_plot import draw, gid, looks_of


def row(name, macs, error, family="one", dataset="ImageNet-1K", recipe=None):
    return {
        "name": name,
        "family": family,
        "params": macs // 100,
        "macs": macs,
        "activations": macs // 200,
        "published_error": error,
        "published_dataset": None if error is None else dataset,
        "published_recipe": recipe,
    }


ROWS = [
    row("cheap", 10**8, 40.0),
    row("beaten", 2 * 10**8, 41.0, recipe="theirs"),
    row("middle", 10**9, 30.0, "two", recipe="theirs"),
    row("best", 2 * 10**10, 20.0, "three"),
    row("small_images", 10**8, 5.0, "four", "CIFAR-10"),
    row("untold", 10**9, None, "five"),
]


def marks(figure):
    return {line.get_gid(): line for line in figure.axes[0].lines if line.get_gid()}


def test_networks_of_one_dataset_are_drawn_and_the_others_told():
    found = published_points(ROWS, "macs")
    assert [point.name for point in found.points] == ["cheap", "beaten", "middle", "best"]
    assert [point.name for point in found.front] == ["cheap", "middle", "best"]
    said = " ".join(found.sentences())
    assert "Left out: 1 on CIFAR-10, 1 without a published error." in said
    assert "4 networks" in said and "not comparable" in said


def test_a_recipe_of_the_source_is_hollow_and_the_front_is_joined():
    figure = draw(published_points(ROWS, "params"), "params")
    drawn = marks(figure)
    hollow = {name for name, mark in drawn.items() if mark.get_markerfacecolor() == "white"}
    assert hollow == {gid("beaten"), gid("middle")}
    assert list(drawn["front"].get_ydata()) == [40.0, 30.0, 20.0]
    assert list(drawn[gid("best")].get_xdata()) == [2 * 10**8]
    (axes,) = figure.axes
    assert axes.get_xscale() == "log" and axes.get_xlabel() == "parameters"
    assert axes.get_ylabel() == "published top-1 error (%)"
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["one", "two", "three"]


def test_no_two_of_sixty_families_look_alike():
    looks = looks_of([f"family{index}" for index in range(60)])
    assert len(set(looks.values())) == 60
    assert len({marker for _, marker in list(looks.values())[:7]}) == 7


def test_no_name_covers_another_or_a_marker_and_those_without_room_are_counted():
    """A crowd in one corner, drawn as it comes."""
    crowd = [
        row(f"network_{i}_{j}", int(10**9 * 1.07**i), 20.0 + 0.3 * j - 0.1 * i, f"family{i}")
        for i, j in itertools.product(range(9), range(3))
    ]
    crowd += ROWS[:4]
    figure = draw(published_points(crowd, "macs"), "macs")
    figure.canvas.draw()
    named = figure.findobj(lambda artist: str(artist.get_gid() or "").startswith("label-"))
    boxes = [text.get_window_extent() for text in named]
    assert not [pair for pair in itertools.combinations(boxes, 2) if pair[0].overlaps(pair[1])]
    drawn = marks(figure)
    places = [
        figure.axes[0].transData.transform((mark.get_xdata()[0], mark.get_ydata()[0]))
        for name, mark in drawn.items()
        if name != "front"
    ]
    assert not [place for place in places for box in boxes if box.contains(*place)]
    names = {text.get_text() for text in named}
    assert {"cheap", "middle", "best"} <= names
    missing = len(crowd) - len(names)
    assert missing > 0
    assert figure.axes[0].get_xlabel().endswith(f"; {missing} without room for a name")


@pytest.mark.parametrize(
    ("rows", "cost", "words"),
    [
        (ROWS, "seconds", "against params, macs, activations, latency, not 'seconds'"),
        (ROWS[5:], "macs", "needs a network with a published error"),
    ],
)
def test_what_cannot_be_drawn_is_said(rows, cost, words):
    with pytest.raises(UsageError, match=words):
        published_points(rows, cost)
