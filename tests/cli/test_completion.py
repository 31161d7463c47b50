"""What bash is told to complete: asked as bash asks, and in a real bash."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from archscope.arch.names import well_known
from archscope.cli import app
from archscope.cli.main import COMMANDS


def completed(line):
    """The completions of the last word of a line, as `complete -F` asks for them."""
    words = line.split(" ")
    asked = {
        "_ARCHSCOPE_COMPLETE": "complete_bash",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(words) - 1),
    }
    result = CliRunner().invoke(app, [], prog_name="archscope", env=asked)
    assert (result.exit_code, result.stderr) == (0, ""), result.output
    return result.stdout.split()


def test_commands_and_options():
    first = dict.fromkeys(command.partition(" ")[0] for command in COMMANDS)
    assert completed("archscope ") == list(first)
    assert completed("archscope table ") == ["make", "verify", "replay", "show"]
    assert completed("archscope table ver") == ["verify"]
    assert completed("archscope table replay --method r") == ["random"]
    assert completed("archscope verify-r") == ["verify-resume"]
    assert completed("archscope train resnet8 --dev") == ["--device"]
    assert completed("archscope status --wa") == ["--watch"]


@pytest.mark.parametrize(
    "before",
    [
        *("compare", "compare resnet18", "show", "bench", "equivalence", "train", "list"),
        *("export", "solve --as", "solve -C 32 --network", "cifar-sweep --templates"),
    ],
)
def test_networks_by_name(before):
    names = completed(f"archscope {before} resnext50_")
    assert "resnext50_32x4d" in names
    assert names == [name for name in well_known() if name.startswith("resnext50_")]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("compare resnet18 --counter f", ["fvcore", "formula"]),
        ("compare resnet18 --format j", ["json"]),
        ("compare resnet18 --counters formula,f", ["formula,formula", "formula,fvcore"]),
        ("cifar-sweep --preset q", ["quick"]),
        ("cifar-sweep --templates 1x64d,1x1", ["1x64d,1x128d", "1x64d,1x160d", "1x64d,1x192d"]),
        ("train resnet8 --dataset cif", ["cifar10", "cifar100"]),
        ("train resnet8 --recipe wrn-", ["wrn-svhn"]),
        ("train resnet8 --device c", ["cpu", "cuda"]),
        ("train resnet8 --precision f", ["fp32", "fp16"]),
        ("study wrn-fig", ["wrn-fig2", "wrn-fig4"]),
        ("study wrn-table5 --preset no", ["none"]),
        ("report runs/x --figures svg,p", ["svg,png", "svg,pdf"]),
        ("bench resnet8 --modes s", ["step"]),
        ("audit --paper w", ["wrn"]),
        ("export resnet8 --to o", ["onnx"]),
        ("enumerate wide_resnet", ["wide_resnet", "wide_resnet50_2", "wide_resnet101_2"]),
        ("solve --rounding f", ["floor"]),
        ("compare ./nothing-of-ours", []),  # bash completes files then
    ],
)  # fmt: skip
def test_words_of_options(line, words):
    assert completed(f"archscope {line}") == words


@pytest.fixture
def bash(tmp_path):
    """A bash with an empty home and `archscope` on its path."""
    if shutil.which("bash") is None:
        pytest.skip("no bash")
    program = tmp_path / "bin" / "archscope"
    program.parent.mkdir()
    program.write_text(
        f"#!{sys.executable}\nimport sys\nsys.argv[0] = 'archscope'\n"
        "from archscope.cli import main\nmain()\n"
    )
    program.chmod(0o755)
    package = Path(__file__).parents[2]
    there = {
        **os.environ,
        "HOME": str(tmp_path),
        "PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join([str(package), os.environ.get("PYTHONPATH", "")]),
    }

    def call(script):
        return subprocess.run(
            ["bash", "--norc", "-c", script], env=there, capture_output=True, text=True, timeout=120
        )

    return call


def test_bash_completes_once_it_is_installed(bash, tmp_path):
    installed = bash("archscope --install-completion; true")
    assert "bash completion installed" in installed.stdout
    assert "archscope.sh" in (tmp_path / ".bashrc").read_text()
    found = bash(
        'source "$HOME/.bashrc"; COMP_WORDS=(archscope show wrn_28); COMP_CWORD=2; '
        '_archscope_completion archscope; echo "${COMPREPLY[@]}"; complete -p archscope'
    )
    names, how = found.stdout.splitlines()
    assert names.split() == [name for name in well_known() if name.startswith("wrn_28")]
    assert "-o default" in how  # files, where nothing of ours fits


def test_the_script_can_be_shown(bash):
    found = bash("archscope --show-completion; true")
    assert found.stdout.startswith("_archscope_completion() {")
