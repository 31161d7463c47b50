from __future__ import annotations

import errno
import multiprocessing
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from archscope.files import Unreadable
from archscope.sweep.store import lease as leases
from archscope.sweep.store.lease import acquire, is_free, newest, superseded

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs POSIX")


def race(folder: str, links: bool, barrier: Any, won: Any) -> None:
    if not links:
        os.link = refuse
    for number in range(25):
        (Path(folder) / str(number)).mkdir(exist_ok=True)
        barrier.wait(60)
        lease = acquire(Path(folder) / str(number), number % 3)
        won[number] += lease is not None


@pytest.mark.slow
@pytest.mark.parametrize("links", [True, False])
def test_of_many_processes_one_gets_it(tmp_path: Path, links: bool) -> None:
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(5)
    wins = [context.Array("i", 25, lock=False) for _ in range(5)]
    racers = [
        context.Process(target=race, args=(os.fspath(tmp_path), links, barrier, won))
        for won in wins
    ]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join(60)
    assert [sum(won[number] for won in wins) for number in range(25)] == [1] * 25
    assert sum(any(won) for won in wins) > 1  # it was a race


def refuse(*_: Any) -> None:
    raise OSError(errno.EPERM, "Operation not permitted")


def without_links(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "link", refuse)


def test_free_held_free_again_and_never_the_same_number_twice(tmp_path: Path) -> None:
    assert newest(tmp_path) is None and is_free(tmp_path, None)
    first = acquire(tmp_path, 0)
    assert first is not None
    seen = newest(tmp_path)
    assert seen is not None and seen.number == 1 and not is_free(tmp_path, seen)
    assert acquire(tmp_path, 0) is None
    first.release()
    seen = newest(tmp_path)
    assert seen is not None and seen.number == 1 and is_free(tmp_path, seen)
    second = acquire(tmp_path, 1)
    assert second is not None
    assert [path.name for path in tmp_path.iterdir()] == ["lease.2"]
    assert acquire(tmp_path, 0) is None  # who still believes the first to be the newest
    assert [path.name for path in tmp_path.iterdir()] == ["lease.2"]
    second.discard()
    assert list(tmp_path.iterdir()) == []


def test_every_heartbeat_is_another_content_of_the_same_size(tmp_path: Path) -> None:
    lease = acquire(tmp_path, 0)
    assert lease is not None
    contents = set()
    for _ in range(5):
        contents.add(lease.path.read_bytes())
        lease.beat()
    assert len(contents) == 5 and {len(content) for content in contents} == {512}


def test_it_is_superseded_by_the_next_and_by_its_own_absence(tmp_path: Path) -> None:
    lease = acquire(tmp_path, 0)
    assert lease is not None and not superseded(lease.path)
    lease.beat()
    assert not superseded(lease.path)
    second = acquire(tmp_path, 1)
    assert second is not None and superseded(lease.path) and not superseded(second.path)
    second.discard()  # the trial has ended
    assert superseded(lease.path) and superseded(second.path)


def hold(folder: str, links: bool, ready: Any) -> None:
    if not links:
        os.link = refuse
    lease = acquire(Path(folder), 0)
    ready.set()
    signal.pause()
    assert lease


@pytest.mark.parametrize("links", [True, False])
def test_a_dead_holder_is_known_on_its_machine_and_nowhere_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    if not links:
        without_links(monkeypatch)
    context = multiprocessing.get_context("spawn")
    ready = context.Event()
    holder = context.Process(target=hold, args=(os.fspath(tmp_path), links, ready))
    holder.start()
    assert ready.wait(60)
    seen = newest(tmp_path)
    assert seen is not None and not is_free(tmp_path, seen)
    holder.kill()
    holder.join()
    assert is_free(tmp_path, seen) == links  # without links there is no lock to tell
    monkeypatch.setattr(leases, "machine", lambda: "another")
    assert not is_free(tmp_path, seen)


@pytest.mark.parametrize("content", [b"", b'{"state": "fr', b"[]", b"\xff\xfe"])
def test_a_torn_lease_is_held(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "lease.3").write_bytes(content)
    seen = newest(tmp_path)
    assert seen is not None and seen.number == 3 and not is_free(tmp_path, seen)


def test_a_link_whose_answer_was_lost_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = os.link

    def lossy(old: Path, new: Path) -> None:
        link(old, new)
        raise FileExistsError(errno.EEXIST, "File exists")

    monkeypatch.setattr(os, "link", lossy)
    lease = acquire(tmp_path, 0)
    assert lease is not None and not superseded(lease.path)


def test_a_file_system_without_locks_still_has_leases(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("fcntl.flock", refuse)
    assert acquire(tmp_path, 0) is not None
    assert acquire(tmp_path, 0) is None
    assert not is_free(tmp_path, newest(tmp_path))


@pytest.mark.parametrize("name", ["lease.007", "lease.0", "lease.\u0663", "lease.-1", "lease.1x"])
def test_what_is_not_named_as_a_lease_is_none(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("{}")
    assert newest(tmp_path) is None
    assert acquire(tmp_path, 0) is not None


@pytest.mark.parametrize("kind", ["a symbolic link", "a folder", "a named pipe"])
def test_what_has_a_leases_name_and_is_no_file_is_told(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "lease.7"
    {
        "a symbolic link": lambda: path.symlink_to("nowhere"),
        "a folder": path.mkdir,
        "a named pipe": lambda: os.mkfifo(path),
    }[kind]()
    for look in (newest, lambda folder: acquire(folder, 1)):
        with pytest.raises(Unreadable, match=f"lease.7 cannot be read .it is {kind}.*: remove it"):
            look(tmp_path)


def test_a_lease_that_is_listed_but_never_there_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a network file system may have it."""
    monkeypatch.setattr(leases, "_numbers", lambda folder: {3})
    with pytest.raises(Unreadable, match=r"lease\.3 cannot be read"):
        newest(tmp_path)
