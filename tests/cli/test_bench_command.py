"""`archscope bench` as a user calls it, on tiny networks; no test looks at how fast they are."""

import csv
import io
import json
import os
import signal
import subprocess
import sys

import pytest

FAST = ("--rounds", "1", "--batch", "2", "--threads", "1", "--no-memory")


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """The peak of small vectors, and this process's malloc left alone."""
    monkeypatch.setattr("archscope.cost.peak._MATRIX", {"cpu": 64})
    monkeypatch.setattr("archscope.cost.peak._VECTOR", {"cpu": 1000})
    monkeypatch.setattr("archscope.explore.clock.bench.tune_malloc", lambda: False)


@pytest.mark.slow
def test_json_is_the_contracts(run):
    result = run("bench", "resnet8", "wrn_10_1", *FAST, "--format", "json")
    assert result.exit_code == 0
    document = json.loads(result.stdout)
    assert document["schema"] == "archscope.bench/1" and "multiply-adds" in document["convention"]
    assert [network["name"] for network in document["networks"]] == ["resnet8", "wrn_10_1"]
    assert document["networks"][0]["peak_activation_bytes"] == 4 * 3 * 16 * 32 * 32
    rows = document["results"]
    assert [(row["network"], row["mode"], row["batch"]) for row in rows] == [
        (name, mode, batch)
        for mode, batch in (("latency", 1), ("throughput", 2), ("step", 2))
        for name in ("resnet8", "wrn_10_1")
    ]
    assert all(len(row["seconds"]) == 1 and row["median"] > 0 for row in rows)
    assert [row["ratio"] for row in rows[::2]] == [1.0, 1.0, 1.0]
    machine = document["machine"]
    assert (machine["threads"], machine["precision"], machine["device"]) == (1, "fp32", "cpu")
    assert "step: 1 round, about" in result.stderr


def test_a_table_of_one_mode_with_its_layers(run):
    result = run("bench", "resnet8", *FAST, "--modes", "latency", "--layers")
    assert result.exit_code == 0
    assert "Times on" in result.stdout and "images of 3×32×32" in result.stdout
    assert "Roofline of resnet8, latency, batch 1" in result.stdout
    assert "layer3.0.conv2" in result.stdout and "step" not in result.stdout.split("Roofline:")[0]


def test_csv_and_another_input(run):
    arguments = ("--modes", "throughput", "--input", "3x16x16", "--precision", "bf16")
    shown = run("bench", "resnet8", *FAST, *arguments, "--format", "csv").stdout
    (row,) = csv.DictReader(io.StringIO(shown))
    assert (row["network"], row["mode"], row["batch"]) == ("resnet8", "throughput", "2")
    assert float(row["quartile1"]) <= float(row["median"]) <= float(row["quartile3"])


@pytest.mark.slow
def test_a_papers_comparison_with_its_figure(run, tmp_path, monkeypatch):
    from archscope.arch.papers import timings

    times = (
        timings.PublishedTime("resnet8", "thin", None, 1.0),
        timings.PublishedTime("wrn_10_1", "wide", None, 0.5),
    )
    small = timings.TimingExample("wrn", times, "A paper", "a mini-batch of 32", 32, 2, 1)
    monkeypatch.setitem(timings.EXAMPLES, "wrn", small)
    plot = tmp_path / "figure.svg"
    arguments = ("--rounds", "1", "--quick", "--no-memory", "--plot", plot, "--format", "json")
    result = run("bench", "--paper", "wrn", *arguments)
    assert result.exit_code == 0
    document = json.loads(result.stdout)
    assert document["published"] == {"source": "A paper", "setting": "a mini-batch of 32"}
    assert [
        (r["mode"], r["batch"], r["group"], r["published_ratio"]) for r in document["results"]
    ] == [
        ("step", 1, "thin", 1.0),
        ("step", 1, "wide", 0.5),
    ]
    assert plot.read_bytes().startswith(b"<?xml")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "either networks or a --paper"),
        (("resnet8", "--paper", "wrn"), "either networks or a --paper"),
        (("resnet8", "--modes", "speed"), "latency, throughput, step"),
        (("resnet8", "--modes", ""), "latency, throughput, step"),
        (("resnet8", "--device", "cuda:7"), "this machine has"),
        (("resnet8", "--precision", "fp16"), "fp32 or bf16"),
        (("resnet8", "--precision", "int8"), "int8"),
        (("resnet8", "--plot", "times.xyz"), ".png, .svg or .pdf"),
        (("resnet8", "--output", "times.xyz"), "no table format has the extension .xyz"),
        (("resnet8", "--plot", "no/such/times.png"), "there is no folder no/such"),
        (("resnet8", "--output", "no/such/times.md"), "there is no folder no/such"),
        (("resnet8", "--rounds", "0"), "--rounds"),
        (("resnet8", "--input", "3x32"), "write 3x224x224"),
        (("resnet9",), "6n+2"),
    ],
)
def test_a_users_mistake_is_one_sentence(run, arguments, words):
    result = run("bench", *arguments)
    assert result.exit_code == 2
    assert words in result.stderr and result.stdout == "" and "Traceback" not in result.stderr


@pytest.mark.slow
def test_ctrl_c_ends_it_with_130():
    command = [sys.executable, "-m", "archscope", "bench", "resnet8", "--rounds", "60000"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with subprocess.Popen(
        [*command, "--no-memory", "--threads", "1"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    ) as process:
        said = iter(process.stderr.readline, "")
        assert any("60,000 rounds" in line for line in said)
        process.send_signal(signal.SIGINT)
        rest = process.stderr.read()
        assert process.wait() == 130
        assert process.stdout.read() == ""
    assert rest.splitlines()[-1] == "archscope: interrupted" and "Traceback" not in rest
