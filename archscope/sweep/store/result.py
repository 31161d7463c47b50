"""How a trial ended: `result.json`, written, read whole, and glanced at.

One definition of a result serves both looks, so that what passes for one passes for the other. A
glance need not take a file of 300 epochs apart: its last line is a checksum of what is before it,
put there by `write` when the whole was a result. Where it is missing (an older version) or does not
fit, the file is read whole: it is believed without a checksum, or with one that fits what is said,
as of a file that was indented anew. A number that was changed by hand or by a disk is damage.

    {"schema": "archscope.result/1", "key", "status", "metrics", "timing", "environment", "crc32"}
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from archscope.documents import Unclear, json_value
from archscope.errors import ArchscopeError
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


class DamagedResult(ArchscopeError):
    """A result is there, but it is not whole, or another trial's."""

    def __init__(self, path: Path | str, why: str) -> None:
        super().__init__(
            f"{path} is damaged ({why}): give the command that began the sweep again, which "
            "trains it anew."
        )


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

    def lines(self) -> list[dict[str, Any]]:
        """What is kept of each epoch, as lines of `metrics.jsonl` have it; none if nothing is."""
        kept = self.metrics.get("per_epoch", {})
        return [
            {"epoch": epoch, **dict(zip(kept, values, strict=True))}
            for epoch, values in enumerate(zip(*kept.values(), strict=True), 1)
        ]


class Glance(NamedTuple):
    """What a list of trials shows of a result; the fields are those of a `Brief`."""

    status: str
    epochs_done: int
    test_error: float | None
    reason: str | None = None


def read(folder: Path) -> TrialResult | None:
    """The result of the trial that has this folder; None where there is none.

    Raises `DamagedResult` where there is something else, `Unreadable` where it cannot be read.
    """
    content = read_ours(folder / RESULT_FILE)
    return None if content is None else _parsed(content, folder.name, folder / RESULT_FILE)


def read_whole(folder: Path) -> TrialResult | None:
    """As `read`, for what trains: None where it is damaged as well, as it is then written anew."""
    try:
        return read(folder)
    except DamagedResult:
        return None


def glance(path: str, key: str) -> Glance | None:
    """What stands in the result at `path`, quickly: None or an error exactly as of `read`."""
    content = read_ours(path)
    if content is None:
        return None
    if (found := _DONE.match(content)) and found[1].decode() == key and _is_sealed(content):
        return Glance("done", int(found[2]), float(found[3]))
    result = _parsed(content, key, path)
    return Glance(result.status, result.epochs, result.test_error, result.reason)


def write(folder: Path, result: dict[str, Any]) -> None:
    """Write the result of the trial that has this folder, atomically; raises `OSError`."""
    known = is_result(result, RESULT_SCHEMA, folder.name)
    write_text(folder / RESULT_FILE, _sealed(result) if known else json_text(result))


def _sealed(result: Mapping[str, Any]) -> str:
    body = json_text(result).removesuffix("\n}\n")
    return body + _SEAL.format(zlib.crc32(body.encode("utf-8")))


def _says_what_was_sealed(found: Mapping[str, Any]) -> bool:
    """Whether the checksum fits what a file says, however it is written."""
    rest = {name: value for name, value in found.items() if name != "crc32"}
    return _sealed(rest).endswith(f'"crc32": "{found["crc32"]}"\n}}\n')


def _is_sealed(content: bytes) -> bool:
    seal = _SEAL.format(zlib.crc32(content[:-_SEALED]))
    return content[-_SEALED:] == seal.encode()


def _parsed(content: bytes, key: str, path: Path | str) -> TrialResult:
    try:
        found = json_value(content)
    except Unclear as error:
        raise DamagedResult(path, str(error)) from None
    if not is_result(found, RESULT_SCHEMA, key):
        raise DamagedResult(path, "it is no whole result of this trial")
    if "crc32" in found and not (_is_sealed(content) or _says_what_was_sealed(found)):
        raise DamagedResult(path, "its content is not that of its checksum")
    reason = found.get("reason")
    return TrialResult(
        found["status"],
        found["metrics"],
        found["timing"],
        found.get("environment", {}),
        None if reason is None else str(reason),
    )
