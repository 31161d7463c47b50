"""Whatever text stands behind an option of `solve` and `enumerate`: an answer, or one sentence."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from archscope.cli import app
from archscope.explore.design import enumerate as enumeration
from archscope.explore.design import search

NETWORK = ("solve", "--network", "wrn_16")
BUDGET = ("--budget", "2Mparams")
# A command, its other arguments, and an option (None: an argument) that takes any text.
OPTIONS = [
    *(("solve", ("-C", "32"), option) for option in (
        "--reference", "--budget", "--in", "--out", "--kernel", "--resolution", "--rounding",
        "--tolerance", "--input", "--classes", "--nearest", "--format",
    )),
    *(("solve", (), option) for option in ("--cardinality", "--width")),
    *((*NETWORK[:1], (*NETWORK[1:], *BUDGET), option) for option in (
        "--free", "--depth", "--widen", "--deepening", "--scale", "--nearest", "--tolerance",
        "--rounding", "--input", "--classes", "--cardinality", "--width", "--as",
    )),
    ("solve", NETWORK[1:], "--budget"),
    ("solve", NETWORK[1:], "--as"),
    ("solve", BUDGET, "--network"),
    *(("enumerate", ("wrn_16", "--widen", "1:2"), option) for option in (
        "--params", "--macs", "--activations", "--depth", "--deepening", "--scale",
        "--divisible", "--sort", "--limit", "--pareto", "--input", "--classes", "--format",
        "--plot", "--cardinality", "--width",
    )),
    ("enumerate", ("wrn_16",), "--widen"),
    ("enumerate", ("resnext29", "--limit", "2"), "--cardinality"),
    ("enumerate", ("resnext29", "--limit", "2"), "--width"),
    ("enumerate", ("--limit", "2", "--depth", "1"), None),
]  # fmt: skip
# Nearly right, so that more than the first character is read.
PARTS = st.sampled_from([
    *("1", "2", "3", "0", "64", "999999999", "1e9", "-1", ".5", "1.5", ",", ":", "x", "@", " "),
    *("k", "M", "G", "T", "params", "macs", "activations", "MACs", "and", "as", "%", "\n"),
    *("resnet", "resnext", "wrn_", "wrn", "preresnet", "cifar_", "imagenet_", "-basic", "-B(3,1)"),
    *("-l3", "-drop0.3", "32x4d", "depth", "widen", "scale", "width", "nearest", "floor", "ceil"),
    *("multiple-of:", "3x224x224", "3x32x32", "json", "csv", "table", ".png", "é", "\udc80"),
])  # fmt: skip
CHARACTERS = st.characters(exclude_characters="\0", exclude_categories=())  # a NUL ends an argument
TEXTS = st.text(CHARACTERS, max_size=12) | st.lists(PARTS, min_size=1, max_size=6).map("".join)


@pytest.mark.parametrize("texts", [4, pytest.param(100, marks=pytest.mark.slow)])
@pytest.mark.parametrize(("command", "others", "option"), OPTIONS)
def test_any_text_of_an_option_is_an_answer_or_one_sentence(
    command, others, option, texts, monkeypatch, tmp_path
):
    monkeypatch.chdir(tmp_path)  # a plot may be asked for
    monkeypatch.setattr(search, "MOST_LINES", 20_000)  # too much is refused here as it is there
    monkeypatch.setattr(enumeration, "MOST_CANDIDATES", 200_000)
    check_texts(command, others, option, texts)


def check_texts(command, others, option, texts):
    @settings(max_examples=texts)
    @given(TEXTS)
    @example("")
    @example("1" * 5000)
    @example("１")
    @example("--")
    def check(text):
        given = [text] if option is None else [f"{option}={text}"]
        result = CliRunner().invoke(app, [command, *others, *given])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code in (0, 1, 2, 4), result.output
        if result.exit_code in (1, 2):
            assert result.stdout == "" and "Traceback" not in result.stderr
        for line in result.stderr.splitlines():
            if line.startswith("archscope: "):
                assert len(line) < 1000

    check()
