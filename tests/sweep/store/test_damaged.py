"""What stands in a sweep's folder is checked before it is believed."""

import copy
import itertools
import json

import pytest
from sweep_fixture import write_fake_sweep

from archscope.arch.names import parse
from archscope.data.dataset import DatasetInfo
from archscope.errors import ArchscopeError
from archscope.explore.training.status import status
from archscope.reporting.facts.points import learning_curves
from archscope.reporting.folder.page_trials import trials
from archscope.reporting.folder.sweep import table7
from archscope.sweep.plan import settings as asked
from archscope.sweep.plan import subjects
from archscope.sweep.plan import trial as planned
from archscope.sweep.store.records import read_sweep
from archscope.sweep.store.result import DamagedResult


@pytest.fixture
def folder(tmp_path):
    return write_fake_sweep(tmp_path / "sweep", templates=("1x64d", "2x64d"), seeds=(1,))


def result_file(folder, number):
    return sorted((folder / "trials").glob("*/result.json"))[number]


@pytest.mark.parametrize(
    "change",
    [
        {"metrics": None},
        {"metrics": {}},
        {"metrics": {"test_error": "low"}},
        {"timing": [1]},
        {"status": "finished"},
        {"key": "another-trial"},
        {"schema": "archscope.result/0"},
    ],
)
def test_a_result_that_is_not_whole_is_told(folder, change):
    path = result_file(folder, 0)
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    for read in (read_sweep, status):
        with pytest.raises(DamagedResult, match=r"result\.json is damaged .*trains it anew"):
            read(folder)


def test_another_trials_result_is_not_believed(folder):
    result_file(folder, 0).write_bytes(result_file(folder, 1).read_bytes())
    with pytest.raises(DamagedResult, match="no whole result of this trial"):
        read_sweep(folder)


@pytest.mark.parametrize("part", ["settings", "machine", "networks", "trials"])
def test_an_incomplete_plan_is_one_sentence(folder, part):
    path = folder / "sweep.json"
    document = json.loads(path.read_text())
    del document[part]
    path.write_text(json.dumps(document))
    with pytest.raises(ArchscopeError, match=f"it has no {part}"):
        read_sweep(folder)


def test_curves_of_finished_trials_do_not_lose_epochs_with_their_lines(folder):
    for path in folder.glob("trials/*/metrics.jsonl"):
        path.write_text(path.read_text().splitlines()[0] + "\n")
    kept = json.loads(result_file(folder, 0).read_text())["metrics"]
    for curve in learning_curves(read_sweep(folder)):
        assert len(curve.epochs) == kept["epochs"]


def paths(value, before=()):
    """Where something stands in a document: of a list, its first item."""
    inside = value.items() if isinstance(value, dict) else enumerate(value[:1])
    for name, part in inside:
        yield (*before, name)
        if isinstance(part, dict | list):
            yield from paths(part, (*before, name))


def changed(document, path, value):
    other = copy.deepcopy(document)
    part = other
    for name in path[:-1]:
        part = part[name]
    if value == "gone":
        del part[path[-1]]
    else:
        part[path[-1]] = value
    return other


VALUES = [None, 5, -1, 1e999, "x", "", [], [1], {}, {"a": 1}, True, 10**40, "gone"]


FEW = [None, 1e999, "x", [1], "gone"]


@pytest.mark.parametrize("values", [FEW, pytest.param(VALUES, marks=pytest.mark.slow)], ids=len)
@pytest.mark.parametrize("which", ["sweep.json", "result.json", "metrics.jsonl"])
def test_whatever_stands_there_a_look_at_it_is_a_table_or_a_sentence(folder, which, values):
    path = folder / which if which == "sweep.json" else next(folder.glob(f"trials/*/{which}"))
    first, *rest = path.read_text().splitlines() if "jsonl" in which else [path.read_text()]
    document = json.loads(first)
    if which == "sweep.json":  # as real ones have it
        document["settings"] |= {"holdout": 0, "whiten": None, "test_classes": []}
    if which == "metrics.jsonl":
        (path.parent / "result.json").unlink()
    told = set()
    for place, value in itertools.product(paths(document), values):
        path.write_text("\n".join([json.dumps(changed(document, place, value)), *rest, ""]))
        try:
            found = status(folder)
            found.tables(), found.document()
            table7(read_sweep(folder))
        except ArchscopeError as error:
            told.add(str(error))
    assert bool(told) == (which != "metrics.jsonl")  # torn lines of which are usual
    assert not any("\n" in sentence for sentence in told)


@pytest.mark.parametrize(
    ("place", "value", "says"),
    [
        (("machine", "threads"), -3, "threads is not a whole number from 1 to 4,096"),
        (("machine", "workers"), 0, "workers is not a whole number from 1 up"),
        (("settings", "recipe", "epochs"), -1, "epochs is not a whole number from 1 to 1,000,000"),
        (("settings", "samples"), 0, "samples is not a whole number from 1 up"),
        (("settings", "scale"), 1e300, "scale is not a number from 1e-09 to 1,024"),
        (("dataset", "classes"), 10**12, "classes is not a whole number from 1 to 10,000,000"),
        (("networks", 0, "params"), 0, "params is not a whole number from 1 up"),
        (("networks", 0, "macs"), 10**400, "more than 64 bits"),
        (("trials", 0, "seed"), -1, "seed is not a whole number from 0"),
        (("trials",), [], "it has no trials"),
        (("created",), float("inf"), "Infinity in it is no number"),
    ],
)
def test_a_plan_with_absurd_numbers_is_not_believed(folder, place, value, says):
    path = folder / "sweep.json"
    path.write_text(json.dumps(changed(json.loads(path.read_text()), place, value)))
    with pytest.raises(ArchscopeError) as caught:
        status(folder)
    assert says in str(caught.value) and "\n" not in str(caught.value)


def test_a_network_without_a_trial_or_a_trial_twice_is_no_plan(folder):
    path = folder / "sweep.json"
    document = json.loads(path.read_text())
    listed = document["trials"]
    for rows, says in [(listed[:1], "no trial of"), (listed * 2, "twice")]:
        path.write_text(json.dumps({**document, "trials": rows}))
        with pytest.raises(ArchscopeError, match=says):
            read_sweep(folder)


def test_the_curve_of_a_done_trial_needs_no_metrics_file(folder):
    before = trials(read_sweep(folder))
    assert before.count("<polyline") == 2
    for path in folder.glob("trials/*/metrics.jsonl"):
        path.write_text("")
    assert trials(read_sweep(folder)) == before


@pytest.mark.parametrize("key", ["../../gone-s1-0a", "/tmp/x-s1-0a", "..", "a/b-s1-0a", ""])
def test_a_key_that_leads_out_of_the_folder_is_refused(folder, key):
    path = folder / "sweep.json"
    document = json.loads(path.read_text())
    document["trials"][1]["key"] = key
    path.write_text(json.dumps(document))
    with pytest.raises(ArchscopeError, match="one of its keys names no trial"):
        read_sweep(folder)


def test_keys_as_they_are_made_are_accepted():
    networks = subjects.networks(asked.settings("quick", templates="1x64d,wrn_16_2").subjects)
    networks |= {"wrn_40_2-B(3,1,3)": parse("wrn_40_2-B(3,1,3)", input_shape=(3, 32, 32))}
    for entry in planned.entries(networks):
        machine = planned.Machine("cpu", "fp32", 1, 1)
        data = DatasetInfo("shapes", "any", None, 10, "sha256:1", True)
        shared = planned.Conditions.of(asked.settings("quick"), data, machine)
        key = planned.trial_key(entry, shared, 3)
        assert planned.is_key(key), key
