"""A table's file: written, read, opened by others, and damaged."""

import gzip
from dataclasses import replace

import pandas
import pytest
from small_table import EPOCHS, small_table

from archscope.errors import ArchscopeError, UsageError
from archscope.explore.searching.table import read_table, write_table
from archscope.explore.searching.table_replay import table_replay
from archscope.explore.searching.table_show import table_show


@pytest.mark.parametrize("name", ["t.csv.gz", "t.csv"])
def test_what_is_written_is_read_and_pandas_reads_it_too(tmp_path, name):
    made = small_table()
    made.rows[1] = replace(
        made.rows[1], status="diverged", train_error=(80.0,), test_error=(81.0,), seconds=(1.0,)
    )
    write_table(tmp_path / name, made)
    found = read_table(tmp_path / name)
    assert list(found.rows) == list(made.rows)
    assert found.about == made.about
    assert found.epochs == EPOCHS
    frame = pandas.read_csv(tmp_path / name, comment="#")
    assert len(frame) == len(made.rows)
    assert frame["test_error_3"][2] == made.rows[2].test_error[2]
    assert frame["test_error_2"].isna().sum() == 1


def test_equal_tables_are_equal_files(tmp_path):
    for name in ("a.csv.gz", "b.csv.gz"):
        write_table(tmp_path / name, small_table())
    assert (tmp_path / "a.csv.gz").read_bytes() == (tmp_path / "b.csv.gz").read_bytes()


def test_the_best_stands_first(tmp_path):
    write_table(tmp_path / "t.csv.gz", small_table())
    shown = table_show(tmp_path / "t.csv.gz")
    assert [one["network"] for one in shown.designs()][:2] == ["wrn_10_1", "wrn_10_2"]
    assert shown.designs()[0]["test_error"] == pytest.approx(50.45)
    assert len(shown.document()["rows"]) == 16


def test_a_replay_reports_one_half(tmp_path):
    write_table(tmp_path / "t.csv.gz", small_table())
    found = table_replay(tmp_path / "t.csv.gz", method="random", repeats=50)
    assert found.designs == 4
    regrets = [row["regret"] for row in found.rows]
    assert regrets[0] > regrets[-1] >= 0
    assert found.rows[0]["rungs"] == [[EPOCHS, 1]]
    assert found.document()["schema"] == "archscope.replay/1"


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda text: text[:-9], "damaged"),
        (lambda text: text.replace(b"81.0", b"x"), "damaged"),
        (lambda text: text.replace(b"seed", b"sead"), "damaged"),
        (lambda text: text.replace(b'"classes": 10', b'"classes": "x"'), "damaged"),
        (lambda text: text.replace(b'"recipe"', b'"recipes"'), "damaged"),
        (lambda text: text.replace(b"81.0", b"nan"), "an error that is no number"),
        (lambda text: text.replace(b'"threads": 1', b'"threads": "x"'), "damaged"),
        (lambda text: text.replace(b'"device"', b'"devices"'), "damaged"),
        (lambda text: text.replace(b'"fingerprint"', b'"print"'), "damaged"),
        (lambda text: text.replace(b'"hours": 0.5', b'"hours": "x"'), "damaged"),
        (lambda text: text.replace(b'"environment": {}', b'"environment": 5'), "damaged"),
        (lambda text: text.replace(b'"given"', b'"trained": "x", "given"'), "damaged"),
        (lambda text: text.replace(b'"hours": 0.5', b'"hours": 1, "earlier": 5'), "damaged"),
        (lambda text: text.replace(b'"hours": 0.5', b'"hours": 1, "earlier": [{}]'), "damaged"),
        (lambda text: b"a,b\n1,2\n", "schema"),
        (lambda text: text.replace(b"search_table/1", b"other/1"), "schema"),
        (lambda text: b"# {\n", "damaged"),
        (lambda text: b"", "schema"),
        (lambda text: b"\xff\xfe", "damaged"),
        (lambda text: gzip.compress(text)[:-20], "damaged"),
    ],
)
def test_damage_is_one_sentence(tmp_path, spoil, message):
    path = tmp_path / "t.csv"
    write_table(path, small_table())
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(ArchscopeError, match=message):
        read_table(path)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(UsageError, match="name a file that archscope table make"):
        read_table(tmp_path / "none.csv.gz")
