"""The page of `archscope ui` where a model of latency is there: a budget, an axis, the command."""

import csv
import io
import shlex

from typer.testing import CliRunner

from archscope.cli import app
from archscope.cli.options.latency import Setting
from archscope.explore.design.enumeration import Query
from archscope.explore.latency import fitted
from archscope.explore.workbench.gathered import gathered
from archscope.explore.workbench.view import View, costs_of

FRONT = ("latency", "-macs")


def test_latency_is_a_budget_and_the_command_and_python_name_its_model(kept):
    found = gathered(Query(("wrn_16",)), kept)
    assert costs_of(found)[-1] == "latency"
    network = found.found.network(3)
    assert found.found.columns["latency"][3] == kept.nanoseconds(network)
    high = int(sorted(found.found.columns["latency"])[5]) // 1000 * 1000 + 1000
    view = View(found, {"latency": (0, high)}, FRONT)
    assert 5 <= len(view.rows) < len(found.found)
    listed = CliRunner().invoke(app, [*shlex.split(view.command())[1:], "--format", "csv"])
    exec(view.python(), scope := {})
    shown, told = (
        sorted(row["network"] for row in csv.DictReader(io.StringIO(text)))
        for text in (view.csv(view.on_front), listed.stdout)
    )
    assert shown == told == sorted(row["network"] for row in scope["found"].rows())


def test_without_being_asked_the_model_is_taken_where_there_is_one(kept, tmp_path, monkeypatch):
    plain = Setting(None, "fp32", "cpu", None)
    monkeypatch.setattr(fitted, "asked_for", lambda *_: fitted.Asked(1))
    assert plain.model_if_any().weights == kept.weights
    monkeypatch.setenv("ARCHSCOPE_HOME", str(tmp_path / "empty"))
    assert plain.model_if_any() is None
