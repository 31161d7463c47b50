from __future__ import annotations

import pytest


def test_show_draws_the_block_and_prints_its_table(run, tmp_path):
    target = tmp_path / "block.svg"
    result = run("show", "resnet18", "--diagram", target)
    assert result.exit_code == 0 and f"wrote {target}\n" == result.stderr
    assert result.stdout == run("show", "resnet18").stdout
    assert "64, 3×3, 64" in target.read_text("utf-8")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("show", "vgg16", "--diagram", "x.svg"), "which vgg16 has none of"),
        (("equivalence", "repvgg_a0", "--diagram", "x.svg"), "which repvgg_a0 has none of"),
        (("show", "resnet18", "--diagram", "x.gif"), "name one with --diagram"),
        (("show", "resnet18", "--no-title"), "add --diagram FILE"),
        (("equivalence", "resnet18", "--figure-width", "84mm"), "add --diagram FILE"),
        (
            ("show", "resnext50_32x4d", "--diagram", "x.svg", "--figure-width", "2.5in"),
            "write --figure-width 3.1in",
        ),
    ],
)
def test_a_mistake_is_one_sentence(run, tmp_path, monkeypatch, arguments, words):
    monkeypatch.chdir(tmp_path)
    result = run(*arguments)
    assert result.exit_code == 2 and words in result.stderr and result.stdout == ""
    assert len(result.stderr.splitlines()) == 1 and not list(tmp_path.iterdir())
