"""The program from its first import on: interrupted, or with too little memory."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = [sys.executable, "-m", "archscope"]


@pytest.mark.parametrize("module", ["archscope.cli.main", "archscope.cli.output", "numpy"])
def test_ctrl_c_while_modules_are_imported(module: str, tmp_path: Path) -> None:
    """The module's import takes for ever, until the signal comes."""
    slow = (
        "import sys, os, signal, time\n"
        "class Slow:\n"
        "    def find_spec(self, name, *_):\n"
        f"        if name == {module!r}:\n"
        "            os.kill(os.getpid(), signal.SIGINT)\n"
        "            time.sleep(60)\n"
        "sys.meta_path.insert(0, Slow())\n"
    )
    (tmp_path / "sitecustomize.py").write_text(slow)
    path = os.pathsep.join([str(tmp_path), *sys.path])
    run = subprocess.run(
        [*PROGRAM, "enumerate", "resnet"],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    assert (run.returncode, run.stdout, run.stderr) == (130, "", "archscope: interrupted\n")


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not hold the limit")
@pytest.mark.parametrize(
    ("kilobytes", "words"),
    [(80_000, ["enumerate", "resnet"]), (400_000, ["compare", "resnet18"])],
)
def test_little_address_space_is_a_sentence(kilobytes: int, words: list[str]) -> None:
    limited = f'ulimit -v {kilobytes}; exec "$@"'
    run = subprocess.run(
        ["bash", "-c", limited, "bash", *PROGRAM, *words],
        env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stdout) == (1, "")
    told = f"The memory did not suffice (ulimit -v allows {kilobytes:,} kB): raise the limit"
    assert run.stderr == f"archscope: {told}, or ask for less.\n"
