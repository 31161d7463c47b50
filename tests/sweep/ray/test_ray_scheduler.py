"""The driver, the task and the mailbox of Ray sweeps, on a cluster of threads: no ray needed."""

from __future__ import annotations

import errno
import json
import os
import signal
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fake_ray import FakeCluster, Handle, fake_ray
from ray_support import Log, Recorder, result, stub

from archscope.errors import ArchscopeError
from archscope.sweep.plan.slots import Slot
from archscope.sweep.plan.trial import Trial
from archscope.sweep.ray import scheduler as ray_scheduler
from archscope.sweep.ray import task as ray_task
from archscope.sweep.ray.protocol import Data
from archscope.sweep.ray.scheduler import RayScheduler
from archscope.sweep.run.messages import Event
from archscope.sweep.run.schedule import Interrupted
from archscope.sweep.run.supply import Supply
from archscope.sweep.store import lease

__all__ = ["fake_ray"]
pytestmark = pytest.mark.usefixtures("fake_ray")

KEYS = [f"t{i}" for i in range(5)]
Hook = Callable[[Event], object]


class Sweep:
    """A folder, a log and a gate; `run` works it off."""

    def __init__(self, folder: Path) -> None:
        self.out, self.gate = folder / "sweep", folder / "gate"
        self.log = Log(folder / "log")
        self.recorder = Recorder()

    def stub(self, key: str, **more: Any) -> Trial:
        return stub(key, self.log, gate=str(self.gate), **more)

    def run(self, cluster: FakeCluster, trials: list[Trial], **hooks: Hook) -> RayScheduler:
        self.recorder = Recorder()
        self.recorder.hooks = dict(hooks)
        supply = Supply(self.out, trials, lease.Timing(beat=0.05, look=0.05, expiry=1))
        scheduler = RayScheduler(supply, cluster, Slot("cpu", 1), self.recorder, "ray_runners:run")
        scheduler.run()
        return scheduler


class Limit:
    """A hook that ends a test that would last for ever."""

    def __init__(self, times: int) -> None:
        self.times = times

    def __call__(self, _: Event) -> None:
        self.times -= 1
        assert self.times > 0


@pytest.fixture
def sweep(tmp_path: Path) -> Sweep:
    return Sweep(tmp_path)


@pytest.fixture(params=["shared", "apart"])
def apart(request: pytest.FixtureRequest) -> tuple[str, ...]:
    """The nodes, of a, b, c, d, that do not see the sweep's folder."""
    return ("a", "b", "c", "d") if request.param == "apart" else ()


def test_each_trial_is_trained_once_and_no_more_than_fit_at_a_time(
    sweep: Sweep, apart: tuple[str, ...]
) -> None:
    cluster = FakeCluster({"a": 1, "b": 2}, apart)

    def begun(_: Event) -> None:
        if sum(sweep.log.count("begin").values()) == 3:
            sweep.gate.touch()

    sweep.run(cluster, [sweep.stub(key, holds=1) for key in KEYS], tick=begun)
    assert cluster.most == {"a": 1, "b": 2}
    assert sweep.log.count("begin") == sweep.log.count("end") == Counter(KEYS)
    assert sorted(sweep.recorder.keys("finished")) == KEYS
    assert Counter(sweep.recorder.keys("epoch")) == dict.fromkeys(KEYS, 3)
    for key in KEYS:
        folder = sweep.out / "trials" / key
        assert result(sweep.out, key)["metrics"]["state"] == [1, 2, 3]
        assert sorted(path.name for path in folder.iterdir()) == [
            "checkpoint.previous.pt",
            "checkpoint.pt",
            "metrics.jsonl",
            "result.json",
            "trial.json",
        ]
        assert (folder / "checkpoint.previous.pt").read_text() == "[1, 2]"
        assert len((folder / "metrics.jsonl").read_text().splitlines()) == 3
    inside = {str(sweep.out / "trials" / key) for key in KEYS}
    trained_in = set(sweep.log.folders())
    assert trained_in.isdisjoint(inside) if apart else trained_in == inside
    assert not any(Path(folder).exists() for folder in trained_in - inside)
    assert not list(sweep.out.glob(".*"))


def kill_after(cluster: FakeCluster, key: str, epoch: int) -> Hook:
    return lambda event: (
        cluster.kill(key) if (event.key, event.data["epoch"]) == (key, epoch) else None
    )


def test_a_trial_goes_on_from_its_checkpoint_when_its_node_is_lost(
    sweep: Sweep, apart: tuple[str, ...]
) -> None:
    cluster = FakeCluster(dict.fromkeys("abcd", 1), apart)
    trials = [sweep.stub(key, holds=3, epochs=4) for key in KEYS[:3]]
    leases: list[str] = []

    def begun(event: Event) -> None:
        leases.extend(path.name for path in (sweep.out / "trials/t0").glob("lease.*"))
        if sweep.log.count("begin")["t0"] == 2:
            sweep.gate.touch()

    sweep.run(cluster, trials, epoch=kill_after(cluster, "t0", 2), tick=begun)
    assert sorted(sweep.recorder.keys("finished")) == KEYS[:3]
    assert sweep.log.of("t0", "begin") == ["0", "2"]
    # The old task, which runs on for a while, sees the new lease and trains no third epoch.
    assert sweep.log.of("t0", "epoch") == ["1", "2", "3", "4"]
    assert sweep.log.count("end") == Counter(KEYS[:3])
    assert list(dict.fromkeys(leases)) == ["lease.1", "lease.2"]
    assert result(sweep.out, "t0")["metrics"]["state"] == [1, 2, 3, 4]
    [note] = sweep.recorder.notes()
    assert "was lost; continued from its last checkpoint" in note


def test_lost_nodes_are_no_fault_of_the_trial_within_reason(sweep: Sweep) -> None:
    cluster = FakeCluster({str(number): 1 for number in range(9)})
    later = sweep.gate.with_name(
        "later"
    )  # else a lost task might end before the sixth loss is seen

    def begun(_: Event) -> None:
        killed = sweep.recorder.keys("started").count("bad")
        if killed == 6 and sum(sweep.log.count("begin").values()) == 7:
            sweep.gate.touch()

    sweep.run(
        cluster,
        [stub("bad", sweep.log, gate=str(later), holds=1), sweep.stub("good", holds=1)],
        tick=begun,
        started=lambda event: cluster.kill("bad") if event.key == "bad" else None,
    )
    later.touch()
    assert sweep.recorder.keys("finished") == ["good"]
    assert len(sweep.log.of("bad", "begin")) == 6
    assert result(sweep.out, "bad")["reason"].endswith("was lost, 6 times")


def test_a_message_whose_reply_is_lost_is_taken_once(sweep: Sweep, apart: tuple[str, ...]) -> None:
    cluster = FakeCluster({"a": 1}, apart)
    cluster.unreliable = True
    sweep.run(cluster, [sweep.stub("t")])
    assert sweep.recorder.keys("epoch") == ["t"] * 3
    assert sweep.recorder.keys("finished") == ["t"] and not sweep.recorder.notes()
    folder = sweep.out / "trials/t"
    assert (folder / "checkpoint.pt").read_text() == "[1, 2, 3]"
    assert (folder / "checkpoint.previous.pt").read_text() == "[1, 2]"


def test_a_task_that_cannot_reach_the_driver_is_lost_and_no_fault_of_its_trial(
    sweep: Sweep, apart: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ray_task, "_HEARD_WITHIN", 0.05)
    cluster = FakeCluster({"a": 1}, apart)

    def cut(event: Event) -> None:
        if event.data["epoch"] == 2:
            cluster.deaf.add("a")

    def mend(_: Event) -> None:
        cluster.deaf.clear()
        sweep.gate.touch()

    sweep.run(cluster, [sweep.stub("t", holds=3)], epoch=cut, note=mend)
    assert sweep.recorder.keys("finished") == ["t"]
    assert sweep.log.of("t", "begin") == ["0", "2"]
    [note] = sweep.recorder.notes()
    assert "was lost; continued from its last checkpoint" in note


def test_a_dead_worker_counts_once(sweep: Sweep) -> None:
    cluster = FakeCluster({"a": 1})
    trials = [
        sweep.stub("once", behaviour="die after 2"),
        sweep.stub("twice", behaviour="die"),
        sweep.stub("raises", behaviour="raise"),
        sweep.stub("good"),
    ]
    sweep.run(cluster, trials)
    assert sweep.log.count("begin") == {"once": 2, "twice": 2, "raises": 1, "good": 1}
    assert sweep.log.of("once", "begin") == ["0", "2"]
    assert sorted(sweep.recorder.keys("finished")) == ["good", "once"]
    assert result(sweep.out, "twice")["reason"] == "the worker process died, twice"
    assert result(sweep.out, "raises")["reason"] == "RuntimeError: made to fail"


def test_a_worker_that_dies_with_its_node_does_not_count(sweep: Sweep) -> None:
    """Processes of a machine that is shut down end one after the other."""
    cluster = FakeCluster(dict.fromkeys("abcd", 1))
    cluster.crash_is_the_nodes = True
    sweep.run(
        cluster,
        [sweep.stub("t", behaviour="die")],
        tick=lambda _: setattr(cluster, "crash_is_the_nodes", len(cluster.nodes) > 1),
    )
    assert len(sweep.log.of("t", "begin")) == 5  # three nodes lost; then it died by itself, twice
    assert result(sweep.out, "t")["reason"] == "the worker process died, twice"


def test_a_cluster_that_grows_is_used(sweep: Sweep) -> None:
    cluster = FakeCluster({"a": 1})

    def grow(_: Event) -> None:
        begun = sum(sweep.log.count("begin").values())
        if begun == 1:
            cluster.nodes["b"] = 3
        if begun == 4:
            sweep.gate.touch()

    sweep.run(cluster, [sweep.stub(key, holds=1) for key in KEYS], tick=grow)
    assert cluster.most == {"a": 1, "b": 3}
    assert sorted(sweep.recorder.keys("finished")) == KEYS


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGUSR1, 75)]
)
def test_a_signal_has_all_tasks_keep_their_state(
    sweep: Sweep, apart: tuple[str, ...], number: signal.Signals, code: int
) -> None:
    trials = [sweep.stub(key, holds=3) for key in KEYS]

    def stop(_: Event) -> None:
        if Counter(sweep.recorder.keys("epoch")) == {"t0": 2, "t1": 2}:
            os.kill(os.getpid(), number)

    with pytest.raises(Interrupted) as caught:
        sweep.run(FakeCluster({"a": 2}, apart), trials, epoch=stop)
    assert caught.value.exit_code == code
    assert sweep.log.count("stopped") == Counter(["t0", "t1"])
    assert len(list(sweep.out.glob("trials/*/part.pt"))) == 2
    assert not list(sweep.out.glob(".ray*"))
    sweep.gate.touch()
    cluster = FakeCluster({"a": 2}, apart)
    sweep.run(cluster, trials)
    assert sorted(sweep.recorder.keys("finished")) == KEYS
    assert sweep.log.of("t0", "begin") == sweep.log.of("t1", "begin") == ["0", "2"]
    assert sweep.log.of("t0", "epoch") == ["1", "2", "3"]
    kept = ["checkpoint.previous.pt", "checkpoint.pt", "metrics.jsonl", "part.pt"]
    # Files travel where they are needed alone, and then from the first such trial on.
    assert (("t1", kept) in cluster.sent) == bool(apart)
    assert ("t0", []) in cluster.sent


def test_a_trial_that_another_process_takes_over_is_left_to_it(
    sweep: Sweep, apart: tuple[str, ...]
) -> None:
    cluster, folder = FakeCluster({"a": 1}, apart), sweep.out / "trials/t0"
    theirs: list[Any] = []

    def rob(event: Event) -> None:
        if not theirs:
            theirs.append(lease.acquire(folder, 1))
            sweep.gate.touch()

    def end(_: Event) -> None:
        if sweep.recorder.keys("lost") and not (folder / "result.json").exists():
            (folder / "result.json").write_text(
                '{"schema": "archscope.result/1", "key": "t0", "status": "done", "timing": {}, '
                '"metrics": {"test_error": 7.5}}'
            )
            theirs[0].discard()

    trials = [sweep.stub("t0", holds=2), sweep.stub("t1")]
    sweep.run(cluster, trials, epoch=rob, tick=end)
    assert sweep.recorder.keys("lost") == ["t0"]
    assert result(sweep.out, "t0")["metrics"] == {"test_error": 7.5}
    assert (folder / "checkpoint.pt").read_text() == "[1]"
    assert sorted(sweep.recorder.keys("finished")) == ["t0", "t1"]


def test_a_full_disk_stops_the_sweep(sweep: Sweep, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(ray_scheduler, "apply", refuse)
    monkeypatch.setattr(ray_scheduler, "GRACE", 0.5)
    with pytest.raises(ArchscopeError, match=r"cannot be written \(No space left"):
        sweep.run(FakeCluster({"a": 2}, ("a",)), [sweep.stub(key) for key in KEYS])
    assert not list(sweep.out.glob("trials/*/result.json"))


def test_a_full_disk_of_a_node_fails_its_trial_alone(sweep: Sweep) -> None:
    sweep.run(
        FakeCluster({"a": 1}, ("a",)), [sweep.stub("t", behaviour="disk full"), sweep.stub("u")]
    )
    assert sweep.recorder.keys("finished") == ["u"]
    assert "No space left" in result(sweep.out, "t")["reason"]


def test_an_error_of_the_task_itself_fails_its_trial(
    sweep: Sweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: Path) -> None:
        raise PermissionError("no temporary folder")

    monkeypatch.setattr(ray_task, "Mirror", refuse)
    sweep.run(FakeCluster({"a": 1}, ("a",)), [sweep.stub("t")])
    assert "no temporary folder" in result(sweep.out, "t")["reason"]
    assert not sweep.recorder.notes()  # not tried again


def test_an_error_before_a_task_began_is_the_nodes_and_stops_the_sweep(
    sweep: Sweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(*_: Any) -> None:
        raise ModuleNotFoundError("No module named 'archscope'")

    monkeypatch.setattr(ray_task, "run", missing)
    with pytest.raises(ArchscopeError, match=r"cannot train .*No module named 'archscope'"):
        sweep.run(FakeCluster({"a": 1}), [sweep.stub(key) for key in KEYS])
    assert not list(sweep.out.glob("trials/*/result.json"))
    assert not sweep.recorder.keys("failed")


def test_a_node_with_another_version_stops_the_sweep(
    sweep: Sweep, apart: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ray_task, "environment", lambda: {"archscope": "0.0.1"})
    with pytest.raises(ArchscopeError, match=r"has archscope 0\.0\.1, and this is"):
        trials = [sweep.stub(key, behaviour="raise") for key in KEYS]
        sweep.run(FakeCluster({"a": 1}, apart), trials)
    assert not list(sweep.out.glob("trials/*/result.json"))
    assert not sweep.recorder.keys("failed")


def test_a_trial_that_expires_while_there_is_no_room_is_trained_later(
    sweep: Sweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = sweep.out / "trials/t0"
    folder.mkdir(parents=True)
    monkeypatch.setattr(lease, "machine", lambda: "another machine")
    theirs = lease.acquire(folder, 0)
    monkeypatch.setattr(lease, "machine", lambda: "this machine")
    cluster = FakeCluster({"a": 1})
    expired: list[str] = []
    take = Supply.tend

    def tend(self: Supply) -> list[Event]:
        events = take(self)
        cluster.nodes = {"b": 1} if expired else {}
        expired.extend(["t0"] if self._expired else [])
        return events

    monkeypatch.setattr(Supply, "tend", tend)
    sweep.run(cluster, [sweep.stub("t0")])
    assert theirs is not None and expired
    assert sweep.recorder.keys("finished") == ["t0"]


def test_a_cluster_without_room_is_told_after_a_while(
    sweep: Sweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ray_scheduler, "_PATIENCE", 0.05)
    with pytest.raises(ArchscopeError, match="no node with room"):
        sweep.run(FakeCluster({}), [sweep.stub("t")])


def test_trials_that_wait_for_a_node_that_is_gone_are_given_back(
    sweep: Sweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Submitted, but the last node is lost before they begin."""
    monkeypatch.setattr(ray_scheduler, "_PATIENCE", 0.05)
    cluster = FakeCluster({"a": 1})

    def wait(order: Any, *_: Any) -> Handle:
        cluster.nodes.clear()
        return Handle(order.run, "a")

    monkeypatch.setattr(cluster, "submit", wait)
    with pytest.raises(ArchscopeError, match="no node with room"):
        sweep.run(cluster, [sweep.stub("t")], tick=Limit(200))
    [path] = (sweep.out / "trials/t").glob("lease.*")
    assert json.loads(path.read_text())["state"] == "free"


def test_data_are_brought_to_the_cluster_once(
    sweep: Sweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []

    def load(trial: Trial) -> list[str]:
        read.append(trial.key)
        return ["images"]

    adopted: list[Any] = []
    monkeypatch.setattr(
        "archscope.sweep.run.train_trial.adopt", lambda trial, data: adopted.append(data)
    )
    data = Data(lambda trial: trial.conditions.dataset.label, load)
    trials = [sweep.stub(key) for key in KEYS]
    RayScheduler(
        Supply(sweep.out, trials),
        FakeCluster({"a": 1}),
        Slot("cpu", 1),
        sweep.recorder,
        "ray_runners:run",
        data,
    ).run()
    assert read == KEYS[:1] and adopted == [["images"]] * 5


def test_a_signal_is_heard_while_data_are_read(
    sweep: Sweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = threading.Event()

    def load(_: Trial) -> list[str]:
        os.kill(os.getpid(), signal.SIGTERM)
        ended.wait(5)
        return ["images"]

    monkeypatch.setattr(ray_scheduler, "TICK", 0.01)
    supply = Supply(sweep.out, [sweep.stub("t")])
    data, cluster = Data(lambda _: "one", load), FakeCluster({"a": 1})
    scheduler = RayScheduler(
        supply, cluster, Slot("cpu", 1), sweep.recorder, "ray_runners:run", data
    )
    with pytest.raises(Interrupted) as caught:
        scheduler.run()
    ended.set()
    assert caught.value.exit_code == 143
    assert not cluster.handles  # it did not wait for the data, to begin with them
