"""What a command is about to train, and on a CPU how long that will take, in a sentence."""

from __future__ import annotations

from collections.abc import Sequence

from archscope.errors import plural
from archscope.sweep.plan.estimate import LONG, Images, duration, estimated_seconds, trial_work
from archscope.sweep.store.folder import Opened
from archscope.sweep.store.scan import Brief

_AGAIN = "the command that began the sweep tries them again"


def announcement(
    opened: Opened,
    briefs: Sequence[Brief],
    missing: Sequence[Brief],
    images: Images,
    workers: int,
    until: int | None = None,
) -> str:
    """The sentence: of an opened plan, what has ended, failed or is missing of it.

    `until` are the epochs after which trials pause.
    """
    machine, label = opened.plan.machine, opened.plan.dataset.label
    failed, diverged = (
        sum(brief.status == status for brief in briefs) for status in ("failed", "diverged")
    )
    ended = len(briefs) - len(missing) - failed
    if not missing:
        but = f" ({diverged:,} diverged)" if diverged else ""
        but += f", but {failed} that failed: {_AGAIN}" if failed else ""
        every = f"All {len(briefs):,} trials" if len(briefs) > 1 else "The trial"
        are = "are" if len(briefs) > 1 else "is"
        return f"{every} in {opened.folder} {are} done{but}."
    work = [trial_work(brief.trial, images, brief.epochs_done, until) for brief in missing]
    counts = [f"{ended:,} more done"] * bool(ended) + [f"{failed} failed"] * bool(failed)
    others = f" ({', '.join(counts)})" if counts else ""
    paused = "" if until is None else f", as far as epoch {until}"
    text = (
        f"{plural(len(missing), 'trial')}{paused}{others} on {label}, "
        f"{machine.device}, {machine.precision}, {workers} at a time, "
        f"{plural(machine.threads, 'thread')} each, in {opened.folder}"
    )
    if machine.device == "cpu":
        seconds = estimated_seconds(work, machine.precision, workers)
        text += f"; about {duration(seconds)}, estimated before anything is measured"
        asked = opened.plan.settings
        if seconds > LONG and asked.kind == "sweep" and asked.preset != "quick":
            text += " (--preset quick takes minutes)"
    return text + "."
