"""What tables and figures say of a sweep."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sweep_fixture import write_fake_sweep

from archscope.reporting.facts.wording import plural, seeds_label
from archscope.sweep.store.records import read_sweep


@pytest.mark.parametrize(
    ("left_out", "statuses", "said"),
    [
        ((), {}, "3 seeds"),
        ((), {("2x64d", 3): "pending"}, "2 to 3 of 3 seeds"),
        ((2, 3), {}, "1 to 3 seeds"),  # more were asked for of one network than of the other
        ((2, 3), {("1x64d", 3): "failed"}, "1 to 2 of 1 to 3 seeds"),
    ],
)
def test_seeds_that_were_asked_for_and_those_that_are_there(
    tmp_path: Path, left_out: tuple[int, ...], statuses: dict[tuple[str, int], str], said: str
) -> None:
    write_fake_sweep(tmp_path, templates=("1x64d", "2x64d"), statuses=statuses)
    path = tmp_path / "sweep.json"
    document = json.loads(path.read_text())
    document["trials"] = [
        row
        for row in document["trials"]
        if not ("2x64d" in row["network"] and row["seed"] in left_out)
    ]
    path.write_text(json.dumps(document))
    assert seeds_label(read_sweep(tmp_path)) == said


def test_numbers_agree_with_their_nouns() -> None:
    assert plural(1, "class") == "1 class" and plural(2, "class") == "2 classes"
    assert plural(1200, "seed") == "1,200 seeds"
