"""Questions from the trackers: each is answered by the one command that docs/questions.md shows."""

import json
import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from archscope.cli import app

PAGE = (Path(__file__).parents[1] / "docs" / "questions.md").read_text("utf-8")
QUESTION = re.compile(
    r"^\[([\w/-]+#\d+)\]\(([^)]+)\)(.*?)```sh\narchscope ([^\n]+)\n```", re.MULTILINE | re.DOTALL
)
FOUND = QUESTION.findall(PAGE)
ASKED = {thread: command for thread, _, _, command in FOUND}
SAID = {thread: " ".join(said.split()) for thread, _, said, _ in FOUND}


def answered(thread, code=0):
    """The document of a question's command, or the sentence where there is no answer."""
    words = [*shlex.split(ASKED[thread]), *(() if code else ("--format", "json"))]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == code, result.stderr
    return result.stderr if code else json.loads(result.stdout)


def first(thread):
    return answered(thread)["answers"][0]["designs"][0]


def test_ten_threads_are_named_and_linked():
    assert len(ASKED) >= 10
    for thread, link, _, _ in FOUND:
        assert link == f"https://github.com/{thread.replace('#', '/issues/')}"


# The thread, what its answer is, and what the page says of it.
NETWORKS = [
    ("qubvel/efficientnet#26", {"width": 0.25, "depths": [1.7], "params": 992_298}, "992,298"),
    ("zhanghang1989/RegNet-Search-PyTorch#8", {"width": 64, "macs": 58_688_768}, "width 64"),
    ("tensorflow/models#474", {"network": "wrn_28_10", "depths": [4]}, "four"),
    ("titu1994/Keras-ResNeXt#15", {"cardinality": 16, "params": 68_155_210}, "68,155,210"),
    ("microsoft/CNTK#2873", {"network": "resnet_2_2_2_3", "params": 16_410_152}, "2-2-2-3"),
    ("DingXiaoH/RepVGG#50", {"a": 0.25, "b": 5}, "a = 0.25 and b = 5"),
]


@pytest.mark.parametrize(("thread", "answer", "said"), NETWORKS)
def test_the_network_that_was_asked_for(thread, answer, said):
    found = first(thread)
    assert {key: found[key] for key in answer} == answer
    assert said in SAID[thread]


def test_the_compound_rule_goes_below_b0():
    (scaled,) = answered("qubvel/efficientnet#89")["rules"]
    assert -1.75 < scaled["phi"] < -1.65
    assert scaled["numbers"] == {"depth": 0.733, "width": 0.85, "resolution": 177}
    assert abs(scaled["macs"] / 200e6 - 1) < 0.03


def test_the_widths_of_res2net():
    found = answered("Res2Net/Res2Net-PretrainedModels#66")["templates"]
    assert [one["width"] for one in found] == [48, 25, 14]


def test_the_channels_of_a_wider_mobilenet():
    parts = answered("pytorch/vision#973")["stages"]
    assert [part["output"][0] for part in parts[:2]] == [48, 24]


def test_the_channels_of_a_regnet():
    parts = answered("facebookresearch/pycls#34")["stages"]
    assert [part["output"][0] for part in parts[1:5]] == [96, 192, 432, 1008]


def test_a_mobilenet_of_a_thousand_classes_does_not_fit():
    thread = "mit-han-lab/mcunet#22"
    assert "1,327,368 bytes of weights" in answered(thread, 4) and "1,327,368" in SAID[thread]
