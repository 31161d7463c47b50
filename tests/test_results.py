"""The contract of results: whatever commands and the library return is printed, framed, shown."""

import dataclasses
import importlib
import json
import math
import pkgutil
import re
from pathlib import Path

import pytest
from small_table import small_table
from sweep_fixture import write_fake_sweep

import archscope as a
from archscope import explore, reporting
from archscope.cost.clock import Timing
from archscope.explore.clock.bench_result import Bench, Measured
from archscope.explore.clock.fit_result import Fitted
from archscope.explore.device.result import Checked, DeviceReport
from archscope.explore.latency.fitted import LatencyModel
from archscope.explore.networks.counters import compare_counters
from archscope.explore.networks.difference import difference
from archscope.explore.networks.export import Exported, Request
from archscope.explore.searching.search import Searched
from archscope.explore.searching.table import write_table
from archscope.explore.searching.table_make import MadeTable
from archscope.explore.searching.table_replay import table_replay
from archscope.explore.searching.table_show import table_show
from archscope.explore.searching.table_verify import Verified
from archscope.explore.training.decide import Decided
from archscope.explore.training.decide_plan import decide_plan
from archscope.explore.training.report import Report
from archscope.explore.training.study import study_list
from archscope.explore.training.train import TrainResult
from archscope.explore.training.verify_resume import Compared, Kill, Verification
from archscope.reporting.folder.folder import contents
from archscope.reporting.judge.rounds import rule_of
from archscope.reporting.table.render import render
from archscope.reporting.table.result import Result, Tables
from archscope.reporting.table.table import Table
from archscope.short_repr import ShortRepr
from archscope.sweep.store.search import Asked, Round, Search, record
from archscope.sweep.store.search import Decision as RungDecision

NETWORK = a.network("resnext11_2x16d@0.25", input=(3, 16, 16))
EXTRAS = ("bokeh",)  # that a module may need; those without define no result of their own
WITHOUT_COUNTS = Exported, Tables, Fitted, Verified  # files; lists; times; outcomes


def bench():
    from bench_documents import document

    timed = Measured(NETWORK, "latency", 1, Timing((0.25, 0.5)), 1.0)
    return Bench(a.Setting(("latency",)), (timed,), document()["machine"])


def exported():
    return Exported(Request(NETWORK, "pt2"), Path("net.pt2"), 1000, None)


def report(folder):
    return Report(folder, (folder / "report.html",), contents(folder))


def decided(folder):
    """A sweep that stops itself: three seeds of up to five are there."""
    there = write_fake_sweep(folder.parent / "decided", templates=("1x64d", "4x64d"))
    pairs, seeds = [("4x64d", "1x64d")], range(1, 6)
    rule = rule_of(pairs, seeds, first=3, alpha=0.05, resolve=0.5, drop=True)
    plan = json.loads((there / "sweep.json").read_text())
    (there / "sweep.json").write_text(json.dumps({**plan, "rule": rule.document()}))
    return Decided(there)


def verification():
    trial = Compared("1x4d-s1-00", "1x4d", 1, 64 * "0", (64 * "0",))
    return Verification((trial,), (Kill(1, 2.5, 3),), 7, None)


def table_file(folder):
    write_table(folder.parent / "t.csv.gz", small_table())
    return folder.parent / "t.csv.gz"


def searched(folder):
    """A search whose first round is decided: one design of two goes on."""
    there = write_fake_sweep(folder.parent / "searched", templates=("1x64d", "4x64d"))
    end = RungDecision(("4x64d",), (), 40.0, 10.0, 4)
    one = Round(("1x64d", "4x64d"), (1, 3), (2, 1), (end,))
    asked = Asked(("wrn",), ("1Mparams",), "halving", 2, None, 1, (), (), 3, 16, 0.05, 0.5)
    now = Search(asked, "4x64d", (one,))
    record(there, lambda before: now)
    return Searched(there)


def fitted():
    about = {"networks": ["wrn_10_1"], "pieces": 3, "rounds": 2, "disagreement": 0.0}
    about |= {"within_10_percent": 0.9}
    machine = {"device": "cpu", "device_name": None, "processor": "a CPU"}
    machine |= {"precision": "fp32", "threads": 1}
    return Fitted(LatencyModel(machine, {}, (0.1, 0.2), about), Path("model.json"))


def device_report():
    machine = {"device": "cuda:0", "device_name": "a GPU", "processor": "a CPU", "cpus": 2}
    checks = (
        Checked("counts", "passed", "5 of 5 equal", "They are.", 9.5, {"macs": [1, 1]}),
        Checked("sweep", "failed", "", "RuntimeError: no kernel image", 1.0, {"trace": "..."}),
    )
    return DeviceReport(machine, checks, 10.5)


FOUND = {
    "Audit": lambda folder: a.audit("wrn"),
    "Bench": lambda folder: bench(),
    "Comparison": lambda folder: a.compare(NETWORK),
    "CountResult": lambda folder: a.count(NETWORK),
    "CounterComparison": lambda folder: compare_counters(NETWORK, "formula"),
    "Decided": decided,
    "DecisionPlan": lambda folder: decide_plan(spread=0.5),
    "DeviceReport": lambda folder: device_report(),
    "Difference": lambda folder: difference("resnet20", NETWORK),
    "Enumeration": lambda folder: a.enumerate("wrn_28"),
    "Equivalence": lambda folder: a.equivalence(NETWORK, rounds=0),
    "Exported": lambda folder: exported(),
    "Fitted": lambda folder: fitted(),
    "Fused": lambda folder: a.equivalence("cifar_repvgg_1_1_1_1_a0.125_b0.125", rounds=0),
    "Inverse": lambda folder: a.solve("wrn_28", "36.5M params"),
    "MadeTable": lambda folder: MadeTable(small_table(), folder / "t.csv.gz"),
    "MemoryResult": lambda folder: a.memory(NETWORK),
    "NetworkList": lambda folder: a.list("wrn"),
    "Replayed": lambda folder: table_replay(table_file(folder), method="random", repeats=5),
    "Report": report,
    "Scalings": lambda folder: a.solve(NETWORK, "1MMACs", rule="all"),
    "Searched": searched,
    "Shown": lambda folder: a.show(NETWORK),
    "ShownTable": lambda folder: table_show(table_file(folder)),
    "Solution": lambda folder: a.solve(cardinality=32),
    "Status": a.status,
    "StudyResult": lambda folder: a.study("resnext-table3", preset="none"),
    "SweepResult": a.load_sweep,
    "Tables": lambda folder: study_list(),
    "Templates": lambda folder: a.solve(block="res2net"),
    "TrainResult": TrainResult,
    "Verification": lambda folder: verification(),
    "Verified": lambda folder: Verified(
        folder, (), [{"network": "wrn_10_1", "seed": 1, "outcome": "equal"}]
    ),
}


def every(base):
    for below in base.__subclasses__():
        yield below
        yield from every(below)


def all_loaded(base):
    for room in (explore, reporting):
        for module in pkgutil.walk_packages(room.__path__, f"{room.__name__}."):
            if not module.name.endswith("peak_memory"):
                try:
                    importlib.import_module(module.name)
                except ModuleNotFoundError as missing:
                    assert str(missing.name).partition(".")[0] in EXTRAS
    return {one for one in every(base) if one.__module__.startswith("archscope.")}


@pytest.fixture(scope="module", params=FOUND)
def found(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("results") / "sweep"
    write_fake_sweep(folder, templates=("1x64d",), seeds=(1, 2))
    result = FOUND[request.param](folder)
    assert type(result).__name__ == request.param
    return result


def test_every_class_of_results_is_held_to_the_contract():
    assert {one.__name__ for one in all_loaded(Result)} == FOUND.keys()


def test_what_has_a_short_repr_is_not_given_a_long_one_by_its_decorator():
    for one in all_loaded(ShortRepr):
        assert one.__repr__ is ShortRepr.__repr__, one


def test_a_result_is_json_tables_a_frame_and_a_notebooks_display(found):
    document = found.document()
    assert json.loads(json.dumps(document, allow_nan=False))["schema"].startswith("archscope.")
    assert re.fullmatch(r"archscope\.[a-z_]+/[0-9]+", document["schema"])
    assert "convention" in document or isinstance(found, WITHOUT_COUNTS)
    tables = list(found.tables())
    assert tables and all(isinstance(table, Table) for table in tables)
    for format in ("table", "markdown", "latex"):
        assert tables[0].title.split(":")[0][:8] in render(tables, format).replace("\\", "")
    (header, *lines) = render(found.csv_tables()[:1], "csv").splitlines()
    assert header and lines
    frame = found.to_frame()
    assert len(frame) and len(frame.columns) == len(set(frame.columns))
    assert found._repr_html_().count("<table") == len(tables)


def test_a_result_and_what_is_in_it_has_a_short_repr(found):
    shown = [found, *found.tables()]
    for field in dataclasses.fields(found):
        value = getattr(found, field.name)
        shown += value if isinstance(value, list | tuple) else [value]
    for one in shown:
        if isinstance(one, ShortRepr):
            assert len(repr(one)) < 200 and "\n" not in repr(one)
            assert repr(one).startswith(f"{type(one).__name__}(")


def test_a_repr_says_what_is_short_and_counts_what_is_long():
    assert repr(a.network("resnet50")) == (
        "Network(name='resnet50', tree=Seq(...), input=(3, 224, 224), init='fan_out', "
        "template='1x64d')"
    )
    long = dataclasses.replace(NETWORK, name="n" * 500)
    assert len(repr(long)) < 200 and repr(long).startswith("Network(name='nnnn")
    assert "cells" not in repr(a.audit("wrn")) and "<42 Finding>" in repr(a.audit("wrn"))


def test_no_frame_has_a_column_of_none(tmp_path):
    untrained = a.study("resnext-table2", preset="none").to_frame()
    assert "params" in untrained and "test_error" not in untrained
    statuses = {(template, 1): "pending" for template in ("1x64d", "2x64d")}
    write_fake_sweep(tmp_path, templates=("1x64d", "2x64d"), seeds=(1,), statuses=statuses)
    begun = a.load_sweep(tmp_path).to_frame()
    assert math.isnan(begun["test_error"].mean()) and begun["reason"].dtype == float
