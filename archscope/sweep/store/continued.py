"""Whether a folder's plan is the one that is asked for, and how it is extended by what is new."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from archscope.data.dataset import DatasetInfo
from archscope.errors import UsageError
from archscope.sweep.plan.plan import Plan
from archscope.sweep.plan.reading import flat
from archscope.sweep.plan.settings import Settings
from archscope.sweep.plan.subjects import curves, input_of, networks
from archscope.sweep.plan.trial import (
    MACHINE,
    Entry,
    Machine,
    Trial,
    entries,
    network_digest,
    trials,
)
from archscope.sweep.store.environment import differences, environment

_EXTENSIBLE = ("preset", "templates", "seeds")


def refuse_another_plan(
    folder: Path, before: Plan, settings: Settings, machine: Machine, dataset: DatasetInfo
) -> None:
    """Raise `UsageError` where the plan of the folder differs in more than can be extended."""
    found = differing(
        (before.settings, settings),
        (before.machine, machine),
        (before.dataset.fingerprint, dataset.fingerprint),
    )
    if found:
        raise another_plan(folder, found)


def another_plan(folder: Path, words: Sequence[str]) -> UsageError:
    """The error for a folder whose plan differs."""
    return UsageError(
        f"The sweep in {folder} has another plan ({'; '.join(words)}): "
        "choose another --out, or give the same options."
    )


def differing(
    settings: tuple[Settings, Settings], machine: tuple[Machine, Machine], data: tuple[str, str]
) -> list[str]:
    """What decides results, or cannot be extended, and is another: "batch 128 there, 32 asked".

    Of each the one that is there, and the one that is asked for; `data` are fingerprints.
    """
    return [
        f"{name} {shown(old)} there, {shown(new)} asked"
        for name, old, new in _compared(settings, machine, data)
        if old != new
    ]


def _compared(
    settings: tuple[Settings, Settings], machine: tuple[Machine, Machine], data: tuple[str, str]
) -> Iterator[tuple[str, Any, Any]]:
    old, new = (one.document() for one in settings)
    for name in {**old, **new}:
        if name == "recipe":
            there, here = flat(old["recipe"]), flat(new["recipe"])
            for field in {**there, **here}:
                yield field, there.get(field, "none"), here.get(field, "none")
        elif name not in _EXTENSIBLE:
            yield name, old.get(name, "none"), new.get(name, "none")
    for name in MACHINE:
        yield name, *_both(name, *machine)
    yield "data", *data


def _both(name: str, before: Machine, machine: Machine) -> tuple[Any, Any]:
    """A choice there and here; what was not asked for is off."""
    return getattr(before, name) or "off", getattr(machine, name) or "off"


def shown(value: Any) -> str:
    """A value for a sentence: "all" for None, "3 of them" for a list, 24 characters at most."""
    if isinstance(value, list | tuple):
        return f"{len(value):,} of them" if value else "none"
    text = "all" if value is None else f"{value}"
    return text if len(text) <= 24 else f"{text[:20]}..."


def check_machine(folder: Path, before: Machine, machine: Machine) -> None:
    """Raise `UsageError` where a machine would train otherwise than planned."""
    for name in MACHINE:
        old, new = _both(name, before, machine)
        if old != new:
            raise UsageError(
                f"The sweep in {folder} trains with {name} {old}, and here it would be {new}: "
                f"join it with {name} {old}, or begin another."
            )


def check_definitions(folder: Path, plan: Plan) -> None:
    """Refuse a plan whose networks this version builds otherwise: its keys would promise a lie."""
    shape = input_of(plan.settings.dataset)
    found = networks(plan.settings.subjects, plan.dataset.classes, shape)
    for entry in plan.networks:
        network = found.get(entry.template)
        if network is None or network_digest(network) != entry.digest:
            raise UsageError(
                f"The sweep in {folder} has another plan (this version of archscope has another "
                f"definition of {entry.network}): choose another --out, or use the version "
                "that began it."
            )


def moved(before: Plan) -> list[str]:
    """What to say where a sweep goes on in another environment than it was begun in."""
    there, here = before.environment, environment()
    if changed := differences(there, here):
        return [
            f"This sweep was begun elsewhere or under other versions ({'; '.join(changed)}): it "
            "continues, but its numbers are no longer bit for bit those of one machine."
        ]
    if there.get("host") != here["host"]:
        return [
            f"This sweep was begun on another host ({there.get('host')}, here {here['host']}) with "
            "the same kind of processor and the same versions: its numbers are bit for bit those "
            "of one machine only as far as the two are alike."
        ]
    return []


def extended(folder: Path, before: Plan, settings: Settings) -> tuple[Plan, list[str]]:
    """`before` with the trials that are new, and notes on what was not as asked.

    Those are the templates that are asked for, each from the seeds that are asked for; other
    templates of the plan keep the seeds that they have. In all else the two are the same: see
    `refuse_another_plan`.
    """
    old = before.settings
    templates = tuple(dict.fromkeys([*old.subjects.templates, *settings.subjects.templates]))
    seeds = tuple(dict.fromkeys([*old.seeds, *settings.seeds]))
    # By a rule of stopping it is asked for those alone that go on.
    notes = [*(_left(old, settings) if before.rule is None else ()), *moved(before)]
    check_definitions(folder, before)
    new = tuple(template for template in templates if template not in old.subjects.templates)
    whole = replace(old, subjects=replace(old.subjects, templates=templates), seeds=seeds)
    standing = curves(templates)
    listed = tuple(
        replace(entry, curves=standing[entry.template])
        for entry in [*before.networks, *_new_entries(before, new)]
    )
    seeds_of: dict[str, list[int]] = {entry.template: [] for entry in listed}
    for trial in before.trials:
        seeds_of[trial.template].append(trial.seed)
    planned: list[Trial] = []
    for entry in listed:
        more = settings.seeds if entry.template in settings.subjects.templates else ()
        own = tuple(dict.fromkeys([*seeds_of[entry.template], *more]))
        planned += trials([entry], replace(whole, seeds=own), before.conditions)
    return replace(before, settings=whole, networks=listed, trials=planned), notes


def _left(old: Settings, asked: Settings) -> list[str]:
    """What the folder's plan has and was not asked for, in a sentence."""
    both: dict[str, tuple[Sequence[Any], Sequence[Any]]] = {
        "templates": (old.subjects.templates, asked.subjects.templates),
        "seeds": (old.seeds, asked.seeds),
    }
    kept = [f"{name} {_listed(a)}" for name, (a, b) in both.items() if set(a) - set(b)]
    return [f"The folder's plan has {' and '.join(kept)}; all of it is continued."] if kept else []


def _new_entries(before: Plan, new: tuple[str, ...]) -> list[Entry]:
    """The networks that the plan does not have yet; raises for one under another spelling."""
    if not new:
        return []
    subjects, classes = before.settings.subjects, before.dataset.classes
    shape = input_of(before.settings.dataset)
    found = networks(replace(subjects, templates=new), classes, shape)
    there = {entry.network: entry.template for entry in before.networks}
    if twice := [template for template in new if found[template].name in there]:
        spelled = there[found[twice[0]].name]
        raise UsageError(f"templates: {twice[0]} is in the folder as {spelled}: name it {spelled}.")
    return entries(found)


def _listed(values: Sequence[Any]) -> str:
    shown = [str(value) for value in values[:12]]
    return ", ".join(shown) + (f", ... ({len(values):,})" if len(values) > len(shown) else "")
