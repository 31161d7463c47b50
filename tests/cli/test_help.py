"""Help, `-h` and `--version` of every command, as they reach a terminal, a pipe and a shell."""

import os
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from archscope import __version__
from archscope.cli import app
from archscope.cli.main import COMMANDS

# Words that mean another thing in another command, each declared for it.
OTHERWISE = {
    "--batch",  # images of a training's step; of what is timed; of what is compared
    "--costs",  # compare predicts throughput and training steps besides
    "--depth",  # of designs: blocks of the stages; of a sweep: layers of its ResNeXt
    "--format",  # enumerate has Parquet besides
    "--method",  # a search's; table replay takes one's own besides
    "--memory",  # of designs: a range in a format; of list: in fp32; bench: is it measured
    "--layers",  # show: a row for each; bench: what limits each
    "--out",  # solve: channels; of what trains: its folder
    "--output",  # export's is the network
    "--paper",  # of audit: whose counts; of bench: whose times
    "--plot",  # of list: which numbers, into --output; elsewhere the file
    "--preset",  # a sweep's, a study's
    "--rounds",  # bench has a number of its own, equivalence what half a minute holds
    "--scale",  # of designs: several; of a sweep: one
    "--sort",  # of designs; of list, which has memory and the published error besides
    "--seed",  # of what a command draws
    "--weights",  # enumerate: a range of bytes; elsewhere a file
}


def shown(*words, columns=80):
    result = CliRunner().invoke(app, list(words), env={"COLUMNS": str(columns), "LINES": "40"})
    assert (result.exit_code, result.stderr) == (0, ""), result.output
    return result.stdout


def parameters():
    group = get_command(app)
    return {name: group.commands[name].params for name in COMMANDS}


@pytest.mark.parametrize("command", [(), *((name,) for name in COMMANDS)], ids="".join)
def test_help_is_as_wide_as_the_terminal_and_names_its_values(command):
    narrow, wide = shown(*command, "-h"), shown(*command, "--help", columns=120)
    assert narrow == shown(*command, "--help")
    assert max(map(len, narrow.splitlines())) == 80
    assert max(map(len, wide.splitlines())) == 120
    assert not re.search(r"range>|<int|<float|<file|<str|<path|None", narrow)
    assert not re.search(r"default: \(|x<=\d{8}", wide)
    assert "[/" not in narrow and "\\[" not in narrow and "[[" not in narrow


@pytest.mark.parametrize("command", COMMANDS)
def test_version_is_told_after_a_command_too(command):
    assert shown(command, "--version") == f"archscope {__version__}\n"


def test_every_option_stands_in_a_group_with_a_help_and_a_value():
    for command, found in parameters().items():
        for one in found:
            assert one.help, (command, one.name)
            told = one.metavar or one.name in ("paper", "counter", "to", "on")  # all their words
            assert told or one.is_flag, (command, one.name)
    told = shown("solve", "-h", columns=100)
    groups = re.findall(r"─ ([A-Z][a-z ]+) ─", told)
    assert groups == ["Options", "One block", "Whole networks", "Where", "Input and classes",
                      "Output and help"]  # fmt: skip
    assert re.findall(r"─ ([A-Z][a-z ]+) ─", shown("-h")) == [
        *("Options", "Design", "Networks", "Training and experiments", "Search"),
    ]
    searching = shown("-h").partition("─ Search ─")[2]
    assert re.findall(r"^│ ([a-z]+(?: [a-z]+)?)  ", searching, re.M) == [
        *("search", "table make", "table verify", "table replay", "table show"),
    ]


@pytest.mark.parametrize("command", COMMANDS)
def test_groups_have_options_and_texts_are_short(command):
    """The general options come last; a group of one is none, but for those that have no group."""
    text = shown(command, "-h")
    panels = re.findall(r"─ ([A-Z][a-z ]+) ─+╮\n(.*?)╰", text, re.DOTALL)
    assert panels[-1][0] == "Output and help"
    for title, rows in panels:
        entries = re.findall(r"^│[ *]{1,5}\S", rows, re.MULTILINE)
        assert entries and (len(entries) > 1 or title in ("Arguments", "Options")), title
    own = [one for one in parameters()[command] if one.param_type_name == "option"]
    told = {one.opts[0]: len(f"{one.help}{one.show_default}") for one in own}
    assert {name for name, length in told.items() if length > 190} == set()


def test_an_option_is_the_same_in_every_command():
    told = defaultdict(set)
    for found in parameters().values():
        for one in found:
            for name in (name for name in one.opts if name.startswith("--")):
                told[name].add((one.help, one.metavar, one.rich_help_panel, tuple(one.opts)))
    assert {name for name, ways in told.items() if len(ways) > 1} == OTHERWISE


def test_help_promises_what_the_command_does():
    told = {name: shown(name, "-h", columns=200) for name in ("bench", "cifar-sweep")}
    for option, own, best in (
        ("--device", "cpu", "the best available"),
        ("--precision", "fp32", "the fastest that the device supports"),
    ):
        lines = {name: re.search(rf"{option} .*", text)[0] for name, text in told.items()}
        assert f"[default: {own}]" in lines["bench"] and best not in lines["bench"]
        assert f"[default: {best}]" in lines["cifar-sweep"]
    for command in COMMANDS:
        [first] = [one for one in parameters()[command] if one.metavar == "NETWORK"] or [None]
        if first is not None:
            outside = command not in ("train", "export", "equivalence")
            assert ("FILE.onnx" in first.help) is outside, command


def test_device_and_gpus_go_with_all_that_trains():
    found = {name: {word for one in params for word in one.opts} for name, params in
             parameters().items()}  # fmt: skip
    trains = {name for name, words in found.items() if "--workers" in words}
    every = {
        *("cifar-sweep", "decide", "search", "study", "table make", "train", "verify-resume"),
    }
    assert trains == every
    assert all({"--device", "--gpus"} <= found[name] for name in trains)


@pytest.mark.parametrize(
    "command",
    [
        ("cifar-sweep", "--preset", "quick"),
        ("train", "resnet8", "--dataset", "shapes"),
        ("study", "resnext-fig7", "--preset", "quick"),
        ("verify-resume",),
    ],
)
@pytest.mark.parametrize(("device", "gpus"), [("cpu", "1"), ("cuda", "0")])
def test_device_and_gpus_that_contradict_each_other_are_refused(run, command, device, gpus):
    result = run(*command, "--device", device, "--gpus", gpus)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        f"archscope: --device {device} and --gpus {gpus} contradict each other; give one of them\n"
    )


def test_examples_can_be_pasted():
    for command, words in (("enumerate", "--templates @-"), ("cifar-sweep", "scontrol requeue")):
        help = shown(command, "-h", columns=90)
        lines = [line.rstrip() for line in help.splitlines() if re.match(r" {3,}\S", line)]
        script = "\n".join(lines)
        assert words in script
        checked = subprocess.run(["bash", "-n"], input=script, text=True, capture_output=True)
        assert (checked.returncode, checked.stderr) == (0, "")


def test_brackets_are_text():
    assert "archscope[ray]" in shown("cifar-sweep", "-h")
    assert "[ $code -ne 75 ]" in shown("cifar-sweep", "-h")


def test_help_in_a_pipe_is_plain_and_80_wide_in_any_encoding():
    for encoding in ("utf-8", "ascii"):
        there = {**os.environ, "PYTHONIOENCODING": encoding}
        there.pop("COLUMNS", None)
        found = subprocess.run(
            [sys.executable, "-m", "archscope", "show", "-h"], capture_output=True, env=there
        )
        assert (found.returncode, found.stderr) == (0, b"")
        text = found.stdout.decode(encoding)
        assert "\x1b" not in text and max(map(len, text.splitlines())) == 80


def test_a_command_starts_without_what_draws_help():
    program = (
        "import sys, typer, typer.core\n"
        "before = 'rich' in sys.modules\n"  # old versions of Typer import it themselves
        "from archscope.cli import app\n"
        "app(['solve', '-C', '32'], standalone_mode=False)\n"
        "print(before or 'rich' not in sys.modules, file=sys.stderr)\n"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (found.returncode, found.stderr) == (0, "True\n")


def test_a_folder_given_as_the_tables_file_is_told_where_it_belongs(run):
    result = run("train", "resnet8", "--output", "runs/first.v1")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.endswith("or add --format; what is trained is kept in --out\n")


def test_a_mistake_is_told_without_boxes(run):
    for words in (["solve", "--cardinalty", "1"], ["show"], ["list", "--format", "yaml"]):
        result = run(*words)
        assert result.exit_code == 2 and result.stdout == ""
        assert "─" not in result.stderr
        assert re.search(r"Try '.*archscope.* --help' for help|Try '.* --help'", result.stderr)


def test_without_a_command_the_help_is_a_mistakes(run):
    result = run()
    assert (result.exit_code, result.stdout) == (2, "")
    assert "cifar-sweep" in result.stderr


def test_help_that_cannot_be_written_is_told():
    call = [sys.executable, "-m", "archscope", "solve", "-h"]
    with Path("/dev/full").open("w") as full:
        found = subprocess.run(call, stdout=full, stderr=subprocess.PIPE, text=True)
    assert found.returncode == 1
    assert found.stderr == ("archscope: the output could not be written: No space left on device\n")
    head = subprocess.run(["bash", "-c", '"$@" | head -n 1', "-", *call], capture_output=True)
    assert head.stderr == b""


def test_a_networks_budget_without_a_network_names_the_option(run):
    result = run("solve", "--budget", "1GMACs")
    assert result.exit_code == 2
    assert "--budget 1GMACs" in result.stderr and "--network resnext50" in result.stderr
    assert "--network" not in run("solve", "--budget", "lots").stderr
