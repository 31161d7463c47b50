"""Making a table: designs drawn from a feasible set, each trained, packed into one file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from archscope.arch.arrays import one_whole
from archscope.arch.network import Network
from archscope.arch.times import LATENCY
from archscope.data.sets.folder import NAME as FILES
from archscope.errors import UsageError, plural
from archscope.explore.searching.feasible import FeasibleSet
from archscope.explore.searching.table import (
    Row,
    TrainedTable,
    check_place,
    head,
    read_table,
    write_table,
)
from archscope.explore.searching.table_known import Known
from archscope.explore.searching.table_show import ShownTable
from archscope.explore.training.cifar_sweep import asked_settings
from archscope.explore.training.images_from import Source, taken_apart
from archscope.explore.training.part import Part, without_left
from archscope.explore.training.run_plan import Console, Order, conduct
from archscope.given import a_kind, path_of
from archscope.sweep.plan.presets import TrainingChanges, check_names
from archscope.sweep.plan.slots import Resources
from archscope.sweep.plan.subjects import input_of
from archscope.sweep.store.records import TrialRecord, read_sweep
from archscope.sweep.store.search import refuse_search

if TYPE_CHECKING:
    from archscope.training.devices import Inventory

USUAL: TrainingChanges = {
    "epochs": 5,
    "samples": 5000,
    "test_samples": 2000,
    "seeds": 2,
    "batch": 32,
    "lr": 0.1,
}
"""What a table's trainings are where nothing else is asked: as of the one that is shipped.

In batches of 128 that is 200 steps, after which seeds differ more than designs do.
"""


@dataclass(frozen=True, repr=False)
class MadeTable(ShownTable):
    """A table that was made, its `file`, and how many of its trainings failed or diverged."""

    failed: int = 0

    @property
    def exit_code(self) -> int:
        """0, or 3 where trials failed or diverged."""
        return 3 if self.failed else 0


def table_make(
    space: FeasibleSet,
    out: Path | str,
    *,
    n: int = 200,
    seed: int = 1,
    first: int | None = None,
    known: Path | str | None = None,
    dataset: str = "cifar10",
    resources: Resources | None = None,
    source: Source | None = None,
    console: Console | None = None,
    inventory: Inventory | None = None,
    command: Sequence[str] = (),
    **changes: Unpack[TrainingChanges],
) -> MadeTable:
    """Train designs that are drawn uniformly from a feasible set, and keep all in one file.

        space = a.FeasibleSet(["wrn", "cifar_regnetx"], ["250kparams", "30MMACs"])
        a.table_make(space, "designs.csv.gz", n=200, seeds=2)

    The trials stand in a sweep's folder beside the file, `NAME.sweep`: the same call again
    continues it, several processes share it, and `archscope status` and `report` read it.

    Args:
        space: what the designs are drawn from; input and classes are those of the data.
        out: the file to write, `NAME.csv.gz` or `NAME.csv`.
        n: how many designs.
        seed: of the draw.
        first: train only so many of the designs, the first ones of the draw, which are a fair
            sample of it; a later call with more of them continues.
        known: an earlier table. Its rows of these designs are taken over, not trained again, where
            it has all seeds of a design.
        dataset, resources, source, console, inventory, command: as `archscope.train` has them.
        changes: `recipe`, `seeds`, `epochs`, `samples`, `test_samples`, ...: as `archscope.train`
            has them; without them those of `USUAL` by the recipe `proxy`, for folders of images
            by theirs. That one, and one that is named, keeps its own batch and learning rate.

    Raises:
        UsageError: for what cannot be, before anything is trained.
        InfeasibleError: where a family has no network within the caps.
        Interrupted: after SIGINT or SIGTERM; ArchscopeError: where the folder cannot be written.
    """
    asked, where, say = resources or Resources(), source or Source(), console or Console()
    file = path_of(out, "the file of a table")
    check_place(file)
    check_names(changes, TrainingChanges, "a training")
    a_kind(space, FeasibleSet, "a space", "FeasibleSet(['wrn'], '250kparams')")
    for word, number in (("n", n), ("first", first)):  # also before data are fetched
        if number is not None:
            one_whole(number, word)
    if first is not None and first > n:
        raise UsageError(f"first is a part of the draw, at most n = {n:,}, not {first:,}")
    if LATENCY in space.ranges:
        raise UsageError("a table is drawn by exact costs; leave the cap on the latency out")
    name, where = taken_apart(dataset, where)
    info = where.prepare(name, None)
    space = replace(space, classes=info.classes, input_shape=input_of(name))
    drawn, drawn_from = _drawn(space, n, seed, first, say)
    of = {one.name: one.design.family.title for one in drawn if one.design is not None}
    given: Any = {**_usual(changes, name), **_given(changes)}
    given |= {"templates": list(of), "dataset": name}
    chosen, where = asked_settings("proxy", where, given)
    earlier = None if known is None else Known(path_of(known, "a known table"), chosen, info)
    rows = {} if earlier is None else earlier.rows(drawn)
    folder, missing = sweep_folder(file), tuple(name for name in of if name not in rows)
    if earlier is not None:
        asked = earlier.resources(asked)
        earlier.check(asked, inventory, folder if missing else None)
        taken = f"Taken over from {earlier.file}: {plural(len(rows), 'design')}"
        say.note(f"{taken}; to be trained: {len(missing):,}.")
    about, trained = dict[str, Any](), list[TrialRecord]()
    if missing:
        chosen = replace(chosen, subjects=replace(chosen.subjects, templates=missing))
        # In the order of the draw, so that what is trained of it is a fair sample at any time.
        order = Order(chosen, folder, report=_report, command=command, as_drawn=True)
        # Of a folder that was begun for more only what is asked: the rest waits.
        part = Part(frozenset(missing), seeds=frozenset(chosen.seeds))
        quiet = replace(say, note=without_left(say.note))
        refuse_search(folder)
        conduct(replace(order, part=part), asked, where, quiet, inventory)
        sweep, wanted = read_sweep(folder), set(product(missing, chosen.seeds))
        trained = [one for one in sweep.trials if (one.trial.network, one.trial.seed) in wanted]
        about = head(replace(sweep, trials=trained), drawn_from, command)
    if earlier is not None:
        about = earlier.continued(about, rows, drawn_from)
    making = len(about.get("earlier", ()))
    for one in trained:
        if one.status != "failed":
            row = Row.of(one, of[one.trial.network], making)
            rows.setdefault(row.network, []).append(row)
    if not rows:
        raise UsageError(f"every trial failed; see archscope status {folder}, then try again")
    write_table(file, TrainedTable(about, [row for name in of for row in rows.get(name, ())]))
    table = read_table(file)
    failed = sum(one.status == "failed" for one in trained)
    return MadeTable(table, file, failed + sum(row.status != "done" for row in table.rows))


def _drawn(
    space: FeasibleSet, n: int, seed: int, first: int | None, say: Console
) -> tuple[list[Network], dict[str, Any]]:
    """The designs that are trained, and what the head says of their draw."""
    drawn = space.sample(n, seed)
    if len(drawn) < n:
        say.note(f"The set has {plural(len(drawn), 'network')}, not {n:,}: all are trained.")
    about = {**space.document(), "n": n, "seed": seed}
    if first is None or first >= len(drawn):
        return drawn, about
    return drawn[:first], {**about, "trained": first}


def sweep_folder(file: Path) -> Path:
    """Where the trials of a table stand."""
    return file.with_name(f"{file.name.removesuffix('.gz').removesuffix('.csv')}.sweep")


def _usual(changes: TrainingChanges, dataset: str) -> dict[str, Any]:
    """What is not asked for; a recipe that is named, or that of folders, keeps its own step."""
    own = changes.get("recipe") is not None or dataset == FILES
    return {name: value for name, value in USUAL.items() if not own or name not in ("batch", "lr")}


def _given(changes: TrainingChanges) -> dict[str, Any]:
    return {name: value for name, value in changes.items() if value is not None}


def _report(folder: Path) -> list[Path]:
    """The report of a table's sweep is its CSV: a figure of hundreds of designs says little."""
    return []
