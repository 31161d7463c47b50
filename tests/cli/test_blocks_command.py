"""`solve --block` as a user calls it."""

import json

import pytest


def test_a_blocks_templates_are_printed_and_the_papers_width_is_told(run):
    result = run("solve", "--block", "res2net", "--splits", "2,4,8")
    assert result.exit_code == 0
    for words in ("48w2s", "25w4s", "14w8s", "69,632 parameters", "26, the nearest even width"):
        assert words in result.stdout
    document = json.loads(run("solve", "--block", "dense", "--format", "json").stdout)
    assert document["schema"] == "archscope.solve/1" and document["block"] == "dense"
    assert [row["width"] for row in document["templates"]] == [32]


def test_rounding_reference_and_size_mean_what_they_mean_for_eq_4(run):
    asked = ("--in", 512, "--kernel", 5, "--reference", "64x4d", "-C", "1,32", "--format", "json")
    for rule in ("floor", "ceil", "multiple-of:8"):
        plain = json.loads(run("solve", *asked, "--rounding", rule).stdout)
        block = json.loads(run("solve", "--block", "bottleneck", *asked, "--rounding", rule).stdout)
        assert block["rounding"] == plain["rounding"] == rule.replace(":", "-")
        assert block["reference"]["budget"] == plain["reference"]["budget"]
        for key in ("template", "width", "group_width", "params", "macs", "deviation"):
            assert [r[key] for r in block["templates"]] == [r[key] for r in plain["templates"]]


def test_what_has_no_answer_is_told_beside_the_others(run):
    result = run("solve", "--block", "res2net", "--splits", "4,200", "--format", "csv")
    assert result.exit_code == 4 and "25w4s" in result.stdout
    assert "1w200s, its narrowest, has 104,191 parameters" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--splits", 4), "add --block res2net"),
        (("--block", "se", "--splits", 4), "has no splits"),
        (("--block", "se", "--width", 4), "is what is solved for"),
        (("--block", "se", "--free", "width"), "needs a whole network"),
        (("--block", "se", "--budget", "4GMACs"), "budget of a whole network"),
        (("--network", "resnext50", "--budget", "4GMACs", "--block", "se"), "describes one block"),
        (("--network", "resnext50", "--budget", "4GMACs", "--kernel", 3), "describes one block"),
    ],
)
def test_a_mistake_is_one_sentence(run, arguments, words):
    result = run("solve", *arguments)
    assert result.exit_code == 2 and words in result.stderr and not result.stdout
    assert len(result.stderr.splitlines()) == 1
