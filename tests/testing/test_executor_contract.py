"""Both executors keep the contract, and one that does not is caught."""

import pytest
from fake_ray import Died, FakeCluster, fake_ray

from archscope.sweep.executor import Local
from archscope.sweep.plan.slots import Slot
from archscope.sweep.ray.scheduler import RayScheduler
from archscope.sweep.run.schedule import Interrupted
from archscope.testing import check_executor, runner
from archscope.training.devices import Inventory

__all__ = ["fake_ray"]


@pytest.mark.slow  # of processes: tests/sweep/run has a test of each by default
def test_processes_of_this_machine_keep_it(tmp_path):
    check_executor(Local(Inventory(cpus=2, cpu_name="x")), tmp_path)


@pytest.fixture
def threads(fake_ray, monkeypatch):
    """A cluster of threads, where the end of a worker is that of its thread."""

    def die():
        raise Died

    monkeypatch.setattr(runner, "die", die)


def on_ray(supply, slots, observer, name):
    cluster = FakeCluster({"a": len(slots)})
    RayScheduler(supply, cluster, slots[0], observer, name).run()


class Executor:
    def __init__(self, run):
        self.run = run


@pytest.mark.usefixtures("threads")
def test_ray_keeps_it_on_a_cluster_of_threads(tmp_path):
    check_executor(Executor(on_ray), tmp_path)


class Silent:
    def __init__(self, observer, *kinds):
        self.observer, self.kinds = observer, kinds

    def event(self, event):
        if event.kind not in self.kinds:
            self.observer.event(event)

    def tick(self):
        if "tick" not in self.kinds:
            self.observer.tick()


def lazy(supply, slots, observer, name):
    supply._queue.pop()
    on_ray(supply, slots, observer, name)


def greedy(supply, slots, observer, name):
    on_ray(supply, [*slots, *slots], observer, name)


def other_threads(supply, slots, observer, name):
    on_ray(supply, [Slot("cpu", 3)] * 2, observer, name)


def never_ticks(supply, slots, observer, name):
    on_ray(supply, slots, Silent(observer, "tick"), name)


def hides_failures(supply, slots, observer, name):
    on_ray(supply, slots, Silent(observer, "failed"), name)


def hides_epochs(supply, slots, observer, name):
    on_ray(supply, slots, Silent(observer, "epoch"), name)


def begins_anew(supply, slots, observer, name):
    take = supply.take

    def forgetful():
        work = take()
        if work:
            (work.folder / runner.STATE).unlink(missing_ok=True)
        return work

    supply.take = forgetful
    on_ray(supply, slots, observer, name)


def ends_as_if_done(supply, slots, observer, name):
    try:
        on_ray(supply, slots, observer, name)
    except Interrupted:
        return


def keeps_its_leases(supply, slots, observer, name):
    supply.close = lambda: None
    on_ray(supply, slots, observer, name)


@pytest.mark.usefixtures("threads")
@pytest.mark.parametrize(
    ("run", "says"),
    [
        (lazy, "the trial good4 has no complete result.json"),
        (greedy, "4 trials were held at a time, but there are 2 slots"),
        (other_threads, "trained with 3 threads, which no slot has"),
        (never_ticks, "never notified that time passes"),
        (hides_failures, "each trial's end is to be reported once"),
        (hides_epochs, r"of good0 the epochs \[\] were reported"),
        (begins_anew, "did not continue from what it had kept"),
        (ends_as_if_done, "after SIGINT, run returned as if all was done"),
        (keeps_its_leases, "is still leased"),
    ],
)
def test_one_that_breaks_it_is_caught(run, says, tmp_path):
    with pytest.raises(AssertionError, match=says):
        check_executor(Executor(run), tmp_path)
