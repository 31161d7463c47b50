"""How a sweep stands: its folder is read, and nothing is written."""

from __future__ import annotations

from pathlib import Path

from archscope.reporting.folder.status import Status
from archscope.sweep.store.records import read_plan
from archscope.sweep.store.scan import scan


def status(folder: Path | str) -> Status:
    """The sweep in `folder` as it stands; raises ArchscopeError where there is none, or damaged."""
    folder = Path(folder)
    plan = read_plan(folder)
    briefs = scan(folder, plan)
    for brief in briefs:
        if brief.damaged:
            raise brief.damaged
    return Status(folder, plan, briefs)
