"""Whether a record of a trial has what readers rely on.

Folders are copied, edited by hand, and come by mail (see `archscope.sweep.plan.reading`, for the
plan, and `archscope.documents`).
"""

from __future__ import annotations

import math
from typing import Any

from archscope.documents import Within
from archscope.sweep.plan.reading import is_a
from archscope.training.recipe import EPOCHS

_PERCENT = Within(0, 100)
_ERRORS = ("test_error", "train_error", "validation_error", "test_error_listed")


def is_result(result: Any, schema: str, key: str) -> bool:
    """Whether it is a whole result of the trial `key`."""
    if not isinstance(result, dict) or (result.get("schema"), result.get("key")) != (schema, key):
        return False
    metrics = result.get("metrics")
    parts = (metrics, result.get("timing"), result.get("environment", {}))
    if not isinstance(metrics, dict) or not all(isinstance(part, dict) for part in parts):
        return False
    per_epoch = metrics.get("per_epoch", {})
    if not isinstance(per_epoch, dict) or not all(map(_are_finite, per_epoch.values())):
        return False
    epochs = metrics.get("epochs", 0)
    if not is_a(epochs, int) or not (epochs == 0 or epochs in EPOCHS):
        return False
    if any(len(values) != epochs for values in per_epoch.values()):
        return False
    if not all(_is_percent(metrics.get(name)) for name in _ERRORS):
        return False
    if result.get("status") == "done":
        return metrics.get("test_error") is not None
    return result.get("status") in ("diverged", "failed")


def _is_percent(value: Any) -> bool:
    """Whether it is an error in %, or None: not known."""
    return value is None or (is_a(value, float) and value in _PERCENT)


def _are_finite(values: Any) -> bool:
    """Whether it is a list without infinities and NaN; None replaces them where they were."""
    try:
        return isinstance(values, list) and all(math.isfinite(v) for v in values if v is not None)
    except (TypeError, OverflowError):
        return False


def is_epoch(line: Any) -> bool:
    """Whether it is a whole line of `metrics.jsonl`: numbers, and a whole one that counts."""
    return (
        isinstance(line, dict)
        and all(is_a(value, float) for value in line.values())
        and is_a(line.get("epoch"), int)
        and line["epoch"] in EPOCHS
    )
