from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree

import pytest


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--plot", "error,macs"), "add --output FILE.png"),
        (("--plot", "errors.png"), "--plot takes error and a cost"),
        (("--plot", "params,macs", "--output", "x.png"), "--plot takes error and a cost"),
        (("--plot", "error,seconds", "--output", "x.png"), "--plot takes error and a cost"),
        (("--plot", "error,macs", "--output", "x.gif"), "name one with --output"),
        (("--plot", "error,macs", "--output", "x.png", "--format", "json"), "no --format"),
        (("wrn_28_3", "--plot", "error,macs", "--output", "x.png"), "the list has no network"),
        (("stride1x1", "--plot", "error,macs", "--output", "x.png"), "with a published error"),
    ],
)
def test_a_mistake_in_a_picture_is_one_sentence(run, tmp_path, monkeypatch, arguments, words):
    monkeypatch.chdir(tmp_path)
    result = run("list", *arguments)
    assert result.exit_code == 2 and words in result.stderr and result.stdout == ""
    assert result.stderr.startswith("archscope: ") and len(result.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_the_picture_has_a_marker_for_each_published_network_of_the_list(run, tmp_path):
    target = tmp_path / "errors.svg"
    result = run("list", "densenet", "--plot", "macs,error", "--output", target)
    assert result.exit_code == 0 and result.stderr == f"wrote {target}\n"
    listed = json.loads(run("list", "densenet", "--format", "json").stdout)["networks"]
    drawn = {entry.get("id") for entry in ElementTree.parse(target).iter()}
    assert {row["family"] for row in listed} == {"densenet"}
    for row in listed:
        assert (f"published-{row['name']}" in drawn) == (row["published_error"] is not None)
