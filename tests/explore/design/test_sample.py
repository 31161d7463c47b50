"""Samples are of different networks, each as likely as any other, from a box of any size."""

from __future__ import annotations

from collections import Counter, defaultdict
from fractions import Fraction
from itertools import count as count_up

import numpy as np
import pytest

from archscope.arch.families.regnet.ramps import Beginnings
from archscope.arch.names import parse
from archscope.arch.scaling import plain
from archscope.cost.formula import count
from archscope.cost.memory import peak_elements
from archscope.cost.stored import Storage
from archscope.errors import InfeasibleError
from archscope.explore.design import draw, enumerate
from archscope.explore.design.caps.conditions import Conditions
from archscope.explore.design.collect import Order
from archscope.explore.design.drawing.alike import Alike
from archscope.explore.design.drawing.fingerprints import fingerprints
from archscope.explore.design.drawing.joined import Joined
from archscope.explore.design.drawing.lines import PICK, Lines
from archscope.explore.design.enumerate import enumerate_designs
from archscope.explore.design.enumeration import Query
from archscope.explore.design.inverse import Options, inverse
from archscope.explore.design.limits import Limit

SMALL = {
    "regnetx": {
        "depth": range(4, 7),
        "w0": [8, 24, 32],
        "wa": [Fraction(number, 10) for number in range(80, 400, 8)],
        "wm": [Fraction(5, 2), Fraction(11, 4), Fraction(3)],
        "group": [8, 16, 24],
    },
    "mobilenet_v2": {"width": [Fraction(number, 50) for number in range(10, 70)]},
    "anynet": {"depth": [1], "width": [8, 16, 24], "group": [8, 16, 24]},
}
FINE = {
    **SMALL["regnetx"],
    "depth": [4, 5],
    "w0": [24, 32],
    "wa": [Fraction(number, 5) for number in range(40, 200)],
    "wm": [Fraction(number, 20) for number in (44, 46, 47, 48, 49, 50, 60)],
    "group": [8, 16],
}
BOX = Query(["regnetx"], FINE, {"params": (250_000, 330_000)})


def part_of(family):
    [part] = enumerate.spaces(Query([family], SMALL[family]))[0].parts()
    grid = np.meshgrid(*(part.column(axis) for axis in part.free), indexing="ij")
    return part, {axis: one.ravel() for axis, one in zip(part.free, grid, strict=True)}


def tree_of(part, columns, row):
    chosen = {axis: plain(column[row]) for axis, column in columns.items()}
    network = part.space.network(part.values(chosen))
    return network.tree, network.input


def networks(found):
    """The trees of what was listed."""
    return [found.network(row).tree for row in range(len(found))]


@pytest.mark.parametrize("family", SMALL)
def test_fingerprints_are_equal_where_the_trees_are(family):
    part, columns = part_of(family)
    prints = fingerprints(part, columns)
    rows = np.random.default_rng(1).permutation(len(prints))[:150]
    trees = {int(row): tree_of(part, columns, int(row)) for row in rows}
    assert len(set(trees.values())) == len({int(prints[row]) for row in rows})
    pairs = {(tree, int(prints[row])) for row, tree in trees.items()}
    assert len(pairs) == len(set(trees.values())) < len(rows)


@pytest.mark.parametrize("family", ["regnetx", "mobilenet_v2", "anynet"])
def test_one_design_of_each_network_is_the_first(family):
    part, columns = part_of(family)
    prints = fingerprints(part, columns)
    rows_of = defaultdict(list)
    for row, number in enumerate_rows(prints):
        rows_of[number].append(row)
    alike = Alike(part)
    several = [rows for rows in rows_of.values() if len(rows) > 1]
    assert several
    for rows in several[:: max(1, len(several) // 25)]:
        first = alike.first({axis: one[rows] for axis, one in columns.items()}, prints[rows])
        assert first.sum() == 1
    assert not alike.unknown


def enumerate_rows(prints):
    return zip(range(len(prints)), prints.tolist(), strict=True)


def test_a_ramp_changes_only_where_it_may_begin_to_be_another():
    part, columns = part_of("regnetx")
    values = {axis: part.column(axis) for axis in part.free}
    along = part.free.index("wa")
    prints = fingerprints(part, columns).reshape([len(values[axis]) for axis in part.free])
    begins = Beginnings(values)
    picks = np.arange(begins.number)
    changes = 0
    for place in np.ndindex(*(1 if i == along else n for i, n in enumerate_sizes(prints))):
        index = [slice(None) if i == along else at for i, at in zip(range(5), place, strict=True)]
        line = prints[tuple(index)]
        at = {axis: values[axis][place[i]] for i, axis in zip(range(5), part.free, strict=True)}
        held = {axis: np.full(len(picks), at[axis]) for axis in ("w0", "wm")}
        changed = 1 + np.flatnonzero(line[1:] != line[:-1])
        assert {0, *changed.tolist()} <= set(begins.places(held, picks).tolist())
        changes += len(changed)
    assert changes > 100


def enumerate_sizes(array):
    return zip(range(array.ndim), array.shape, strict=True)


def test_lines_know_which_of_their_designs_lie_in_the_ranges():
    ranges = {"macs": (2_000_000_000, 2_300_000_000), "params": (0, 30_000_000)}
    query = Query(["resnet"], {"depth": range(1, 6)}, ranges)
    every = Counter(
        tuple(map(int, row["blocks"].split("-"))) for row in enumerate_designs(query).rows()
    )
    part = next(iter(enumerate.spaces(query)[0].parts()))
    lines = Lines(part, Conditions(ranges), 1)
    grid = np.meshgrid(*[np.arange(1, 6)] * 3, indexing="ij")
    outer = [axis for axis in part.free if axis not in lines.designs({}, np.zeros(1, int))]
    columns = {axis: one.ravel() for axis, one in zip(outer, grid, strict=True)}
    first, number = lines.inside({**columns, PICK: np.zeros(125, int)})
    found = Counter()
    for row, several in enumerate_rows(number):
        for place in range(several):
            one = {axis: column[[row]] for axis, column in columns.items()}
            design = lines.designs(one, first[[row]] + place)
            found[tuple(int(design[f"depth{stage}"][0]) for stage in (1, 2, 3, 4))] += 1
    assert found == every and 10 < len(every) < 600
    assert lines.counted < 625


TOY = '''
from archscope.arch.families.axis import Axis
from archscope.arch.families.family import family
from archscope.arch.nodes import Conv, Linear, Pool, Seq


@family("toy[_{one}_{other}]", Axis("one", range(1, 41)), Axis("other", range(1, 11)))
def toy(one: int, other: int, *, classes: int = 10) -> Seq:
    """Of few widths, the small ones given by many numbers."""
    return Seq(Conv(1 + one * other // 40, 3), Pool("global"), Linear(classes))
'''


@pytest.mark.parametrize("drawn", [True, False], ids=["drawn", "gone through"])
def test_each_network_is_as_likely_as_any_other(monkeypatch, tmp_path, drawn):
    """Though one is given by a hundred times as many designs as another."""
    query = _toys(tmp_path)
    _check_uniform(monkeypatch, query, drawn, size=2, seeds=60 if drawn else 250)


@pytest.mark.slow
@pytest.mark.parametrize("drawn", [True, False], ids=["drawn", "gone through"])
def test_each_regnet_is_as_likely_as_any_other(monkeypatch, drawn):
    _check_uniform(monkeypatch, BOX, drawn, size=2, seeds=50)


def _toys(folder):
    (folder / "toy.py").write_text(TOY, encoding="utf-8")
    return Query([f"{folder / 'toy.py'}:toy"], {}, {"params": (0, 10_000)})


def _check_uniform(monkeypatch, query, drawn, size, seeds):
    """Chi-square against the full list."""
    with monkeypatch.context() as patch:  # all designs: as if each were a network of its own
        numbers = count_up()
        patch.setattr(
            enumerate,
            "fingerprints",
            lambda _, columns: np.array([next(numbers) for _ in next(iter(columns.values()))]),
        )
        given = Counter(networks(enumerate_designs(query)))
    assert max(given.values()) > 2 * min(given.values()) and len(given) > 6
    if drawn:
        monkeypatch.setattr(enumerate, "MOST_CANDIDATES", 10)
        monkeypatch.setattr(draw, "CHUNK", 512)
    times = Counter()
    for seed in range(seeds):
        found = enumerate_designs(query, Order(sample=size, seed=seed))
        trees = networks(found)
        assert len(set(trees)) == len(trees) == size and (found.drawn is not None) == drawn
        times.update(trees)
    assert times.keys() <= given.keys()
    expected, degrees = size * seeds / len(given), len(given) - 1
    chi_square = sum((times[tree] - expected) ** 2 / expected for tree in given)
    chi_square /= 1 - size / len(given)  # within a sample no network comes twice
    assert chi_square < degrees + 3 * (2 * degrees) ** 0.5


def test_no_part_of_a_box_is_drawn_first(monkeypatch):
    monkeypatch.setattr(enumerate, "MOST_CANDIDATES", 10)
    query = Query(["resnext50", "resnext101"], {"cardinality": range(1, 65), "width": range(1, 9)})
    rows = list(enumerate_designs(query, Order(sample=60)).rows())
    deep = sum(row["network"].startswith("resnext101") for row in rows)
    assert 12 < deep < 48  # 30, with a deviation of 4


def test_it_says_so_where_there_are_fewer(monkeypatch, tmp_path):
    query = _toys(tmp_path)
    every = set(networks(enumerate_designs(query)))
    found = enumerate_designs(query, Order(sample=100))
    assert set(networks(found)) == every and len(found) == len(every) < 100
    assert "all there are" in found.tables()[0].notes[0]
    monkeypatch.setattr(enumerate, "MOST_CANDIDATES", 10)
    monkeypatch.setattr(draw, "CHUNK", 512)
    found = enumerate_designs(query, Order(sample=100))
    assert set(networks(found)) == every and found.again >= 14 * (len(every) + 1)
    assert "These seem to be all" in " ".join(found.tables()[0].notes)
    monkeypatch.setattr(draw, "SURELY", 10**6)
    monkeypatch.setattr(draw, "MOST_DRAWS", 20_000)
    found = enumerate_designs(query, Order(sample=100))  # little is left: it is gone through
    assert found.drawn is None and len(found) == len(every)
    monkeypatch.setattr(enumerate, "MOST_THIN", 10)
    found = enumerate_designs(query, Order(sample=100))
    note = " ".join(found.tables()[0].notes)
    assert set(networks(found)) == every
    assert f"{found.matches:,} of {found.drawn:,} designs looked at do" in note
    assert "100 were not found in so many" in note


MOBILE = {
    "width": [Fraction(number, 50) for number in range(12, 28)],
    **{f"expansion{stage}": [1, 2, 3, 4] for stage in (2, 3)},
    **{f"depth{stage}": [1, 2, 3] for stage in (3, 4)},
}


def few_bytes(memory, given=MOBILE):
    ranges = {"memory": (0, memory), "weights": (0, 450_000)}
    storage = Storage("int8", "int8", fold=True)
    return Query(["mobilenet_v2"], given, ranges, 1, 2, (3, 64, 64), storage)


@pytest.mark.parametrize("tabled", [True, False])
def test_what_needs_too_many_bytes_is_left_out_with_all_that_need_more(monkeypatch, tabled):
    query = few_bytes(30_000)
    monkeypatch.setattr(enumerate, "over_stored", lambda *_: None)
    every = enumerate_designs(query)
    monkeypatch.undo()
    if tabled:
        monkeypatch.setattr("archscope.explore.design.space._MANY", 1)
    found = enumerate_designs(query)
    assert list(found.rows()) == list(every.rows()) and 0 < found.matches < found.candidates / 4
    assert found.counted < every.counted
    memories = [peak_elements(query.storage.held(found.network(row))) for row in range(len(found))]
    assert memories == [row["memory"] for row in found.rows()] and max(memories) <= 30_000


def test_a_sample_by_tables_is_of_first_designs_as_without(monkeypatch):
    [part] = enumerate.spaces(few_bytes(60_000))[0].parts()
    rng = np.random.default_rng(3)
    drawn = {axis: rng.choice(part.column(axis), 60) for axis in part.free}
    assert part.tables is None
    monkeypatch.setattr("archscope.explore.design.space._MANY", 1)
    [tabled] = enumerate.spaces(few_bytes(60_000))[0].parts()
    prints = fingerprints(part, drawn)
    assert tabled.tables is not None
    one, other = (Alike(each).first(drawn, prints) for each in (part, tabled))
    assert one.tolist() == other.tolist() and 0 < one.sum() < 60


@pytest.fixture
def tabled(monkeypatch):
    """Makes the only part of AnyNets of these numbers, with tables however few they are."""
    monkeypatch.setattr("archscope.explore.design.space._MANY", 1)

    def made(**given):
        [part] = enumerate.spaces(Query(["cifar_anynet"], given))[0].parts()
        return part

    return made


def test_the_first_by_tables_is_the_first_of_all_designs_that_give_its_network(tabled):
    part = tabled(depth=[1, 2], width=[16, 24, 32], group=[16], depth4=[1], width1=[16])
    rows = np.indices([len(part.arrays[word]) for word in part.free]).reshape(len(part.free), -1).T
    pairs = zip(part.free, rows.T, strict=True)
    columns = {word: part.column(word)[places] for word, places in pairs}
    lengths = [len(part.arrays[word]) for word in part.free]
    found = Joined(part.tables.tables, lengths)
    order = [place for step in found._steps for place in step.new]
    before = np.lexsort([rows[:, place] for place in reversed(order)])
    prints = fingerprints(part, columns)
    _, first = np.unique(prints[before], return_index=True)
    some = np.random.default_rng(1).permutation(len(rows))[:250]
    expected = np.isin(some, before[first])
    assert found.first(rows[some]).tolist() == expected.tolist()
    assert 0 < expected.sum() < len(some) and not found.unknown


def test_stages_of_one_block_are_told_apart_without_trying_all_widths(tabled, monkeypatch):
    monkeypatch.setattr("archscope.explore.design.drawing.joined.MOST_TRIED", 50)
    part = tabled(depth=[1, 2], width=list(range(16, 1025, 16)))
    lengths = [len(part.arrays[word]) for word in part.free]
    found = Joined(part.tables.tables, lengths)
    rows = np.random.default_rng(1).integers(0, lengths, (64, len(lengths)))
    rows[:, [word.startswith("depth") for word in part.free]] = 0
    assert found.first(rows).all() and not found.unknown


def test_where_the_smallest_needs_too_many_bytes_nothing_is_drawn():
    large = {**MOBILE, **{f"expansion{stage}": range(1, 9) for stage in range(1, 8)}}
    with pytest.raises(InfeasibleError, match=r"bytes of memory, .* times the most"):
        enumerate_designs(few_bytes(9_000, large), Order(sample=5))


def test_what_cannot_be_is_infeasible_in_any_box():
    query = Query(["resnet"], {"depth": range(1, 10_001)}, {"params": (0, 1000)})
    with pytest.raises(InfeasibleError, match="the nearest is"):
        enumerate_designs(query, Order(sample=5))


@pytest.mark.slow
def test_a_hundred_regnets_of_one_size():
    """Of 1.6 billion designs one in 60,000 is such, and few of those are different networks."""
    given = {
        "wa": [Fraction(number, 10) for number in range(80, 2561)],
        "wm": [Fraction(number, 100) for number in range(150, 301)],
        "group": range(8, 65, 8),
    }
    ranges = {"macs": (396_000_000, 404_000_000), "params": (5_044_000, 5_356_000)}
    found = enumerate_designs(Query(["regnetx"], given, ranges), Order("-macs", sample=100))
    assert len(set(networks(found))) == 100 and not found.unknown
    for row in found.rows():
        assert all(low <= row[metric] <= high for metric, (low, high) in ranges.items())


@pytest.mark.slow
def test_one_network_is_named_once():
    """EfficientNets of which several depth factors, rounded up, give the same blocks."""
    words = {"width": [1, 2], "depth": [Fraction(number, 20) for number in range(20, 34)]}
    every = [
        parse(f"efficientnet_{width}_{float(depth):g}_224")
        for width in words["width"]
        for depth in words["depth"]
    ]
    costs = sorted({(count(one).params, count(one).macs) for one in every})  # of a network each
    assert len(costs) < len(every)
    listed = list(enumerate_designs(Query(["efficientnet"], words)).rows())
    assert sorted((row["params"], row["macs"]) for row in listed) == costs
    first = enumerate_designs(Query(["efficientnet"], words), Order(limit=5))
    assert [(row["params"], row["macs"]) for row in first.rows()] == costs[:5]
    middle = costs[len(costs) // 2][0]
    for limit in (Limit("params", middle), Limit("params", middle, hard=True)):
        options = Options(nearest=5)
        found = inverse("efficientnet", [limit], given=words, free=list(words), options=options)
        rows = found.document()["answers"][0]["designs"]
        assert len({(row["params"], row["macs"]) for row in rows}) == len(rows) == 5
        off = [abs(row["params"] - middle) for row in rows]
        inside = [one for one in costs if not limit.hard or one[0] <= middle]
        assert off == sorted(abs(params - middle) for params, _ in inside)[:5]


def test_parts_of_one_design_outside_the_bytes_give_nothing(monkeypatch):
    monkeypatch.setattr(draw, "SMALL", 0)
    given = {"widen": [1], "deepening": [1, 2], "scale": [Fraction(k, 4) for k in (1, 3, 4)]}
    rows = list(enumerate_designs(Query(["wrn_16"], given, {"memory": (0, 10**9)})).rows())
    for row in rows:
        ends = {"memory": (row["memory"], row["memory"])}
        [drawn] = enumerate_designs(Query(["wrn_16"], given, ends), Order(sample=1)).rows()
        assert drawn["memory"] == row["memory"]
