"""The scheduler for a Ray cluster: trials to tasks, as the supply gives them.

The driver holds the leases and does all the writing that a scheduler does; what trains is on the
cluster, and news of it come by the cluster's mailbox. No ray here: the cluster is handed in.
"""

from __future__ import annotations

import contextlib
import secrets
import time
from collections import Counter
from concurrent.futures import Future, wait
from dataclasses import dataclass
from threading import Thread
from typing import Any

from archscope.errors import ArchscopeError, plural
from archscope.files import write_text
from archscope.sweep.plan.slots import Slot
from archscope.sweep.plan.trial import Trial
from archscope.sweep.ray.files import apply, contents, has_begun
from archscope.sweep.ray.protocol import Cluster, Data, Ended
from archscope.sweep.ray.task import NEEDS_FILES, UNHEARD, Began, Item, Order, Token
from archscope.sweep.run.messages import Event
from archscope.sweep.run.outcomes import Observer, Outcomes
from archscope.sweep.run.schedule import GRACE, STEPS, TICK
from archscope.sweep.run.signals import Caught, Interrupted
from archscope.sweep.run.supply import Leased, Supply
from archscope.sweep.store.environment import environment
from archscope.sweep.store.lease import superseded
from archscope.sweep.store.locks import explained

_TICK_OF_STOPPING = 0.05
_LOSSES = 5  # nodes that a trial may lose before it has failed
_DOUBT = 5.0  # seconds in which a node may turn out to be gone, after a worker of it has died
_PATIENCE = 600.0  # seconds without any node that has room


@dataclass
class _Run:
    """A trial with its task; `work` is None once the trial is reported to be over."""

    name: str
    handle: Any
    work: Leased | None
    where: Began | None = None
    stepped: bool = False  # whether it has state to keep
    written: int = 0
    died: float | None = None  # when its worker was found dead, its node perhaps with it
    text: str = ""  # how


class RayScheduler:
    """Runs trials on a cluster, as many at a time as it has room for at the moment.

    Args:
        supply: the trials, in the order of running.
        cluster: what runs them.
        slot: what each trial gets there.
        observer: what is notified of it.
        runner: what trains, as "module:function".
        data: the data of trials, where the runner is to be handed them.
    """

    def __init__(
        self,
        supply: Supply,
        cluster: Cluster,
        slot: Slot,
        observer: Observer,
        runner: str,
        data: Data | None = None,
    ) -> None:
        self.supply = supply
        self.folder = supply.folder
        self.outcomes = Outcomes(supply, observer)
        self.cluster = cluster
        self.slot = slot
        self.runner = runner
        self.data = data
        self._runs: dict[str, _Run] = {}
        self._losses: Counter[str] = Counter()
        self._shared: tuple[str, Any] = ("", None)
        self._exhausted = False
        self._apart = False  # whether there are nodes that do not see the sweep's folder
        self._stopping = False
        self._signals = Caught()
        self._idle_since: float | None = None
        name = f".ray-{secrets.token_hex(4)}"
        self._token = Token(self.folder.resolve() / name, secrets.token_hex(16))

    def run(self) -> None:
        """Run every trial to its end, good or bad; those of other processes are waited for.

        Raises `Interrupted` after a signal, `ArchscopeError` where the folder cannot be written or
        the cluster has no room for long; in either case no task is left, and each trial can be
        continued.
        """
        grace = 0.0
        with self._signals:
            try:
                with explained(self.folder):
                    self.folder.mkdir(parents=True, exist_ok=True)
                    write_text(self._token.path, self._token.text)
                self._fill()
                while self._runs or self.supply.waiting or not self._exhausted:
                    self._listen()
                    self.outcomes.tend()
                    self._heed()
                    self._fill()
                grace = GRACE
            except (ArchscopeError, KeyboardInterrupt):
                grace = GRACE
                raise
            finally:
                self._dismiss(grace)
                with explained(self.folder):
                    self.supply.close()
                    self._token.path.unlink(missing_ok=True)
            self._heed()  # at the very end

    def _fill(self) -> None:
        """Submit as many trials as fit; more would only wait there with their leases."""
        room = self.cluster.room()
        self._check_patience(room)
        while len(self._runs) < room:
            with explained(self.folder):
                work = self.supply.take()
            self._exhausted = work is None
            if work is None:
                return
            self._submit(work)

    def _check_patience(self, room: int) -> None:
        now = time.monotonic()
        # One that has not begun may wait for a node for ever, and its lease with it.
        begun = any(run.where is not None for run in self._runs.values())
        if room or begun or (self._exhausted and not self._runs and not self.supply.waiting):
            self._idle_since = None
        elif self._idle_since is None:
            self._idle_since = now
        elif now - self._idle_since > _PATIENCE:
            raise ArchscopeError(
                f"The Ray cluster has had no node with room for a trial for {_PATIENCE / 60:.0f} "
                "minutes: start nodes and run the same command again (nothing finished is lost)."
            )

    def _submit(self, work: Leased) -> None:
        folder = work.folder.resolve()
        name = f"{work.key} {work.lease.path.name} {secrets.token_hex(4)}"
        with explained(self.folder):
            files = contents(folder) if self._apart else {}
            begun = not self._apart and has_begun(folder)
        order = Order(name, work.task(self.slot, folder), self.runner, self._token, begun)
        handle = self.cluster.submit(order, files, self._data_of(work.trial))
        self._runs[name] = _Run(name, handle, work)

    def _data_of(self, trial: Trial) -> Any:
        if self.data is None:
            return None
        if (key := self.data.key(trial)) != self._shared[0]:
            self._shared = (key, self.cluster.share(self._load(trial)))
        return self._shared[1]

    def _load(self, trial: Trial) -> Any:
        """Read the data, which may take a minute, while the leases are kept and signals heard."""
        assert self.data is not None
        load, reading = self.data.load, Future[Any]()

        def read() -> None:
            try:
                reading.set_result(load(trial))
            except BaseException as error:
                reading.set_exception(error)

        # Not of a pool: the end of the process would wait for one of those.
        Thread(target=read, daemon=True).start()
        while not wait([reading], TICK).done:
            self.outcomes.tend()
            self._heed()
        return reading.result()

    def _heed(self) -> None:
        if self._signals.received:
            raise Interrupted(self._signals.received[0], self.folder)

    def _listen(self, seconds: float = TICK) -> None:
        """Take news, then note which tasks have ended: a task's last news come before its end."""
        handles = {run.handle: run for run in self._runs.values() if run.died is None}
        ready = self.cluster.ready(list(handles), seconds)
        written = {run.name: run.written for run in self._runs.values()}
        for name, item in self.cluster.news(written):
            if run := self._runs.get(name):
                self._take(run, item)
        for handle in ready:
            self._end(handles[handle], self.cluster.ended(handle))
        for run in [run for run in self._runs.values() if run.died is not None]:
            self._decide(run)

    def _take(self, run: _Run, item: Item) -> None:
        if isinstance(item, Began):
            run.where = item
            self._check_version(run, item)
        elif run.work is None:
            return
        elif isinstance(item, Event):
            run.stepped = run.stepped or item.kind in STEPS
            if self.outcomes.event(run.work, item, self.slot.device):
                run.work = None
        elif superseded(run.work.lease.path):
            self.cluster.forget(run.name)  # so that it learns of it
        else:
            with explained(self.folder):
                apply(item, run.work.folder)
            run.written += 1

    def _check_version(self, run: _Run, where: Began) -> None:
        """Raise where the node has another archscope: nodes may join at any time."""
        here = environment()["archscope"]
        if where.version != here and not self._stopping:
            run.work = None  # whatever it tells, it says nothing about the trial
            self.cluster.forget(run.name)
            raise ArchscopeError(
                f"The node {where.host} has archscope {where.version}, and this is {here}: install "
                "the same on every node and run the same command again (nothing finished is lost)."
            )

    def _end(self, run: _Run, ended: Ended) -> None:
        """A task is no more."""
        if ended.kind == "worker" and run.work is not None and not self._stopping:
            run.died, run.text = time.monotonic(), ended.text
            return
        self._drop(run)
        if run.work is None or self._stopping:
            return
        if ended.kind == "node" or ended.text == UNHEARD:
            self._lost(run.work, run.where)
        elif ended.text == NEEDS_FILES:
            self._apart = True
            self._submit(run.work)
        elif ended.kind == "error" and run.where is None:  # so would every trial end there
            raise ArchscopeError(
                f"A node of the Ray cluster cannot train ({ended.text}): install archscope on "
                "every node, in the version that is used here, and run the same command again "
                "(nothing finished is lost)."
            )
        elif ended.kind == "error":
            self.outcomes.fail(run.work, ended.text, self.slot.device)
        else:
            self.outcomes.died(run.work, "its task ended without a result", self.slot.device)

    def _decide(self, run: _Run) -> None:
        """A worker is dead: by itself, unless its node turns out to be gone as well."""
        assert run.died is not None and run.work is not None
        if run.where is not None and not self.cluster.alive(run.where.node):
            self._drop(run)
            self._lost(run.work, run.where)
        elif time.monotonic() - run.died >= _DOUBT:
            self._drop(run)
            self.outcomes.died(run.work, run.text, self.slot.device)

    def _lost(self, work: Leased, where: Began | None) -> None:
        """A node is gone, which is no fault of the trial: it goes on elsewhere."""
        if self.outcomes.settled(work):
            return
        with explained(self.folder):
            renewed = self.supply.renew(work)
        if renewed is None:
            return
        self._losses[work.key] += 1
        name = f"its node{f' on {where.host}' if where else ''} was lost"
        if self._losses[work.key] > _LOSSES:
            text = f"{name}, {plural(self._losses[work.key], 'time')}"
            self.outcomes.fail(renewed, text, self.slot.device)
            return
        self.outcomes.note(renewed, f"{name}; continued from its last checkpoint")
        self.supply.again(renewed)

    def _drop(self, run: _Run) -> None:
        del self._runs[run.name]
        self.cluster.forget(run.name)

    def _dismiss(self, grace: float) -> None:
        """Have all tasks keep their state and end; a second signal ends them at once."""
        self._stopping, received = True, self._signals.received
        until, already = time.monotonic() + grace, len(received)
        with contextlib.suppress(ArchscopeError):  # what went wrong first is what is told
            if self._runs:
                self.cluster.stop()
            for run in self._runs.values():
                if not run.stepped:  # as far as one knows
                    self.cluster.cancel(run.handle)
            while self._runs and time.monotonic() < until and len(received) <= already:
                self._listen(_TICK_OF_STOPPING)
                self.outcomes.tend()
        with contextlib.suppress(ArchscopeError):
            for run in self._runs.values():
                self.cluster.cancel(run.handle)
            self.cluster.ready([run.handle for run in self._runs.values()], 0)
