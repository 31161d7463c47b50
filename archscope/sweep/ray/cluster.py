"""A Ray cluster as the scheduler needs it: trials go out as tasks, and news of them come in."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from archscope.errors import ArchscopeError
from archscope.sweep.ray import task as ray_task
from archscope.sweep.ray.mailbox import Mailbox
from archscope.sweep.ray.protocol import Ended
from archscope.sweep.ray.task import Item, Order
from archscope.sweep.run.worker_process import for_libraries

_REREAD = 3.0  # seconds between two looks at the cluster's size
_HEAD_SILENT = 15.0  # seconds without an answer of its head after which the cluster is lost
_GRAIN = 10_000  # Ray counts resources in parts of this


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


class HeadLost(ArchscopeError):
    """The head of the cluster is gone: Ray ends the process of a driver a minute after that."""

    def __init__(self, address: str) -> None:
        super().__init__(
            f"The Ray cluster was lost (its head at {address} no longer answers): start it and run "
            "the same command again to continue (nothing finished is lost)."
        )


class Head:
    """Whether the cluster's head at `address` (HOST:PORT) answers, without asking Ray.

    Ray itself waits for a head that is gone, and ends the process in the end.
    """

    def __init__(self, address: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.address = address
        self._clock = clock
        self._silent_since: float | None = None

    def answers(self) -> bool:
        """Whether it does; raises `HeadLost` where it has not for `_HEAD_SILENT` seconds."""
        host, _, port = self.address.rpartition(":")
        try:
            socket.create_connection((host.strip("[]"), int(port)), 1.0).close()
        except OSError:
            now = self._clock()
            self._silent_since = now if self._silent_since is None else self._silent_since
            if now - self._silent_since >= _HEAD_SILENT:
                raise HeadLost(self.address) from None
            return False
        self._silent_since = None
        return True


@contextmanager
def reached() -> Iterator[None]:
    """A context, or a decorator, that turns the loss of the cluster into one sentence."""
    import ray

    try:
        yield
    except (ray.exceptions.RayError, ConnectionError) as error:
        raise ArchscopeError(
            f"The Ray cluster was lost ({last_line(error)}): run the same command again to "
            "continue (nothing finished is lost)."
        ) from None


class RayCluster:
    """The cluster that this process is connected to, for trials that need `need`."""

    @reached()
    def __init__(self, need: Need) -> None:
        import ray
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy as On

        self.need = need
        self._head = Head(str(ray.get_runtime_context().gcs_address))
        here = On(ray.get_runtime_context().get_node_id(), soft=False)
        self._mailbox = ray.remote(num_cpus=0, scheduling_strategy=here)(Mailbox).remote()
        # Read when the libraries are loaded, which is before a task could say anything.
        variables = for_libraries(need.threads, gpu=bool(need.gpu))
        options: dict[str, Any] = {
            "num_cpus": need.threads,
            "num_gpus": need.gpu,
            "max_retries": 0,
            "runtime_env": {"env_vars": variables},
        }
        if need.gpu:
            options["max_calls"] = 1  # the next trial of the process may get another GPU
        self._task = ray.remote(**options)(ray_task.run)
        self._alive: set[str] = set()
        self._room = 0
        self._read = -_REREAD

    def room(self) -> int:
        """How many trials fit on the nodes that live, up to the limit."""
        self._look(_REREAD)
        return self._room if self.need.limit is None else min(self._room, self.need.limit)

    def alive(self, node: str) -> bool:
        """Whether the node lives, as far as the cluster knows."""
        self._look(_REREAD / 10)
        return node in self._alive

    @reached()
    def share(self, data: Any) -> Any:
        """Put a dataset into the cluster's store; returns the reference."""
        import ray

        return ray.put(data)

    @reached()
    def submit(self, order: Order, files: Mapping[str, bytes], data: Any) -> Any:
        """Begin a task; returns Ray's reference to what it returns."""
        import ray

        self._ask("want", order.run)
        # In a list, a reference is not fetched before the task asks for it.
        references = [ray.put(dict(files))] if files else []
        return self._task.remote(order, references, data, self._mailbox)

    @reached()
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
            return Ended("error", last_line(error))
        except known.RayError as error:  # its node, its caller's or its data's is no more
            self._read = -_REREAD
            return Ended("node", last_line(error))

    def news(self, written: Mapping[str, int]) -> list[tuple[str, Item]]:
        """What tasks have reported since the last call."""
        news: list[tuple[str, Item]] = self._ask("fetch", dict(written))
        return news

    def forget(self, run: str) -> None:
        """Drop what may still come of a run."""
        self._ask("leave", run)

    def stop(self) -> None:
        """Ask all tasks to keep their state and end."""
        self._ask("stop")

    @reached()
    def cancel(self, handle: Any) -> None:
        """End a task at once."""
        import ray

        ray.cancel(handle, force=True)

    @reached()
    def _ask(self, method: str, *arguments: Any) -> Any:
        import ray

        return ray.get(getattr(self._mailbox, method).remote(*arguments), timeout=60)

    def _look(self, at_most_every: float) -> None:
        if time.monotonic() - self._read < at_most_every:
            return
        self._read = time.monotonic()
        if not self._head.answers():
            return  # as it was, for a while
        nodes = living()
        self._alive = {node["NodeID"] for node in nodes}
        self._room = room(nodes, self.need)


@reached()
def living() -> list[dict[str, Any]]:
    """The cluster's nodes that live, as Ray describes them."""
    import ray

    return [node for node in ray.nodes() if node["Alive"]]


def room(nodes: Sequence[Mapping[str, Any]], need: Need) -> int:
    """How many trials fit on these nodes."""
    return sum(need.fit(node["Resources"]) for node in nodes)


def last_line(error: Exception) -> str:
    """The last line of an error of Ray: the traceback is before it."""
    lines = str(error).strip().splitlines()
    return lines[-1] if lines else type(error).__name__
