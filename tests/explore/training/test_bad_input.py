"""What an attacker, a broken disk or a bad server may hand to a command: a sentence, no harm.

The readers have their own tests (tests/data, tests/train); here the whole command is tried.
"""

from __future__ import annotations

import hashlib
import io
import pickle
import tarfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from archscope.cli.main import app
from archscope.data.fetch import catalogue
from archscope.data.sets import svhn

RECORDS = 12


class Bomb:
    """Unpickled by a careless reader, it leaves a file."""

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        return Path.touch, (Path("exploded"),)


@pytest.fixture(autouse=True)
def _small_cifar(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """CIFAR-10 of 12 images a file, and nothing of the user's."""
    for name in ("ARCHSCOPE_HOME", "HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    whole = catalogue.CATALOGUE["cifar10"]
    layouts = [
        replace(
            layout,
            train=tuple(replace(file, records=RECORDS) for file in layout.train),
            test=tuple(replace(file, records=RECORDS) for file in layout.test),
        )
        for layout in whole.layouts
    ]
    monkeypatch.setitem(catalogue.CATALOGUE, "cifar10", replace(whole, layouts=tuple(layouts)))


def binary(folder: Path) -> Path:
    """Write the binary layout with random images."""
    folder.mkdir(parents=True)
    draw = np.random.default_rng(0)
    for file in catalogue.CATALOGUE["cifar10"].layouts[0].files:
        records = draw.integers(0, 256, (RECORDS, 3073), dtype=np.uint8)
        records[:, 0] %= 10
        (folder / file.name).write_bytes(records.tobytes())
    return folder


def python_layout(folder: Path) -> Path:
    """Write the python layout; its fourth file is a bomb."""
    folder.mkdir(parents=True)
    batch = {"data": np.zeros((RECORDS, 3072), np.uint8), "labels": [0] * RECORDS}
    for file in catalogue.CATALOGUE["cifar10"].layouts[1].files:
        (folder / file.name).write_bytes(pickle.dumps(batch, protocol=2))
    (folder / "data_batch_4").write_bytes(pickle.dumps(Bomb()))
    return folder


def refused(code: int, *options: str, command: str = "train") -> str:
    """Run a command that must end with `code`, in one sentence, with nothing exploded."""
    name = ["resnet8"] if command == "train" else ["--preset", "quick", "--dataset", "cifar10"]
    result = CliRunner().invoke(app, [command, *name, "--batch", "12", *options])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert result.exit_code == code, result.stderr
    assert result.stdout == "" and result.stderr.count("\n") == 1
    assert "Traceback" not in result.stderr
    assert not Path("exploded").exists()
    return result.stderr


@pytest.mark.parametrize("command", ["train", "cifar-sweep"])
def test_a_malicious_pickle_among_the_data(command: str, tmp_path: Path) -> None:
    folder = python_layout(tmp_path / "data")
    said = refused(1, "--data-dir", str(folder), command=command)
    assert "data_batch_4 is not a batch of CIFAR-10" in said


def test_wrong_labels_and_a_truncated_batch(tmp_path: Path) -> None:
    folder = binary(tmp_path / "data")
    path = folder / "data_batch_2.bin"
    whole = bytearray(path.read_bytes())
    path.write_bytes(whole[:-1])
    assert "data_batch_2.bin has 36,875 bytes" in refused(1, "--data-dir", str(folder))
    whole[3073] = 10
    path.write_bytes(whole)
    said = refused(1, "--data-dir", str(folder))
    assert "data_batch_2.bin gives image 1 the label 10" in said


def test_a_tar_with_members_outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "cifar-10-binary.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        for name in ("cifar-10-batches-bin/data_batch_1.bin", "../exploded"):
            tar.addfile(tarfile.TarInfo(name), io.BytesIO())
    # Even one that has the published checksum.
    dataset = catalogue.CATALOGUE["cifar10"]
    digest = hashlib.md5(path.read_bytes()).hexdigest()
    layout = replace(dataset.layouts[0], archive_md5=digest)
    trusted = replace(dataset, layouts=(layout, dataset.layouts[1]))
    monkeypatch.setitem(catalogue.CATALOGUE, "cifar10", trusted)
    said = refused(1, "--data-dir", str(tmp_path))
    assert 'has the entry "../exploded"' in said
    assert not (tmp_path.parent / "exploded").exists()


@pytest.mark.slow  # of a checkpoint alone: tests/training/test_checkpoint.py
@pytest.mark.usefixtures("quick_workers", "undrawn")
def test_a_malicious_checkpoint_is_not_opened_and_the_trial_begins_anew(tmp_path: Path) -> None:
    out = tmp_path / "out"
    options = ["resnext11_1x64d@0.0625", "--dataset", "shapes", "--samples", "24", "--batch", "12"]
    options += ["--epochs", "1", "--precision", "fp32", "--out", str(out)]
    result = CliRunner().invoke(app, ["train", *options])
    assert result.exit_code == 0, result.stderr
    [trial] = (out / "trials").iterdir()
    before = (trial / "metrics.jsonl").read_text().split('"images_per_second"')[0]
    (trial / "result.json").unlink()
    for name in ("checkpoint.pt", "checkpoint.previous.pt"):
        (trial / name).write_bytes(pickle.dumps(Bomb()))
    result = CliRunner().invoke(app, ["train", *options])
    assert result.exit_code == 0, result.stderr
    assert (trial / "metrics.jsonl").read_text().split('"images_per_second"')[0] == before
    assert not list(tmp_path.rglob("exploded"))


def test_a_damaged_matlab_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in ("train", "test"):
        (tmp_path / svhn.FILES[kind].name).write_bytes(pickle.dumps(Bomb()))
    said = refused(1, "--dataset", "svhn", "--data-dir", str(tmp_path))
    assert "train_32x32.mat is not a MATLAB file of version 5" in said


def test_more_is_held_out_than_a_class_has(tmp_path: Path) -> None:
    folder = binary(tmp_path / "data")
    said = refused(2, "--data-dir", str(folder), "--holdout", "50", command="cifar-sweep")
    assert "hold out less" in said
