"""The commands that train what verdicts need."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest
from sweep_fixture import write_fake_sweep

from archscope.reporting.folder.folder import contents
from archscope.reporting.judge.more_seeds import commands
from archscope.reporting.judge.verdicts import Verdict
from archscope.sweep.store.records import Sweep, read_sweep

FOUR = ("1x64d", "2x64d", "1x96d", "1x160d")


def sweep(folder: Path, *words: str, seeds: tuple[int, ...] = (1, 2, 3)) -> Sweep:
    write_fake_sweep(folder, templates=FOUR, seeds=seeds)
    path = folder / "sweep.json"
    document = json.loads(path.read_text())
    path.write_text(json.dumps({**document, "command": list(words)}))
    return read_sweep(folder)


def verdict(first: str, second: str, needed: int | None, **other: Any) -> Verdict:
    said: dict[str, Any] = {"kind": "open", "n": (3, 3), "interval": (-1.0, 1.0), **other}
    return Verdict(first, second, difference=0.0, seeds_needed=needed, **said)


def test_a_command_for_each_number_of_seeds(tmp_path: Path) -> None:
    folder = tmp_path / "my sweep"
    began = ["archscope", "cifar-sweep", "--preset", "quick", "--templates", "1x64d,2x64d"]
    found = sweep(folder, *began, "--seeds=3", "--batch", "16", "--out", "elsewhere")
    open_ones = [
        verdict("2x64d", "1x64d", 5),
        verdict("1x96d", "1x64d", 9),
        verdict("1x160d", "1x64d", 40, kind="better"),
    ]
    kept = ["archscope", "cifar-sweep", "--preset", "quick", "--batch", "16"]
    assert [shlex.split(command) for command in commands(found, open_ones)] == [
        [*kept, "--templates", "1x64d,1x96d", "--seeds", "9", "--out", str(folder)],
        [*kept, "--templates", "2x64d", "--seeds", "5", "--out", str(folder)],
    ]


def test_seeds_of_ones_own_are_added_to(tmp_path: Path) -> None:
    found = sweep(tmp_path, "archscope", "cifar-sweep", seeds=(2, 7))
    [command] = commands(found, [verdict("2x64d", "1x64d", 4)])
    assert command.endswith(f"--templates 1x64d,2x64d --seeds 2,7,1,3 --out {tmp_path}")


@pytest.mark.parametrize(
    ("found", "seeds"),
    [
        (verdict("2x64d", "1x64d", None, interval=None, n=(1, 1)), "3"),  # no noise is known
        (verdict("2x64d", "1x64d", None), None),  # more than 1,000
        (verdict("2x64d", "1x64d", 1), None),  # they are planned
        (verdict("2x64d", "1x64d", None, interval=None), None),  # the runs do not vary
    ],
)
def test_where_no_number_is_known(tmp_path: Path, found: Verdict, seeds: str | None) -> None:
    trained = sweep(tmp_path, "archscope", "cifar-sweep", seeds=(1,))
    said = commands(trained, [found])
    assert [shlex.split(one)[shlex.split(one).index("--seeds") + 1] for one in said] == (
        [seeds] if seeds else []
    )


def test_a_study_trains_all_from_the_same_seeds(tmp_path: Path) -> None:
    found = sweep(tmp_path, "archscope", "study", "resnext-fig7", "--preset", "quick")
    judged = [verdict("a", "b", 5), verdict("a", "c", 8)]
    named = {"a": "1x64d", "b": "2x64d", "c": "1x96d"}
    [command] = commands(found, judged, named)
    assert command == (f"archscope study resnext-fig7 --preset quick --seeds 8 --out {tmp_path}")


def test_a_call_of_the_library_has_none(tmp_path: Path) -> None:
    assert commands(sweep(tmp_path), [verdict("2x64d", "1x64d", 5)]) == []


def test_the_report_has_them_whole_at_any_width(tmp_path: Path) -> None:
    write_fake_sweep(tmp_path, noise=1.5)
    path = tmp_path / "sweep.json"
    document = json.loads(path.read_text())
    words = ["archscope", "cifar-sweep", "--data-label", "words " * 30]
    path.write_text(json.dumps({**document, "command": words}))
    made = contents(tmp_path)
    told = made.document["more_seeds"]
    assert told and all("--seeds" in command for command in told)
    [table] = [table for table in made.tables if table.title == "Verdicts"]
    from archscope.reporting.table.render import render

    shown = render([table], "table", width=60)
    assert all(f"    {command}\n" in shown for command in told)
    assert "&#x27;words" in made.texts["report.html"]()
