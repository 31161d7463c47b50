"""A Ray cluster as the scheduler needs it: the only place that speaks to Ray for the driver."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from archscope.errors import ArchscopeError, UsageError
from archscope.sweep import ray_task
from archscope.sweep.environment import differences, environment
from archscope.sweep.ray_mailbox import Mailbox
from archscope.sweep.ray_scheduler import Ended
from archscope.sweep.ray_task import Item, Order
from archscope.train.devices import Inventory

_REACHED_WITHIN = 10.0  # seconds, for the first packet
_ANSWERED_WITHIN = 120.0  # seconds, for a node that may have to start a process
_REREAD = 3.0  # seconds between two looks at the cluster's size
_GRAIN = 10_000  # Ray counts resources in parts of this
_PROBE = 0.01  # of a GPU


class Need(NamedTuple):
    """What each trial needs of a node, and how many may run at a time (None: as many as fit)."""

    threads: int
    trials_per_gpu: int | None = None  # None: no GPU
    limit: int | None = None

    @property
    def gpu(self) -> float:
        """The part of a GPU, so that all parts fit on it."""
        return _GRAIN // self.trials_per_gpu / _GRAIN if self.trials_per_gpu else 0.0

    def fit(self, resources: Mapping[str, float]) -> int:
        """How many trials fit on a node."""
        fit = int(resources.get("CPU", 0) // self.threads)
        if self.trials_per_gpu:
            fit = min(fit, int(resources.get("GPU", 0)) * self.trials_per_gpu)
        return fit


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
            "--executor ray was asked for, but ray is not installed: run pip install "
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
    try:
        with _signals_kept():
            ray.init(address, log_to_driver=False, logging_level="ERROR", **options)
        yield
    except (ConnectionError, ValueError, RuntimeError, SystemExit) as error:
        if ray.is_initialized():
            raise
        raise _unreachable(address, str(error)) from None
    finally:
        ray.shutdown()


def inventory() -> tuple[Inventory, list[str]]:
    """What the cluster has to train on, all its nodes together, and what to say of them.

    Raises ArchscopeError where no node can tell.
    """
    answers = _probed()
    nodes = [found for _, _, found in answers]
    gpus = [min(int(have.get("GPU", 0)), 1) and int(have["GPU"]) for have, _, _ in answers]
    names = tuple(
        node.gpus[0] for node, n in zip(nodes, gpus, strict=True) for _ in range(n) if node.gpus
    )
    with_gpu = [node for node in nodes if node.gpus]
    whole = Inventory(
        cpus=sum(int(have.get("CPU", 0)) for have, _, _ in answers),
        cpu_name=nodes[0].cpu_name,
        gpus=names,
        bf16_cpu=all(node.bf16_cpu for node in nodes),
        bf16_gpu=all(node.bf16_gpu for node in with_gpu),
    )
    return whole, _unlike([versions for _, versions, _ in answers])


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
                f"({'; '.join(changed)}): the numbers of a trial may differ in the last bits by "
                "where it trains."
            )
    return notes[:1]


def _probed() -> list[tuple[Mapping[str, float], dict[str, Any], Inventory]]:
    """Of each node: its resources, its versions, what it can train on."""
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy as On

    asked = []
    for node in ray.nodes():
        have = node["Resources"]
        if node["Alive"] and have.get("CPU", 0) >= 1:
            options = {
                "num_cpus": 0,
                "num_gpus": _PROBE if have.get("GPU", 0) else 0,
                "max_retries": 0,
                "scheduling_strategy": On(node["NodeID"], soft=False),
            }
            asked.append((have, ray.remote(**options)(ray_task.probe).remote()))
    answers = []
    until = time.monotonic() + _ANSWERED_WITHIN
    why = "none of them has a CPU for tasks"
    for have, reference in asked:
        try:
            answer = ray.get(reference, timeout=max(0.0, until - time.monotonic()))
        except ray.exceptions.GetTimeoutError:
            why = f"no answer within {_ANSWERED_WITHIN:.0f} s: their GPUs may be taken"
            ray.cancel(reference)
        except ray.exceptions.RayError as error:
            why = _last_line(error)
        else:
            answers.append((have, *answer))
    if not answers:
        raise ArchscopeError(
            f"No node of the Ray cluster can train ({why}): archscope must be installed on every "
            "node, in the version that is used here."
        )
    return answers


class RayCluster:
    """The cluster that this process is connected to, for trials that need `need`."""

    def __init__(self, need: Need) -> None:
        import ray
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy as On

        self.need = need
        here = On(ray.get_runtime_context().get_node_id(), soft=False)
        self._mailbox = ray.remote(num_cpus=0, scheduling_strategy=here)(Mailbox).remote()
        threads = str(need.threads)
        # Read when the libraries are loaded, which is before a task could say anything.
        names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
        options: dict[str, Any] = {
            "num_cpus": need.threads,
            "num_gpus": need.gpu,
            "max_retries": 0,
            "runtime_env": {"env_vars": dict.fromkeys(names, threads)},
        }
        if need.gpu:
            options["max_calls"] = 1  # the next trial of the process may get another GPU
        self._task = ray.remote(**options)(ray_task.run)
        self._alive: dict[str, bool] = {}
        self._room = 0
        self._read = -_REREAD

    def room(self) -> int:
        """How many trials fit on the nodes that live, up to the limit."""
        self._look(_REREAD)
        return self._room if self.need.limit is None else min(self._room, self.need.limit)

    def alive(self, node: str) -> bool:
        """Whether the node lives, as far as the cluster knows."""
        self._look(_REREAD / 10)
        return self._alive.get(node, False)

    def share(self, data: Any) -> Any:
        """Put a dataset into the cluster's store; returns the reference."""
        import ray

        return ray.put(data)

    def submit(self, order: Order, files: Mapping[str, bytes], data: Any) -> Any:
        """Begin a task; returns Ray's reference to what it returns."""
        import ray

        self._ask("want", order.run)
        # In a list, a reference is not fetched before the task asks for it.
        references = [ray.put(dict(files))] if files else []
        return self._task.remote(order, references, data, self._mailbox)

    def ready(self, handles: Sequence[Any], seconds: float) -> list[Any]:
        """Those that have ended, after `seconds` at most."""
        import ray

        if not handles:
            time.sleep(seconds)
            return []
        first, rest = ray.wait(list(handles), num_returns=1, timeout=seconds, fetch_local=False)
        if first and rest:
            first += ray.wait(rest, num_returns=len(rest), timeout=0, fetch_local=False)[0]
        return list(first)

    def ended(self, handle: Any) -> Ended:
        """How one of those ended."""
        import ray
        from ray import exceptions as known

        try:
            return Ended("returned", str(ray.get(handle)))
        except (known.WorkerCrashedError, known.OutOfMemoryError) as error:
            memory = isinstance(error, known.OutOfMemoryError)
            why = "was killed, as its node ran out of memory" if memory else "died"
            return Ended("worker", f"the worker process {why}")
        except (known.RayTaskError, known.RuntimeEnvSetupError) as error:
            return Ended("error", _last_line(error))
        except known.RayError as error:  # its node, its caller's or its data's is no more
            self._read = -_REREAD
            return Ended("node", _last_line(error))

    def news(self, written: Mapping[str, int]) -> list[tuple[str, Item]]:
        """What tasks have told since the last call."""
        news: list[tuple[str, Item]] = self._ask("fetch", dict(written))
        return news

    def forget(self, run: str) -> None:
        """Drop what may still come of a run."""
        self._ask("leave", run)

    def stop(self) -> None:
        """Ask all tasks to keep their state and end."""
        self._ask("stop")

    def cancel(self, handle: Any) -> None:
        """End a task at once."""
        import ray

        ray.cancel(handle, force=True)

    def _ask(self, method: str, *arguments: Any) -> Any:
        import ray

        try:
            return ray.get(getattr(self._mailbox, method).remote(*arguments), timeout=60)
        except ray.exceptions.RayError as error:
            raise ArchscopeError(
                f"The Ray cluster was lost ({_last_line(error)}): run the same command again to "
                "continue (nothing finished is lost)."
            ) from None

    def _look(self, at_most_every: float) -> None:
        import ray

        if time.monotonic() - self._read < at_most_every:
            return
        self._read = time.monotonic()
        nodes = ray.nodes()
        self._alive = {node["NodeID"]: bool(node["Alive"]) for node in nodes}
        self._room = sum(self.need.fit(node["Resources"]) for node in nodes if node["Alive"])


def _check_reachable(address: str) -> None:
    """Raise where nobody listens at the address: Ray itself tries for minutes."""
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
        "and give --address HOST:PORT as that prints it."
    )


def _last_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[-1] if lines else type(error).__name__


@contextmanager
def _signals_kept() -> Iterator[None]:
    """Ray puts handlers of its own in place of those that end a sweep in good order."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = (signal.SIGINT, signal.SIGTERM)
    before: dict[int, Callable[..., Any] | int | None] = {n: signal.getsignal(n) for n in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
