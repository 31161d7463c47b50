"""`archscope audit` as a user calls it."""

import json
from dataclasses import replace

from archscope.explore.networks import explanations
from archscope.explore.networks.audit import audit
from archscope.reporting.table.render import render

_RESNEXT = ("audit", "--paper", "resnext")


def test_a_wrong_count_is_red_and_exits_1(run, monkeypatch):
    right = explanations.count

    def wrong(*arguments):
        cost = right(*arguments)
        return replace(cost, params=cost.params + 1)

    monkeypatch.setattr(explanations, "count", wrong)
    result = run("audit", "--paper", "keras")  # 19 cells, all printed to the unit
    assert result.exit_code == 1
    assert result.stdout.count("UNEXPLAINED") == 19 + 1  # and in the note
    assert "published counts neither equal to ours nor explained: 19 of 19," in result.stderr
    assert "138,357,545" in result.stderr  # VGG-16


def test_cells_that_are_known_to_be_open_are_shown_and_no_failure(run):
    result = run("audit", "--paper", "efficientnet")
    assert (
        result.exit_code == 0 and "16 cells: 11 equal, 1 explained, 4 unexplained" in result.stdout
    )
    assert result.stdout.count("UNEXPLAINED: no rule found") == 3


def test_the_command_prints_all_formats(run):
    document = json.loads(run("audit", "--format", "json").stdout)
    assert document["schema"] == "archscope.audit/1" and "batch norm" in document["convention"]
    assert {*document["sources"]} == {cell["paper"] for cell in document["cells"]}
    plain, explained = run(*_RESNEXT), run(*_RESNEXT, "--explain")
    assert (plain.exit_code, explained.exit_code) == (0, 0)
    check = "25,557,032 - 53,120 of batch norm = 25,503,912"
    assert check in explained.stdout and check not in plain.stdout
    assert len(run(*_RESNEXT, "--format", "csv").stdout.splitlines()) == 51 + 1
    for format in ("markdown", "latex"):
        assert "explained: batch norm left out" in run(*_RESNEXT, "--format", format).stdout


def test_the_tables_of_an_audit_fit_120_columns():
    found = audit("resnext")
    shown = render(found.tables(), "table", width=120)
    assert max(map(len, shown.splitlines())) <= 120 and "row: " not in shown
    *sources, totals = found.tables()
    assert sum(len(table.rows) for table in sources) == len(found.findings)
    assert [row["table"] for row in totals.rows] == [table.title for table in sources]
    for verdict, number in found.totals().items():
        assert sum(row[verdict] for row in totals.rows) == number
