"""Folders in which nothing can be written: a full disk, a read-only one, somebody else's."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sweep_fixture import write_fake_sweep
from typer.testing import CliRunner

from archscope.cli.main import app
from archscope.data.dataset import DatasetInfo
from archscope.errors import ArchscopeError
from archscope.explore.training.status import status
from archscope.sweep.plan.settings import settings
from archscope.sweep.plan.slots import Slot
from archscope.sweep.plan.subjects import networks as networks_of
from archscope.sweep.plan.trial import Machine
from archscope.sweep.run import schedule
from archscope.sweep.run.live import Silent
from archscope.sweep.run.schedule import Scheduler
from archscope.sweep.run.supply import Supply
from archscope.sweep.store import folder as folders
from archscope.sweep.store.records import read_sweep

resource = pytest.importorskip("resource", reason="needs POSIX")

ROOT = os.name == "posix" and os.geteuid() == 0
TINY = [
    *("--preset", "quick", "--templates", "1x64d", "--scale", "0.0625", "--samples", "320"),
    *("--seeds", "1", "--gpus", "0"),
]
Limit = Callable[[], None]


def sweep(
    out: Path, runner: str = "", limit: Limit | None = None
) -> subprocess.CompletedProcess[str]:
    other = f"from archscope.sweep.run import schedule; schedule.RUNNER = {runner!r}; "
    return subprocess.run(
        [
            sys.executable,
            "-c",
            f"{other if runner else ''}from archscope.cli import main; main()",
            *("cifar-sweep", *TINY, "--out", str(out)),
        ],
        # Nor may Python leave cut-off bytecode behind for the tests that follow.
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(sys.path),
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        capture_output=True,
        text=True,
        preexec_fn=limit,
    )


def here(out: Path, runner: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The same in this process."""
    monkeypatch.setattr(schedule, "RUNNER", runner)
    return CliRunner().invoke(app, ["cifar-sweep", *TINY, "--out", str(out)])


def error(code: int, stderr: str) -> str:
    """The last line of stderr, which is the only one of an error."""
    assert code == 1, stderr
    assert "Traceback" not in stderr
    told = [line for line in stderr.splitlines() if line.startswith("archscope: ")]
    assert told == stderr.splitlines()[-1:]
    return told[0]


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, 1 MB large."""
    place = tmp_path / "small"
    place.mkdir()
    mounted = ROOT and not _mount("-t", "tmpfs", "-o", "size=1m", "none", place)
    if not mounted:
        pytest.skip("needs root and the right to mount")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def _mount(*options: Any) -> int:
    try:
        return subprocess.run(["mount", *map(str, options)], capture_output=True).returncode
    except FileNotFoundError:
        return 127


@pytest.mark.slow
def test_a_full_disk_ends_in_a_sentence_and_what_was_done_goes_on(small: Path) -> None:
    """Real training: it is torch that meets the full disk, while it writes a checkpoint."""
    out = small / "sweep"
    ballast = small / "ballast"
    ballast.write_bytes(bytes(850_000))
    run = sweep(out)
    said = error(run.returncode, run.stderr)
    assert f"folder {out} cannot be written (" in said and "No space left on device" in said
    [record] = read_sweep(out).trials
    assert record.result is None and not list(out.glob("trials/*/.*.tmp"))
    epochs = record.epochs_done
    ballast.unlink()
    assert _mount("-o", "remount,size=50m", small) == 0
    again = sweep(out)
    assert again.returncode == 0, again.stderr
    [record] = read_sweep(out).trials
    assert record.status == "done" and record.epochs_done == 3
    lines = [line for line in again.stderr.splitlines() if ": epoch 1/" in line]
    assert bool(lines) == (epochs == 0)


@pytest.mark.slow
@pytest.mark.usefixtures("undrawn")
def test_a_limit_on_the_size_of_files_is_told_in_the_same_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "sweep"
    size = 8_000  # the plan fits, a result of this runner does not
    run = sweep(
        out, "fake_runners:long", lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size,) * 2)
    )
    said = error(run.returncode, run.stderr)
    assert "cannot be written (" in said and "File too large" in said
    [record] = read_sweep(out).trials
    assert record.status == "running"
    assert here(out, "fake_runners:long", monkeypatch).exit_code == 0


def test_a_read_only_file_system(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert _mount("-o", "remount,ro", small) == 0
    run = here(small / "sweep", "fake_runners:run", monkeypatch)
    said = error(run.exit_code, run.stderr)
    assert "cannot be written (Read-only file system)" in said


def as_somebody_else(act: Callable[[], None]) -> str:
    """What `act` is told when it runs under another uid, which may not write as root may."""
    os.setresgid(65534, 65534, 0)
    os.setresuid(65534, 65534, 0)
    try:
        act()
    except ArchscopeError as error:
        return str(error)
    finally:
        os.setresuid(0, 0, 0)
        os.setresgid(0, 0, 0)
    return "nothing"


@pytest.mark.skipif(not ROOT, reason="needs root, to become somebody else")
def test_somebody_elses_folder() -> None:
    with tempfile.TemporaryDirectory() as name:
        out = Path(name)
        out.chmod(0o755)
        chosen = settings("quick", templates="1x64d", seeds=1)

        def begin() -> None:
            with folders.locked(out / "sweep"):
                pass

        assert f"folder {out / 'sweep'} cannot be written (Permission denied)" in (
            as_somebody_else(begin)
        )
        assert list(out.iterdir()) == []

        out.chmod(0o777)
        networks = networks_of(chosen.subjects)
        machine = Machine("cpu", "fp32", 1, 1)
        data = DatasetInfo("shapes", "x", None, 10, "sha256:1", True)
        folders.open_folder(out, chosen, networks, machine, data)
        [trial] = read_sweep(out).plan.trials
        (out / "trials" / trial.key).mkdir(parents=True)  # a trial that root has begun

        def go_on() -> None:
            Scheduler(Supply(out, [trial]), [Slot("cpu", 1)], Silent(), "fake_runners:run").run()

        assert f"folder {out} cannot be written (Permission denied)" in as_somebody_else(go_on)


@pytest.mark.skipif(not ROOT, reason="needs root, to become somebody else")
@pytest.mark.parametrize(
    "closed", ["sweep.json", "trials", "trials/K", "trials/K/result.json", "trials/K/metrics.jsonl"]
)
def test_what_may_not_be_read_is_told_and_not_taken_for_missing(closed: str) -> None:
    """Or a finished trial would count as one to train."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        statuses = {("1x64d", 1): "running"} if "metrics" in closed else {}
        folder = write_fake_sweep(
            Path(name) / "sweep", templates=("1x64d",), seeds=(1,), statuses=statuses
        )
        [record] = read_sweep(folder).trials
        path = folder / closed.replace("K", record.key)
        path.chmod(0)
        said = as_somebody_else(lambda: status(folder))
        assert said.startswith(str(path)) and "cannot be read (Permission denied)" in said
        assert said.count("\n") == 0 and status(folder)  # root reads everything


@pytest.mark.slow
def test_too_many_open_files_are_told_as_such(tmp_path: Path) -> None:
    trials = [{"key": f"t{i}", "epochs": 1} for i in range(30)]
    asked = {
        "folder": os.fspath(tmp_path),
        "trials": trials,
        "machine": "",
        "skew": 0,
        "slots": 30,
        "timing": {},
    }
    run = subprocess.run(
        [sys.executable, "-m", "sweep_process", json.dumps(asked)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (20, 20)),
    )
    assert run.returncode == 1
    assert "too many open files" in run.stderr and "ulimit -n" in run.stderr
    assert run.stderr.count("\n") == 1
