"""A fitted model of times: its file in the cache, and for whom it holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from archscope.arch.times import LATENCY
from archscope.cost.workload import MODES, Mode
from archscope.documents import Unclear, json_value
from archscope.errors import ArchscopeError, UsageError, shown
from archscope.explore.latency.asked import MOST_IMAGES, Asked, asked_for, this_machine
from archscope.explore.latency.latency_model import SCHEMA, Anchor, LatencyModel, is_pace
from archscope.explore.latency.predicted import Predicted
from archscope.files import at_home, read_ours

# A model holds for no other machine; under other versions of these it may be out of date.
_MACHINE = ("platform", "processor", "device_name", "cpus")
_VERSIONS = ("python", "torch", "archscope")

__all__ = [
    "Asked",
    "LatencyModel",
    "Predicted",
    "asked_for",
    "check_models",
    "fitted_model",
    "latency_model",
    "this_machine",
]


def latency_model(
    *,
    threads: int | None = None,
    precision: str = "fp32",
    device: str = "cpu",
    mode: Mode = LATENCY,
    file: Path | str | None = None,
    note: Callable[[str], None] | None = None,
) -> LatencyModel:
    """The model that `archscope bench --fit` has fitted on this machine, for a setting.

        model = a.latency_model(threads=1)
        model.predicted(a.network("resnet50"))  # with its interval
        a.enumerate(a.Query(["wrn_28"], ranges={"latency": (0, 20_000_000)}, latency=model))

    Args:
        threads: without them as many as there are processors.
        precision, device: as `archscope.Setting` has them.
        mode: what is predicted: "latency" of an image, "throughput" of a batch, a training "step".
        file: of a model, as another machine's; without it the one in the cache.
        note: told where the model may be out of date, or is of another machine.

    Raises:
        UsageError: where there is none for the setting; it names the command that fits one.
        ArchscopeError: where its file is damaged, or cannot be read.
    """
    return fitted_model(asked_for(threads, precision, device, mode), file, note)


def check_models(*given: object) -> None:
    """Raise UsageError for what is given as a fitted model and is none; None is no model."""
    for one in given:
        if one is not None and not isinstance(one, LatencyModel):
            raise UsageError(
                f"latency= takes a fitted model, not {shown(repr(one))}; give "
                "archscope.latency_model()"
            )


def fitted_model(
    asked: Asked, given: Path | str | None = None, note: Callable[[str], None] | None = None
) -> LatencyModel:
    """The model that was fitted for a setting on this machine; or that of a file which was `given`.

    `note` is told where it was made under other versions, or, of a file, on another machine.

    Raises:
        UsageError: where there is none, or it is of another machine; it names the command.
        ArchscopeError: where its file is damaged, or cannot be read.
    """
    path = asked.file if given is None else at_home(given)
    content = read_ours(path)
    if content is None:
        what = f"{path} is not there" if given else f"{asked.mode} is predicted by a fitted model"
        raise UsageError(f"{what}; fit one first: {asked.command}")
    model = _read(content, path, asked)
    here, asked = this_machine(asked), replace(asked, batch=model.batch)
    others = [
        f"{key} {model.machine.get(key)} -> {here.get(key)}"
        for key in _MACHINE
        if model.machine.get(key) != here.get(key)
    ]
    if others and given is None:
        raise UsageError(
            f"the model in {path} is of another machine ({shown('; '.join(others))}); run "
            f"{asked.command}, or name it: --latency-model"
        )
    old = [
        f"{key} {model.machine.get(key)} -> {here.get(key)}"
        for key in _VERSIONS
        if model.machine.get(key) != here.get(key)
    ]
    if note is not None and others:
        note(f"archscope: {asked.mode} is of another machine ({'; '.join(others)})")
    if note is not None and old:
        note(f"archscope: {asked.mode} may be out of date ({'; '.join(old)}); run {asked.command}")
    return model


def _read(content: bytes, path: Path, asked: Asked) -> LatencyModel:
    try:
        document = json_value(content)
        if not isinstance(document, dict) or document.get("schema") != SCHEMA:
            raise Unclear(f"it is no {SCHEMA}")
        machine, errors = document.pop("machine", None), document.pop("errors", None)
        weights = document.pop("weights", None)
        mode, batch = document.pop("mode", LATENCY), document.pop("batch", 1)
        anchors, paces = document.pop("anchors", []), document.pop("paces", [1.0])
        good = isinstance(machine, dict) and isinstance(errors, list) and isinstance(weights, dict)
        if not (
            good
            and errors
            and mode in MODES
            and _images(batch)
            and all(map(_positive, errors))
            and all(map(_terms, weights.values()))
            and isinstance(anchors, list)
            and isinstance(paces, list)
            and paces
            and all(map(is_pace, paces))
            and (not anchors or _told(document))
        ):
            raise Unclear("a number of it is missing or out of range")
        known = tuple(map(_anchor, anchors))
    except Unclear as why:
        raise ArchscopeError(
            f"{path} is damaged ({why}): remove it, and run {asked.command}"
        ) from None
    if mode != asked.mode:
        raise UsageError(
            f"the model in {path} is of {mode}, not {asked.mode}; name one of {asked.mode}, or run "
            f"{asked.command}"
        )
    for key in ("threads", "precision", "device"):
        if machine.get(key) != getattr(asked, key):
            raise UsageError(
                f"the model in {path} is of {key} {shown(str(machine.get(key)))}, not "
                f"{getattr(asked, key)}; give --{key} {shown(str(machine.get(key)))}, or run "
                f"{asked.command}"
            )
    about = {key: value for key, value in document.items() if key not in ("schema", "coverage")}
    return LatencyModel(machine, weights, sorted(errors), about, mode, batch, known, tuple(paces))


def _anchor(content: Any) -> Anchor:
    match content:
        case {"network": str(name), "input": [int(), int(), int()] as shape, "seconds": seconds}:
            if _positive(seconds) and seconds:
                return Anchor(name, (shape[0], shape[1], shape[2]), seconds)
    raise Unclear("an anchor of it is none")


def _told(about: Mapping[str, Any]) -> bool:
    """Whether it is said how a model with anchors was measured, as `bench --check` shows it."""
    numbers = ("pieces", "rounds", "disagreement", "within_10_percent")
    return isinstance(about.get("networks"), list) and all(
        _positive(about.get(one)) for one in numbers
    )


def _images(batch: Any) -> bool:
    return isinstance(batch, int) and not isinstance(batch, bool) and 1 <= batch <= MOST_IMAGES


def _terms(terms: Any) -> bool:
    return isinstance(terms, dict) and all(map(_positive, terms.values()))


def _positive(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < 1e6
