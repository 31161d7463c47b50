from __future__ import annotations

import json
import pickle

import pytest
from pytest import approx
from typer.main import get_command

from archscope.arch.names import parse as network_of
from archscope.arch.papers.timings import EXAMPLES
from archscope.cli.main import app
from archscope.cost import count
from archscope.data.dataset import DatasetInfo
from archscope.errors import UsageError
from archscope.explore.training.timing_study import published, timing_setting
from archscope.reporting.folder.study import study_table
from archscope.reporting.folder.study_contents import Kept, study_document
from archscope.reporting.folder.timing import order_of
from archscope.reporting.table.json_csv import json_text
from archscope.studies.reader import read_study, study_names
from archscope.sweep.plan import subjects, trial
from archscope.sweep.plan.settings import settings
from archscope.sweep.plan.slots import Resources
from archscope.training.recipe import recipe

GOOD = """schema = "archscope.study/1"
name = "mine"
title = "Mine"
source = "nobody"
question = "Is it so?"
measures = ["error (%)", "params"]
rows = [
    { label = "a", network = "resnet20", published = [8.75, "0.27M"], train = "1x64d" },
    { label = "b", network = "wrn_16_4-B(3,1,3)", published = [5.0, "-"] },
]
pairs = [["a", "b"]]

[presets.quick]
dataset = "shapes"
epochs = 2

[presets.own]
use = "network"
seeds = "1,5"
"""

# The studies that issue and papers ask for, by the tables and figures of both.
RESNEXT = {f"resnext-table{n}" for n in range(1, 9)} | {f"resnext-fig{n}" for n in (5, 6, 7)}
WRN = {f"wrn-table{n}" for n in range(2, 10)} | {"wrn-fig2", "wrn-fig4"}


@pytest.fixture
def own(tmp_path):
    def write(text=GOOD):
        path = tmp_path / "own.toml"
        path.write_text(text)
        return str(path)

    return write


def test_every_experiment_of_the_papers_is_a_study():
    assert set(study_names()) >= RESNEXT | WRN | {"resnext-residual", "resnext-timing"}


@pytest.mark.parametrize("name", study_names())
def test_a_built_in_study_names_networks_and_presets_that_exist(name):
    study = read_study(name)
    assert study.name == name
    for row in study.rows:
        network = study.network(row)
        assert network is None or count(network).params > 0
    for preset in study.presets:
        if study.is_timed(preset):
            continue
        planned = settings(study.base(preset), **study.settings(preset))
        assert set(planned.subjects.templates) == set(study.templates(preset).values())


@pytest.mark.parametrize("name", study_names())
def test_every_preset_plans_its_networks_and_trials(name):
    study = read_study(name)
    for preset in study.presets:
        _check_plan(study, preset)


def _check_plan(study, preset):
    labels = {row.label for row in study.rows_of(preset)}
    assert labels and labels <= {row.label for row in study.rows}
    if study.is_timed(preset):
        networks, how, _ = timing_setting(Kept(study, preset), Resources())
        assert networks[0] == study.network(order_of(study.rows, study.timing["reference"])[0])
        assert len(networks) == len(labels) > 1 and how.modes == ("step",)
        return
    planned = settings(study.base(preset), **study.settings(preset))
    classes = {"cifar100": 100}.get(planned.dataset, 10)
    networks = subjects.networks(planned.subjects, classes, subjects.input_of(planned.dataset))
    machine = trial.Machine("cpu", "fp32", 1, 1)
    data = DatasetInfo(planned.dataset, "any", None, classes, "sha256:0", True)
    shared = trial.Conditions.of(planned, data, machine)
    keys = [
        key
        for entry in trial.entries(networks)
        for key in trial.trial_keys(entry, shared, planned.seeds)
    ]
    assert len(set(keys)) == len(networks) * len(planned.seeds)
    if study.is_published_setting(preset):
        others = study.presets[preset].get("networks", {})
        for row in study.rows_of(preset):
            paper = network_of(others.get(row.label, row.network), classes)
            assert networks[study.templates(preset)[row.label]].tree == paper.tree


@pytest.mark.parametrize("name", study_names())
def test_the_command_of_a_study_is_one(name):
    study = read_study(name)
    if study.command is None:
        assert study.presets or study.rows[0].block
        return
    network = next(row.network for row in study.rows if row.network)
    program, command, *words = study.command.replace("{network}", network).split()
    assert program == "archscope"
    # Click reads the words: an unknown option or a missing argument raises.
    context = get_command(app).commands[command].make_context(command, words)
    if "recipe" in context.params:
        assert recipe(context.params["recipe"]).epochs > 0
    network_of(network, study.classes)


def test_svhn_is_trained_with_the_papers_dropout_and_judged_by_its_own_errors():
    study = read_study("wrn-table6")
    # Wide ResNet paper, section 3.3: dropout 0.3 on CIFAR, 0.4 on SVHN.
    assert study.templates("svhn") == {
        "16-4": "wrn_16_4",
        "16-4, dropout": "wrn_16_4-drop0.4",
        "52-1": "wrn_52_1",
        "52-1, dropout": "wrn_52_1-drop0.4",
    }
    assert study.templates("paper")["28-10, dropout"] == "wrn_28_10-drop0.3"
    named = [study.measures[study.measure_of(name)] for name in ("cifar10", "cifar100", "svhn")]
    assert named == [f"{data} test error (%)" for data in ("CIFAR-10", "CIFAR-100", "SVHN")]
    assert study.measure_of("svhn+extra") == 2 and study.measure_of("shapes") == 0
    assert study.is_published_setting("svhn") and not study.is_published_setting("proxy")


def test_published_times_are_the_same_in_both_places():
    for name, example in (("resnext-timing", "resnext"), ("wrn-fig4", "wrn")):
        found = {time.network: time for time in published(read_study(name), 32).times}
        expected = {time.network: time for time in EXAMPLES[example].times}
        assert found.keys() == expected.keys()
        for network, time in expected.items():
            assert found[network].ratio == (None if time.ratio is None else approx(time.ratio))
            assert found[network].seconds == time.seconds


def test_published_cells_are_those_of_the_papers():
    table4 = {row.label: row.published for row in read_study("resnext-table4").rows}
    assert table4["ResNeXt-101 64x4d"] == (20.4, 5.3)
    table5 = {row.label: row.published for row in read_study("wrn-table5").rows}
    assert table5["WRN-28-10"] == ("36.5M", 4.0, 19.25)
    assert table5["pre-activation ResNet-110"] == ("1.7M", 6.37, None)
    table6 = read_study("resnext-table6")
    assert table6.network(table6.rows[0]).classes == 5000


def test_a_file_of_ones_own_is_read(own):
    study = read_study(own())
    assert study.rows[1].published == (5.0, None)
    assert study.templates("quick") == {"a": "1x64d"}
    assert study.templates("own") == {"a": "resnet20", "b": "wrn_16_4-b(3,1,3)"}
    assert study.settings("own") == {"seeds": "1,5", "templates": ("resnet20", "wrn_16_4-b(3,1,3)")}
    assert (study.base("quick"), study.base("own")) == ("quick", "proxy")
    with pytest.raises(UsageError, match="it has quick, own"):
        study.templates("paper")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("study/1", "study/9", "line 1: schema must be"),
        ('title = "Mine"', "title = 3", "line 3: title must be a text"),
        ('question = "Is it so?"\n', "", "question must be a text"),
        ('source = "nobody"', 'sourze = "nobody"', "line 4: sourze is unknown"),
        ('measures = ["error (%)", "params"]', "measures = []", "line 6: measures must be"),
        ('network = "resnet20"', 'network = "resnet21"', "line 8: network names no network"),
        ('network = "wrn_16_4-B(3,1,3)"', "x = 1", "line 9: x is unknown"),
        (', published = [5.0, "-"]', "", "line 9: published must be 2 numbers or texts"),
        ('train = "1x64d"', 'train = "7x"', "line 8: train names no network"),
        ('label = "b"', 'label = "a"', "line 7: rows name 'a' twice"),
        ('["a", "b"]', '["a", "c"]', "line 11: pairs name 'c'"),
        ('["a", "b"]', '["a"]', "line 11: pairs must be"),
        ("epochs = 2", "epoch = 2", "line 15: epoch is unknown"),
        ('use = "network"', 'use = "all"', 'line 18: use can only be "network"'),
        ("[presets.own]", "[presets.none]", "line 17: presets.none means no training"),
        ('name = "mine"', "name = ", "not valid TOML: .*line 2"),
        ('name = "mine"', 'name = "x/../y"', "line 2: name must be a plain word"),
        ('"params"]', '"error (%)"]', "line 6: measures must be different"),
        ('"params"]', '"network"]', "line 6: measures must be different"),
        ("8.75", "nan", "line 8: published must be 2 numbers"),
        ("epochs = 2", 'epochs = "2"', "line 15: epochs cannot be '2'"),
        ("epochs = 2", '"lr (x" = 3', r"line 15: lr \(x is unknown"),
        ("epochs = 2", "scale = inf", "line 15: scale cannot be inf"),
        ("epochs = 2", 'recipe = ["x"]', "line 15: recipe cannot be"),
        ("epochs = 2", f"epochs = {[1] * 99}", r"line 15: epochs cannot be \[1, 1, .{0,54}\.\.\."),
        ('seeds = "1,5"', "seeds = [1.5]", "line 19: seeds cannot be"),
        ('seeds = "1,5"', 'rows = ["c"]', "line 19: rows name 'c', which no row has"),
        ('seeds = "1,5"', 'networks = { c = "resnet20" }', "line 19: networks name 'c'"),
        ('seeds = "1,5"', 'networks = { a = "resnet21" }', "line 19: networks names no network"),
        ('seeds = "1,5"', 'kind = "speed"', 'line 19: kind can only be "timing"'),
    ],
)
def test_a_file_that_breaks_a_rule_is_told_with_line_and_key(own, old, new, said):
    assert GOOD.count(old) >= 1
    with pytest.raises(UsageError, match=said):
        read_study(own(GOOD.replace(old, new, 1)))


TIMED = """
[presets.times]
kind = "timing"
device = "cpu"
batch = 2
rounds = 3
"""
TIMING = 'timing = { reference = "a", published = "time" }\npairs ='


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("batch = 2", "batch = 0", "line 25: batch cannot be 0"),
        ("batch = 2", "epochs = 2", "line 25: epochs is unknown; a preset has batch, device"),
        ("batch = 2", 'input = "3x"', "line 25: input must be an input shape"),
        ("batch = 2", 'rows = ["b"]', "line 25: rows must have the reference 'a'"),
        ("batch = 2\n", "", "line 23: kind timing needs batch"),
        ('published = "time"', 'published = "s"', "line 11: timing must have published = one of"),
        ('reference = "a"', 'reference = "z"', "line 11: timing must have as reference a row"),
        (TIMING, "pairs =", "line 22: kind timing needs timing = "),
    ],
)
def test_a_timing_preset_that_breaks_a_rule_is_told_with_line_and_key(own, old, new, said):
    whole = GOOD.replace("pairs =", TIMING) + TIMED
    assert read_study(own(whole)).is_timed("times")
    assert whole.count(old) == 1
    with pytest.raises(UsageError, match=said):
        read_study(own(whole.replace(old, new)))


def test_unknown_studies_and_unreadable_files_are_told(tmp_path):
    with pytest.raises(UsageError, match=r"there is no study 'resnext-tabel3'.*resnext-table3"):
        read_study("resnext-tabel3")
    with pytest.raises(UsageError, match=r"none\.toml cannot be read \(No such file"):
        read_study(str(tmp_path / "none.toml"))
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="not UTF-8"):
        read_study(str(tmp_path / "bytes.toml"))


def test_a_published_number_keeps_the_digits_that_its_source_prints(own):
    study = read_study(own(GOOD.replace("8.75", "4.00").replace("5.0,", "23.0,")))
    shown = study_table(study).cells()
    assert [row[4] for row in shown] == ["4.00", "23.0"]
    assert [row.published[0] for row in study.rows] == [4, 23]  # numbers all the same
    assert pickle.loads(pickle.dumps(study)).rows[0].published[0].digits == "4.00"
    assert json.loads(json_text(study_document(study)))["rows"][0]["published"]["error (%)"] == 4


@pytest.mark.parametrize("name", ["wrn-fig2", "wrn-table4", "wrn-table5", "wrn-table6"])
def test_errors_of_the_wide_resnet_paper_have_its_two_decimals(name):
    errors = [one for row in read_study(name).rows for one in row.published if one not in ("-", "")]
    digits = [one.digits for one in errors if hasattr(one, "digits")]
    assert len(digits) >= 4 and [one for one in digits if one[-3:-2] != "."] == []
