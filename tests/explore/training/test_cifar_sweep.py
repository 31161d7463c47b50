"""The command and the function, end to end."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
from pathlib import Path

import pytest
from sweep_fixture import write_fake_sweep
from typer.testing import CliRunner
from waiting import run_archscope

from archscope.cli.commands.training.outcome import conclude
from archscope.cli.main import app
from archscope.data.fetch import download
from archscope.errors import UsageError
from archscope.explore.training.cifar_sweep import SweepResult, cifar_sweep, join_sweep
from archscope.explore.training.run_plan import Console
from archscope.sweep.plan.slots import Resources
from archscope.sweep.run import schedule
from archscope.sweep.store.records import read_sweep
from archscope.training import devices

_CUDA = any(Path(node).exists() for node in ("/dev/nvidiactl", "/dev/dxg", "/dev/kfd"))
TINY = ["--preset", "quick", "--templates", "1x64d,2x64d", "--scale", "0.0625", "--samples", "320"]


def invoke(*options: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["cifar-sweep", *TINY, *options])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch, quick_workers: None) -> None:
    monkeypatch.setattr(schedule, "RUNNER", "fake_runners:seed_2_fails")


def test_the_answer_and_its_page_are_the_last_that_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_fake_sweep(tmp_path, templates=("1x64d", "8x64d"), noise=0.1)
    page = folder / "report.html"
    conclude(SweepResult(folder).answer(), folder, [folder / "results.csv", page])
    answer, place = capsys.readouterr().err.splitlines()
    assert answer.startswith("8x64d is better than 1x64d with ") and "3 seeds each" in answer
    assert place == f"The page: {page}"
    conclude("", folder, [])  # nothing has ended, no page was written
    assert capsys.readouterr().err == ""


@pytest.mark.slow
@pytest.mark.usefixtures("fake")
def test_failed_trials_end_with_3_and_are_tried_again(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    out = tmp_path / "sweep"
    code, table, notes = invoke("--out", str(out))
    assert code == 3
    assert notes.count("RuntimeError: seed 2 is made to fail") == 4  # as they happen; at the end
    assert "1x64d" in table and "2x64d" in table
    for name in ("results.csv", "table.md", "figure7.png", "figure7.svg"):
        assert (out / name).stat().st_size > 0
    request.getfixturevalue("undrawn")
    begun = (out / "log.txt").read_text().count("begin")
    (out / "repaired").touch()
    code, _, notes = invoke("--out", str(out))
    assert code == 0
    assert (out / "log.txt").read_text().count("begin") == begun + 2  # the failed ones alone
    assert {record.status for record in read_sweep(out).trials} == {"done"}
    code, table, notes = invoke("--out", str(out), "--format", "json")
    assert code == 0 and "All 4 trials" in notes
    document = json.loads(table)
    assert document["schema"] == "archscope.cifar_sweep/1"
    assert [row["n"] for row in document["networks"]] == [2, 2]


@pytest.mark.usefixtures("fake", "undrawn")
def test_without_out_the_same_command_finds_its_folder_again(tmp_path: Path) -> None:
    assert invoke("--seeds", "1")[0] == 0
    assert "All 2 trials" in invoke("--seeds", "1")[2]
    assert len(list((tmp_path / "runs").iterdir())) == 1


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--gpus", "3"], "no GPU; type --gpus 0"),
        (["--templates", "7x"], "CxWd"),
        (["--epochs", "0"], "epochs"),
        (["--seeds", "-1"], "seeds"),
        (["--depth", "12"], "9n"),
        (["--scale", "0.1"], "whole"),
        (["--dataset", "mnist"], "cifar10"),
        (["--batch", "321"], "320"),
        (["--samples", "1000000"], "1000000"),
        (["--precision", "fp16"], "fp16"),
        (["--preset", "nope"], "quick"),
        (["--trials-per-gpu", "2"], "train on the CPU: leave it out"),
        (["--executor", "slurm"], "--executor is local or ray, not slurm"),
        (["--address", "head:6379"], "add --executor ray, or leave out --address"),
        (["--recipe", "nope"], "resnext"),
    ],
)
def test_what_cannot_be_ends_with_2_one_sentence_and_nothing_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str], says: str
) -> None:
    machine = devices.Inventory(cpus=2, cpu_name="x")
    monkeypatch.setattr(devices, "inventory", lambda: machine)
    code, shown, error = invoke(*options)
    assert code == 2, error
    assert says.replace(",", "") in error.replace(",", "") and shown == ""
    assert error.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "command",
    [
        ["cifar-sweep", *TINY],
        ["train", "wrn_16_1", "--dataset", "shapes"],
        ["study", "wrn-table4", "--preset", "quick"],
    ],
)
def test_without_ray_the_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    result = CliRunner().invoke(app, [*command, "--executor", "ray"])
    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1 and "pip install 'archscope[ray]'" in result.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.usefixtures("fake", "undrawn")
def test_on_a_cpu_it_says_how_long_it_may_take(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, _, notes = invoke("--seeds", "1")
    assert "estimated before anything is measured" in notes.splitlines()[0]
    assert "--preset quick" not in notes
    monkeypatch.setattr("archscope.explore.training.announcement.LONG", 0)
    _, _, notes = invoke(
        "--seeds", "1", "--preset", "proxy", "--dataset", "shapes", "--depth", "11"
    )
    assert "--preset quick" in notes.splitlines()[0]


@pytest.mark.usefixtures("fake", "undrawn")
def test_the_library_returns_the_records_and_a_frame(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said: list[str] = []
    result = cifar_sweep(
        "quick",
        templates=["1x64d"],
        seeds=[1, 2],
        scale=0.0625,
        out=tmp_path / "s",
        console=Console(said.append, live=False),
    )
    assert result.exit_code == 3
    assert [record.status for record in result.records] == ["done", "failed"]
    frame = result.to_frame()
    assert list(frame["template"]) == ["1x64d", "1x64d"]
    assert list(frame["seed"]) == [1, 2]
    assert said and capsys.readouterr() == ("", "")


@pytest.mark.slow
@pytest.mark.usefixtures("fake")
@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGUSR1, 75)]
)
def test_a_signal_while_the_figures_are_drawn_is_told_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals, code: int
) -> None:
    def contents(*_: object) -> None:
        os.kill(os.getpid(), number)
        signal.pause()

    monkeypatch.setattr("archscope.reporting.folder.folder.contents", contents)
    before = signal.getsignal(number)
    got, _, notes = invoke("--seeds", "1", "--out", str(tmp_path / "s"))
    assert got == code
    assert f"by {number.name}" in notes.splitlines()[-1]
    assert "run the same command again" in notes.splitlines()[-1]
    assert signal.getsignal(number) == before


@pytest.mark.usefixtures("fake", "undrawn")
def test_a_worker_joins_a_folder_and_works_off_its_plan(tmp_path: Path) -> None:
    out = tmp_path / "s"
    assert invoke("--seeds", "1", "--templates", "1x64d", "--out", str(out))[0] == 0
    done = (out / "trials").iterdir().__next__()
    (done / "result.json").unlink()
    before = (out / "sweep.json").read_bytes()
    result = CliRunner().invoke(app, ["cifar-sweep", "--worker", str(out)])
    assert result.exit_code == 0, result.output
    assert "1x64d" in result.stdout and "1 trial on" in result.stderr
    assert (done / "result.json").exists()
    assert (out / "sweep.json").read_bytes() == before


@pytest.mark.usefixtures("fake", "undrawn")
def test_a_worker_elsewhere_reads_a_users_networks_where_the_sweep_was_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    example = Path(__file__).parents[3] / "examples" / "own_family.py"
    for name in ("begun", "elsewhere"):
        (tmp_path / name).mkdir()
    (tmp_path / "begun" / "own.py").write_bytes(example.read_bytes())
    monkeypatch.chdir(tmp_path / "begun")
    assert invoke("--seeds", "1", "--templates", "own.py:plainnet_1_4", "--out", "s")[0] == 0
    [done] = Path("s").glob("trials/*/result.json")
    done = done.absolute()
    done.unlink()
    monkeypatch.chdir(tmp_path / "elsewhere")
    result = CliRunner().invoke(app, ["cifar-sweep", "--worker", "../begun/s"])
    assert result.exit_code == 0, result.output
    assert f"they are read from {tmp_path / 'begun'}" in result.stderr.replace("\n", " ")
    assert done.exists() and Path.cwd() == tmp_path / "elsewhere"
    (tmp_path / "begun" / "own.py").unlink()
    result = CliRunner().invoke(app, ["cifar-sweep", "--worker", "../begun/s"])
    assert result.exit_code == 2 and "own.py cannot be read" in result.stderr


@pytest.mark.usefixtures("fake", "undrawn")
def test_a_folder_of_other_data_is_refused_before_any_are_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = ["--out", str(tmp_path / "s")]
    assert invoke("--seeds", "1", "--templates", "1x64d", *out)[0] == 0
    monkeypatch.setattr(
        "archscope.explore.training.images_from.prepare",
        lambda *_, **__: pytest.fail("it was looked for"),
    )
    code, _, notes = invoke("--seeds", "1", "--dataset", "cifar10", *out)
    assert code == 2 and "dataset shapes there, cifar10 asked" in notes and notes.count("\n") == 1


@pytest.mark.slow
@pytest.mark.usefixtures("fake", "undrawn")
def test_a_worker_tells_done_and_failed_trials_apart(tmp_path: Path) -> None:
    out = tmp_path / "sweep"
    assert invoke("--out", str(out))[0] == 3  # seed 2 of each network fails
    result = CliRunner().invoke(app, ["cifar-sweep", "--worker", str(out)])
    assert result.exit_code == 3
    assert f"All 4 trials in {out} are done, but 2 that failed: the command" in result.stderr
    [gone] = out.glob("trials/2x64d-s1-*/result.json")
    gone.unlink()
    result = CliRunner().invoke(app, ["cifar-sweep", "--worker", str(out)])
    assert result.exit_code == 3
    assert "1 trial (1 more done, 2 failed) on" in result.stderr


@pytest.mark.slow
@pytest.mark.usefixtures("fake", "undrawn")
def test_a_workers_data_are_called_as_planned_and_nothing_is_downloaded_offline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "sweep"
    assert invoke("--seeds", "1", "--out", str(out), "--data-label", "mine")[0] == 0
    worker = ["cifar-sweep", "--worker", str(out)]
    result = CliRunner().invoke(app, [*worker, "--data-label", "other"])
    assert result.exit_code == 2 and result.stderr.count("\n") == 1
    assert "names its data (mine)" in result.stderr and "leave out --data-label" in result.stderr
    [gone] = out.glob("trials/2x64d-*/result.json")
    gone.unlink()
    result = CliRunner().invoke(app, [*worker, "--data-dir", str(tmp_path)])
    assert result.exit_code == 0, result.stderr
    assert json.loads((gone.parent / "trial.json").read_text())["dataset"]["label"] == "mine"
    # Of a data set that has to be found: elsewhere it is looked for, and with --offline no more.
    monkeypatch.setattr(download, "fetch", lambda *_, **__: pytest.fail("it was downloaded"))
    for name in ("cifar10", "svhn"):
        plan = json.loads((out / "sweep.json").read_text())
        plan["dataset"] |= {"name": name, "folder": str(tmp_path / "gone")}
        (out / "sweep.json").write_text(json.dumps(plan))
        for options in (["--offline"], ["--offline", "--data-dir", str(tmp_path)]):
            result = CliRunner().invoke(app, [*worker, *options])
            assert result.exit_code == 1 and result.stderr.count("\n") == 1, result.stderr
        assert "--offline forbids" in result.stderr


@pytest.mark.usefixtures("fake", "undrawn")
def test_a_worker_that_would_train_otherwise_than_planned_is_refused(tmp_path: Path) -> None:
    out = tmp_path / "s"
    assert invoke("--seeds", "1", "--templates", "1x64d", "--out", str(out))[0] == 0
    with pytest.raises(UsageError, match="trains with threads 1, and here it would be 2"):
        join_sweep(out, resources=Resources(gpus=0, threads=2))


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--worker", "."], "not a sweep's folder"),
        (["--worker", ".", "--epochs", "3"], "leave out --epochs"),
        (["--worker", ".", "--preset", "quick", "--out", "x"], "leave out --preset, --out"),
    ],
)
def test_a_worker_needs_a_plan_and_takes_none(options: list[str], says: str) -> None:
    result = CliRunner().invoke(app, ["cifar-sweep", *options])
    assert result.exit_code == 2 and says in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.slow  # of the loop and of the scheduler this is shown by default
@pytest.mark.usefixtures("quick_workers", "undrawn")
def test_interrupted_and_continued_it_is_the_same_sweep(tmp_path: Path) -> None:
    """Real trainings on `shapes`; what is interrupted is a command in a process of its own."""
    straight, disturbed = tmp_path / "straight", tmp_path / "disturbed"
    settings = {"scale": 0.0625, "templates": "1x64d", "samples": 320, "seeds": 1, "epochs": 3}
    quiet = Console(print, live=False)
    cifar_sweep("quick", resources=Resources(workers=1), out=straight, console=quiet, **settings)

    options = ["--templates", "1x64d", "--seeds", "1", "--epochs", "3", "--out", str(disturbed)]
    code, text = run_archscope(["cifar-sweep", *TINY, *options], interrupt="epoch 1/3")
    assert code == 130, text
    assert "run the same command again" in text.splitlines()[-1]
    [record] = read_sweep(disturbed).trials
    assert record.status == "running" and 1 <= len(record.epochs) < 3
    code, _, text = invoke(*options)
    assert code == 0, text
    assert _metrics(disturbed) == _metrics(straight)
    first = read_sweep(straight).trials[0]
    assert first.result is not None
    assert len(first.result.metrics["per_epoch"]["test_error"]) == 3
    assert 0 <= first.result.metrics["test_error"] <= 100


def _metrics(folder: Path) -> dict[str, object]:
    records = read_sweep(folder).trials
    return {record.key: record.result and record.result.metrics for record in records}


@pytest.mark.gpu
@pytest.mark.skipif(not _CUDA, reason="needs a CUDA device")
def test_trials_side_by_side_on_a_gpu_are_those_one_after_the_other(tmp_path: Path) -> None:
    def metrics(workers: int) -> list[dict[str, object]]:
        result = cifar_sweep(
            "quick",
            out=tmp_path / str(workers),
            resources=Resources(gpus=1, workers=workers),
            console=Console(lambda _: None, live=False),
            templates="1x64d,2x64d",
            seeds=2,
            epochs=1,
        )
        return [record.result.metrics for record in result.records if record.result]

    alone = metrics(1)
    assert len(alone) == 4 and metrics(3) == alone


@pytest.mark.slow
@pytest.mark.parametrize(("runner", "count"), [("diverges", 4), ("seed_2_diverges", 2)])
def test_diverged_trials_end_with_3_and_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, runner: str, count: int
) -> None:
    monkeypatch.setattr(schedule, "RUNNER", f"fake_runners:{runner}")
    out = tmp_path / "sweep"
    for _ in range(2):  # nothing is trained again
        code, _, notes = invoke("--out", str(out))
        assert code == 3
        assert notes.count("\ndiverged: ") == count
        assert "would diverge again: choose a lower --lr" in notes
    assert f"All 4 trials in {out} are done ({count} diverged)." in notes


@pytest.mark.usefixtures("quick_workers", "undrawn")
@pytest.mark.parametrize(
    "damage",
    ["cut", *(pytest.param(how, marks=pytest.mark.slow) for how in ("zeroed", "absurd"))],
)
def test_a_damaged_result_is_trained_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    monkeypatch.setattr(schedule, "RUNNER", "fake_runners:by_seed")
    out = tmp_path / "sweep"
    assert invoke("--out", str(out), "--seeds", "1")[0] == 0
    path = next(out.glob("trials/*/result.json"))
    whole = path.read_bytes()
    torn = {
        "cut": whole[:-100],
        "zeroed": whole[:-200] + bytes(4) + whole[-196:],
        "absurd": whole.replace(b'"test_error": 11.0', b'"test_error": 111.0'),
    }[damage]
    assert torn != whole
    path.write_bytes(torn)
    code, _, notes = invoke("--out", str(out), "--seeds", "1")
    assert code == 0 and "1 trial (1 more done)" in notes
    assert [record.status for record in read_sweep(out).trials] == ["done", "done"]


@pytest.mark.slow
@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize(
    ("lost", "says"),
    [(True, "1 trial in .* its result is missing now"), (False, "result.json is damaged")],
)
def test_a_result_that_is_lost_before_the_end_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lost: bool, says: str
) -> None:
    monkeypatch.setattr(schedule, "RUNNER", "fake_runners:by_seed")
    out = tmp_path / "sweep"
    assert invoke("--out", str(out), "--seeds", "1")[0] == 0

    def cut(*_: object) -> None:
        path = next(out.glob("trials/*/result.json"))
        path.unlink() if lost else path.write_bytes(path.read_bytes()[:-100])

    monkeypatch.setattr("archscope.explore.training.run_plan._run", cut)
    code, _, notes = invoke("--out", str(out), "--seeds", "1")
    assert code == 1
    assert re.search(says, notes)


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="needs links")
@pytest.mark.parametrize("name", [".lock", "sweep.json", "report.html"])
def test_a_link_is_not_followed_into_somebodys_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(schedule, "RUNNER", "fake_runners:by_seed")
    out, victim = tmp_path / "sweep", tmp_path / "victim"
    out.mkdir()
    victim.write_text("mine")
    (out / name).symlink_to(victim)
    if name == "report.html":
        (out / name).unlink()
        assert invoke("--out", str(out), "--seeds", "1")[0] == 0
        (out / name).unlink()
        (out / name).symlink_to(victim)
    code, _, notes = invoke("--out", str(out), "--seeds", "1")
    assert victim.read_text() == "mine"
    if name == "sweep.json":  # not a plan: put aside, and told
        assert code == 0 and "was damaged" in notes
    else:
        assert code == 1 and "it is a symbolic link, not a regular file): remove it" in notes
