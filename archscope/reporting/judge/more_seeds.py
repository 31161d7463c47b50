"""The commands that train what verdicts need: more seeds, of the networks concerned alone."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from archscope.reporting.judge.verdicts import Verdict
from archscope.sweep.store.records import Sweep

_AT_FIRST = 3  # seeds where a single one says nothing of how many it takes
_REPLACED = ("--templates", "--seeds", "--out")


def commands(
    sweep: Sweep, found: Sequence[Verdict], templates: Mapping[str, str] | None = None
) -> list[str]:
    """A command for each number of seeds that open verdicts need, to be pasted into a shell.

    Args:
        sweep: begun by a command, which is given again with these seeds.
        found: its verdicts.
        templates: what was trained, by the labels that the verdicts have; None: the labels.

    A study trains all of its networks from the same seeds: then there is one command at the most.
    """
    began = [str(word) for word in sweep.plan.command]
    if began[:2] not in (["archscope", "cifar-sweep"], ["archscope", "study"]):
        return []
    names = templates or {}
    asked: dict[str, int] = {}
    for verdict in found:
        for label in (verdict.first, verdict.second):
            template = names.get(label, label)
            asked[template] = max(asked.get(template, 0), _needed(verdict))
    groups = _groups(sweep, asked)
    if began[1] == "study":
        most = max(groups.values(), key=len, default=())
        groups = {(): most} if most else {}
    words = list(_kept(began))
    return [_command(words, sweep, group, seeds) for group, seeds in groups.items()]


def _needed(verdict: Verdict) -> int:
    if verdict.kind != "open":
        return 0
    if verdict.interval is None:
        return _AT_FIRST if min(verdict.n) == 1 else 0
    return verdict.seeds_needed or 0


def _groups(sweep: Sweep, asked: Mapping[str, int]) -> dict[tuple[str, ...], tuple[int, ...]]:
    """The seeds of those templates that lack some, by the templates that are to have the same."""
    there: dict[str, list[int]] = {}
    for record in sweep.trials:
        there.setdefault(record.trial.template, []).append(record.trial.seed)
    by_seeds: dict[tuple[int, ...], list[str]] = {}
    for template, planned in there.items():
        missing = asked.get(template, 0) - len(planned)
        if missing > 0:
            by_seeds.setdefault((*planned, *_others(planned, missing)), []).append(template)
    return {tuple(group): seeds for seeds, group in by_seeds.items()}


def _others(planned: Sequence[int], number: int) -> list[int]:
    """So many of the smallest seeds that are not there yet."""
    free = (seed for seed in range(1, len(planned) + number + 1) if seed not in planned)
    return [seed for seed, _ in zip(free, range(number), strict=False)]


def _kept(words: Sequence[Any]) -> Iterator[str]:
    """The command without the options that are given anew."""
    skipped = False
    for word in words:
        name, equals, _ = word.partition("=")
        if skipped or name in _REPLACED:
            skipped = not skipped and not equals
        else:
            yield word


def _command(words: Sequence[str], sweep: Sweep, group: Sequence[str], seeds: Sequence[int]) -> str:
    plain = sorted(seeds) == list(range(1, len(seeds) + 1))
    chosen = ["--templates", ",".join(group)] if group else []
    number = str(len(seeds)) if plain else ",".join(map(str, seeds))
    return shlex.join([*words, *chosen, "--seeds", number, "--out", str(sweep.folder)])
