"""`archscope compare A B --diff` as a user calls it."""

import csv
import io
import json
import subprocess
import sys

import pytest


def test_the_tables_show_both_splits_and_their_sum(run):
    result = run("compare", "resnet50", "resnext50_32x4d", "--diff")
    assert result.exit_code == 0
    lines = [line.split() for line in result.stdout.splitlines()]
    # torchvision: 25,557,032 and 25,028,904 parameters
    gaps = [line for line in lines if line and line[0] == "gap"]
    assert [line[1] for line in gaps] == [f"{25_028_904 - 25_557_032:,}"] * 2
    assert "width" in result.stdout and "1 → 32" in result.stdout
    assert "Another order may split it otherwise" in result.stdout


def test_json_csv_markdown_and_latex(run):
    names = ("compare", "wrn_28_10", "resnext29_8x64d", "--diff", "--format")
    document = json.loads(run(*names, "json").stdout)
    assert document["schema"] == "archscope.diff/1"
    rows = list(csv.DictReader(io.StringIO(run(*names, "csv").stdout)))
    for split in ("stage", "choice"):
        found = sum(int(row["macs"]) for row in rows if row["split"] == split)
        assert found == document["gap"]["macs"] == 5_387_266_048 - 5_243_328_768
    for format in ("markdown", "latex"):
        assert "cardinality" in run(*names, format).stdout


def test_input_and_classes_are_those_of_both(run):
    arguments = ("--diff", "--input", "3x64x64", "--classes", "7", "--format", "json")
    document = json.loads(run("compare", "wrn_28_10", "resnet50", *arguments).stdout)
    assert document["from"]["input"] == document["to"]["input"] == [3, 64, 64]
    assert document["from"]["classes"] == document["to"]["classes"] == 7


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "head"), [("a.png", b"\x89PNG"), ("a.svg", b"<?xml"), ("a.PDF", b"%PDF")]
)
def test_a_plot_is_written(run, tmp_path, name, head):
    path = tmp_path / name
    arguments = ("compare", "resnet50", "resnet101", "--diff", "--on", "params", "--plot", path)
    result = run(*arguments)
    assert result.exit_code == 0 and "wrote" in result.stderr
    once = path.read_bytes()
    assert once.startswith(head)
    run(*arguments)
    assert path.read_bytes() == once


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("resnet50", "--diff"), "--diff takes two"),
        (("resnet18", "resnet50", "resnet34", "--diff"), "two networks, not 3"),
        (("resnet18", "resnet50", "--plot", "a.png"), "add --diff"),
        (("resnet18", "resnet50", "--on", "macs"), "add --diff"),
        (("resnet18", "resnet50", "--diff", "--on", "macs"), "add --plot FILE"),
        (("resnet18", "resnet50", "--diff", "--plot", "a.gif"), ".png, .svg or .pdf"),
        (("resnet18", "resnet51", "--diff"), "6n+2"),
    ],
)
def test_a_users_mistake_is_one_sentence(run, arguments, words):
    result = run("compare", *arguments)
    assert result.exit_code == 2 and words in result.stderr and result.stdout == ""
    assert len(result.stderr.splitlines()) == 1


def test_the_difference_needs_no_torch():
    code = (
        "import sys\nfrom archscope.cli import app\n"
        "sys.argv = ['', 'compare', 'resnet50', 'resnet101', '--diff', '--format', 'json']\n"
        "try: app()\nexcept SystemExit: pass\n"
        "print(sorted({'torch', 'numpy', 'matplotlib', 'fvcore'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
