"""The state of a training on disk, whole at any instant.

A folder holds `checkpoint.pt`, the one before it (`checkpoint.previous.pt`), and `metrics.jsonl`,
a line an epoch. A checkpoint carries the history of its run, so that metrics.jsonl is a view of it:
when a run is taken up again it is written anew from the checkpoint, which heals a torn or a surplus
line.
"""

from __future__ import annotations

import json
import os
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from archscope.errors import ArchscopeError
from archscope.files import open_to_append, open_to_read, unreadable, write_atomically, write_text
from archscope.nn.pickles import load_plain

SCHEMA = "archscope.checkpoint/2"
_READ = (SCHEMA, "archscope.checkpoint/1")  # the older one knows no part of an epoch

Line = dict[str, Any]


@dataclass(frozen=True)
class Checkpoint:
    """What a run needs to go on, after an epoch or within one.

    Attributes:
        identity: what the run is (network, recipe, seed, data, ...), as JSON.
        history: the line of each epoch done.
        state: the state dicts of model, optimizer and scaler; under `part`, where the run was
            stopped within an epoch, what that epoch has come to.
    """

    identity: str
    history: list[Line]
    state: dict[str, Any]


class Folder:
    """Keeps the checkpoints and the metrics of one run."""

    def __init__(self, path: Path, identity: str) -> None:
        self.path = path
        self.identity = identity
        self.latest = path / "checkpoint.pt"
        self.previous = path / "checkpoint.previous.pt"
        self.metrics = path / "metrics.jsonl"
        self.notes: list[str] = []

    def open(self) -> Checkpoint | None:
        """Make the folder agree with its newest whole checkpoint and return that, or None.

        What was damaged is named in `notes`. Raises ArchscopeError where the checkpoint is of
        another run.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        for stale in self.path.glob(".*.tmp"):  # of a process that was killed
            stale.unlink(missing_ok=True)
        found = None
        for file in (self.latest, self.previous):
            there = os.path.lexists(file)
            found = _read(file)
            if found:
                break
            if there:
                self.notes.append(f"{file.name} is damaged and ignored")
            file.unlink(missing_ok=True)  # or it would push out the whole one before it
        if found and found.identity != self.identity:
            raise ArchscopeError(
                f"{self.path} holds the checkpoint of another training: give another folder, "
                "or empty this one"
            )
        history = found.history if found else []
        if self.notes:
            whence = f"after epoch {len(history)}" if history else "from the beginning"
            self.notes[-1] += f": the training continues {whence}"
        write_text(self.metrics, "".join(map(_as_text, history)))
        return found

    def save(self, history: list[Line], state: dict[str, Any]) -> None:
        """Keep the state after the newest epoch, then add its line to metrics.jsonl."""
        self.save_part(history, state)
        with open_to_append(self.metrics) as stream:
            stream.write(_as_text(history[-1]).encode("utf-8"))
            stream.flush()
            os.fsync(stream.fileno())

    def save_part(self, history: list[Line], state: dict[str, Any]) -> None:
        """Keep the state within an epoch: the lines are those of the epochs before."""
        document = {
            "schema": SCHEMA,
            "identity": self.identity,
            "history": history,
            "state": state,
        }
        if self.latest.exists():
            self.latest.replace(self.previous)
        write_atomically(self.latest, lambda stream: torch.save(document, stream))


def _read(file: Path) -> Checkpoint | None:
    """Return the checkpoint, or None where it is missing or damaged; nothing in it is executed.

    Raises Unreadable where it cannot be read, ArchscopeError where another version wrote it.
    """
    try:
        with open_to_read(file) as stream:
            with zipfile.ZipFile(stream) as archive:  # torch does not look at the checksums
                if archive.testzip() is not None:
                    return None
            document = load_plain(stream)
    except FileNotFoundError:
        return None
    except OSError as error:  # it may be whole all the same
        raise unreadable(file, error) from None
    except MemoryError:
        raise
    except Exception:  # torch and zipfile raise half a dozen kinds for a damaged file
        return None
    if not isinstance(document, dict) or document.get("schema") not in _READ:
        raise ArchscopeError(
            f"{file} was written by another version of archscope: give another folder, or "
            "empty this one"
        )
    return _whole(document)


def _whole(document: dict[str, Any]) -> Checkpoint | None:
    """Return a checkpoint, or None for something else in a valid file."""
    identity, history, state = (document.get(part) for part in ("identity", "history", "state"))
    if not (isinstance(identity, str) and isinstance(history, list) and isinstance(state, dict)):
        return None
    if not all(isinstance(line, dict) for line in history):
        return None
    return Checkpoint(identity, history, state)


def _as_text(line: Line) -> str:
    return json.dumps(line, allow_nan=False) + "\n"
