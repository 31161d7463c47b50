"""The command that a sweep's folder keeps, where its templates came from a file."""

from __future__ import annotations

import pytest

from archscope.cli.commands.training.cifar_sweep import _templates
from archscope.sweep.plan.subjects import parse_templates

NAMES = ["wrn_10_1-B(3,1,3)", "1x64d", "wrn_16_1-B(1,3,1)"]


@pytest.mark.parametrize("words", [["--templates", "@{}"], ["--templates=@{}"]])
def test_the_recorded_command_repeats_the_sweep_and_no_other_word_is_changed(tmp_path, words):
    path = tmp_path / "night"
    path.write_text("\n".join(NAMES))
    others = [f"runs/pop@{path}", "--data-label", f"@{path}"]
    given = [word.format(path) for word in words]
    named, command = _templates(f"@{path}", ["cifar-sweep", *given, "--out", *others])
    assert named == NAMES
    end = command.index("--out")
    value = command[end - 1].removeprefix("--templates=")
    assert command[end + 1 :] == others
    assert parse_templates(value) == parse_templates(NAMES) and len(parse_templates(value)) == 3
