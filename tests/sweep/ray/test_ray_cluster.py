"""Ray's own test cluster: several nodes on this machine, some of which are killed."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ray_support import Log, Recorder, result, stub
from waiting import run_archscope, wait_for

from archscope.errors import ArchscopeError, UsageError
from archscope.explore.training.cifar_sweep import cifar_sweep
from archscope.explore.training.run_plan import Console
from archscope.sweep.plan.slots import Ray, Resources, Slot
from archscope.sweep.plan.trial import Trial
from archscope.sweep.ray import connection as ray_connection
from archscope.sweep.ray import scheduler as ray_scheduler
from archscope.sweep.ray.cluster import Need, RayCluster, living, room
from archscope.sweep.ray.connection import connected, inventory
from archscope.sweep.ray.scheduler import RayScheduler
from archscope.sweep.run.live import Silent
from archscope.sweep.run.messages import Event
from archscope.sweep.run.supply import Supply
from archscope.sweep.store.records import read_sweep

pytest.importorskip("ray", reason="ray is not installed (pip install 'archscope[ray]')")
pytestmark = pytest.mark.slow

MEMORY = 100 * 2**20  # bytes of each node's object store
QUIET = Console(print, live=False)


class Nodes:
    """A head without processors, which is the driver's, and nodes of one each."""

    def __init__(self) -> None:
        from ray.cluster_utils import Cluster

        head = {"num_cpus": 0, "include_dashboard": False, "object_store_memory": MEMORY}
        self.cluster = Cluster(initialize_head=True, head_node_args=head)
        self.address: str = self.cluster.address
        self.nodes: list[Any] = []

    def grow(self, to: int, **resources: Any) -> None:
        """Add nodes."""
        while len(self.nodes) < to:
            options = {"num_cpus": 1, "object_store_memory": MEMORY, **resources}
            self.nodes.append(self.cluster.add_node(**options))

    def kill(self, node: str) -> None:
        """Kill a node, and all its processes, with SIGKILL."""
        [found] = [one for one in self.nodes if one.node_id == node]
        self.nodes.remove(found)
        self.cluster.remove_node(found, allow_graceful=False)

    def close(self) -> None:
        self.cluster.shutdown()


@pytest.fixture(scope="module")
def nodes() -> Iterator[Nodes]:
    with pytest.MonkeyPatch.context() as patch:
        # The nodes' processes find the runners where this one does.
        patch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        made = Nodes()
        made.grow(3)
        yield made
        made.close()


@pytest.fixture
def cluster(nodes: Nodes) -> Iterator[Nodes]:
    nodes.grow(3)
    with connected(nodes.address):
        wait_for(lambda: room(living(), Need(1)) == 3)
        yield nodes


@pytest.fixture(params=["shared", "apart"])
def sharing(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Apart, no node finds in the sweep's folder what the driver wrote there."""
    if request.param == "apart":
        monkeypatch.setattr(ray_scheduler, "write_text", lambda path, _: path.write_text("other"))
    return str(request.param)


def run(folder: Path, trials: list[Trial], recorder: Recorder, need: Need) -> None:
    device = "cuda:0" if need.trials_per_gpu else "cpu"
    scheduler = RayScheduler(
        Supply(folder, trials), RayCluster(need), Slot(device, 1), recorder, "ray_runners:run"
    )
    scheduler.run()


def test_each_trial_is_trained_once_on_the_nodes_there_are(
    cluster: Nodes, tmp_path: Path, sharing: str
) -> None:
    log, out = Log(tmp_path / "log"), tmp_path / "sweep"
    recorder = Recorder()
    run(out, [stub(f"t{i}", log, epochs=3) for i in range(8)], recorder, Need(1))
    keys = [f"t{i}" for i in range(8)]
    assert not recorder.keys("failed"), recorder.events
    assert log.count("begin") == log.count("end") == Counter(keys)
    assert sorted(recorder.keys("finished")) == keys
    for key in keys:
        assert result(out, key)["metrics"]["state"] == [1, 2, 3]
        assert len((out / "trials" / key / "metrics.jsonl").read_text().splitlines()) == 3
        assert not list((out / "trials" / key).glob("lease.*"))
    inside = {str(out / "trials" / key) for key in keys}
    assert (set(log.folders()) == inside) == (sharing == "shared")
    assert not list(out.glob(".ray-*"))


def test_trials_of_a_killed_node_go_on_elsewhere_from_their_checkpoints(
    cluster: Nodes, tmp_path: Path, sharing: str
) -> None:
    log, out, gate = Log(tmp_path / "log"), tmp_path / "sweep", tmp_path / "gate"
    trials = [stub(f"t{i}", log, epochs=4, holds=3, gate=str(gate)) for i in range(5)]
    recorder, epochs = Recorder(), Counter[str]()
    victim: list[str] = []
    scheduler = RayScheduler(
        Supply(out, trials), RayCluster(Need(1)), Slot("cpu", 1), recorder, "ray_runners:run"
    )

    def kill(event: Event) -> None:
        epochs[event.key] += 1
        if not victim and sorted(epochs.values()) == [2, 2, 2]:  # each waits within epoch 3
            victim.append(event.key)
            [run] = [one for one in scheduler._runs.values() if one.name.split()[0] == event.key]
            assert run.where is not None
            cluster.kill(run.where.node)

    recorder.hooks["epoch"] = kill
    recorder.hooks["note"] = lambda _: gate.touch()
    scheduler.run()
    keys = [f"t{i}" for i in range(5)]
    assert sorted(recorder.keys("finished")) == keys and not recorder.keys("failed")
    assert log.count("end") == Counter(keys)
    [lost] = victim
    assert log.of(lost, "begin") == ["0", "2"]
    assert log.of(lost, "epoch") == ["1", "2", "3", "4"]  # none of them twice
    assert log.count("begin") == Counter(keys) + Counter([lost])
    assert ["was lost; continued from" in note for note in recorder.notes()] == [True]
    for key in keys:
        assert result(out, key)["metrics"]["state"] == [1, 2, 3, 4]
        assert len((out / "trials" / key / "metrics.jsonl").read_text().splitlines()) == 4


def test_a_worker_that_dies_is_replaced_once(cluster: Nodes, tmp_path: Path) -> None:
    log, out, recorder = Log(tmp_path / "log"), tmp_path / "sweep", Recorder()
    trials = [
        stub("once", log, behaviour="die after 2"),
        stub("twice", log, behaviour="die"),
        stub("raises", log, behaviour="raise"),
        stub("good", log),
    ]
    run(out, trials, recorder, Need(1))
    assert log.count("begin") == {"once": 2, "twice": 2, "raises": 1, "good": 1}
    assert sorted(recorder.keys("finished")) == ["good", "once"]
    assert log.of("once", "begin") == ["0", "2"]
    assert sorted(recorder.keys("failed")) == ["raises", "twice"]
    assert result(out, "twice")["reason"] == "the worker process died, twice"
    assert result(out, "raises")["reason"] == "RuntimeError: made to fail"


def test_a_cluster_that_grows_is_used(cluster: Nodes, tmp_path: Path) -> None:
    log, gate = Log(tmp_path / "log"), tmp_path / "gate"
    recorder = Recorder()
    trials = [stub(f"t{i}", log, holds=1, gate=str(gate)) for i in range(5)]

    def grow(_: Event) -> None:
        begun = sum(log.count("begin").values())
        if begun == 3:
            cluster.grow(4)
        if begun == 4:
            gate.touch()

    recorder.hooks["tick"] = grow
    run(tmp_path / "sweep", trials, recorder, Need(1))
    assert len(recorder.keys("finished")) == 5
    cluster.kill(cluster.nodes[-1].node_id)


def test_parts_of_gpus_are_shared_and_never_more(cluster: Nodes, tmp_path: Path) -> None:
    """Imaginary GPUs: Ray gives them out by number, and tells a task which is its own."""
    log, gate, recorder = Log(tmp_path / "log"), tmp_path / "gate", Recorder()
    cluster.nodes.append(
        cluster.cluster.add_node(num_cpus=8, num_gpus=2, object_store_memory=MEMORY)
    )
    wait_for(lambda: room(living(), Need(1, 3)) == 6)
    trials = [stub(f"t{i}", log, holds=1, gate=str(gate)) for i in range(8)]
    recorder.hooks["tick"] = lambda _: (
        gate.touch() if sum(log.count("begin").values()) == 6 else None
    )
    run(tmp_path / "sweep", trials, recorder, Need(1, 3))
    assert len(recorder.keys("finished")) == 8
    first = [line[4:6] for line in log.lines() if line[1] == "begin"][:6]
    assert sorted(first) == [["cuda:0", "0"]] * 3 + [["cuda:0", "1"]] * 3
    cluster.kill(cluster.nodes[-1].node_id)


SETTINGS = {"scale": 0.0625, "templates": "1x64d,2x64d", "samples": 320, "seeds": 2, "epochs": 3}


def metrics(folder: Path) -> dict[str, Any]:
    records = read_sweep(folder).trials
    return {record.key: record.result and record.result.metrics for record in records}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Real trainings on this machine."""
    out = tmp_path_factory.mktemp("local") / "sweep"
    cifar_sweep("quick", out=out, console=QUIET, resources=Resources(gpus=0), **SETTINGS)
    return metrics(out)


def test_real_trainings_are_the_same_to_the_bit_though_a_node_is_killed(
    cluster: Nodes,
    tmp_path: Path,
    sharing: str,
    undisturbed: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    epochs: list[tuple[str, int]] = []
    lost: list[str] = []
    schedulers: list[RayScheduler] = []
    event_of, run_of = Silent.event, RayScheduler.run

    def run(self: RayScheduler) -> None:
        schedulers.append(self)
        run_of(self)

    def event(self: Silent, event: Event) -> None:
        event_of(self, event)
        if event.kind == "epoch":
            epochs.append((event.key, event.data["epoch"]))
            # The node that trains it; once more where that had just come to its end.
            if event.data["epoch"] < 3 and not lost and len(cluster.nodes) > 1:
                [where] = {
                    one.where.node
                    for one in schedulers[0]._runs.values()
                    if one.where and one.name.split()[0] == event.key
                }
                if any(node.node_id == where for node in cluster.nodes):
                    cluster.kill(where)
        elif event.kind == "note" and "was lost" in event.data["text"]:
            lost.append(event.key)

    monkeypatch.setattr(Silent, "event", event)
    monkeypatch.setattr(RayScheduler, "run", run)
    result = cifar_sweep(
        "quick", out=tmp_path / "s", console=QUIET, resources=Resources(ray=Ray()), **SETTINGS
    )
    assert result.exit_code == 0
    assert metrics(tmp_path / "s") == undisturbed
    assert len(undisturbed) == 4 and None not in undisturbed.values()
    assert lost
    # What was kept is not trained again.
    assert sorted(epochs) == sorted((key, n) for key in undisturbed for n in (1, 2, 3))


def command(out: Path, address: str, interrupt: str | None = None) -> tuple[int, str]:
    options = ["--preset", "quick", "--executor", "ray", "--address", address, "--out", str(out)]
    for name, value in SETTINGS.items():
        options += [f"--{name}", str(value)]
    return run_archscope(["cifar-sweep", *options], interrupt)


@pytest.mark.parametrize("own", [False, True], ids=["cluster", "own cluster"])
def test_interrupted_and_continued_it_is_the_same_sweep(
    nodes: Nodes, tmp_path: Path, undisturbed: dict[str, Any], own: bool
) -> None:
    nodes.grow(3)
    address, out = "local" if own else nodes.address, tmp_path / "sweep"
    code, text = command(out, address, interrupt="epoch 1/3")
    assert code == 130, text
    assert "run the same command again" in text.splitlines()[-1]
    before = read_sweep(out).trials
    assert any(record.status == "running" for record in before)
    assert not list(out.glob(".ray-*"))
    code, text = command(out, address)
    assert code == 0, text
    assert metrics(out) == undisturbed


def test_a_node_that_is_lost_while_it_is_asked_is_left_out(
    cluster: Nodes, monkeypatch: pytest.MonkeyPatch
) -> None:
    nodes = living()
    # The cluster lists them in any order: one that is asked, not the head without processors.
    [model, *_] = [node for node in nodes if node["Resources"].get("CPU", 0) >= 1]
    ghost = {**model, "NodeID": "0123abcd" * 7, "NodeManagerHostname": "ghost"}
    monkeypatch.setattr(ray_connection, "living", lambda: [ghost, *nodes])
    found, notes = inventory()
    assert found.cpus == 3
    assert notes == ["The node ghost of the Ray cluster was lost before it answered."]


def test_what_the_nodes_have(cluster: Nodes) -> None:
    found, notes = inventory()
    assert (found.cpus, found.gpus, notes) == (3, (), [])


@pytest.mark.parametrize(
    ("address", "says"),
    [("127.0.0.1:1", "Connection refused"), ("nonsense", "Invalid address")],
)
def test_a_cluster_that_cannot_be_reached(address: str, says: str) -> None:
    with pytest.raises(ArchscopeError, match=says), connected(address):
        pytest.fail("connected")


def test_more_threads_than_a_node_has(cluster: Nodes, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no node of the Ray cluster has 2 CPUs"):
        cifar_sweep("quick", out=tmp_path, console=QUIET, resources=Resources(ray=Ray(), threads=2))
