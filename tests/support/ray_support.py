"""What the tests of Ray share; no ray here."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from archscope.sweep.plan.trial import Trial
from archscope.sweep.run.messages import Event
from archscope.testing.trials import fake_trial


class Recorder:
    """An observer that keeps all events; a hook is called with each of its kind."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.hooks: dict[str, Callable[[Event], object]] = {}

    def event(self, event: Event) -> None:
        self.events.append(event)
        if hook := self.hooks.get(event.kind):
            hook(event)

    def tick(self) -> None:
        if hook := self.hooks.get("tick"):
            hook(Event("note", ""))

    def keys(self, kind: str) -> list[str]:
        return [event.key for event in self.events if event.kind == kind]

    def notes(self) -> list[str]:
        return [event.data["text"] for event in self.events if event.kind == "note"]


class Log:
    """What `ray_runners` wrote."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def lines(self) -> list[list[str]]:
        text = self.path.read_text() if self.path.exists() else ""
        return [line.split() for line in text.splitlines()]

    def count(self, word: str) -> Counter[str]:
        return Counter(line[0] for line in self.lines() if line[1] == word)

    def of(self, key: str, word: str) -> list[str]:
        """The numbers after the word: epochs begun from, or done."""
        return [
            line[3 if word == "begin" else 2] for line in self.lines() if line[:2] == [key, word]
        ]

    def folders(self) -> list[str]:
        return [line[6] for line in self.lines() if line[1] == "begin"]


def stub(key: str, log: Log, epochs: int = 3, **more: Any) -> Trial:
    return fake_trial(key, epochs=epochs, log=str(log.path), **more)


def result(folder: Path, key: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((folder / "trials" / key / "result.json").read_text())
    return document
