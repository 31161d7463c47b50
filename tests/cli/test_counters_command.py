"""`archscope compare --counters`."""

import csv
import io
import json

import pytest

from archscope.cost import counters as other_counters
from archscope.cost.counters import Tool
from archscope.reporting.networks.counters import counters_table
from archscope.reporting.table.text import text_table


def test_the_formulas_own_numbers(run):
    result = run("compare", "resnet20", "resnet50", "--counters", "formula")
    assert result.exit_code == 0
    assert "Counters of resnet20" in result.stdout and "4,089,184,256" in result.stdout
    # Backward: twice, less the 7x7 stem: 2 * 4,089,184,256 - 118,013,952.
    assert "8,060,354,560" in result.stdout


def test_json_and_csv(run):
    result = run("compare", "resnext29_2x8d", "--counters", "torch,formula", "--format", "json")
    document = json.loads(result.stdout)
    assert document["schema"] == "archscope.counters/1" and "backward" in document["convention"]
    (network,) = document["networks"]
    assert network["backward_macs"] == 2 * network["macs"] - 32 * 32 * 64 * 27
    rows = [row for row in network["counters"] if row["counter"] == "torch"]
    assert [(row["quantity"], row["unit"], row["residue"]) for row in rows] == [
        ("forward", "2x macs", 0),
        ("backward", "2x macs", 0),
    ]
    (defect,) = [term for term in rows[1]["terms"] if term["kind"] == "defect"]
    assert (defect["name"], defect["value"]) == ("grouped gradient", 2 * 9 * 32 * 32 * 16 * 8 * 9)
    result = run("compare", "resnext29_2x8d", "--counters", "formula,torch", "--format", "csv")
    table = list(csv.DictReader(io.StringIO(result.stdout)))
    assert [row["raw"] for row in table if row["counter"] == "torch"] == [
        str(row["raw"]) for row in rows
    ]


def test_a_residue_is_named_and_exits_1(run, monkeypatch):
    def off_by_one(module, shape):
        return {("params", "parameters"): 272_474, ("forward", "flops"): 41_218_689}

    monkeypatch.setitem(other_counters.TOOLS, "fvcore", Tool("fvcore", off_by_one))
    result = run("compare", "resnet20", "--counters", "fvcore")
    assert result.exit_code == 1
    assert "+1 unexplained" in result.stdout
    assert result.stderr.count("\n") == 1 and "fvcore's forward of resnet20" in result.stderr


def test_an_unknown_counter_exits_2(run):
    result = run("compare", "resnet20", "--counters", "thopp")
    assert result.exit_code == 2 and result.stdout == "" and "formula, fvcore" in result.stderr


@pytest.mark.parametrize("width", [None, 40])
def test_a_residue_is_red_on_terminals_with_colour_and_a_word_everywhere(width):
    rows = [
        {"counter": "a", "version": "1", "raw": 5, "residue": 0, "unexplained": False},
        {"counter": "b", "version": "1", "raw": 6, "residue": -1, "unexplained": True},
    ]
    table = counters_table("net", rows, [])
    plain = text_table(table, width=width)
    assert "-1 unexplained" in plain and "\x1b" not in plain
    coloured = text_table(table, width=width, colour=True)
    red = [line for line in coloured.splitlines() if "\x1b[31m" in line]
    assert len(red) == 1 and "-1 unexplained\x1b[0m" in red[0]
    bare = coloured.replace("\x1b[31m", "").replace("\x1b[1m", "").replace("\x1b[0m", "")
    assert bare == plain


def test_of_a_network_from_outside_fvcore_s_number_is_taken_apart(run, tmp_path):
    """An LSTM, 4 * 5 * (3 + 5) a step, in its own columns; the others' numbers as they are."""
    (tmp_path / "nets.py").write_text(
        "from torch import nn\n"
        "class Net(nn.Module):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self.conv, self.lstm = nn.Conv2d(1, 3, 1), nn.LSTM(3, 5, batch_first=True)\n"
        "        self.norm = nn.BatchNorm2d(3)\n"
        "    def forward(self, x):\n"
        "        x = self.norm(self.conv(x)).mean(2).transpose(1, 2)\n"
        "        return {'logits': self.lstm(x)[0]}\n"
    )
    words = ("compare", f"{tmp_path}/nets.py:Net", "--input", "1x2x7", "--counters", "all")
    result = run(*words, "--format", "json")
    assert result.exit_code == 0, result.stderr
    (network,) = json.loads(result.stdout)["networks"]
    conv, lstm = 14 * 3, 7 * 160
    assert (network["macs"], network["macs_exact"]) == (conv + lstm, True)
    assert network["backward_macs"] is None
    rows = {(row["counter"], row["quantity"]): row for row in network["counters"]}
    fvcore = rows["fvcore", "forward"]
    assert fvcore["raw"] == fvcore["predicted"] == conv + 2 * 3 * 14  # and 2 an element of the norm
    terms = {term["name"]: term["value"] for term in fvcore["terms"]}
    assert terms == {"batch_norm": 2 * 3 * 14, "lstm": -lstm} and fvcore["residue"] == 0
    torchs = rows["torch", "forward"]
    assert torchs["residue"] == torchs["raw"] - 2 * (conv + lstm)
    assert torchs["predicted"] is None and rows["torch", "backward"]["residue"] is None
    assert rows["formula", None]["problem"] == "needs one of archscope's own networks"
    table = run(*words).stdout
    assert "+ lstm" in table and "unexplained" not in table
    assert "What other counters than fvcore add is not taken apart" in table
    (row, *_) = csv.DictReader(io.StringIO(run(*words, "--format", "csv").stdout))
    assert row["macs_exact"] == "true" and "lstm" in row


def test_ways_to_compare_exclude_each_other_and_outside_networks(run):
    for arguments, said in (
        (("resnet8", "resnet14", "--diff", "--counters", "formula"), "give one of them"),
        (("resnet8", "--counters", "formula", "--counter", "formula"), "give one of them"),
    ):
        result = run("compare", *arguments)
        assert result.exit_code == 2 and said in result.stderr, result.output
    told = run("bench", "timm:resnet18", "--roofline").stderr
    assert "leave --roofline and --layers out" in told
