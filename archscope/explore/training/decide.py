"""Which of these networks is better? Trained until that is known, and no longer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from archscope.errors import UsageError
from archscope.explore.training.cifar_sweep import SweepResult, asked_settings, usual_folder
from archscope.explore.training.images_from import Source
from archscope.explore.training.run_plan import Console, Order
from archscope.explore.training.until_decided import Stopping, train_until_decided
from archscope.reporting.folder.study import verdict_row
from archscope.reporting.judge.rounds import method, state
from archscope.sweep.plan.presets import Changes
from archscope.sweep.plan.slots import Resources

if TYPE_CHECKING:
    from archscope.training.devices import Inventory


@dataclass(frozen=True, repr=False)
class Decided(SweepResult):
    """A sweep that stopped itself: its verdicts, and what each look saw."""

    def document(self) -> dict[str, Any]:
        """The decision as JSON: schema `archscope.decision/1`."""
        rule, now = self.sweep.plan.rule, state(self.sweep)
        assert rule is not None
        return {
            "schema": "archscope.decision/1",
            "convention": "errors in %, of the final epoch; differences are first minus second",
            "folder": str(self.folder),
            "ended": now.ended,
            "rule": rule.document(),
            "method": method(rule),
            "verdicts": [{**verdict_row(one), "stopped": one.stopped} for one in self.verdicts()],
            "looks": [
                {
                    "n": one.n,
                    "first": first,
                    "second": second,
                    "difference": look.difference,
                    "interval": None if look.interval is None else list(look.interval),
                    "decision": look.decision,
                    "noise": "pooled" if look.pooled else "own",
                }
                for one in now.rounds
                for (first, second), look in one.looks.items()
            ],
            "trainings": len(self.records),
            "trainings_fixed": len(rule.networks) * rule.looks[1],
        }


def decide(
    networks: Sequence[str],
    preset: str = "proxy",
    *,
    stopping: Stopping | None = None,
    resources: Resources | None = None,
    source: Source | None = None,
    out: Path | str | None = None,
    console: Console | None = None,
    inventory: Inventory | None = None,
    command: Sequence[str] = (),
    **changes: Unpack[Changes],
) -> Decided:
    """Train networks from more and more seeds, and stop as soon as it is known which is better.

    Args:
        networks: two or more, as `cifar_sweep` takes templates; each is compared with each, and one
            that is found worse than another is trained no longer.
        preset: how they are trained.
        stopping: when to stop.
        resources, source, out, console, inventory, command: as `cifar_sweep` has them.
        changes: to the preset, but for its templates and seeds.

    Returns:
        the folder, its records, and the verdicts. The same call again continues; a folder keeps the
        rule that it was begun with.

    Raises:
        UsageError: for what cannot be, and for another rule than the folder's.
    """
    asked, where, say = resources or Resources(), source or Source(), console or Console()
    until = stopping or Stopping()
    changes["templates"], changes["seeds"] = list(networks), until.seeds(changes.get("seeds"))
    chosen, where = asked_settings(preset, where, changes)
    names = chosen.subjects.templates
    if len(names) < 2:
        raise UsageError("decide compares two networks or more; name another one")
    rule = until.rule(list(combinations(names, 2)), drop=True)
    folder = Path(out) if out else usual_folder(chosen, asked, where, rule)
    order = Order(chosen, folder, command=command, rule=rule)
    return Decided(*train_until_decided(order, asked, where, say, inventory))
