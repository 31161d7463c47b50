"""How a sweep stands: its folder is read, and nothing is written."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from archscope.reporting.folder.status import Status
from archscope.sweep.store.records import read_plan
from archscope.sweep.store.scan import scan
from archscope.sweep.store.search import has_paused, read_search


def status(folder: Path | str) -> Status:
    """The sweep in `folder` as it stands; raises ArchscopeError where there is none, or damaged."""
    folder = Path(folder)
    plan = read_plan(folder)
    briefs = scan(folder, plan)
    for brief in briefs:
        if brief.damaged:
            raise brief.damaged
    search = read_search(folder)
    briefs = [
        replace(brief, status="paused")
        if brief.status == "running"
        and brief.host is None
        and has_paused(search, brief.trial.template, brief.epochs_done)
        else brief
        for brief in briefs
    ]
    return Status(folder, plan, briefs, search)
