"""What stands in a sweep's folder is checked before it is believed."""

import json

import pytest
from sweep_fixture import write_fake_sweep

from archscope.errors import ArchscopeError
from archscope.report.points import learning_curves
from archscope.sweep.records import read_sweep


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
def test_a_result_that_is_not_whole_is_none(folder, change):
    path = result_file(folder, 0)
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    statuses = [record.status for record in read_sweep(folder).trials]
    assert statuses.count("done") == 1


def test_another_trials_result_is_not_believed(folder):
    result_file(folder, 0).write_bytes(result_file(folder, 1).read_bytes())
    assert [record.status for record in read_sweep(folder).trials].count("done") == 1


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
