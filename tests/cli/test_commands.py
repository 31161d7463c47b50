"""The commands as a user calls them."""

import csv
import io
import json
import os
import shlex
import subprocess
import sys

import pytest

from archscope.arch.names import parse
from archscope.cli.main import COMMANDS
from archscope.cost import count
from archscope.errors import ArchscopeError
from archscope.explore.networks.compare import compare


def test_solve_prints_table_2_and_says_that_it_is_the_papers(run):
    result = run("solve", "--cardinality", "1,2,4,8,32")
    assert result.exit_code == 0
    rows = [line.split() for line in result.stdout.splitlines() if "d  " in line and "x" in line]
    assert [(row[0], row[2]) for row in rows if row[0].endswith("d")] == [
        ("1x64d", "64"),
        ("2x40d", "40"),
        ("4x24d", "24"),
        ("8x14d", "14"),
        ("32x4d", "4"),
    ]
    assert "all 5 widths are the paper's" in result.stdout


def test_solve_alone_is_table_2(run):
    result = run("solve")
    assert result.exit_code == 0
    assert result.stdout == run("solve", "--cardinality", "1,2,4,8,32").stdout


def test_solve_json_is_the_contracts(run):
    document = json.loads(run("solve", "--cardinality", "32", "--format", "json").stdout)
    assert document["schema"] == "archscope.solve/1"
    (template,) = document["templates"]
    assert {
        "template": "32x4d",
        "cardinality": 32,
        "width": 4,
        "group_width": 128,
        "params": 70_144,
        "macs": 219_971_584,
    }.items() <= template.items()
    assert round(template["exact_width"], 2) == 3.97 and round(template["deviation"], 4) == 0.0074


def test_solve_backwards_and_by_budget(run):
    document = json.loads(run("solve", "--width", "4", "--format", "json").stdout)
    assert document["templates"][0]["cardinality"] == 32
    assert document["templates"][0]["published_width"] is None
    document = json.loads(run("solve", "-C", "2", "--budget", "70k", "--format", "json").stdout)
    assert document["reference"]["budget"] == 70_000
    assert document["templates"][0]["width"] == 40


def test_solve_of_another_block_does_not_claim_the_paper(run):
    result = run("solve", "-C", "1,2", "--in", "512", "--kernel", "5")
    assert result.exit_code == 0 and "paper" not in result.stdout


def test_some_infeasible_cardinalities_keep_the_others_and_exit_4(run):
    result = run("solve", "-C", "32,200", "--format", "json")
    assert result.exit_code == 4
    document = json.loads(result.stdout)
    assert [row["cardinality"] for row in document["templates"]] == [32]
    assert "below 1" in document["infeasible"][0] and "below 1" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("solve", "-C", "200"), 4, "below 1"),
        (("solve", "-C", "2", "-d", "2"), 2, "either cardinalities or widths"),
        (("solve", "-C", "x"), 2, "write 1,2,4,8,32"),
        (("solve", "-C", "2", "--budget", "9k", "--reference", "1x64d"), 2, "drop --budget"),
        (("solve", "-C", "2", "--rounding", "up"), 2, "nearest, floor, ceil"),
        (("solve", "-C", "2", "--reference", "64"), 2, "CxWd"),
        (("solve", "-C", "2", "--in", "0"), 2, "--in"),
        (("solve", "-C", "2", "--kernel", "1" + "0" * 200), 2, "--kernel"),
        (("solve", "-C", "2", "--resolution", "1" + "0" * 400), 2, "--resolution"),
        (("solve", "-C", "2", "--budget", ""), 2, "write 70k"),
        (("solve", "-C", "1\n2"), 2, "write 1,2,4,8,32"),
        (("show", "resnet20", "--input", ""), 2, "write 3x224x224"),
        (("compare", "resnet20", "--input", "3x65536x65536"), 2, "MB free"),
        (("compare", "resnet51"), 2, "6n+2"),
        (("compare", "resnet50", "--input", "3x7"), 2, "write 3x224x224"),
        (("compare", "resnet50", "--classes", "0"), 2, "--classes"),
        (("show", "resnext50_32x4"), 2, "did you mean resnext50_32x4d"),
        (("list", "nonet"), 2, "the list has no network with 'nonet'"),
        (("compare",), 2, "Missing argument"),
        (("solve", "--no-such-flag"), 2, "No such option"),
        (("no-such-command",), 2, "No such command"),
    ],
)
def test_a_users_mistake_is_one_sentence_and_its_exit_code(run, arguments, code, words):
    result = run(*arguments)
    assert result.exit_code == code
    assert words in result.stderr and result.stdout == ""
    assert "Traceback" not in result.stderr
    if result.stderr.startswith("archscope: "):
        assert len(result.stderr.splitlines()) == 1


def test_compare_confirms_the_formula_with_fvcore(run):
    document = json.loads(run("compare", "resnet50", "resnext50_32x4d", "--format", "json").stdout)
    assert document["schema"] == "archscope.compare/1" and "multiply-adds" in document["convention"]
    first, second = document["networks"]
    assert (first["name"], second["name"]) == ("resnet50", "resnext50_32x4d")
    assert (first["params"], first["macs"]) == (25_557_032, 4_089_184_256)
    assert (first["activations"], second["activations"]) == (11_114_984, 14_401_512)
    assert (first["fvcore_flops"], second["fvcore_flops"]) == (4_111_512_576, 4_259_381_248)
    assert sum(first["fvcore_by_operator"].values()) == first["fvcore_flops"]
    assert first["fvcore_unsupported"] == {"max_pool2d": 1, "add": 16}
    assert [row["blocks"] for row in second["stages"]] == [None, 3, 4, 6, 3, None]
    assert [row["cardinality"] for row in second["stages"]] == [None, 32, 32, 32, 32, None]
    assert first["published_errors"][0]["error"] == 23.9


def test_compare_by_formula_prints_the_same_table_1(run):
    result = run("compare", "resnet50", "resnext50_32x4d", "--counter", "formula")
    assert result.exit_code == 0
    for words in ("112×112", "3×3, 128, C=32", "25,028,904", "4,230,479,872", "22.2 %"):
        assert words in result.stdout


def test_on_a_terminal_the_formulas_table_is_there_before_fvcore_counts(run, monkeypatch):
    place = "archscope.cli.commands.networks.compare.on_terminal"
    monkeypatch.setattr(place, lambda format, output: True)
    at_once, _, then = run("compare", "resnet20").stdout.partition("Confirmed by fvcore")
    assert "272,474" in at_once and "40,813,184" in at_once and "fvcore" not in at_once
    assert "fvcore's own total" in then and "41,218,688" in then

    def fail(*_):
        raise ArchscopeError("they must agree")

    monkeypatch.setattr("archscope.explore.networks.compare.confirmed", fail)
    result = run("compare", "resnet20")
    assert result.exit_code == 1 and result.stdout == at_once


def test_what_fvcore_counts_is_said_while_it_does():
    said = []
    compare(["resnet20", "resnet20@0.5"], note=said.append)
    assert said == ["fvcore counts resnet20 (1 of 2)", "fvcore counts resnet20@0.5 (2 of 2)"]


def test_compare_takes_any_number_of_networks_inputs_and_classes(run):
    names = ["resnet18", "wrn_16_1", "resnet20@0.5"]
    arguments = ("compare", *names, "--counter", "formula", "--format", "csv", "--classes", "7")
    rows = list(csv.DictReader(io.StringIO(run(*arguments, "--input", "3x64x64").stdout)))
    assert [row["name"] for row in rows] == names
    assert {(row["input"], row["classes"]) for row in rows} == {("3x64x64", "7")}


def test_a_disagreement_with_fvcore_is_an_error(run, monkeypatch):
    from archscope.cost import formula

    kept = formula.leaf_cost
    monkeypatch.setattr(formula, "leaf_cost", lambda visit: (kept(visit)[0] + 1, *kept(visit)[1:]))
    result = run("compare", "resnet20")
    assert result.exit_code == 1
    assert "they must agree" in result.stderr and result.stdout == ""


def test_show_and_list(run):
    document = json.loads(run("show", "WRN-28-10", "--format", "json").stdout)
    assert (document["name"], document["params"]) == ("wrn_28_10", 36_479_194)
    assert sum(row["params"] for row in document["stages"]) == 36_479_194
    assert sum(row["params"] * 1 for row in document["nodes"]) == 36_479_194
    # In conv2: the input, the batch norm's output and the convolution's, 160 x 32 x 32 each.
    assert (document["param_bytes"], document["peak_activation_bytes"]) == (
        4 * 36_479_194,
        4 * 3 * 160 * 32 * 32,
    )
    assert "1.97 MB of activations" in run("show", "WRN-28-10").stdout
    assert "layer1.0.conv1" in run("show", "resnet20", "--layers").stdout
    listed = json.loads(run("list", "resnext50", "--format", "json").stdout)["networks"]
    assert {"resnext50_32x4d", "resnext50_2x40d"} <= {row["name"] for row in listed}
    assert {row["published_error"] for row in listed if row["name"] == "resnext50_2x40d"} == {23.0}
    assert "wrn_16_4-drop0.3" in run("list", "WRN_16_4-drop0.3").stdout


@pytest.mark.parametrize("format", ["table", "json", "csv", "markdown", "latex"])
@pytest.mark.parametrize(
    "command",
    [("solve", "-C", "32"), ("list", "resnext"), ("show", "resnet20"), ("compare", "resnet20")],
)
def test_every_command_prints_every_format_to_a_file(run, tmp_path, command, format):
    target = tmp_path / "result"
    extra = ("--counter", "formula") if command[0] == "compare" else ()
    result = run(*command, *extra, "--format", format, "--output", target)
    assert result.exit_code == 0 and result.stdout == ""
    assert target.read_text().strip()


def archscope(*arguments, **environment):
    return subprocess.run(
        [sys.executable, "-m", "archscope", *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        check=False,
    )


def test_the_installed_module_runs_and_off_a_terminal_nothing_is_cut():
    piped = archscope("compare", *["resnext50_32x4d"] * 6, "--counter", "formula", COLUMNS="80")
    assert piped.returncode == 0
    assert piped.stdout.count("4,230,479,872") == 6 and "…" not in piped.stdout
    assert "\x1b" not in piped.stdout


def test_version_and_help_tell_the_commands():
    from archscope import __version__

    assert archscope("--version").stdout == f"archscope {__version__}\n"
    told = archscope("--help").stdout
    for command in ("solve", "compare", "cifar-sweep", "list", "show"):
        assert command in told


def test_ctrl_c_ends_any_command_with_130(run, monkeypatch):
    from archscope.explore.design.templates import bottleneck

    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(bottleneck, "solve_block", interrupt)
    result = run("solve", "-C", "32")
    assert (result.exit_code, result.stderr) == (130, "archscope: interrupted\n")


def test_published_errors_are_of_the_very_network(run):
    def errors(*arguments):
        document = json.loads(run("show", *arguments, "--format", "json").stdout)
        return [(entry["dataset"], entry["error"]) for entry in document["published_errors"]]

    assert errors("resnext29_8x64d") == [("CIFAR-10", 3.65)]
    assert errors("resnext29_8x64d", "--classes", "100") == [("CIFAR-100", 17.77)]
    assert errors("resnet50", "--classes", "5") == errors("resnet50", "--input", "3x64x64") == []


def test_show_as_csv_has_a_column_a_fact_and_no_totals(run):
    rows = list(csv.DictReader(io.StringIO(run("show", "resnet20", "--format", "csv").stdout)))
    assert sum(int(row["params"]) for row in rows) == 272_474
    assert rows[1]["output"] == "16x32x32" and rows[1]["blocks"] == "3"
    layers = run("show", "resnet20", "--layers", "--format", "csv").stdout
    rows = list(csv.DictReader(io.StringIO(layers)))
    assert sum(int(row["macs"]) for row in rows) == count(parse("resnet20")).macs
    assert layers.isascii()


@pytest.mark.parametrize(
    ("arguments", "closed", "code"),
    [(("solve", "-C", "32"), 1, 1), (("solve", "-C", "200"), 2, 4), (("--help",), 1, 1)],
)
def test_closed_streams_are_no_traceback(arguments, closed, code, tmp_path):
    """A closed standard output or error, as `>&-` makes it; a full disk for the help."""
    shown = "/dev/full" if arguments == ("--help",) else "&-"
    command = shlex.join([sys.executable, "-m", "archscope", *arguments])
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    run = subprocess.run(
        f"{command} {closed}>{shown}",
        shell=True,
        capture_output=True,
        text=True,
        check=False,
        env=buffered,
    )
    assert run.returncode == code
    assert "Traceback" not in run.stderr


def test_links_in_a_circle_are_one_sentence(run, tmp_path):
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    result = run("solve", "-C", "32", "--output", loop)
    assert result.exit_code == 1 and "cannot be written" in result.stderr


def test_every_summary_in_the_help_is_whole():
    told = " ".join(archscope("--help").stdout.replace("│", "").split())
    for name, (_, summary) in COMMANDS.items():
        assert summary.endswith(".") and f" {name} {summary} " in told
