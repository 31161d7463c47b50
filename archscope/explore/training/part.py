"""What of a folder's plan is trained now: a search and a table train some of its designs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from archscope.sweep.plan.trial import Trial
from archscope.sweep.store.scan import Brief


@dataclass(frozen=True)
class Part:
    """What of a folder's plan is trained now: so many templates, and how far.

    `until` are the epochs after which each pauses; None trains them to their ends. `seeds`: from
    these alone; None: from all that the plan has.
    """

    templates: frozenset[str]
    until: int | None = None
    seeds: frozenset[int] | None = None

    def standing(self, briefs: Sequence[Brief]) -> list[Brief]:
        """Its trials; those that have their epochs are paused."""
        own = [brief for brief in briefs if self._has(brief.trial)]
        return [replace(brief, status="paused") if self._waits(brief) else brief for brief in own]

    def _has(self, trial: Trial) -> bool:
        return trial.template in self.templates and (self.seeds is None or trial.seed in self.seeds)

    def _waits(self, brief: Brief) -> bool:
        begun = brief.status == "running"
        return begun and self.until is not None and brief.epochs_done >= self.until


def without_left(note: Callable[[str], None]) -> Callable[[str], None]:
    """Notes but for the one that the plan has more than is trained now: that waits."""
    return lambda text: None if text.startswith("The folder's plan has") else note(text)
