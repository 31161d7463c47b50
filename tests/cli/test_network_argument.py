"""Wherever a command takes a network it takes every kind of name, or says why it does not."""

import json

import pytest
import torch
from torch import nn
from typer.testing import CliRunner

from archscope.cli import app

FILE = """
from torch import nn
def net(num_classes=10):
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.AdaptiveAvgPool2d(1),
        nn.Flatten(), nn.Linear(8, num_classes),
    )
"""
# By hand, at 3x8x8: as in tests/explore/networks/test_outside.py.
PARAMS, MACS, ACTIVATIONS = 224 + 16 + 90, 512 * 27 + 80, 512 + 10
FAST = ("--rounds", "1", "--batch", "2", "--threads", "1", "--no-memory", "--modes", "latency,step")


@pytest.fixture(autouse=True)
def files(tmp_path, monkeypatch):
    """A file with a network, lists of names, and this process's malloc left alone."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("archscope.explore.clock.bench.tune_malloc", lambda: False)
    (tmp_path / "nets.py").write_text(FILE)
    (tmp_path / "two.txt").write_text("# small ones\nresnet8\n\nwrn_10_1\n")
    (tmp_path / "two.csv").write_text("params,network\n1,resnet8\n2,wrn_10_1\n")
    (tmp_path / "one.txt").write_text("nets.py:net\n")


@pytest.mark.parametrize("place", ["@two.txt", "@two.csv"])
def test_a_list_stands_for_its_names(run, place):
    listed = run("compare", "resnet20", place, "--counter", "formula", "--format", "json")
    named = run("compare", "resnet20", "resnet8", "wrn_10_1", *("--counter", "formula"),
                *("--format", "json"))  # fmt: skip
    assert listed.exit_code == 0 and listed.stdout == named.stdout


def test_a_list_comes_from_enumerate_and_the_standard_input(run):
    designs = run("enumerate", "wrn_10", "--widen", "1:3", "--format", "csv").stdout
    words = ["compare", "@-", "--counter", "formula", "--format", "json"]
    found = CliRunner().invoke(app, words, input=designs)
    names = [network["name"] for network in json.loads(found.stdout)["networks"]]
    assert names == ["wrn_10_1", "wrn_10_2", "wrn_10_3"]


def test_a_list_goes_wherever_networks_are_taken(run):
    diff = run("compare", "@two.txt", "--diff", "--format", "json")
    assert json.loads(diff.stdout)["to"]["name"] == "wrn_10_1"
    counted = run("compare", "@two.txt", "--counters", "formula", "--format", "json")
    assert len(json.loads(counted.stdout)["networks"]) == 2
    timed = run("bench", "@two.txt", *FAST, "--format", "json")
    assert [one["name"] for one in json.loads(timed.stdout)["networks"]] == ["resnet8", "wrn_10_1"]
    like = run("solve", "--network", "wrn_10", "--as", "@two.txt", "--format", "json")
    assert like.exit_code == 2 and "params" in like.stderr  # both give a limit of the same cost


@pytest.mark.parametrize("command", ["show", "equivalence", "export --to pt2", "train"])
def test_a_command_of_one_network_takes_a_list_of_one(run, command):
    refused = run(*command.split(), "@two.txt")
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "this command takes one network, but @two.txt names 2" in refused.stderr
    missing = run(*command.split(), "@none.txt")
    assert missing.exit_code == 2 and "none.txt cannot be read" in missing.stderr
    one = run(*command.split(), "@one.txt")
    assert command == "show" or ", not nets.py:net; " in one.stderr


def test_show_counts_a_network_from_outside(run):
    shown = run("show", "nets.py:net", "--input", "3x8x8", "--format", "json")
    assert shown.exit_code == 0
    document = json.loads(shown.stdout)
    assert document["schema"] == "archscope.show/1" and document["source"] == "file"
    costs = [document[key] for key in ("params", "macs", "activations", "classes")]
    assert costs == [PARAMS, MACS, ACTIVATIONS, 10]
    assert document["param_bytes"] == 4 * PARAMS and document["peak_activation_bytes"] is None
    assert sum(stage["macs"] for stage in document["stages"]) == MACS
    own = json.loads(run("show", "resnet8", "--format", "json").stdout)
    assert own.keys() <= document.keys()
    table = run("show", "@one.txt", "--input", "3x8x8", "--classes", "5")
    assert table.exit_code == 0 and "3×8×8, 5 classes" in table.stdout
    for format in ("csv", "markdown", "latex"):
        assert run("show", "nets.py:net", "--format", format).exit_code == 0


def test_bench_times_networks_from_outside(run, tmp_path):
    program = torch.export.export(
        nn.Sequential(nn.Flatten(), nn.Linear(48, 4)).eval(), (torch.zeros(1, 3, 4, 4),)
    )
    torch.export.save(program, tmp_path / "saved.pt2")
    found = run("bench", "nets.py:net", "resnet8", *FAST, "--input", "3x8x8", "--format", "json")
    assert found.exit_code == 0, found.output
    document = json.loads(found.stdout)
    first, own = document["networks"]
    assert (first["params"], first["macs"], first["classes"]) == (PARAMS, MACS, 10)
    assert first.keys() == own.keys()
    rows = [(row["network"], row["mode"]) for row in document["results"]]
    assert rows == [(n, m) for m in ("latency", "step") for n in ("nets.py:net", "resnet8")]
    saved = run("bench", "saved.pt2", *FAST[:-1], "latency")
    assert saved.exit_code == 0 and "saved.pt2" in saved.stdout
    fixed = run("bench", "saved.pt2", *FAST[:-1], "throughput")
    assert fixed.exit_code == 1 and "saved.pt2 (throughput, 2 images)" in fixed.stderr


@pytest.mark.slow
def test_bench_measures_the_memory_of_a_network_from_outside(run):
    """Another process opens the network anew, by its name."""
    found = run("bench", "nets.py:net", "--modes", "latency", "--rounds", "1", "--threads", "1",
                *("--input", "3x256x256", "--format", "json"))  # fmt: skip
    assert found.exit_code == 0, found.stderr
    (row,) = json.loads(found.stdout)["results"]
    assert row["peak_memory_bytes"] >= 4 * 8 * 256 * 256  # what the convolution gives


@pytest.mark.parametrize("name", ["nets.py:net", "timm:resnet50", "x.onnx", "x.pt2", "python:m:f"])
@pytest.mark.parametrize(
    ("command", "what"),
    [
        (("bench", "{}", "--roofline"), "held against the roofline"),
        (("compare", "{}", "--counter", "formula"), "counted by the formula"),
        (("show", "{}", "--layers"), "shown layer by layer"),
        (("equivalence", "{}"), "rewritten"),
        (("export", "{}", "--to", "pt2"), "exported"),
        (("train", "{}", "--dataset", "shapes"), "trained"),
    ],
)
def test_what_needs_one_of_ours_says_why(run, name, command, what):
    result = run(*(word.format(name) for word in command))
    assert (result.exit_code, result.stdout) == (2, "")
    (line,) = result.stderr.splitlines()
    assert name in line and what in line and "only archscope's own networks" in line


@pytest.mark.parametrize("name", ["timm:resnet50", "x.onnx", "1x64d,x.pt2"])
def test_a_sweep_says_why_it_trains_no_network_from_outside(run, name):
    result = run("cifar-sweep", "--preset", "quick", "--gpus", "0", "--templates", name)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "only archscope's own networks can be trained, not " in result.stderr


@pytest.mark.parametrize(
    "name", ["resnet50.pth", "some/where.safetensors", "last.pth.tar", "a.ckpt"]
)
@pytest.mark.parametrize("command", ["compare", "show", "bench", "export", "train"])
def test_a_file_of_weights_needs_the_name_of_its_network(run, name, command):
    options = {"export": ("--to", "pt2"), "train": ("--dataset", "shapes")}.get(command, ())
    result = run(command, name, *options)
    assert (result.exit_code, result.stdout) == (2, "")
    rule = f"{name} is a file of weights: name their network, and give the file as --weights"
    assert rule in result.stderr and "did you mean" not in result.stderr


@pytest.mark.torchvision
def test_open_sizes_of_an_onnx_file_are_asked_for(run):
    """Whose channels come last, and whose ending is of capitals: 6 x 8 places of 4 outputs."""
    onnx = pytest.importorskip("onnx")
    from onnx_files import node, saved, value, weight

    nodes = [node("Transpose", ["x"], ["t"], perm=[0, 3, 1, 2]), node("Conv", ["t", "w"], ["y"])]
    parts = [value("x", None, None, None, 3)], [value("y", None, 4, None, None)]
    saved("net.ONNX", nodes, *parts, [weight("w", 4, 3, 3, 3)])
    assert onnx.load("net.ONNX").graph.node
    asked = run("compare", "net.ONNX")
    assert (asked.exit_code, asked.stdout) == (2, "")
    assert "leaves sizes of its input open (x of ?x?x?x3): give them without" in asked.stderr
    found = run("compare", "net.ONNX", "--input", "3x8x10", "--format", "json")
    (network,) = json.loads(found.stdout)["networks"]
    counted = network["params"], network["macs"], network["activations"], network["input"]
    assert counted == (108, 4 * 48 * 27, 4 * 48, [3, 8, 10])
    other = run("compare", "net.ONNX", "--input", "5x8x10")
    assert other.exit_code == 2 and "net.ONNX takes an input of ?x?x?x3, which" in other.stderr


@pytest.mark.torchvision
def test_damaged_onnx_files_are_one_sentence(run, tmp_path):
    pytest.importorskip("onnx")
    from onnx_files import function, node, saved, value

    call = node("f", ["a"], ["b"], domain="mine")
    turning = function("f", ["a"], ["b"], [call])
    image, result = value("x", 1, 3, 8, 8), value("y", 1, 3, 8, 8)
    saved(
        "f.onnx", [node("f", ["x"], ["y"], domain="mine")], [image], [result], functions=[turning]
    )
    (tmp_path / "torn.onnx").write_bytes((tmp_path / "f.onnx").read_bytes()[:-30])
    (tmp_path / "folder.onnx").mkdir()
    for name, rule in (
        ("f.onnx", "its function 'f' calls itself"),
        ("torn.onnx", "it is no ONNX file, or a part of it is missing"),
        ("folder.onnx", "it is a folder"),
        ("none.onnx", "No such file"),
    ):
        for command in ("compare", "show"):
            found = run(command, name)
            assert (found.exit_code, found.stdout) == (2, "")
            (line,) = found.stderr.splitlines()
            assert line.startswith(f"archscope: {name} ") and rule in line


@pytest.mark.torchvision
def test_an_onnx_file_is_counted_and_not_run(run, tmp_path):
    onnx = pytest.importorskip("onnx")
    node = onnx.helper.make_node("Relu", ["x"], ["y"])
    shape = [1, 3, 4, 4]
    x, y = (onnx.helper.make_tensor_value_info(n, onnx.TensorProto.FLOAT, shape) for n in "xy")
    onnx.save(onnx.helper.make_model(onnx.helper.make_graph([node], "g", [x], [y])), "relu.onnx")
    shown = run("show", "relu.onnx", "--format", "json")
    assert shown.exit_code == 0, shown.stderr
    assert json.loads(shown.stdout)["params"] == 0 and json.loads(shown.stdout)["stages"] == []
    assert run("show", "relu.onnx").exit_code == 0
    timed = run("bench", "relu.onnx")
    assert timed.exit_code == 2 and "add --engine onnxruntime" in timed.stderr
