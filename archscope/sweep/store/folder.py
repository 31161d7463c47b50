"""A sweep's folder: begun, continued, extended, or refused because it holds another plan.

Every automatic choice is resolved once and kept in `sweep.json`; the same command again finds it
and does only what is missing.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from archscope.arch.network import Network
from archscope.errors import ArchscopeError, UsageError
from archscope.files import read_ours, write_text
from archscope.sweep.plan.plan import (
    Entry,
    Machine,
    Settings,
    Subjects,
    curves,
    entries,
    input_of,
    network_digest,
    trial_keys,
)
from archscope.sweep.plan.plan import networks as planned_networks
from archscope.sweep.plan.presets import SINGLE
from archscope.sweep.store.environment import differences, environment
from archscope.sweep.store.locks import explained, holds_something, locked
from archscope.sweep.store.records import (
    MACHINE,
    SWEEP_FILE,
    SWEEP_SCHEMA,
    TRIAL_FILE,
    TRIALS_FOLDER,
    DamagedPlan,
    read_document,
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

_EXTENSIBLE = ("preset", "templates", "seeds")


@dataclass(frozen=True)
class Opened:
    """A folder ready to run: the content of its `sweep.json`, and what the user should know."""

    folder: Path
    document: dict[str, Any]
    notes: tuple[str, ...] = ()


def default_folder(settings: Settings, resources: Mapping[str, Any]) -> Path:
    """`runs/cifar-sweep-<preset>-<6 digits>`: a function of what was asked and nothing else.

    For a single network `runs/train-<network>-<6 digits>`.
    """
    asked = json.dumps([settings.document(), dict(resources)], sort_keys=True)
    digest = hashlib.sha256(asked.encode("utf-8")).hexdigest()[:6]
    name = f"cifar-sweep-{settings.preset}"
    if settings.preset == SINGLE:
        name = "train-" + re.sub(r"[^a-z0-9_.]+", "_", settings.subjects.templates[0])
    return Path("runs") / f"{name}-{digest}"


def existing(folder: Path) -> dict[str, Any] | None:
    """The `sweep.json` of an earlier run in `folder`, or `None` where one may begin.

    That may be where an earlier one is damaged: `open_folder` puts it aside. Raises `UsageError`
    where the folder holds something else.
    """
    try:
        if os.path.lexists(folder / SWEEP_FILE):
            return _whole(folder)
        taken = holds_something(folder)
    except NotADirectoryError:
        raise UsageError(f"--out {folder} is a file: name a folder.") from None
    except OSError as error:
        raise ArchscopeError(f"--out {folder} cannot be read ({error.strerror}).") from None
    if taken:
        raise UsageError(
            f"--out {folder} is not empty and holds no sweep: choose an empty or a new folder."
        )
    return None


def remains(folder: Path) -> dict[str, Any] | None:
    """What the trials in a folder say of the machine, where its plan is damaged: as a plan does.

    Without it the same command could choose anew, and the trials would count for nothing.
    """
    for path in sorted(folder.glob(f"{TRIALS_FOLDER}/*/{TRIAL_FILE}")):
        try:
            trial = json.loads(read_ours(path) or b"")
        except (ValueError, RecursionError):
            continue
        kinds = {"device": str, "precision": str, "threads": int}
        if isinstance(trial, dict) and all(isinstance(trial.get(n), k) for n, k in kinds.items()):
            return {"machine": {name: trial[name] for name in MACHINE if name in trial}}
    return None


def _whole(folder: Path) -> dict[str, Any] | None:
    try:
        return read_document(folder)
    except DamagedPlan:
        return None


def check_dataset(folder: Path, before: Mapping[str, Any] | None, settings: Settings) -> None:
    """Refuse a folder with another data set, before one is downloaded in vain."""
    if before and (old := before["settings"]["dataset"]) != settings.dataset:
        raise _another_plan(folder, [f"dataset {old} there, {settings.dataset} asked"])


def open_folder(
    folder: Path,
    settings: Settings,
    networks: Mapping[str, Network],
    machine: Machine,
    dataset: Mapping[str, Any],
    command: Sequence[str] = (),
) -> Opened:
    """Begin a sweep in `folder`, or continue the one that is there; writes `sweep.json`.

    More templates or seeds than before extend the plan; fewer leave it as it is, and it is
    continued whole. Any other difference raises `UsageError`, which names it.
    """
    before = existing(folder)
    if before is None:
        notes = _put_aside(folder)
        document = _document(settings, entries(networks), machine, dataset, command)
    else:
        _refuse_another_plan(folder, before, settings, machine, dataset)
        document, notes = _extended(folder, before, settings, machine)
        document["dataset"] = dict(dataset)  # the same data, perhaps in another place
    if document != before:
        with explained(folder):
            folder.mkdir(parents=True, exist_ok=True)
            write_text(folder / SWEEP_FILE, _text(document))
    return Opened(folder, document, tuple(notes))


def join_folder(folder: Path, machine: Machine, dataset: Mapping[str, Any]) -> Opened:
    """The sweep in `folder` as it is, to be worked off with the data at hand; writes nothing.

    Raises `UsageError` where there is none, where the data are others, where the machine would
    train otherwise than planned, or where this version defines its networks otherwise.
    """
    before = read_document(folder)
    for name in MACHINE:
        old, new = _both(name, before, machine)
        if old != new:
            raise UsageError(
                f"The sweep in {folder} trains with {name} {old}, and here it would be {new}: "
                f"join it with {name} {old}, or begin another."
            )
    if (old := before["dataset"]["fingerprint"]) != (new := dataset["fingerprint"]):
        raise UsageError(
            f"The sweep in {folder} has other data ({_shown(old)} there, {_shown(new)} here): "
            "bring the same, or name their folder with --data-dir."
        )
    _check_definitions(folder, before, dataset["classes"])
    return Opened(folder, {**before, "dataset": dict(dataset)}, tuple(_moved(before)))


def _document(
    settings: Settings,
    listed: Sequence[Entry],
    machine: Machine,
    dataset: Mapping[str, Any],
    command: Sequence[str],
) -> dict[str, Any]:
    return {
        "schema": SWEEP_SCHEMA,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": list(command),
        "settings": settings.document(),
        "dataset": dict(dataset),
        "machine": machine.document(),
        "networks": [entry.document() for entry in listed],
        "trials": _trials(settings, listed, str(dataset["fingerprint"]), machine),
        "environment": environment(),
    }


def _trials(
    settings: Settings, listed: Sequence[Entry], fingerprint: str, machine: Machine
) -> list[dict[str, Any]]:
    return [
        {"key": key, "network": entry.network, "seed": seed}
        for entry in listed
        for seed, key in zip(
            settings.seeds, trial_keys(entry, settings, fingerprint, machine), strict=True
        )
    ]


def _text(document: Mapping[str, Any]) -> str:
    """The content of `sweep.json`: indented, but a line for a trial, as there may be 100,000."""
    lines = ",\n  ".join(json.dumps(trial) for trial in document["trials"])
    head = json.dumps({**document, "trials": []}, indent=1, allow_nan=False)
    return head.replace('\n "trials": []', f'\n "trials": [\n  {lines}\n ]') + "\n"


def _refuse_another_plan(
    folder: Path,
    before: Mapping[str, Any],
    settings: Settings,
    machine: Machine,
    dataset: Mapping[str, Any],
) -> None:
    differing = [
        f"{name} {_shown(old)} there, {_shown(new)} asked"
        for name, old, new in _compared(before, settings, machine, dataset)
        if old != new
    ]
    if differing:
        raise _another_plan(folder, differing)


def _another_plan(folder: Path, differing: Sequence[str]) -> UsageError:
    return UsageError(
        f"The sweep in {folder} has another plan ({'; '.join(differing)}): "
        "choose another --out, or ask for the same."
    )


def _compared(
    before: Mapping[str, Any], settings: Settings, machine: Machine, dataset: Mapping[str, Any]
) -> Iterator[tuple[str, Any, Any]]:
    old, new = before["settings"], settings.document()
    for name in {**old, **new}:
        if name == "recipe":
            for field in {**old["recipe"], **new["recipe"]}:
                yield field, old["recipe"].get(field), new["recipe"].get(field)
        elif name not in _EXTENSIBLE:
            yield name, old.get(name, "none"), new.get(name, "none")
    for name in MACHINE:
        yield name, *_both(name, before, machine)
    yield "data", before["dataset"]["fingerprint"], dataset["fingerprint"]


def _both(name: str, before: Mapping[str, Any], machine: Machine) -> tuple[Any, Any]:
    """A choice there and here; what was not asked for is off."""
    return before["machine"].get(name) or "off", getattr(machine, name) or "off"


def _shown(value: Any) -> str:
    text = "all" if value is None else f"{value}"
    return text if len(text) <= 24 else f"{text[:20]}..."


def _subjects(document: Mapping[str, Any]) -> Subjects:
    there = document["settings"]
    return Subjects(there["depth"], there["scale"], tuple(there["templates"]))


def _check_definitions(folder: Path, document: Mapping[str, Any], classes: int) -> None:
    """Refuse a plan whose networks this version builds otherwise: its keys would promise a lie."""
    shape = input_of(document["settings"]["dataset"])
    found = planned_networks(_subjects(document), classes, shape)
    for entry in document["networks"]:
        network = found.get(entry["template"])
        if network is None or network_digest(network) != entry["digest"]:
            raise UsageError(
                f"The sweep in {folder} has another plan (this version of archscope has another "
                f"definition of {entry['network']}): choose another --out, or use the version "
                "that began it."
            )


def _moved(before: Mapping[str, Any]) -> list[str]:
    """What to say where a sweep goes on in another environment than it was begun in."""
    there, here = before["environment"], environment()
    if changed := differences(there, here):
        return [
            f"This sweep was begun elsewhere or under other versions ({'; '.join(changed)}): it "
            "goes on, but its numbers are no longer bit for bit those of one machine."
        ]
    if there.get("host") != here["host"]:
        return [
            f"This sweep was begun on another host ({there.get('host')}, here {here['host']}) with "
            "the same kind of processor and the same versions: its numbers are bit for bit those "
            "of one machine only as far as the two are alike."
        ]
    return []


def _listed(values: Sequence[Any]) -> str:
    shown = [str(value) for value in values[:12]]
    return ", ".join(shown) + (f", ... ({len(values):,})" if len(values) > len(shown) else "")


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


def _extended(
    folder: Path, before: dict[str, Any], settings: Settings, machine: Machine
) -> tuple[dict[str, Any], list[str]]:
    """`before` with the templates and seeds that are new, and notes on what was not as asked."""
    old, asked = before["settings"], settings.document()
    union = {
        name: tuple(dict.fromkeys([*old[name], *asked[name]])) for name in ("templates", "seeds")
    }
    notes = []
    if left := [name for name in union if set(old[name]) - set(asked[name])]:
        kept = " and ".join(f"{name} {_listed(old[name])}" for name in left)
        notes.append(f"The folder's plan has {kept}; all of it is continued.")
    notes += _moved(before)
    whole = replace(
        settings,
        subjects=replace(settings.subjects, templates=union["templates"]),
        seeds=union["seeds"],
    )
    classes = before["dataset"]["classes"]
    _check_definitions(folder, before, classes)
    known = set(old["templates"])
    new = tuple(template for template in union["templates"] if template not in known)
    shape = input_of(settings.dataset)
    networks = planned_networks(replace(settings.subjects, templates=new), classes, shape)
    there = {entry["network"]: entry["template"] for entry in before["networks"]}
    if twice := [template for template in new if networks[template].name in there]:
        spelled = there[networks[twice[0]].name]
        raise UsageError(
            f"templates: {twice[0]} is asked for, but the folder has that network as {spelled}: "
            f"name it {spelled}."
        )
    listed = entries(networks) if new else []
    return _merged(before, whole, listed, machine), notes


def _merged(
    before: dict[str, Any], whole: Settings, listed: Sequence[Entry], machine: Machine
) -> dict[str, Any]:
    added = [entry.document() for entry in listed]
    standing = curves(whole.subjects.templates)
    merged = [{**e, "curves": list(standing[e["template"]])} for e in before["networks"] + added]
    everything = [
        Entry(e["template"], e["network"], tuple(e["curves"]), {}, e["digest"]) for e in merged
    ]
    settings = {**before["settings"], **{n: whole.document()[n] for n in ("templates", "seeds")}}
    return {
        **before,
        "settings": settings,
        "networks": merged,
        "trials": _trials(whole, everything, before["dataset"]["fingerprint"], machine),
    }
