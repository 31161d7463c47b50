"""What of a plan is trained now: a search trains some of its designs, and some epochs of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from archscope.sweep.store.scan import Brief


@dataclass(frozen=True)
class Part:
    """What of a folder's plan is trained now: so many templates, and how far.

    `until` are the epochs after which each pauses; None trains them to their ends.
    """

    templates: frozenset[str]
    until: int | None = None

    def standing(self, briefs: Sequence[Brief]) -> list[Brief]:
        """Its trials; those that have their epochs are paused."""
        own = [brief for brief in briefs if brief.trial.template in self.templates]
        return [replace(brief, status="paused") if self._waits(brief) else brief for brief in own]

    def _waits(self, brief: Brief) -> bool:
        begun = brief.status == "running"
        return begun and self.until is not None and brief.epochs_done >= self.until
