"""Boxes too large to go through, or whose designs no 64-bit number can count."""

from __future__ import annotations

import pytest

from archscope.arch.names import parse
from archscope.cost import count
from archscope.errors import ArchscopeError, InfeasibleError, UsageError
from archscope.explore.design import draw, enumerate
from archscope.explore.design.collect import Order
from archscope.explore.design.enumerate import enumerate_designs
from archscope.explore.design.enumeration import Query

WIDE = range(1, 100_001)


def query(family="resnext50", ranges=None, **given):
    return Query([family], given, ranges or {})


@pytest.mark.parametrize("sample", [None, 5])
def test_too_many_are_refused_or_drawn_from(monkeypatch, sample):
    box = query(cardinality=WIDE, width=WIDE)
    if sample is None:
        with pytest.raises(UsageError, match=r"10,000,000,000 designs are too many .*--exhaustive"):
            enumerate_designs(box)
        return
    box = query("resnet", depth=range(1, 1001))
    found = enumerate_designs(box, Order("-macs", sample=sample, seed=3))
    names = [row["network"] for row in found.rows()]
    assert len(set(names)) == sample and found.drawn >= sample
    assert [row["macs"] for row in found.rows()] == [count(parse(name)).macs for name in names]
    assert names == [network["network"] for network in enumerate_designs(box, found.order).rows()]
    assert f"of {found.drawn:,} designs looked at do" in found.tables()[0].notes[0]


@pytest.mark.slow
def test_what_is_drawn_fulfils_the_query_and_misses_nothing(monkeypatch):
    """Each of a small box comes up, when as many are asked for as there are."""
    box = query(ranges={"params": (0, 30_000_000)}, cardinality=range(1, 65), width=range(1, 9))
    every = {row["network"] for row in enumerate_designs(box).rows()}
    monkeypatch.setattr(enumerate, "MOST_CANDIDATES", 10)
    monkeypatch.setattr(draw, "MOST_DRAWS", 200_000)
    found = enumerate_designs(box, Order(sample=len(every) + 5))
    assert {row["network"] for row in found.rows()} == every
    few = [enumerate_designs(box, Order(sample=20, seed=seed)) for seed in range(30)]
    drawn = [row["network"] for one in few for row in one.rows()]
    assert len(drawn) == 600 and len(set(drawn)) > 0.6 * len(every)


def test_none_of_those_drawn(monkeypatch):
    monkeypatch.setattr(draw, "MOST_DRAWS", 100)
    monkeypatch.setattr(draw, "CHUNK", 512)
    box = query("resnet", {"macs": (1, 10**12), "params": (10**9, 10**9)}, depth=range(1, 10_001))
    with pytest.raises(ArchscopeError, match="designs drawn at random meets") as caught:
        enumerate_designs(box, Order(sample=2))
    assert caught.value.exit_code == 1


def test_where_only_designs_out_of_range_overflow_there_is_no_design():
    box = query(ranges={"params": (0, 10**6)}, cardinality=WIDE[60_000:], width=WIDE[60_000:])
    with pytest.raises(InfeasibleError, match="the nearest is resnext50_60001x60001d"):
        enumerate_designs(box)


def test_what_is_in_range_is_found_beside_what_overflows():
    box = query(ranges={"params": (0, 9_000_000)}, cardinality=WIDE, width=WIDE)
    found = [row["network"] for row in enumerate_designs(box).rows()]
    small = query(ranges={"params": (0, 9_000_000)}, cardinality=range(1, 99), width=range(1, 99))
    assert found == [row["network"] for row in enumerate_designs(small).rows()] and found


def test_where_designs_in_range_overflow_it_says_so():
    box = query(ranges={"params": (10**9, None)}, cardinality=WIDE, width=WIDE)
    with pytest.raises(UsageError, match="more than a 64-bit number holds: state smaller ranges"):
        enumerate_designs(box, Order(sample=3))


def test_how_far_it_is(monkeypatch):
    monkeypatch.setattr(enumerate, "_SOON", 100)
    monkeypatch.setattr(enumerate, "_BETWEEN", 0.0)
    said = []
    box = query("resnet", depth=range(1, 21))
    enumerate_designs(box, Order(limit=1), note=said.append)
    assert said[0] == "archscope: 160,000 candidates to go through"
    shares = [int(line.split()[1]) for line in said[1:]]
    assert shares == sorted(shares) and shares[-1] == 100 and len(shares) > 2
    assert said[-1] == "archscope: 100 % done, 160,000 designs found"
