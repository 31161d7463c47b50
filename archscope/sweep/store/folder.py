"""A sweep's folder: begun, continued, extended, or refused because it holds another plan.

Every automatic choice is resolved once and kept in `sweep.json`; the same command again finds it
and does only what is missing.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from archscope.arch.families.own import place_of
from archscope.arch.network import Network
from archscope.data.dataset import Census, DatasetInfo
from archscope.documents import Unclear, json_value
from archscope.errors import ArchscopeError, UsageError
from archscope.files import only_read, read_ours, write_text
from archscope.sweep.plan.plan import Plan
from archscope.sweep.plan.reading import Fault, Foreign, read
from archscope.sweep.plan.rule import Rule, differing
from archscope.sweep.plan.settings import Settings
from archscope.sweep.plan.trial import MACHINE, Conditions, Entry, Machine, entries, trials
from archscope.sweep.store.continued import (
    another_plan,
    check_definitions,
    check_machine,
    extended,
    moved,
    refuse_another_plan,
    shown,
)
from archscope.sweep.store.environment import environment
from archscope.sweep.store.locks import cannot_write, explained, holds_something, locked
from archscope.sweep.store.records import (
    SWEEP_FILE,
    TRIAL_FILE,
    TRIALS_FOLDER,
    DamagedPlan,
    read_plan,
)

__all__ = [
    "Opened",
    "default_folder",
    "existing",
    "explained",
    "join_folder",
    "locked",
    "open_folder",
]


@dataclass(frozen=True)
class Opened:
    """A folder ready to run: its plan, and what the user should know."""

    folder: Path
    plan: Plan
    notes: tuple[str, ...] = ()


def default_folder(settings: Settings, resources: Mapping[str, Any]) -> Path:
    """`runs/cifar-sweep-<preset>-<6 digits>`: a function of what was asked and nothing else.

    For a single network `runs/train-<network>-<6 digits>`.
    """
    asked = json.dumps([settings.document(), dict(resources)], sort_keys=True)
    digest = hashlib.sha256(asked.encode("utf-8")).hexdigest()[:6]
    name = f"cifar-sweep-{settings.preset}"
    if settings.kind == "train":
        name = "train-" + re.sub(r"[^a-z0-9_.]+", "_", settings.subjects.templates[0])
    return Path("runs") / f"{name}-{digest}"


def existing(folder: Path) -> Plan | None:
    """The plan of an earlier run in `folder`, or `None` where one may begin.

    That may be where an earlier one is damaged: `open_folder` puts it aside. Raises `UsageError`
    where the folder holds something else.
    """
    try:
        if os.path.lexists(folder / SWEEP_FILE):
            return _undamaged(folder)
        taken = holds_something(folder)
    except NotADirectoryError:
        raise UsageError(f"--out {folder} is a file: name a folder.") from None
    except OSError as error:
        raise ArchscopeError(
            f"--out {folder} cannot be read ({error.strerror}): allow it, or name another folder."
        ) from None
    if taken:
        raise UsageError(
            f"--out {folder} is not empty and holds no sweep: choose an empty or a new folder."
        )
    return None


def machine_of(folder: Path, plan: Plan | None) -> Machine | None:
    """The machine of the folder's plan; where that is damaged, what its trials say of it.

    Without it the same command could choose anew, and the trials would count for nothing.
    """
    if plan is not None:
        return plan.machine
    for path in sorted(folder.glob(f"{TRIALS_FOLDER}/*/{TRIAL_FILE}")):
        try:
            trial = json_value(read_ours(path) or b"")
            chosen = {name: trial[name] for name in MACHINE if name in trial}
            return read(Machine, {**chosen, "workers": 1}, "")  # workers decide nothing
        except (Unclear, Fault, Foreign, TypeError):
            continue
    return None


def _undamaged(folder: Path) -> Plan | None:
    try:
        return read_plan(folder)
    except DamagedPlan:
        return None


def check_dataset(folder: Path, before: Plan | None, settings: Settings) -> None:
    """Refuse a folder with another data set, before one is downloaded in vain."""
    if before and (old := before.settings.dataset) != settings.dataset:
        raise another_plan(folder, [f"dataset {old} there, {settings.dataset} asked"])


def check_rule(folder: Path, before: Plan | None, rule: Rule | None) -> None:
    """Refuse another rule of stopping than a folder was begun with.

    None asks for no rule: what the folder's is stays.
    """
    if before is None or rule is None:
        return
    if before.rule is None:
        raise UsageError(
            f"The sweep in {folder} was begun without a rule of stopping, and one that is chosen "
            "after errors were seen decides nothing: choose another --out."
        )
    if words := differing(before.rule, rule):
        raise another_plan(folder, [f"its rule of stopping: {'; '.join(words)}"])


def open_folder(
    folder: Path,
    settings: Settings,
    networks: Mapping[str, Network],
    machine: Machine,
    dataset: DatasetInfo,
    command: Sequence[str] = (),
    census: Census | None = None,
    rule: Rule | None = None,
) -> Opened:
    """Begin a sweep in `folder`, or continue the one that is there; writes `sweep.json`.

    More templates or seeds than before extend the plan; fewer leave it as it is, and it is
    continued whole. Any other difference raises `UsageError`, which names it.
    """
    before = existing(folder)
    if before is None:
        notes = _put_aside(folder)
        plan = replace(_begun(settings, networks, machine, dataset, command), rule=rule)
    else:
        refuse_another_plan(folder, before, settings, machine, dataset)
        check_rule(folder, before, rule)
        plan, notes = extended(folder, before, settings)
        plan = plan.with_dataset(dataset)  # the same data, perhaps in another place
    plan = replace(plan, census=census or plan.census)
    if before is None or not _same(before, plan):
        with explained(folder):
            try:
                folder.mkdir(parents=True, exist_ok=True)
                write_text(folder / SWEEP_FILE, _text(plan))
            except OSError as error:
                if not (before and only_read(error) and _same_trials(before, plan)):
                    raise  # where the images are, and what else is there, need not be kept
    return Opened(folder, plan, tuple(notes))


def extend(folder: Path, templates: Sequence[str], seeds: Sequence[int]) -> None:
    """Add trials of the folder's own networks to its plan, as far as they are not there.

    Raises `ArchscopeError` where nothing can be written.
    """
    with locked(folder) as refused:
        before = read_plan(folder)
        subjects = replace(before.settings.subjects, templates=tuple(templates))
        asked = replace(before.settings, subjects=subjects, seeds=tuple(seeds))
        plan, _ = extended(folder, before, asked)
        if not _same(before, plan):
            if refused is not None:
                raise cannot_write(folder, refused)
            with explained(folder):
                write_text(folder / SWEEP_FILE, _text(plan))


def join_folder(folder: Path, machine: Machine, dataset: DatasetInfo) -> Opened:
    """The sweep in `folder` as it is, to be worked off with the data at hand; writes nothing.

    Raises `UsageError` where there is none, where the data are others, where the machine would
    train otherwise than planned, or where this version defines its networks otherwise.
    """
    before = read_plan(folder)
    check_machine(folder, before.machine, machine)
    if (old := before.dataset.fingerprint) != (new := dataset.fingerprint):
        raise UsageError(
            f"The sweep in {folder} has other data ({shown(old)} there, {shown(new)} here): "
            "restore them, or name their folder with --data-dir."
        )
    check_definitions(folder, before)
    return Opened(folder, before.with_dataset(dataset), tuple(moved(before)))


def _begun(
    settings: Settings,
    networks: Mapping[str, Network],
    machine: Machine,
    dataset: DatasetInfo,
    command: Sequence[str],
) -> Plan:
    listed = entries(networks)
    where = {"folder": str(Path.cwd())} if relative_files(listed) else {}
    return Plan(
        settings,
        dataset,
        machine,
        listed,
        trials(listed, settings, Conditions.of(settings, dataset, machine)),
        {**environment(), **where},
        datetime.now(UTC).isoformat(timespec="seconds"),
        tuple(command),
    )


def relative_files(listed: Iterable[Entry]) -> list[Path]:
    """The users' files that networks are of, where they were named from the current folder."""
    places = [place_of(entry.network) for entry in listed]
    return list(dict.fromkeys(one.path for one in places if one and not one.path.is_absolute()))


def begun_in(before: Plan) -> Path | None:
    """The folder in which a sweep was begun, where users' files are there that are not here."""
    missing = [path for path in relative_files(before.networks) if not path.exists()]
    begun = before.environment.get("folder")
    if not missing or not isinstance(begun, str):
        return None
    return Path(begun) if all(Path(begun, path).exists() for path in missing) else None


def _same(before: Plan, now: Plan) -> bool:
    """Whether the two are one document, without 100,000 objects more."""
    return before.head() == now.head() and _same_trials(before, now)


def _same_trials(before: Plan, now: Plan) -> bool:
    rows = zip(before.trials, now.trials, strict=False)
    return len(before.trials) == len(now.trials) and all(
        (a.key, a.seed, a.network) == (b.key, b.seed, b.network) for a, b in rows
    )


def _text(plan: Plan) -> str:
    """The content of `sweep.json`: indented, but a line for a trial, as there may be 100,000."""
    lines = ",\n  ".join(json.dumps(trial.row()) for trial in plan.trials)
    head = json.dumps(plan.head(), indent=1, allow_nan=False)
    return head.replace('\n "trials": []', f'\n "trials": [\n  {lines}\n ]') + "\n"


def _put_aside(folder: Path) -> list[str]:
    """Keep a damaged `sweep.json` under another name; returns what to say of it."""
    path = folder / SWEEP_FILE
    if not os.path.lexists(path):
        return []
    kept = path.with_name(f"{SWEEP_FILE}.damaged")
    with explained(folder):
        path.replace(kept)
    return [
        f"{path} was damaged and is written anew for this command; trials of its plan that are in "
        f"the folder are kept, and the damaged file as {kept.name}."
    ]
