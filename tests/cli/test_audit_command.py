"""`archscope audit` as a user calls it."""

import json
from dataclasses import replace

from archscope.explore.networks import explanations


def test_a_wrong_count_is_red_and_exits_1(run, monkeypatch):
    right = explanations.count

    def wrong(*arguments):
        cost = right(*arguments)
        return replace(cost, params=cost.params + 1)

    cells = json.loads(run("audit", "--paper", "torchvision", "--format", "json").stdout)["cells"]
    params = sum(cell["quantity"] == "params" for cell in cells)
    monkeypatch.setattr(explanations, "count", wrong)
    result = run("audit", "--paper", "torchvision")
    assert result.exit_code == 1
    assert result.stdout.count("UNEXPLAINED") == params >= 7
    assert (
        f"published counts neither equal to ours nor explained: {params} of {len(cells)},"
        in result.stderr
    )
    assert "11,689,513" in result.stderr


def test_the_command_prints_all_formats(run):
    document = json.loads(run("audit", "--format", "json").stdout)
    assert document["schema"] == "archscope.audit/1" and "batch norm" in document["convention"]
    cells = document["cells"]
    assert document["unexplained"] == 0 and {*document["sources"]} == {c["paper"] for c in cells}
    plain, explained = run("audit"), run("audit", "--explain")
    assert (plain.exit_code, explained.exit_code) == (0, 0)
    check = "25,557,032 - 53,120 of batch norm = 25,503,912"
    assert check in explained.stdout and check not in plain.stdout
    assert len(run("audit", "--format", "csv").stdout.splitlines()) == len(cells) + 1
    for format in ("markdown", "latex"):
        assert "explained: batch norm left out" in run("audit", "--format", format).stdout
