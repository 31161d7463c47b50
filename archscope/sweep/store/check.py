"""Whether a record has what readers rely on: folders are copied, edited by hand, and come by mail.

A key is the name of a folder in which files are written, so that it must not lead elsewhere.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

_KEY = re.compile(r"[A-Za-z0-9_.]+-s[0-9]+-[0-9a-f]+")
_WORDS: dict[type, str] = {
    dict: "an object",
    list: "a list",
    str: "text",
    int: "a whole number",
    float: "a number",
}
_RATES = ("lr", "weight_decay")
_ERRORS = ("test_error", "train_error", "validation_error", "test_error_listed")
# A type for each value that is read; of a list, what each item is.
_PLAN: dict[str, Any] = {
    "settings": {
        "preset": str,
        "dataset": str,
        "depth": int,
        "scale": float,
        "templates": [str],
        "seeds": [int],
        "recipe": {"name": str, "epochs": int, "batch": int},
    },
    "dataset": {"name": str, "label": str, "classes": int, "fingerprint": str},
    "machine": {"device": str, "precision": str, "threads": int, "workers": int},
    "environment": {},
    "networks": [
        {
            "template": str,
            "network": str,
            "curves": [str],
            "params": int,
            "macs": int,
            "activations": int,
            "digest": str,
        }
    ],
    "trials": [{"key": str, "network": str, "seed": int}],
}


def fault_of_plan(document: Mapping[str, Any]) -> str | None:
    """What the content of a `sweep.json` lacks, in words; None where it is whole."""
    if fault := _fault(document, _PLAN, ""):
        return fault
    samples = document["settings"].get("samples", "")
    if samples is not None and not _is(samples, int):
        return "its settings.samples is not a whole number"
    sgd = document["settings"]["recipe"].get("sgd", {})
    if not isinstance(sgd, dict) or not all(_is(sgd.get(one, 0), float) for one in _RATES):
        return f"its settings.recipe.sgd has no numbers {' and '.join(_RATES)}"
    networks = {network["network"] for network in document["networks"]}
    for trial in document["trials"]:
        if not is_key(trial["key"]):
            return "one of its keys names no trial"
        if trial["network"] not in networks:
            return "one of its trials is of a network that it does not list"
    return None


def is_key(key: str) -> bool:
    """Whether it can be a trial's, as `archscope.sweep.plan.plan.trial_keys` makes them."""
    return _KEY.fullmatch(key) is not None


def _fault(value: Any, wanted: Any, where: str) -> str | None:
    kind = wanted if isinstance(wanted, type) else type(wanted)
    if not _is(value, kind):
        return f"its {where} is not {_WORDS[kind]}"
    if isinstance(wanted, dict):
        for name, inner in wanted.items():
            path = f"{where}.{name}" if where else name
            if name not in value:
                return f"it has no {path}"
            if fault := _fault(value[name], inner, path):
                return fault
    elif isinstance(wanted, list):
        for item in value:
            if fault := _fault(item, wanted[0], f"{where}[]"):
                return fault
    return None


def _is(value: Any, kind: type) -> bool:
    if isinstance(value, bool):
        return False
    if kind is float:
        return isinstance(value, int | float) and _are_finite([value])
    return isinstance(value, kind)


def is_result(result: Any, schema: str, key: str) -> bool:
    """Whether it is a whole result of the trial `key`; anything else is trained again."""
    if not isinstance(result, dict) or (result.get("schema"), result.get("key")) != (schema, key):
        return False
    metrics = result.get("metrics")
    parts = (metrics, result.get("timing"), result.get("environment", {}))
    if not isinstance(metrics, dict) or not all(isinstance(part, dict) for part in parts):
        return False
    per_epoch = metrics.get("per_epoch", {})
    if not isinstance(per_epoch, dict) or not all(map(_are_finite, per_epoch.values())):
        return False
    if not _is(metrics.get("epochs", 0), int) or metrics.get("epochs", 0) < 0:
        return False
    if not all(_is_percent(metrics.get(name)) for name in _ERRORS):
        return False
    if result.get("status") == "done":
        return metrics.get("test_error") is not None
    return result.get("status") in ("diverged", "failed")


def _is_percent(value: Any) -> bool:
    """Whether it is an error in %, or None: not known."""
    return value is None or (_is(value, float) and 0 <= value <= 100)


def _are_finite(values: Any) -> bool:
    """Whether it is a list without infinities and NaN; None stands for them where they were."""
    try:
        return isinstance(values, list) and all(math.isfinite(v) for v in values if v is not None)
    except (TypeError, OverflowError):
        return False


def is_epoch(line: Any) -> bool:
    """Whether it is a whole line of `metrics.jsonl`: numbers, and a whole one that counts."""
    return (
        isinstance(line, dict)
        and all(_is(value, float) for value in line.values())
        and _is(line.get("epoch"), int)
    )
