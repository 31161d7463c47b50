"""What a preset of a study may say: settings of a sweep, or of a measurement of times."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from typing import Any

from archscope.arch.names import parse
from archscope.arch.quantities import parse_shape
from archscope.documents import Printed
from archscope.errors import UsageError, shown
from archscope.sweep.plan.subjects import is_template

TIMING = "timing"
READINGS = ("time", "speed")  # of a published value: more is slower, or more is faster


def is_number(value: Any) -> bool:
    """Whether it is a finite number of a TOML file, and no boolean."""
    return type(value) in (int, float, Printed) and math.isfinite(value)


def _whole(value: Any) -> bool:
    return type(value) is int


def _count(value: Any) -> bool:
    return type(value) is int and value >= 1


def _word(value: Any) -> bool:
    return isinstance(value, str)


def _seeds(value: Any) -> bool:
    return _whole(value) or _word(value) or (isinstance(value, list) and all(map(_whole, value)))


def _list(value: Any) -> bool:
    return isinstance(value, list) and bool(value)


def _table(value: Any) -> bool:
    return isinstance(value, dict) and all(map(_word, value.values()))


# What a value must be; the range of a sweep's settings is checked with its plan.
TRAINING_KEYS: dict[str, Callable[[Any], bool]] = {
    **dict.fromkeys(("samples", "depth", "epochs", "batch", "holdout"), _whole),
    **dict.fromkeys(("scale", "lr", "label_smoothing", "drop_path"), is_number),
    **dict.fromkeys(("dataset", "recipe", "whiten", "use"), _word),
    "seeds": _seeds,
    "rows": _list,
    "networks": _table,
}
TIMING_KEYS: dict[str, Callable[[Any], bool]] = {
    "kind": _word,
    **dict.fromkeys(("batch", "rounds", "threads"), _count),
    **dict.fromkeys(("device", "precision", "input"), _word),
    "rows": _list,
}
NOT_SETTINGS = ("use", "rows", "networks")  # these choose the networks


def fault(
    settings: Mapping[str, Any], labels: Collection[str], timing: Mapping[str, Any] | None
) -> tuple[str, str] | None:
    """The key of a preset that breaks a rule, and the rule; None where all is well.

    Args:
        settings: the preset as it was read.
        labels: of the study's rows.
        timing: the study's `timing`.
    """
    timed = settings.get("kind") == TIMING
    if "kind" in settings and not timed:
        return "kind", f'can only be "{TIMING}": measure times; leave it out to train'
    known = TIMING_KEYS if timed else TRAINING_KEYS
    for key, value in settings.items():
        if key not in known:
            return key, f"is unknown; a preset has {', '.join(sorted({*known, 'kind'}))}"
        if not known[key](value):
            return key, f"cannot be {shown(repr(value))}"
    return _rows_fault(settings, labels) or (
        _timing_fault(settings, timing) if timed else _training_fault(settings, labels)
    )


def _rows_fault(settings: Mapping[str, Any], labels: Collection[str]) -> tuple[str, str] | None:
    for label in settings.get("rows", ()):
        if label not in labels:
            return "rows", f"name {label!r}, which no row has as its label"
    return None


def _training_fault(settings: Mapping[str, Any], labels: Collection[str]) -> tuple[str, str] | None:
    if settings.get("use", "network") != "network":
        return "use", 'can only be "network": train the networks themselves'
    for label, name in settings.get("networks", {}).items():
        if label not in labels:
            return "networks", f"name {label!r}, which no row has as its label"
        try:
            _ = is_template(name) or parse(name)
        except UsageError as error:
            return "networks", f"names no network for {label!r}: {error}"
    return None


def _timing_fault(
    settings: Mapping[str, Any], timing: Mapping[str, Any] | None
) -> tuple[str, str] | None:
    if timing is None:
        return "kind", (
            f'{TIMING} needs timing = {{ reference = LABEL, published = "time" }} above the presets'
        )
    if timing["reference"] not in settings.get("rows", [timing["reference"]]):
        return "rows", f"must have the reference {timing['reference']!r}: times are relative to it"
    if "input" in settings:
        try:
            parse_shape(settings["input"])
        except UsageError as error:
            return "input", f"must be an input shape: {error}"
    for key in ("batch", "rounds", "device"):
        if key not in settings:
            return "kind", f"{TIMING} needs {key} as well"
    return None
