"""The connection of a process to a Ray cluster, and what there is to train on."""

from __future__ import annotations

import atexit
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from archscope.errors import ArchscopeError, UsageError
from archscope.sweep.ray import task as ray_task
from archscope.sweep.ray.cluster import HeadLost, last_line, living
from archscope.sweep.store.environment import differences, environment
from archscope.training.devices import Inventory

_REACHED_WITHIN = 10.0  # seconds, for the first packet
_ANSWERED_WITHIN = 120.0  # seconds, for a node that may have to start a process
_LEFT_WITHIN = 10.0  # seconds
_PROBE = 0.01  # of a GPU


@contextmanager
def connected(address: str | None, cpus: int | None = None) -> Iterator[None]:
    """A connection to the cluster at `address`, or at $RAY_ADDRESS; without, to one of its own.

    That one is of this machine alone, with `cpus` processors, and ends with the context. Raises
    UsageError where ray is not installed, ArchscopeError where the cluster cannot be reached.
    """
    try:
        import ray
    except ImportError:
        raise UsageError(
            "--executor ray needs ray, which is not installed: run pip install "
            "'archscope[ray]', or leave it out"
        ) from None
    if ray.is_initialized():  # by the program that uses this library
        yield
        return
    address = address or os.environ.get("RAY_ADDRESS") or "local"
    options: dict[str, Any] = {}
    if address == "local":
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        options = {"num_cpus": cpus, "include_dashboard": False}
    _check_reachable(address)
    leave = ray.shutdown
    try:
        _init(address, options)
        yield
    except HeadLost:
        leave = _abandon
        raise
    finally:
        leave()


def _abandon() -> None:
    """Take leave of a cluster without a head: end what we started, as far as that goes.

    Ray waits for the head in its shutdown, also in that at the end of the process, and ends that
    itself with lines of its own: so it is left at once, when all is said.
    """
    import ray

    leaving = threading.Thread(target=ray.shutdown, daemon=True)
    leaving.start()
    leaving.join(_LEFT_WITHIN)
    atexit.register(_leave)


def _leave() -> None:
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):
            stream.flush()
    os._exit(1)


def _init(address: str, options: dict[str, Any]) -> None:
    import ray

    try:
        with _signals_kept():
            ray.init(address, log_to_driver=False, logging_level="ERROR", **options)
    # Among them an exit of the process, by which Ray ends a driver that finds no cluster.
    except (ConnectionError, ValueError, RuntimeError, SystemExit) as error:
        raise _unreachable(address, str(error)) from None


def inventory() -> tuple[Inventory, list[str]]:
    """What the cluster has to train on, all its nodes together, and what to say of them.

    Raises ArchscopeError where a node cannot train, or none answers.
    """
    answers, notes = _probed()
    nodes = [found for _, _, found in answers]
    with_gpu = [(int(have["GPU"]), node) for have, _, node in answers if node.gpus]
    whole = Inventory(
        cpus=sum(int(have.get("CPU", 0)) for have, _, _ in answers),
        cpu_name=nodes[0].cpu_name,
        gpus=tuple(node.gpus[0] for number, node in with_gpu for _ in range(number)),
        bf16_cpu=all(node.bf16_cpu for node in nodes),
        bf16_gpu=all(node.bf16_gpu for _, node in with_gpu),
    )
    return whole, notes + _unlike([versions for _, versions, _ in answers])


def _unlike(found: Sequence[Mapping[str, Any]]) -> list[str]:
    here = environment()
    notes = []
    for versions in found:
        if versions["archscope"] != here["archscope"]:
            raise ArchscopeError(
                f"The node {versions['host']} has archscope {versions['archscope']}, and this is "
                f"{here['archscope']}: install the same on every node."
            )
        if changed := differences(found[0], versions):
            notes.append(
                f"The nodes {found[0]['host']} and {versions['host']} are not alike "
                f"({'; '.join(changed)}): the last bits of a trial's numbers may depend on "
                "where it trains."
            )
    return notes[:1]


def _probed() -> tuple[list[tuple[Mapping[str, float], dict[str, Any], Inventory]], list[str]]:
    """Of each node: its resources, its versions, what it can train on; and who did not answer."""
    import ray

    answers, notes = [], []
    # All are asked before the first is waited for.
    asked = [(node, _asked(node)) for node in living() if node["Resources"].get("CPU", 0) >= 1]
    until = time.monotonic() + _ANSWERED_WITHIN
    for node, reference in asked:
        name = node["NodeManagerHostname"]
        try:
            answer = ray.get(reference, timeout=max(0.0, until - time.monotonic()))
        except ray.exceptions.GetTimeoutError:
            notes.append(
                f"The node {name} of the Ray cluster gave no answer within {_ANSWERED_WITHIN:.0f} "
                "s: its GPUs may be taken. It is used if it comes to have room."
            )
            ray.cancel(reference)
        except ray.exceptions.RayError as error:
            if _gone(node, error):
                notes.append(f"The node {name} of the Ray cluster was lost before it answered.")
                continue
            # Trials would be sent there all the same, and end at once.
            raise ArchscopeError(
                f"The node {name} of the Ray cluster cannot train ({last_line(error)}): install "
                "archscope there, in the version that is used here, or take it out of the cluster."
            ) from None
        else:
            answers.append((node["Resources"], *answer))
    if not answers:
        why = "none answered in time" if asked else "none of them has a CPU for tasks"
        raise ArchscopeError(
            f"No node of the Ray cluster can train ({why}): start nodes with free CPUs and "
            "GPUs, or wait until the present ones are free."
        )
    return answers, notes


def _gone(node: Mapping[str, Any], error: Exception) -> bool:
    """Whether a node failed to answer because it has left the cluster."""
    import ray

    # The cluster may take a while to see that a node is dead; until then it is listed as living.
    lost = (ray.exceptions.TaskUnschedulableError, ray.exceptions.NodeDiedError)
    return isinstance(error, lost) or node["NodeID"] not in {n["NodeID"] for n in living()}


def _asked(node: Mapping[str, Any]) -> Any:
    """Ray's reference to what the node has, by its own word."""
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy as On

    options = {
        "num_cpus": 0,
        "num_gpus": _PROBE if node["Resources"].get("GPU", 0) else 0,
        "max_retries": 0,
        "scheduling_strategy": On(node["NodeID"], soft=False),
    }
    return ray.remote(**options)(ray_task.probe).remote()


def _check_reachable(address: str) -> None:
    """Raise where nothing listens at the address: Ray itself tries for minutes."""
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if not colon or not port.isdecimal():
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), _REACHED_WITHIN).close()
    except (OSError, OverflowError) as error:
        raise _unreachable(address, getattr(error, "strerror", None) or str(error)) from None


def _unreachable(address: str, why: str) -> ArchscopeError:
    why = (why.strip().splitlines() or ["no answer"])[0].rstrip(".")
    return ArchscopeError(
        f"The Ray cluster at {address} cannot be reached ({why}): start it with ray start --head, "
        "give --address HOST:PORT as that prints it, and set RAY_AUTH_MODE=token where it asks for "
        "a token."
    )


@contextmanager
def _signals_kept() -> Iterator[None]:
    """Ray puts handlers of its own in place of those that end a sweep in good order."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.getsignal(number) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
