"""What stands beside a network: the nearest published one, and where a rule rounded."""

from __future__ import annotations

import json

import pytest

SHOW = ("show", "wrn_28_9")
COMPARE = ("compare", "wrn_28_9", "wrn_28_10", "--counter", "formula")
SOLVE = ("solve", "--network", "wrn_28", "--widen", "9", "--free", "widen", "--budget", "30Mparams")


def beside(command, document):
    if command is SOLVE:
        return document["answers"][0]["nearest_published"]
    return (document["networks"][0] if command is COMPARE else document)["nearest_published"]


@pytest.mark.parametrize("command", [SHOW, COMPARE, SOLVE], ids=lambda command: command[0])
def test_the_nearest_published_network_is_in_the_table_and_in_json(run, command):
    found = beside(command, json.loads(run(*command, "--format", "json").stdout))
    assert found["network"].startswith("wrn_") and found["dataset"] == "CIFAR-10"
    table = run(*command).stdout.splitlines()
    [line] = [line for line in table if "wrn_28_9 at this input" in line]
    assert f"not the same: {found['network']}, {found['error']:g} % top-1 error" in line


def test_a_published_network_has_none_beside_it(run):
    document = json.loads(run("show", "wrn_28_10", "--format", "json").stdout)
    assert document["nearest_published"] is None and document["published_errors"]
    assert "at this input" not in run("show", "wrn_28_10").stdout


def test_show_says_where_a_rounding_changed_a_number(run):
    lines = run("show", "mobilenet_v2_0.35").stdout.splitlines()
    [said] = [line for line in lines if line.startswith("Rounded")]
    assert "make_divisible" in said and "conv6 33.6 → 32" in said
    document = json.loads(run("show", "mobilenet_v2_0.35", "--format", "json").stdout)
    last = document["roundings"][-1]
    assert (last["part"], last["of"]) == ("conv6", "width")
    [step] = last["steps"]
    assert (step["from"], step["to"], step["rule"]) == (33.6, 32, "multiple of 8")
    assert "Rounded" not in run("show", "resnet50").stdout
