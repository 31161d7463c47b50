"""How a trial ended: `result.json`, written, read whole, and glanced at.

One definition of a result serves both looks, so that what passes for one passes for the other. A
glance need not take a file of 300 epochs apart: its last line is a checksum of what is before it,
put there by `write` when the whole was a result. Where the checksum is missing or wrong (an older
version, an edit by hand, a damaged disk) the file is read whole, and that decides.

    {"schema": "archscope.result/1", "key", "status", "metrics", "timing", "environment", "crc32"}
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from archscope.files import json_text, read_ours, write_text
from archscope.sweep.store.check import is_result

RESULT_SCHEMA = "archscope.result/1"
RESULT_FILE = "result.json"

# As `write` writes the beginning of a result that `training.job.outcome` made.
_DONE = re.compile(
    rb'\{\s*"schema": "' + re.escape(RESULT_SCHEMA.encode()) + rb'",\s*"key": "([^"\\]+)",'
    rb'\s*"status": "done",\s*"metrics": \{\s*"epochs": (\d+),\s*"test_error": (\d[\d.e+-]*),'
)
_SEAL = ',\n "crc32": "{:08x}"\n}}\n'
_SEALED = len(_SEAL.format(0))


@dataclass(frozen=True, slots=True)
class TrialResult:
    """How a trial ended.

    Attributes:
        status: "done", "diverged" or "failed".
        metrics: what is deterministic: final errors (%), `epochs`, and `per_epoch` their lists.
        timing: `seconds` and the like.
        environment: host, versions, device: where it was made.
        reason: why it is not well.
    """

    status: str
    metrics: Mapping[str, Any]
    timing: Mapping[str, Any]
    environment: Mapping[str, Any]
    reason: str | None = None

    @property
    def epochs(self) -> int:
        """The epochs that were trained."""
        return int(self.metrics.get("epochs", 0))

    @property
    def test_error(self) -> float | None:
        """The test error of the final epoch, in %, where it is done."""
        return self.metrics.get("test_error")


class Glance(NamedTuple):
    """What a list of trials shows of a result; the fields are those of a `Brief`."""

    status: str
    epochs_done: int
    test_error: float | None
    reason: str | None = None


def read(folder: Path) -> TrialResult | None:
    """The result of the trial that has this folder; None where there is none that is complete.

    Raises `Unreadable` where there is one that cannot be read: it may be a result.
    """
    content = read_ours(folder / RESULT_FILE)
    return None if content is None else _parsed(content, folder.name)


def glance(path: str, key: str) -> Glance | None:
    """What stands in the result at `path`, quickly; None exactly where `read` finds none."""
    content = read_ours(path)
    if content is None:
        return None
    if (found := _DONE.match(content)) and found[1].decode() == key and _is_sealed(content):
        return Glance("done", int(found[2]), float(found[3]))
    result = _parsed(content, key)
    if result is None:
        return None
    return Glance(result.status, result.epochs, result.test_error, result.reason)


def write(folder: Path, result: dict[str, Any]) -> None:
    """Write the result of the trial that has this folder, atomically; raises `OSError`."""
    text = json_text(result)
    if is_result(result, RESULT_SCHEMA, folder.name):
        body = text.removesuffix("\n}\n")
        text = body + _SEAL.format(zlib.crc32(body.encode("utf-8")))
    write_text(folder / RESULT_FILE, text)


def _is_sealed(content: bytes) -> bool:
    seal = _SEAL.format(zlib.crc32(content[:-_SEALED]))
    return content[-_SEALED:] == seal.encode()


def _parsed(content: bytes, key: str) -> TrialResult | None:
    try:
        found = json.loads(content.decode("utf-8"))
    except (ValueError, RecursionError):
        return None
    if not is_result(found, RESULT_SCHEMA, key):
        return None
    reason = found.get("reason")
    return TrialResult(
        found["status"],
        found["metrics"],
        found["timing"],
        found.get("environment", {}),
        None if reason is None else str(reason),
    )
