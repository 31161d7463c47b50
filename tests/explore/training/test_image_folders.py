"""Image folders in every command that trains."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from read_only import read_only
from typer.testing import CliRunner

from archscope.cli.main import app
from archscope.data.sets import folder
from archscope.errors import DataError
from archscope.explore.training.images_from import Source
from archscope.explore.training.study import _changes
from archscope.reporting.folder.study_contents import Kept
from archscope.studies.reader import read_study
from archscope.sweep.run import schedule
from archscope.sweep.store.records import read_sweep

pytestmark = pytest.mark.usefixtures("quick_workers", "undrawn")
STUDY = Path(__file__).parents[3] / "examples/own-study.toml"
SMALL = ["--preset", "quick", "--gpus", "0", "--seeds", "1"]


def invoke(*arguments: str) -> tuple[int, str, str]:
    found = CliRunner().invoke(app, list(arguments))
    assert "Traceback" not in found.stderr
    return found.exit_code, found.stdout, found.stderr


@pytest.fixture
def images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two classes of 16 + 4 images each, one with a space in its name."""
    monkeypatch.setenv("ARCHSCOPE_HOME", str(tmp_path / "home"))
    image = pytest.importorskip("PIL.Image", reason="image folders need Pillow")
    draw = np.random.default_rng(0)
    for part, count in (("train", 16), ("val", 4)):
        for level, name in ((10, "big cat"), (180, "dog")):
            place = tmp_path / "images" / part / name
            place.mkdir(parents=True)
            for number in range(count):
                pixels = draw.integers(level, level + 60, (8, 8, 3), dtype=np.uint8)
                image.fromarray(pixels).resize((40, 40)).save(place / f"{number}.png")
    return tmp_path / "images"


def test_a_sweep_on_an_image_folder(images: Path, tmp_path: Path) -> None:
    (images / "train/dog/notes.txt").write_text("no image")
    listed = tmp_path / "classes.txt"
    listed.write_text("big cat\ndog the other\n")
    out, options = tmp_path / "out", ["--templates", "1x64d,2x64d", "--test-classes", str(listed)]
    command = ["cifar-sweep", *SMALL, *options, "--epochs", "1", "--out", str(out)]
    command += ["--dataset", f"folder:{images}", "--loaders", "0"]
    code, shown, said = invoke(*command)
    assert code == 0, said
    told = [
        "Image folder: train has 32 images of 2 classes, val has 8 images of 2 classes; each was "
        "decoded.",
        "Left out: 1 file ending in .txt, as train/dog/notes.txt.",
    ]
    assert said.splitlines()[:2] == told
    assert all(line in shown for line in told)
    document = json.loads((out / "sweep.json").read_text())
    assert document["census"]["parts"]["train"] == {"images": 32, "classes": 2}
    assert document["settings"]["test_classes"] == ["big cat", "dog"]
    assert document["settings"]["recipe"]["name"] == "resnext-imagenet"
    code, again, said = invoke(*command)
    assert (code, again) == (0, shown) and "All 2 trials in" in said
    # Nothing that is trained has changed: that may be told from a folder that is closed.
    (images / "train/dog/more.txt").write_text("no image either")
    with read_only(out):
        code, again, said = invoke(*command)
    assert code == 0 and "Left out: 2 files ending in .txt, as train/dog/more.txt." in said


@pytest.fixture
def untrained(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it is not about the training."""
    monkeypatch.setattr(schedule, "RUNNER", "fake_runners:by_seed")


@pytest.mark.usefixtures("untrained")
def test_a_study_on_an_image_folder(images: Path, tmp_path: Path) -> None:
    study, out = tmp_path / "own.toml", tmp_path / "out"
    study.write_text(STUDY.read_text().replace("epochs = 3", "epochs = 1"))
    command = ["study", str(study), *SMALL, "--dataset", f"folder:{images}", "--out", str(out)]
    code, shown, said = invoke(*command)
    assert code == 0, said
    assert "Ours is a proxy (quick): images (image folder), all training images" in shown
    assert read_sweep(out).plan.settings.dataset == "folder"


def test_a_study_file_may_name_an_image_folder(tmp_path: Path) -> None:
    study = tmp_path / "own.toml"
    study.write_text(STUDY.read_text().replace('"shapes"', '"folder:some/where"'))
    kept = Kept(read_study(str(study)), "quick")
    changes, where = _changes(kept, 4, None, Source(label="mine"))
    assert (changes["dataset"], where.data_dir, where.label) == ("folder", "some/where", "mine")
    assert (changes["seeds"], changes["samples"]) == (4, 2500)  # as its author wrote it
    changes, where = _changes(kept, None, "folder:other", Source())
    assert where.data_dir == "other" and "samples" not in changes


@pytest.mark.usefixtures("untrained")
def test_a_folder_that_was_begun_with_names_and_sizes_goes_on(
    images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    command = ["cifar-sweep", *SMALL, "--templates", "1x64d", "--epochs", "1", "--loaders", "0"]
    command += ["--dataset", f"folder:{images}", "--out", str(out)]
    with monkeypatch.context() as before:
        before.setattr(folder, "_fingerprint", lambda found, looked: folder._older_mark(found))
        code, _, said = invoke(*command)
    assert code == 0, said
    old = read_sweep(out).plan
    code, _, said = invoke(*command, "--seeds", "2")
    assert code == 0 and "1 trial (1 more done)" in said
    now = read_sweep(out).plan
    assert now.dataset == old.dataset and now.trials[0] == old.trials[0]


@pytest.mark.parametrize("name", ["train/dog/new.gif", "train/dog/deeper/new.png"])
def test_a_folder_that_was_begun_without_files_that_are_read_now_is_told_so(
    name: str, images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as before:
        before.setattr(folder, "_fingerprint", lambda found, looked: folder._older_mark(found))
        old = folder.prepare(images, None)
    (images / name).parent.mkdir(exist_ok=True)
    image = pytest.importorskip("PIL.Image", reason="image folders need Pillow")
    image.new("RGB", (30, 30)).save(images / name)
    now = folder.prepare(images, None)
    with pytest.raises(DataError, match=rf"left out {name} .*\.jpeg, .*choose another --out"):
        folder.known_as(now, old)
    image.new("RGB", (30, 30)).save(images / "train/dog/another.png")
    now = folder.prepare(images, None)
    assert folder.known_as(now, old) == now
