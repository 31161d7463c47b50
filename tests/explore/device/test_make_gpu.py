"""`make gpu` where there is no GPU, and its benchmarks as far as a CPU can run them."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

GPU = Path(__file__).parents[3] / "benchmarks" / "gpu"


def program(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, GPU / f"{name}.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_what_is_missing_is_found_at_any_depth(monkeypatch: pytest.MonkeyPatch) -> None:
    run_all = program("run_all")
    needs = {"fvcore": ["iopath>=0.1.7", "numpy"], "iopath": ["fvcore"], "numpy": None}

    def requires(name: str) -> list[str] | None:
        if name not in needs:
            raise run_all.importlib.metadata.PackageNotFoundError(name)
        return needs[name]

    monkeypatch.setattr(run_all.importlib.metadata, "requires", requires)
    assert run_all.missing("fvcore>=0.1.5") == []
    del needs["iopath"]
    assert run_all.missing("fvcore>=0.1.5") == ["iopath>=0.1.7"]
    assert run_all.missing("Not_There>=1") == ["Not_There>=1"]
    assert "torch" not in map(run_all._name, run_all.required())
    assert {"fvcore", "typer", "rich"} <= set(map(run_all._name, run_all.required()))


def test_every_test_marked_gpu_is_run() -> None:
    assert "tests/training/test_loop.py" in program("run_all").marked()


@pytest.mark.skipif(torch.cuda.is_available(), reason="a machine with a GPU")
@pytest.mark.parametrize("name", ["run_all", "cuda_graph"])
def test_without_a_gpu_it_ends_in_a_sentence(name: str, monkeypatch: Any, capsys: Any) -> None:
    monkeypatch.setattr(sys, "argv", [name])
    assert program(name).main() == 2
    said = capsys.readouterr().err
    assert "CUDA device" in said and said.count("\n") == 1


@pytest.mark.parametrize(
    ("version", "says"), [("2.10.1", "2.11 or newer, not 2.10.1"), ("2.11.0", "no CUDA device")]
)
def test_an_older_torch_is_refused(monkeypatch: Any, version: str, says: str) -> None:
    monkeypatch.setattr(torch, "__version__", version)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert says in program("run_all").refusal()


@pytest.mark.slow
def test_packed_seeds_have_the_losses_of_the_plain_loop() -> None:
    command = [sys.executable, str(GPU / "packed_seeds.py"), "--device", "cpu"]
    command += ["--network", "cifar_resnext11_1x64d@0.0625", "--batch", "4", "--steps", "1"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert "4 seeds" in ran.stdout and "differ by" in ran.stdout
