"""The report of a folder, whatever it holds: one place decides which it is.

    a timing study's    ->  its times beside the published
    a single network's  ->  a row a seed           (`archscope train`)
    a study's sweep     ->  ours beside the published
    a search's          ->  its verdicts, incumbents and fronts
    any other sweep     ->  Figure 7's table and curves

Commands that train, workers that join them and `archscope report` all come here.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from archscope.errors import UsageError
from archscope.reporting.folder import single
from archscope.reporting.folder.contents import Contents
from archscope.reporting.folder.search_contents import search_contents
from archscope.reporting.folder.study_contents import kept_study, study_contents
from archscope.reporting.folder.sweep_contents import sweep_contents
from archscope.reporting.folder.timing import timing_contents
from archscope.reporting.judge.verdicts import RESOLVE
from archscope.sweep.store.records import read_sweep
from archscope.sweep.store.search import read_search

KINDS = ("png", "svg")


def contents(
    folder: Path | str,
    resolve: float = RESOLVE,
    against: Path | str | None = None,
    published: bool = False,
) -> Contents:
    """What the folder's report holds, finished or not.

    `against` is the folder of another sweep of the same networks, such as a longer one: its order
    is what the order here is compared with. `published` puts the points of the ResNeXt paper's
    Figure 7 beside the sweep's.

    Raises:
        UsageError: where the folder holds nothing of ours, or `against` cannot be compared with
            it; ArchscopeError: where it is damaged.
    """
    folder = Path(folder)
    kept = kept_study(folder)
    timed = kept is not None and kept.study.is_timed(kept.preset)
    sweep = None if timed else read_sweep(folder)
    alone = sweep is None or sweep.plan.settings.kind == "train"
    if alone and against is not None:
        raise UsageError(
            f"--against compares sweeps of several networks, and {folder} holds none; leave "
            "out --against"
        )
    if alone and published:
        raise UsageError(
            "--published is for Figure 7, which a sweep of ResNeXt templates has; leave it out"
        )
    if sweep is None:
        assert kept is not None
        return timing_contents(kept, folder)
    if alone:
        return single.contents(sweep)
    search = read_search(folder)
    if search is not None:
        if against is not None:
            raise UsageError("--against compares sweeps, and a search is none; leave it out")
        return search_contents(sweep, search)
    rule = sweep.plan.rule
    if rule is not None and resolve not in (RESOLVE, rule.resolve):
        raise UsageError(
            f"the sweep in {folder} stops itself by its own rule, of {rule.resolve:g} points; "
            "leave out --resolve"
        )
    longer = None if against is None else read_sweep(against)
    if kept is not None:
        return study_contents(kept, sweep, resolve, longer, published)
    return sweep_contents(sweep, resolve, longer, published)


def write(folder: Path | str, kinds: Sequence[str] = KINDS, resolve: float = RESOLVE) -> list[Path]:
    """Write the folder's report into it, figures in each of `kinds`; return the paths."""
    return contents(folder, resolve).write(Path(folder), kinds)
