"""The measurement that a timing study's folder keeps: bench.json, read and checked."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from archscope.documents import Unclear, json_value
from archscope.errors import ArchscopeError
from archscope.files import read_ours

BENCH_FILE = "bench.json"

# What this report, and the bench's table and figure, read of a measurement.
_NUMBER = (int, float)
_MACHINE = {
    **dict.fromkeys(("cpus", "threads", "load_average"), _NUMBER),
    **dict.fromkeys(("device", "precision", "memory_format"), str),
    **dict.fromkeys(
        ("device_name", "processor", "torch", "python", "platform", "archscope", "malloc_tuned"),
        object,
    ),
}
_SETTING = {"modes": dict, "rounds": int, "warmup": int, "memory": object}
_RESULT = {
    **dict.fromkeys(("network", "mode", "group"), str),
    **dict.fromkeys(("batch", "median", "images_per_second", "ratio"), _NUMBER),
    **dict.fromkeys(("seconds", "quartiles"), list),
    **dict.fromkeys(
        ("peak_memory_bytes", "published_seconds", "published_ratio", "roofline"), object
    ),
}
_SECTIONS: Mapping[str, Mapping[str, Any]] = {"machine": _MACHINE, "setting": _SETTING}
_LISTS: Mapping[str, Mapping[str, Any]] = {"results": _RESULT, "networks": {"input": list}}


def read_bench(folder: Path) -> dict[str, Any] | None:
    """The measurement in a folder (`archscope.bench/1`); None where there is none yet.

    Raises:
        ArchscopeError: where it is damaged.
    """
    path = folder / BENCH_FILE
    content = read_ours(path)
    if content is None:
        return None
    try:
        document = json_value(content)
    except Unclear as error:
        document, why = None, str(error)
    else:
        why = "it is not a measurement of times"
    if not _is_measurement(document):
        raise ArchscopeError(
            f"{path} cannot be read ({why}): remove it and run the study again with the same --out"
        )
    assert isinstance(document, dict)
    return document


def _is_measurement(document: Any) -> bool:
    """Whether it has all that is read of it: someone may have edited or cut the file."""
    if not isinstance(document, dict) or document.get("schema") != "archscope.bench/1":
        return False
    lists = {
        key: entries for key in _LISTS if isinstance(entries := document.get(key), list) and entries
    }
    if lists.keys() != _LISTS.keys():
        return False
    times = [
        seconds for one in lists["results"] if _has(one, _RESULT) for seconds in one["seconds"]
    ]
    return (
        document.keys() >= {"peak", "published"}
        and all(_has(document.get(key), keys) for key, keys in _SECTIONS.items())
        and all(_has(one, _LISTS[key]) for key, entries in lists.items() for one in entries)
        and all(isinstance(seconds, _NUMBER) and seconds > 0 for seconds in times)
    )


def _has(found: Any, keys: Mapping[str, Any]) -> bool:
    return isinstance(found, dict) and all(
        key in found and isinstance(found[key], kind) for key, kind in keys.items()
    )
