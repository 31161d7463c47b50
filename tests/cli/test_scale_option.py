"""`--scale` as it is written: several factors of designs, one of what is trained."""

import json
from fractions import Fraction

import pytest

from archscope.cli.options.spaces import scales_of

RANGE = "0.0625:1:0.0625"
SEVERAL = [
    ("enumerate", "wrn_10"),
    ("solve", "--network", "wrn_10", "--budget", "20kparams"),
    ("table", "make", "wrn_10", "--dataset", "shapes", "--out", "t.csv"),
    ("search", "wrn_10", "--trials", "4", "--baselines", "none", "--preset", "quick"),
]
ONE = [("cifar-sweep",), ("decide", "1x64d", "2x64d"), ("verify-resume",)]


def test_a_range_has_exactly_its_values():
    assert scales_of(RANGE) == [Fraction(place, 16) for place in range(1, 17)]
    assert scales_of("0.1:0.7:0.1, 1") == [*(Fraction(n, 10) for n in range(1, 8)), 1]
    assert all(type(one) is Fraction for one in scales_of("0.5,1"))


def test_designs_take_a_range(run, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    listed = run("enumerate", "wrn_10", "--widen", "1", "--scale", RANGE, "--format", "json")
    designs = json.loads(listed.stdout)["designs"]
    scales = {Fraction(one["scale"]) for one in designs}
    assert scales == {Fraction(place, 16) for place in range(1, 17)}
    solved = run(*SEVERAL[1], "--free", "scale", "--scale", RANGE)
    assert solved.exit_code == 0, solved.stderr
    for words in SEVERAL[2:]:  # as far as to see that the box has the smallest of them
        found = run(*words, "--scale", RANGE, "--at-most", "2params")
        assert (found.exit_code, "wrn_10_1@0.0625" in found.stderr) == (4, True), found.stderr


@pytest.mark.parametrize("words", SEVERAL, ids=lambda words: words[0])
@pytest.mark.parametrize("wrong", ["0.5:1", "1:0.5:0.1", "x"])
def test_a_wrong_range_is_one_sentence(run, monkeypatch, tmp_path, words, wrong):
    monkeypatch.chdir(tmp_path)
    found = run(*words, "--scale", wrong)
    assert (found.exit_code, found.stdout, found.stderr.count("\n")) == (2, "", 1)
    assert f"of fractions with its step, not '{wrong}'; write" in found.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("words", ONE, ids=lambda words: words[0])
@pytest.mark.parametrize("several", [RANGE, "0.25,0.5", "x"])
def test_what_is_trained_has_one(run, words, several):
    found = run(*words, "--scale", several)
    assert (found.exit_code, found.stdout) == (2, "")
    assert found.stderr == (
        f"archscope: what is trained has one --scale, a number such as 0.25, not '{several}'; give "
        "one, and for others the command again\n"
    )
