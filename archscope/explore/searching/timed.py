"""Latency as a cap of a search: the model that predicts it, kept in the search's folder."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from archscope.arch.network import Network
from archscope.explore.latency.fitted import Asked, LatencyModel, fitted_model
from archscope.explore.searching.feasible import FeasibleSet
from archscope.sweep.store.search import Asked as Told
from archscope.sweep.store.search import Predicted, Search

MODEL_FILE = "latency.json"


def setting_of(latency: LatencyModel | Asked) -> Asked:
    """For which device, precision and threads latency is predicted."""
    return latency if isinstance(latency, Asked) else latency.setting


def described(latency: LatencyModel | Asked | None) -> str | None:
    """The same in words, as the record of a search has it."""
    if latency is None:
        return None
    asked = setting_of(latency)
    return f"{asked.device}, {asked.precision}, threads {asked.threads}"


def model_for(
    latency: LatencyModel | Asked | None,
    folder: Path | None,
    note: Callable[[str], None] | None = None,
) -> LatencyModel | None:
    """The model that a search goes by: that with which its folder began, else the one asked for.

    `note` is told what `fitted_model` says of it, and where the folder's is not the one given.

    Raises:
        UsageError: where there is none; it names the command that fits it.
        ArchscopeError: where a file is damaged.
    """
    if latency is None:
        return None
    kept = None if folder is None else folder / MODEL_FILE
    if kept is None or not kept.exists():
        return fitted_model(latency, note=note) if isinstance(latency, Asked) else latency
    found = fitted_model(setting_of(latency), kept, note)
    given = isinstance(latency, LatencyModel) and latency.document() != found.document()
    if note is not None and given:
        note(f"archscope: latency goes on by the model with which the search began ({kept})")
    return found


def begun(folder: Path, asked: Told, few: FeasibleSet, top: Network | None) -> Search:
    """The record of a search that begins; its model of latency, if any, is put beside it."""
    found = Search(asked, None if top is None else top.name)
    if few.latency is None:
        return found
    few.latency.write(folder / MODEL_FILE)
    times = predicted(few.latency, [] if top is None else [top])
    return replace(found, latency=times, latency_note=few.latency.sentence())


def predicted(model: LatencyModel | None, networks: Iterable[Network]) -> tuple[Predicted, ...]:
    """What a model predicts of networks, as the record of a search has it."""
    if model is None:
        return ()
    found = []
    for network in networks:
        one = model.predicted(network)
        low, high = (1000 * end for end in one.interval)
        found.append(Predicted(network.name, 1000 * one.seconds, low, high))
    return tuple(found)
