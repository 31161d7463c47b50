"""Who gets which trial, by imaginary clocks: one process plays several machines."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from archscope.sweep.run.supply import Supply
from archscope.sweep.store import lease as leases
from archscope.sweep.store.lease import Timing
from archscope.testing.trials import fake_trial

TIMING = Timing(beat=5, look=1, expiry=60)


class Clock:
    def __init__(self, now: float = 0.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class Machines:
    """Supplies on one folder, each with a clock that has nothing to do with the others'."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.monkeypatch = monkeypatch
        self.clocks: dict[str, Clock] = {}
        self.supplies: dict[str, Supply] = {}

    def add(self, name: str, now: float, keys: str = "abc") -> Supply:
        self.clocks[name] = Clock(now)
        trials = [fake_trial(key) for key in keys]
        supply = Supply(self.folder, trials, TIMING, self.clocks[name])
        self.supplies[name] = supply
        return supply

    def on(self, name: str) -> Supply:
        self.monkeypatch.setattr(leases, "machine", lambda: name)
        return self.supplies[name]

    def pass_time(self, seconds: int, *names: str) -> list[Any]:
        news = []
        for _ in range(seconds):
            for name in names:
                self.clocks[name].now += 1
                news += self.on(name).tend()
        return news


@pytest.fixture
def machines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machines:
    return Machines(tmp_path, monkeypatch)


def end(supply: Supply, leased: Any, status: str = "done") -> None:
    write_result(leased.folder, status)
    supply.ended(leased, over=status != "failed")


def write_result(folder: Path, status: str) -> None:
    result = {
        "schema": "archscope.result/1",
        "key": folder.name,
        "status": status,
        "metrics": {"test_error": 1.0},
        "timing": {},
    }
    (folder / "result.json").write_text(json.dumps(result))


def key(leased: Any) -> str | None:
    return leased.key if leased else None


def test_each_takes_what_the_others_have_not(machines: Machines) -> None:
    one, two = machines.add("one", 0), machines.add("two", 9e9)
    first = machines.on("one").take()
    second = machines.on("two").take()
    third = machines.on("one").take()
    assert [key(x) for x in (first, second, third)] == ["a", "b", "c"]
    assert machines.on("two").take() is None and two.waiting
    assert machines.on("one").take() is None and one.waiting
    end(one, first)
    end(one, third)
    machines.pass_time(3, "one", "two")
    assert not two.waiting and one.waiting
    end(two, second)
    news = machines.pass_time(3, "one", "two")
    assert [(event.kind, event.key) for event in news] == [("finished", "b")]
    assert not one.waiting and machines.on("one").take() is None


def test_a_lease_with_a_heartbeat_never_expires_without_one_it_does(machines: Machines) -> None:
    machines.add("one", 0, "a")
    two = machines.add("two", -5e6, "a")
    assert machines.on("one").take() is not None
    assert machines.on("two").take() is None
    for _ in range(200):
        machines.pass_time(1, "one", "two")
        assert machines.on("two").take() is None and two.waiting
    machines.pass_time(59, "two")
    assert machines.on("two").take() is None
    machines.pass_time(10, "two")
    assert key(machines.on("two").take()) == "a"
    [note] = machines.pass_time(1, "two")
    assert "taken over" in note.data["text"]


def test_time_in_which_nobody_looked_does_not_make_a_lease_expire(machines: Machines) -> None:
    """Both machines were asleep; whoever wakes first must not rob the other."""
    machines.add("one", 0, "a")
    two = machines.add("two", 0, "a")
    machines.on("one").take()
    assert machines.on("two").take() is None
    machines.pass_time(3, "one", "two")
    machines.clocks["two"].now += 10_000
    two.tend()
    two.tend()
    assert machines.on("two").take() is None


def test_what_is_given_back_is_free_at_once_on_every_machine(machines: Machines) -> None:
    one, _ = machines.add("one", 0, "ab"), machines.add("two", 0, "a")
    machines.on("one").take()
    assert machines.on("two").take() is None
    one.close()
    machines.pass_time(2, "two")
    assert key(machines.on("two").take()) == "a"


def test_of_two_who_wait_for_an_expired_lease_one_gets_it(machines: Machines) -> None:
    machines.add("gone", 0, "a")
    machines.on("gone").take()
    for name in ("one", "two"):
        machines.add(name, 0, "a")
        assert machines.on(name).take() is None
    machines.pass_time(70, "one", "two")
    got = [key(machines.on(name).take()) for name in ("one", "two")]
    assert got == ["a", None]
    assert machines.supplies["two"].waiting


def test_a_failed_trial_of_another_is_not_tried_again(machines: Machines) -> None:
    one, two = machines.add("one", 0, "a"), machines.add("two", 0, "a")
    end(one, machines.on("one").take(), "failed")
    assert machines.on("two").take() is None
    [event] = two.tend()
    assert (event.kind, event.key) == ("failed", "a")
    assert not two.waiting


def test_a_trial_that_must_be_given_up_is_followed(machines: Machines) -> None:
    one, two = machines.add("one", 0, "a"), machines.add("two", 0, "a")
    mine = machines.on("one").take()
    assert mine is not None and machines.on("two").take() is None
    machines.pass_time(70, "two")
    theirs = machines.on("two").take()
    assert theirs is not None and leases.superseded(mine.lease.path)
    machines.on("one").lost(mine)
    assert one.waiting
    end(two, theirs)
    [event] = machines.pass_time(3, "one")
    assert event.kind == "finished" and not one.waiting
    assert not list(mine.folder.glob("lease.*"))


def test_a_renewed_lease_ends_the_old_one_and_is_held(machines: Machines) -> None:
    one, two = machines.add("one", 0, "a"), machines.add("two", 0, "a")
    mine = machines.on("one").take()
    assert mine is not None and machines.on("two").take() is None
    new = machines.on("one").renew(mine)
    assert new is not None and new.lease.path.name == "lease.2"
    assert leases.superseded(mine.lease.path) and not leases.superseded(new.lease.path)
    machines.pass_time(200, "one", "two")  # it beats
    assert machines.on("two").take() is None and two.waiting
    end(one, new)
    assert not list(new.folder.glob("lease.*"))


def test_a_lease_that_another_has_taken_is_not_renewed(machines: Machines) -> None:
    one, _ = machines.add("one", 0, "a"), machines.add("two", 0, "a")
    mine = machines.on("one").take()
    assert mine is not None and machines.on("two").take() is None
    machines.pass_time(70, "two")
    assert machines.on("two").take() is not None
    assert machines.on("one").renew(mine) is None
    assert one.waiting and machines.on("one").take() is None


def test_the_number_of_a_lease_on_a_failed_trial_does_not_come_back(
    machines: Machines, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It failed elsewhere between the look at its result and the lease."""
    one, acquire = machines.add("one", 0, "a"), leases.acquire

    def late(folder: Path, after: int) -> Any:
        write_result(folder, "failed")
        return acquire(folder, after)

    monkeypatch.setattr(leases, "acquire", late)
    assert machines.on("one").take() is None
    seen = leases.newest(machines.folder / "trials/a")
    assert seen is not None
    assert (seen.number, seen.document()["state"]) == (1, "free")
    assert [(event.kind, event.key) for event in one.tend()] == [("failed", "a")]


def test_a_trial_that_pauses_is_free_again_and_over_for_those_that_pause_there(tmp_path: Path):
    trial = fake_trial("a")
    here, there = (Supply(tmp_path, [trial], until=2) for _ in range(2))
    leased = here.take()
    assert leased is not None and leased.until == 2
    lines = "".join(json.dumps({"epoch": epoch}) + "\n" for epoch in (1, 2))
    (leased.folder / "metrics.jsonl").write_text(lines)
    here.ended(leased, over=False)
    assert there.take() is None
    assert [event.kind for event in there.tend()] == ["paused"]
    assert Supply(tmp_path, [trial]).take() is not None
