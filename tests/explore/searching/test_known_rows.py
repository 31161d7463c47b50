"""Rows of an earlier table taken over by a new one, and a table of the first designs of a draw."""

from dataclasses import replace

import pytest

import archscope as a
from archscope.arch.names import parse
from archscope.data.dataset import DatasetInfo
from archscope.errors import ArchscopeError, UsageError
from archscope.explore.searching.table import SHIPPED, read_table, write_table
from archscope.explore.searching.table_known import Known
from archscope.explore.training.run_plan import Console
from archscope.sweep.plan.reading import read
from archscope.sweep.plan.slots import Resources
from archscope.training.devices import Inventory

FEW = {"samples": 64, "test_samples": 20, "epochs": 1, "batch": 32}


def known(**changes):
    """The shipped table's rows, for a table that is trained as it was but for `changes`."""
    table = read_table()
    data = read(DatasetInfo, {**table.about["dataset"], "folder": "", "official": False}, "")
    return Known(SHIPPED, replace(table.settings, **changes), data)


def networks(names):
    return [parse(name, 10, (3, 32, 32)) for name in names]


def test_the_keys_of_the_shipped_table_are_those_of_the_same_trainings_today():
    table = read_table()
    names = list(dict.fromkeys(row.network for row in table.rows))[:12]
    found = known().rows(networks([*names, "wrn_10_1@0.375"]))
    assert list(found) == names
    assert all(found[name] == [row for row in table.rows if row.network == name] for name in names)
    assert known(seeds=(1, 2, 3)).rows(networks(names)) == {}  # of a third seed nothing is known


def test_another_training_is_refused_with_what_differs():
    recipe = read_table().settings.recipe
    with pytest.raises(UsageError, match=r"batch 32 there, 64 asked.*give the same options"):
        known(recipe=replace(recipe, batch=64))
    with pytest.raises(UsageError, match=r"data sha256.* there, sha256:0 asked"):
        Known(SHIPPED, read_table().settings, replace(known().data, fingerprint="sha256:0"))


def test_a_network_that_is_built_otherwise_now_is_no_row(tmp_path):
    table = read_table()
    row = replace(table.rows[0], key="other-s1-0")
    write_table(tmp_path / "t.csv", replace(table, rows=[row, *table.rows[1:4]]))
    found = Known(tmp_path / "t.csv", table.settings, known().data)
    assert list(found.rows(networks([table.rows[0].network, table.rows[2].network]))) == [
        table.rows[2].network
    ]


def test_another_machine_is_refused_before_there_is_a_folder(tmp_path):
    here, asked = Inventory(2, "a processor"), known().resources(Resources(workers=1))
    known().check(asked, here, tmp_path / "t.sweep")
    known().check(asked, here, None)
    for changes in ({"precision": "bf16"}, {"threads": 2}):
        for folder in (tmp_path / "t.sweep", None):  # also where nothing is left to be trained
            with pytest.raises(UsageError, match=r"there, \w+ asked.*give the same options"):
                known().check(replace(asked, **changes), here, folder)
    assert not list(tmp_path.iterdir())


def two_makings(tmp_path):
    """A table file of two designs: one row of the first making, one of the second."""
    table = read_table()
    first, other = table.rows[0], table.rows[2]
    earlier = {**table.makings[0], "hours": 12.0, "command": ["first"]}
    about = {**table.about, "hours": 34.0, "command": ["second"], "earlier": [earlier]}
    rows = [*table.rows[:2], replace(other, part=1), replace(table.rows[3], part=1)]
    write_table(tmp_path / "two.csv", replace(table, about=about, rows=rows))
    return Known(tmp_path / "two.csv", table.settings, known().data), first.network, other.network


def test_hours_are_those_of_the_rows_that_are_taken(tmp_path):
    earlier, one, other = two_makings(tmp_path)
    both = earlier.continued({}, earlier.rows(networks([one, other])), {})
    assert (both["hours"], both["earlier"][0]["hours"]) == (34.0, 12.0)
    alone = earlier.continued({}, earlier.rows(networks([one])), {"n": 1})
    assert (alone["hours"], alone["earlier"][0]["hours"]) == (0, 12.0)
    only = known(seeds=(1,))  # of two seeds one is asked for
    rows = only.rows(networks([one]))
    about, row = only.continued({}, rows, {}), rows[one][0]
    told = [*about.get("earlier", ()), about][row.part]["hours"]
    whole = read_table().makings[row.part]["hours"]
    assert told == round(sum(row.seconds) / 3600, 3) < whole
    with_new = earlier.continued({"hours": 1.0}, earlier.rows(networks([other])), {})
    assert with_new["hours"] == 1.0
    assert [making["hours"] for making in with_new["earlier"]] == [0, 34.0]


def test_a_making_of_which_no_row_was_taken_is_not_shown(tmp_path):
    earlier, one, _ = two_makings(tmp_path)
    rows = earlier.rows(networks([one]))
    about = earlier.continued({}, rows, {"n": 1})
    write_table(tmp_path / "t.csv", replace(earlier.table, about=about, rows=rows[one]))
    shown = a.table_show(tmp_path / "t.csv")
    notes = " ".join(shown.tables()[0].notes)
    assert "made by: first" in notes and "made by: second" not in notes
    assert {row["part"] for row in shown.document()["rows"]} == {0}


def test_the_machine_is_the_earlier_tables_where_nothing_is_asked():
    machine = read_table().about["machine"]
    asked = known().resources(Resources(workers=7))
    assert (asked.gpus, asked.workers) == (0, 7)
    assert (asked.threads, asked.precision) == (machine["threads"], machine["precision"])
    assert known().resources(Resources(threads=3)).threads == 3


def test_a_row_of_no_making_is_damage(tmp_path):
    table = read_table()
    write_table(tmp_path / "t.csv", replace(table, rows=[replace(table.rows[0], part=9)]))
    with pytest.raises(ArchscopeError, match="is of part 9 of"):
        read_table(tmp_path / "t.csv")


def made(tmp_path, said, precision="fp32", **changes):
    few = a.FeasibleSet(["wrn_10"], "200kparams", given={"widen": [1, 1.25, 1.5]})
    return a.table_make(
        few,
        tmp_path / "t.csv",
        n=3,
        dataset="shapes",
        resources=Resources(gpus=0, workers=1, threads=1, precision=precision),
        console=Console(said.append, live=False),
        **{**FEW, "seeds": 1, **changes},
    )


@pytest.mark.slow
@pytest.mark.usefixtures("quick_workers")
def test_a_table_grows_in_slices_and_without_the_folder_of_its_trials(tmp_path):
    first = made(tmp_path, [], first=1)
    assert len(first.table.rows) == 1
    assert first.table.about["space"]["trained"] == 1
    (tmp_path / "t.sweep").rename(tmp_path / "gone")

    said: list[str] = []
    second = made(tmp_path, said, first=2, known=tmp_path / "t.csv")
    assert f"Taken over from {tmp_path / 't.csv'}: 1 design; to be trained: 1." in said
    assert second.table.rows[0] == first.table.rows[0]
    assert [row.part for row in second.table.rows] == [0, 1]
    assert second.table.makings[:1] == first.table.makings
    assert [row.network for row in second.table.rows] == [
        one.network for one in made(tmp_path, []).table.rows[:2]
    ]  # in the order of the draw, of which three are all

    (tmp_path / "t.sweep").rename(tmp_path / "gone too")
    third = made(tmp_path, said, known=tmp_path / "t.csv")
    assert said[-1].endswith("3 designs; to be trained: 0.")
    assert "trained" not in third.table.about["space"]
    verified = a.table_verify(tmp_path / "t.csv", rows=3, console=Console(said.append, live=False))
    assert [one["outcome"] for one in verified.rows] == ["equal"] * 3

    with pytest.raises(UsageError, match="precision fp32 there, bf16 asked"):
        made(tmp_path, [], "bf16", known=tmp_path / "t.csv", seeds=2)

    diverged = replace(third.table.rows[0], status="diverged", train_error=(), test_error=())
    rows = [replace(diverged, seconds=()), *third.table.rows[1:]]
    write_table(tmp_path / "t.csv", replace(third.table, rows=rows))
    again = made(tmp_path, [], known=tmp_path / "t.csv")
    assert (again.table.rows[0].status, again.exit_code, third.exit_code) == ("diverged", 3, 0)
