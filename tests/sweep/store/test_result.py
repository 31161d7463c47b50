"""One definition of a result: the quick look and the reader agree, whatever stands in the file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sweep_fixture import write_fake_sweep

from archscope.sweep.store import result as results
from archscope.sweep.store.records import read_plan, read_sweep
from archscope.sweep.store.scan import scan

STATUSES = ("done", "diverged", "failed")


@pytest.fixture(params=["sealed", "of an older version"])
def trial(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The folder of a trial that is done, alone in its sweep."""
    folder = write_fake_sweep(tmp_path / "sweep", templates=("1x64d",), seeds=(1,))
    [path] = (folder / "trials").iterdir()
    if request.param == "sealed":
        seal(path)
    return path


def seal(path: Path) -> None:
    """Write a trial's result once more, in the order that a training gives it."""
    result = json.loads((path / "result.json").read_text())
    first = {name: result["metrics"][name] for name in ("epochs", "test_error")}
    result["metrics"] = first | result["metrics"]
    results.write(path, result)


def agreed(trial: Path) -> tuple[str, Any]:
    """Status and error of the trial, as the scan and the reader both have them."""
    folder = trial.parents[1]
    [brief] = scan(folder, read_plan(folder))
    if brief.damaged:
        with pytest.raises(results.DamagedResult):
            read_sweep(folder)
        assert brief.status == "running" and brief.test_error is None  # of its finished epochs
        return "damaged", None
    [record] = read_sweep(folder).trials
    error = record.result.metrics.get("test_error") if record.result else None
    assert (brief.status, brief.test_error) == (record.status, error)
    return record.status, error


def test_what_was_written_is_read_back_by_both(trial: Path) -> None:
    before = json.loads((trial / "result.json").read_text())
    found = results.read(trial)
    assert found is not None and (found.status, found.reason) == ("done", None)
    assert all(
        getattr(found, part) == before[part] for part in ("metrics", "timing", "environment")
    )
    assert agreed(trial) == ("done", before["metrics"]["test_error"])


def assert_damaged(trial: Path) -> None:
    with pytest.raises(results.DamagedResult):
        results.read(trial)
    with pytest.raises(results.DamagedResult):
        results.glance(str(trial / "result.json"), trial.name)
    assert results.read_whole(trial) is None


def test_cut_at_any_byte_it_is_no_result(trial: Path) -> None:
    path = trial / "result.json"
    whole = path.read_bytes()
    for length in range(0, len(whole.rstrip()), 3):
        path.write_bytes(whole[:length])
        assert_damaged(trial)
    assert agreed(trial) == ("damaged", None)


def test_with_any_bytes_zeroed_it_is_no_result(trial: Path) -> None:
    path = trial / "result.json"
    whole = path.read_bytes()
    for first in range(0, len(whole) - 1, 3):
        torn = bytearray(whole)
        torn[first : first + 4] = bytes(len(torn[first : first + 4]))
        path.write_bytes(torn)
        assert_damaged(trial)


@given(data=st.data())
@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_with_any_bytes_changed_both_say_the_same(trial: Path, data: st.DataObject) -> None:
    """Of an older version a changed digit may still be believed: but by both, and the same."""
    path, backup = trial / "result.json", trial / ".whole"
    if not backup.exists():
        backup.write_bytes(path.read_bytes())
    torn = bytearray(backup.read_bytes())
    for place in data.draw(st.lists(st.integers(0, len(torn) - 1), min_size=1, max_size=3)):
        torn[place] = data.draw(st.sampled_from(b'\x000159.-eE",:{}[]x \n'))
    path.write_bytes(torn)
    agreed(trial)


@pytest.mark.parametrize("change", ["metrics", "timing", "environment", "reason"])
def test_a_number_changed_by_hand_is_told_by_the_checksum(tmp_path: Path, change: str) -> None:
    folder = write_fake_sweep(tmp_path / "sweep", templates=("1x64d",), seeds=(1,))
    [trial] = (folder / "trials").iterdir()
    seal(trial)
    path = trial / "result.json"
    result = json.loads(path.read_text())
    path.write_text(json.dumps(result))  # the same, in another form
    assert agreed(trial) == ("done", result["metrics"]["test_error"])
    if change == "reason":
        result["reason"] = "luck"
    else:
        part = result[change]
        name = next(name for name, value in part.items() if isinstance(value, (float, str)))
        part[name] = part[name] + (0.1 if isinstance(part[name], float) else "!")
    path.write_text(json.dumps(result, indent=1))
    with pytest.raises(results.DamagedResult, match="not that of its checksum"):
        results.read(trial)
    assert agreed(trial) == ("damaged", None)
    del result["crc32"]
    path.write_text(json.dumps(result))
    assert agreed(trial)[0] == "done"


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize(
    "change",
    [
        {"test_error": -0.5},
        {"test_error": 100.5},
        {"test_error": float("nan")},
        {"test_error": 10**400},
        {"train_error": float("inf")},
        {"epochs": -1},
        {"epochs": 1.5},
        {"per_epoch": {"test_error": [1.0, float("nan")]}},
        {"per_epoch": [1]},
        {"per_epoch": {"test_error": [1.0]}},
    ],
)
def test_absurd_numbers_are_no_result(trial: Path, change: dict[str, Any], status: str) -> None:
    path = trial / "result.json"
    result = json.loads(path.read_text())
    result["metrics"] |= change
    path.write_text(json.dumps({**result, "status": status}, indent=1))
    assert agreed(trial) == ("damaged", None)


@pytest.mark.parametrize("change", [{"key": "1x64d-s2-0123456789ab"}, {"schema": "archscope.x/1"}])
def test_what_is_of_another_trial_or_schema_is_no_result(trial: Path, change: Any) -> None:
    path = trial / "result.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change, indent=1))
    assert agreed(trial) == ("damaged", None)


def test_an_absurd_result_gets_no_checksum(trial: Path) -> None:
    result = json.loads((trial / "result.json").read_text())
    result.pop("crc32", None)
    result["metrics"]["test_error"] = 250.0
    results.write(trial, result)
    assert "crc32" not in json.loads((trial / "result.json").read_text())
    assert agreed(trial) == ("damaged", None)


def test_nesting_without_end_is_no_result(trial: Path) -> None:
    (trial / "result.json").write_text("[" * 100_000)
    assert agreed(trial) == ("damaged", None)


def test_a_glance_takes_no_sealed_file_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or plans of 100,000 trials of 300 epochs would take minutes to look at."""
    folder = write_fake_sweep(tmp_path / "sweep", templates=("1x64d",), seeds=(1,))
    [path] = (folder / "trials").iterdir()
    seal(path)
    monkeypatch.setattr(results, "_parsed", None)
    found = results.glance(str(path / "result.json"), path.name)
    assert found is not None and found.status == "done"
