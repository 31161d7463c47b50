"""A sweep's folder: begun, continued, extended, or refused because it holds another plan.

Every automatic choice is resolved once and kept in `sweep.json`; the same command again finds it
and does only what is missing.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from archscope.arch.network import Network
from archscope.errors import ArchscopeError, UsageError
from archscope.files import write_json
from archscope.sweep.environment import differences, environment
from archscope.sweep.plan import Entry, Machine, Settings, curves, entries, trial_key
from archscope.sweep.presets import SINGLE
from archscope.sweep.records import SWEEP_FILE, SWEEP_SCHEMA, read_document

try:
    import fcntl
except ImportError:  # not a POSIX system
    fcntl = None  # type: ignore[assignment]

_LOCK_FILE = ".lock"
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

    Raises `UsageError` where the folder holds something else.
    """
    try:
        if (folder / SWEEP_FILE).is_file():
            return read_document(folder)
        taken = folder.exists() and any(not p.name.startswith(".") for p in folder.iterdir())
    except NotADirectoryError:
        raise UsageError(f"--out {folder} is a file: name a folder.") from None
    except OSError as error:
        raise ArchscopeError(f"--out {folder} cannot be read ({error.strerror}).") from None
    if taken:
        raise UsageError(
            f"--out {folder} is not empty and holds no sweep: choose an empty or a new folder."
        )
    return None


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Make the folder if need be, and keep other sweeps on this machine out of it meanwhile.

    Raises `ArchscopeError` where one is at work there, or nothing can be written. The lock is the
    kernel's: it ends with this process, however that ends.
    """
    with explained(folder):
        folder.mkdir(parents=True, exist_ok=True)
        stream = (folder / _LOCK_FILE).open("w")
    with stream:
        if fcntl is not None:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise ArchscopeError(
                    f"Another cifar-sweep is at work in {folder}: wait for its end, or choose "
                    "another --out."
                ) from None
            except OSError:
                pass  # a file system without locks: two at once are not kept apart there
        yield


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
    document = _document(settings, entries(networks), machine, dataset, command)
    notes: list[str] = []
    if before is not None:
        _refuse_another_plan(folder, before, document)
        document, notes = _extended(before, settings, networks, machine)
        document["dataset"] = dict(dataset)  # the same data, perhaps in another place
    if document != before:
        with explained(folder):
            folder.mkdir(parents=True, exist_ok=True)
            write_json(folder / SWEEP_FILE, document)
    return Opened(folder, document, tuple(notes))


@contextmanager
def explained(folder: Path) -> Iterator[None]:
    """Turn an `OSError` of writing (disk full, read-only, not permitted) into one sentence."""
    try:
        yield
    except OSError as error:
        raise cannot_write(folder, error.strerror or str(error)) from None


def cannot_write(folder: Path, why: str) -> ArchscopeError:
    """The error for a folder in which nothing can be written."""
    return ArchscopeError(
        f"The sweep's folder {folder} cannot be written ({why}): make room or allow it and run "
        "the same command again (nothing finished is lost), or choose another --out."
    )


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
        "machine": asdict(machine),
        "networks": [entry.document() for entry in listed],
        "trials": _trials(settings, listed, str(dataset["fingerprint"]), machine),
        "environment": environment(),
    }


def _trials(
    settings: Settings, listed: Sequence[Entry], fingerprint: str, machine: Machine
) -> list[dict[str, Any]]:
    return [
        {
            "key": trial_key(entry, settings, seed, fingerprint, machine),
            "network": entry.network,
            "seed": seed,
        }
        for entry in listed
        for seed in settings.seeds
    ]


def _refuse_another_plan(folder: Path, before: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    differing = [
        f"{name} {_shown(old)} there, {_shown(new)} asked"
        for name, old, new in _compared(before, now)
        if old != new
    ]
    if differing:
        raise UsageError(
            f"The sweep in {folder} has another plan ({'; '.join(differing)}): "
            "choose another --out, or ask for the same."
        )


def _compared(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    old, new = before["settings"], now["settings"]
    for name in {**old, **new}:
        if name == "recipe":
            for field in {**old["recipe"], **new["recipe"]}:
                yield field, old["recipe"].get(field), new["recipe"].get(field)
        elif name not in _EXTENSIBLE:
            yield name, old.get(name, "none"), new.get(name, "none")
    for name in ("device", "precision", "threads"):
        yield name, before["machine"][name], now["machine"][name]
    yield "data", before["dataset"]["fingerprint"], now["dataset"]["fingerprint"]
    definitions = {entry["network"]: entry["digest"] for entry in before["networks"]}
    for entry in now["networks"]:
        name = entry["network"]
        yield f"definition of {name}", definitions.get(name, entry["digest"]), entry["digest"]


def _shown(value: Any) -> str:
    text = "all" if value is None else f"{value}"
    return text if len(text) <= 24 else f"{text[:20]}..."


def _extended(
    before: dict[str, Any],
    settings: Settings,
    networks: Mapping[str, Network],
    machine: Machine,
) -> tuple[dict[str, Any], list[str]]:
    """`before` with the templates and seeds that are new, and notes on what was not as asked."""
    old, asked = before["settings"], settings.document()
    union = {
        name: [*old[name], *(value for value in asked[name] if value not in old[name])]
        for name in ("templates", "seeds")
    }
    notes = []
    if left := [name for name in union if set(old[name]) - set(asked[name])]:
        kept = " and ".join(f"{name} {', '.join(map(str, old[name]))}" for name in left)
        notes.append(f"The folder's plan has {kept}; all of it is continued.")
    here = environment()
    if changed := differences(before["environment"], here):
        notes.append(
            f"This sweep was begun elsewhere or under other versions ({'; '.join(changed)}): it "
            "goes on, but its numbers are no longer bit for bit those of one machine."
        )
    whole = replace(
        settings,
        subjects=replace(settings.subjects, templates=tuple(union["templates"])),
        seeds=tuple(union["seeds"]),
    )
    known = {entry["template"]: entry for entry in before["networks"]}
    new = [template for template in union["templates"] if template not in known]
    there = {entry["network"]: entry["template"] for entry in before["networks"]}
    if twice := [template for template in new if networks[template].name in there]:
        spelled = there[networks[twice[0]].name]
        raise UsageError(
            f"templates: {twice[0]} is asked for, but the folder has that network as {spelled}: "
            f"name it {spelled}."
        )
    listed = entries({template: networks[template] for template in new}) if new else []
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
