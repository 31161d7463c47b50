"""`solve --rule` as a user calls it."""

import json

import pytest

ALL = ("solve", "--network", "resnet20", "--rule", "all")


def test_rules_are_printed_side_by_side(run):
    result = run(*ALL, "--budget", "80MMACs")
    assert result.exit_code == 0
    for words in ("resnet20 scaled, nearest to 80,000,000 macs", "compound", "dwr", "memory"):
        assert words in result.stdout
    document = json.loads(run(*ALL, "--budget", "80MMACs", "--format", "json").stdout)
    assert document["schema"] == "archscope.scaling/1"
    keys = {"name", "numbers", "params", "macs", "activations", "memory"}
    assert all(keys <= row.keys() for row in document["rules"])
    assert len(document["rules"]) == 5


def test_what_does_not_come_to_the_budget_is_told_beside_the_others(run):
    result = run(*ALL, "--budget", "10MMACs", "--format", "csv")
    assert result.exit_code == 4 and "compound" in result.stdout
    assert "by depth resnet20 has at least" in result.stderr
    far = run(*ALL, "--as", "resnet20:macs", "--tolerance", "0%", "--rounding", "floor")
    assert far.exit_code == 0  # each rule keeps the network as it is
    none = run(
        *("solve", "--network", "resnet20", "--rule", "depth", "--budget", "60MMACs"),
        *("--tolerance", "0%"),
    )
    assert none.exit_code == 4 and none.stdout == "" and "within 0 % of 60,000,000" in none.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--rule", "all"), "needs a whole network"),
        ((*ALL[1:], "--budget", "1GMACs", "--axis", "depth=3"), "drop --axis"),
        ((*ALL[1:], "--budget", "1GMACs", "--free", "depth"), "drop --free"),
        ((*ALL[1:], "--budget", "1GMACs", "--nearest", 3), "drop --nearest"),
        ((*ALL[1:], "--budget", "1GMACs", "--rounding", "multiple-of:8"), "floor or ceil"),
        ((*ALL[1:], "--as", "resnet56"), "one budget, not 2"),
        (ALL[1:], "is designed to a budget"),
        (("--network", "timm:resnet50", "--rule", "all", "--budget", "1GMACs"), "timm:resnet50"),
    ],
)
def test_a_mistake_is_one_sentence(run, arguments, words):
    result = run("solve", *arguments)
    assert result.exit_code == 2 and words in result.stderr and not result.stdout
    assert len(result.stderr.splitlines()) == 1
