"""`archscope status`: a folder as it stands, read and never written."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sweep_fixture import fake_error, write_fake_sweep
from typer.testing import CliRunner
from waiting import wait_for

from archscope.cli.main import app
from archscope.explore.training.status import status
from archscope.files import write_json
from archscope.sweep.store import lease as leases
from archscope.sweep.store.records import read_plan, read_sweep
from archscope.sweep.store.scan import scan
from archscope.training.job import outcome

STATUSES = {
    ("1x64d", 1): "done",
    ("1x64d", 2): "running",
    ("1x64d", 3): "failed",
    ("8x64d", 1): "done",
    ("8x64d", 2): "diverged",
    ("8x64d", 3): "pending",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_fake_sweep(
        tmp_path / "sweep", templates=("1x64d", "8x64d"), epochs=4, statuses=STATUSES
    )


def trial(folder: Path, template: str, seed: int) -> Path:
    [path] = (folder / "trials").glob(f"{template}-s{seed}-*")
    return path


def snapshot(folder: Path) -> dict[str, tuple[float, bytes]]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {os.fspath(path): (path.stat().st_mtime_ns, path.read_bytes()) for path in files}


def document(*options: str) -> dict[str, Any]:
    result = CliRunner().invoke(app, ["status", *options, "--format", "json"])
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_a_quick_look_sees_what_a_thorough_one_sees(folder: Path) -> None:
    sweep = read_sweep(folder)
    briefs = scan(folder, sweep.plan)
    assert [(b.key, b.status, b.epochs_done) for b in briefs] == [
        (r.key, r.status, r.result.metrics.get("epochs", 0) if r.result else r.epochs_done)
        for r in sweep.trials
    ]
    assert [b.test_error for b in briefs if b.status == "done"] == [
        fake_error("1x64d", 1),
        fake_error("8x64d", 1),
    ]


@pytest.mark.parametrize("indent", [None, 1, 4])
def test_a_result_that_is_laid_out_otherwise_is_read_as_well(folder: Path, indent: Any) -> None:
    path = trial(folder, "1x64d", 1) / "result.json"
    result = json.loads(path.read_text())
    path.write_text(json.dumps(dict(sorted(result.items(), reverse=True)), indent=indent))
    first = scan(folder, read_sweep(folder).plan)[0]
    assert (first.status, first.test_error) == ("done", fake_error("1x64d", 1))


def as_trained(path: Path) -> None:
    """The same result, laid out as a training does it: its last numbers stand at the beginning."""
    result = json.loads(path.read_text())
    lines = result["metrics"]["per_epoch"]
    history = [
        {"seconds": 1.0, "images_per_second": 1.0, **dict(zip(lines, values, strict=True))}
        for values in zip(*lines.values(), strict=True)
    ]
    made = outcome(history, len(history))
    write_json(path, {**result, "metrics": made.metrics, "timing": made.timing})


def test_of_a_training_s_result_the_beginning_is_enough(folder: Path) -> None:
    path, other = (trial(folder, name, 1) / "result.json" for name in ("1x64d", "8x64d"))
    as_trained(path)
    whole = path.read_text()
    path.write_text(whole[:1024])  # no JSON
    content = read_sweep(folder).plan
    first = scan(folder, content)[0]
    assert (first.status, first.epochs_done) == ("done", 4)
    assert first.test_error == fake_error("1x64d", 1)
    as_trained(other)
    path.write_bytes(other.read_bytes())  # of another trial
    assert scan(folder, content)[0].status == "running"


@pytest.mark.parametrize("cut", [0, 40, 150, -3])
def test_a_torn_or_foreign_result_is_none(folder: Path, cut: int) -> None:
    path, other = (trial(folder, name, 1) / "result.json" for name in ("1x64d", "8x64d"))
    path.write_bytes(path.read_bytes()[:cut] if cut != -3 else other.read_bytes())
    found = scan(folder, read_plan(folder))[0]
    assert (found.status, found.test_error) == ("running", None) and found.damaged


def test_the_counts_the_failures_and_the_leaders(folder: Path) -> None:
    found = document(str(folder))
    assert found["schema"] == "archscope.status/1"
    assert found["total"] == 6
    assert found["counts"] == {
        "done": 2,
        "diverged": 1,
        "failed": 1,
        "running": 0,
        "interrupted": 1,
        "pending": 1,
    }
    assert [row["reason"] for row in found["failed"]] == [
        "RuntimeError: made up for a test",
        "the training loss became NaN in epoch 3",
    ]
    assert [row["template"] for row in found["leaderboard"]] == ["8x64d", "1x64d"]
    assert found["leaderboard"][0]["test_error"] == fake_error("8x64d", 1)
    assert found["seconds_left"] is None


def test_what_a_process_holds_runs_and_tells_the_time_left(folder: Path) -> None:
    lease = leases.acquire(trial(folder, "1x64d", 2), 0)
    assert lease is not None
    found = document(str(folder))
    assert found["counts"]["running"] == 1 and found["counts"]["interrupted"] == 0
    [row] = found["running"]
    assert (row["template"], row["seed"], row["epochs_done"]) == ("1x64d", 2, 2)
    # 10 s an epoch; two epochs are left of this trial, four of one of 8x64d, in its own unit:
    # an epoch is as long as macs + 120 * activations, of the fixture's numbers.
    one, eight = (2e6 + 6e4 * 8 * c + 120 * (1e5 + 2e3 * 8 * c) for c in (1, 8))
    assert found["seconds_left"] == pytest.approx(10 * (2 + 4 * eight / one))
    lease.release()
    assert document(str(folder))["counts"]["interrupted"] == 1


def test_a_dead_holder_does_not_run(folder: Path) -> None:
    path = trial(folder, "1x64d", 2)
    script = (
        "import signal; from pathlib import Path; from archscope.sweep.store.lease import acquire; "
        f"lease = acquire(Path({os.fspath(path)!r}), 0); print('held', flush=True); signal.pause()"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    holder = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, env=environment
    )
    assert holder.stdout is not None and holder.stdout.readline() == "held\n"
    assert status(folder).counts["running"] == 1
    holder.send_signal(signal.SIGKILL)
    holder.communicate()
    assert status(folder).counts["running"] == 0


def test_it_writes_nothing(folder: Path) -> None:
    before = snapshot(folder)
    for path in [folder, *folder.rglob("*")]:
        path.chmod(path.stat().st_mode & ~0o222)
    result = CliRunner().invoke(app, ["status", str(folder)])
    assert result.exit_code == 0
    assert "1x64d" in result.stdout and "RuntimeError: made up" in result.stdout
    assert snapshot(folder) == before


def test_watch_ends_with_the_sweep(folder: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    log = tmp_path / "log.txt"
    with log.open("w") as stream:
        watching = subprocess.Popen(
            [sys.executable, "-m", "archscope", "status", str(folder), "--watch"],
            stdout=stream,
            env=environment,
        )
    wait_for(lambda: "nothing runs" in log.read_text())
    write_fake_sweep(folder, templates=("1x64d", "8x64d"), epochs=4)
    assert watching.wait(30) == 0
    assert "all ended" in log.read_text()


def test_what_cannot_be_is_a_sentence(tmp_path: Path, folder: Path) -> None:
    for options, code, says in (
        ([str(tmp_path)], 2, "not a sweep's folder"),
        ([str(folder), "--watch", "--format", "json"], 2, "leave out --format"),
    ):
        result = CliRunner().invoke(app, ["status", *options])
        assert result.exit_code == code and says in result.stderr
        assert result.stderr.count("\n") == 1


def test_a_plan_of_many_trials_is_small_and_quick(tmp_path: Path) -> None:
    """10,000 trials that have not begun cost no look at the disk and little memory each."""
    import tracemalloc

    seeds = tuple(range(1, 10_001))
    everything = {("1x64d", seed): "pending" for seed in seeds}
    write_fake_sweep(tmp_path, templates=("1x64d",), seeds=seeds, statuses=everything)
    content = read_sweep(tmp_path).plan
    tracemalloc.start()
    briefs = scan(tmp_path, content)
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(briefs) == 10_000
    assert size / 10_000 < 300  # bytes; a dictionary of its own would be more than 1,000
