"""`archscope train`: the command and the function, end to end."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from archscope.cli.main import app
from archscope.errors import UsageError
from archscope.explore.training.run_plan import Console
from archscope.explore.training.train import on_device, train
from archscope.sweep.plan import training as single
from archscope.sweep.run import schedule
from archscope.sweep.store.records import read_sweep
from archscope.training.devices import Inventory

NAME = "resnext11_1x64d@0.0625"
SMALL = ["--dataset", "shapes", "--samples", "320", "--batch", "32"]


def invoke(*options: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["train", *options])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch, quick_workers: None) -> None:
    """Trainings of no time: errors of 10 + seed, and 20 + seed on validation images."""
    monkeypatch.setattr(schedule, "RUNNER", "fake_runners:by_seed")


@pytest.mark.usefixtures("fake")
def test_a_row_a_seed_and_the_mean_with_its_standard_error(tmp_path: Path) -> None:
    options = [NAME, *SMALL, "--seeds", "3", "--out", str(tmp_path / "out")]
    code, text, _ = invoke(*options, "--format", "json")
    assert code == 0
    document = json.loads(text)
    assert document["schema"] == "archscope.train/1"
    assert "multiply-adds" in document["convention"]
    assert [(row["seed"], row["test_error"]) for row in document["trials"]] == [
        *((1, 11.0), (2, 12.0), (3, 13.0))
    ]
    # Of 11, 12, 13: the mean 12, the sample deviation 1, over the root of 3.
    summary = document["summary"]["test_error"]
    assert (summary["mean"], summary["n"]) == (12.0, 3)
    assert summary["standard_error"] == pytest.approx(1 / math.sqrt(3))
    assert set(document["summary"]) == {"test_error", "train_error"}
    assert document["network"]["params"] > 0 and document["network"]["network"] == NAME
    code, text, notes = invoke(*options)
    assert "12.00 ± 0.58" in text and "mean ± standard error over 3 seeds" in text
    assert "All 3 trials" in notes
    for name in ("results.csv", "table.md", "curves.png", "curves.svg"):
        assert (tmp_path / "out" / name).stat().st_size > 0
    assert not (tmp_path / "out" / "figure7.png").exists()


@pytest.mark.usefixtures("fake", "undrawn")
def test_with_images_held_out_both_errors_are_told(tmp_path: Path) -> None:
    _, text, _ = invoke(NAME, *SMALL, "--holdout", "100", "--seeds", "2", "--format", "json")
    document = json.loads(text)
    assert document["summary"]["validation_error"]["mean"] == 21.5
    assert document["summary"]["test_error"]["mean"] == 11.5
    assert "held out" in " ".join(document["notes"])
    [folder] = (tmp_path / "runs").iterdir()
    assert folder.name.startswith("train-resnext11_1x64d_0.0625-")
    [first, _] = read_sweep(folder).trials
    assert first.trial.conditions.view.holdout == 100
    assert "validation_error" in (folder / "results.csv").read_text().splitlines()[0]


@pytest.mark.slow
@pytest.mark.usefixtures("fake", "undrawn")
def test_more_seeds_extend_and_another_network_does_not(tmp_path: Path) -> None:
    out = ["--out", str(tmp_path / "out")]
    assert invoke(NAME, *SMALL, *out)[0] == 0
    code, _, notes = invoke(NAME, *SMALL, *out, "--seeds", "3")
    assert code == 0 and "2 trials (1 more done)" in notes
    code, _, error = invoke("resnext11_2x64d@0.0625", *SMALL, *out)
    assert code == 2 and "choose another --out" in error
    code, _, error = invoke(NAME, *SMALL, *out, "--holdout", "50")
    assert code == 2 and "holdout none there, 50 asked" in error


@pytest.mark.usefixtures("fake", "undrawn")
def test_epochs_follow_from_iterations(tmp_path: Path) -> None:
    """320 images in batches of 32 are 10 steps: 48 of them are 5 epochs, to the nearest."""
    invoke(NAME, *SMALL, "--iterations", "48", "--out", str(tmp_path), "--recipe", "wrn")
    settings = read_sweep(tmp_path).plan.settings.document()
    assert settings["recipe"]["epochs"] == 5
    # The milestones 60, 120, 160 of 200 epochs move in proportion.
    assert settings["recipe"]["schedule"]["milestones"] == [1.5, 3.0, 4.0]


def test_imagenet_5k_has_the_mini_batches_of_1k_in_a_fifth_of_the_epochs() -> None:
    """1,281,167 and 6.8 million images (ResNeXt paper, section 5.2), batch 256."""
    from archscope.training.recipe import lasting, recipe, steps_of

    plan = recipe("resnext-imagenet")
    iterations = plan.epochs * steps_of(1_281_167, plan.batch)[0]
    epochs = round(iterations / steps_of(6_800_000, plan.batch)[0])
    assert epochs == 19
    assert lasting(plan, epochs).schedule.milestones == pytest.approx((5.7, 11.4, 17.1))


def test_the_default_recipe_is_that_of_the_data() -> None:
    assert single.settings("resnet20").recipe.name == "proxy"
    with pytest.raises(
        UsageError, match=r"a training has batch, drop_path, epochs, .*, not epoch: give one"
    ):
        single.settings("resnet20", epoch=3)  # type: ignore[call-arg]
    assert single.settings("resnet50", dataset="folder").recipe.name == "resnext-imagenet"
    chosen = single.settings("wrn_16_8-drop0.4", dataset="svhn+extra", recipe="wrn-svhn")
    assert (chosen.recipe.epochs, chosen.dataset) == (160, "svhn+extra")


@pytest.mark.usefixtures("quick_workers", "undrawn")
def test_a_real_training_with_images_held_out(tmp_path: Path) -> None:
    result = train(
        NAME,
        "shapes",
        samples=320,
        holdout=100,
        batch=32,
        epochs=2,
        out=tmp_path,
        console=Console(print, live=False),
    )
    [record] = result.records
    assert record.result is not None and result.exit_code == 0
    metrics = record.result.metrics
    assert set(metrics) == {
        *("epochs", "test_error", "train_error", "validation_error", "per_epoch")
    }
    assert set(metrics["per_epoch"]) == {
        *("train_loss", "train_error", "validation_loss", "validation_error", "lr")
    }
    assert ["test_error" in line for line in record.epochs] == [False, True]
    # 1 of 100 images is 1 %, of the 2,000 test images 0.05 %.
    assert metrics["validation_error"] == pytest.approx(round(metrics["validation_error"]))
    assert metrics["test_error"] * 20 == pytest.approx(round(metrics["test_error"] * 20))
    assert result.to_frame()["validation_error"].tolist() == [metrics["validation_error"]]


@pytest.fixture
def images(tmp_path: Path) -> Path:
    image = pytest.importorskip("PIL.Image", reason="image folders need Pillow")
    draw = np.random.default_rng(0)
    for part in ("train", "val"):
        for name in ("n01", "n02", "n03"):
            place = tmp_path / "imagenet" / part / name
            place.mkdir(parents=True)
            for number in range(6):
                pixels = draw.integers(0, 256, (40, 50, 3), dtype=np.uint8)
                image.fromarray(pixels).save(place / f"{number}.JPEG")
    return tmp_path / "imagenet"


@pytest.mark.usefixtures("quick_workers", "undrawn")
def test_a_real_training_on_an_image_folder_with_listed_classes(
    images: Path, tmp_path: Path
) -> None:
    listed = tmp_path / "1k.txt"
    listed.write_text("n01\nn03\n")
    options = ["--epochs", "1", "--batch", "6", "--out", str(tmp_path / "out"), "--format", "json"]
    dataset = ["--dataset", f"folder:{images}", "--test-classes", str(listed), "--test-crop", "40"]
    code, text, notes = invoke(NAME, *dataset, *options)
    assert code == 0, notes
    document = json.loads(text)
    assert set(document["summary"]) == {"test_error", "test_error_listed", "train_error"}
    [row] = document["trials"]
    assert row["test_error_listed"] <= row["test_error"]
    assert document["settings"]["test_classes"] == ["n01", "n03"]
    assert document["dataset"]["classes"] == 3
    # Moved, it is the same data: continued, not begun anew.
    moved = images.rename(tmp_path / "elsewhere")
    dataset[1] = f"folder:{moved}"
    code, _, notes = invoke(NAME, *dataset, *options)
    assert code == 0 and "The trial in" in notes and "is done" in notes


@pytest.mark.usefixtures("quick_workers", "undrawn")
@pytest.mark.parametrize(
    "runner", ["fake_runners:by_seed", pytest.param(schedule.RUNNER, marks=pytest.mark.slow)]
)
def test_a_training_on_an_image_folder_at_the_networks_own_size_is_continued_and_extended(
    images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, runner: str
) -> None:
    monkeypatch.setattr(schedule, "RUNNER", runner)
    options = ["--dataset", f"folder:{images}", "--epochs", "1", "--batch", "6", "--lr", "0.001"]
    options += ["--out", str(tmp_path / "out")]
    code, _, notes = invoke("resnet18@0.125", *options)
    assert code == 0, notes
    code, _, notes = invoke("resnet18@0.125", *options)
    assert code == 0 and "The trial in" in notes and "is done" in notes
    code, _, notes = invoke("resnet18@0.125", *options, "--seeds", "2")
    assert code == 0 and "1 trial (1 more done)" in notes


@pytest.mark.slow
def test_16_bit_images_train_as_their_8_bit_copies_do(tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image", reason="image folders need Pillow")
    draw = np.random.default_rng(0)
    for part in ("train", "val"):
        for name, level in (("dark", 10), ("bright", 180)):
            for number in range(6):
                gray = draw.integers(level, level + 60, (40, 40))
                for bits, kind in ((8, np.uint8), (16, np.uint16)):
                    place = tmp_path / f"d{bits}" / part / name
                    place.mkdir(parents=True, exist_ok=True)
                    levels = (gray * (257 if bits == 16 else 1)).astype(kind)
                    image.fromarray(levels).save(place / f"{number}.png")
    found = []
    for bits in (8, 16):
        out = tmp_path / f"out{bits}"
        options = ["--epochs", "1", "--batch", "6", "--out", str(out)]
        options += ["--dataset", f"folder:{tmp_path / f'd{bits}'}"]
        code, _, notes = invoke("cifar_resnext11_1x64d@0.25", *options)
        assert code == 0, notes
        [record] = read_sweep(out).trials
        found.append([(line["train_loss"], line["train_error"]) for line in record.epochs])
    assert len(found[0]) == 1 and found[0] == found[1]


@pytest.mark.usefixtures("quick_workers", "undrawn")
def test_a_damaged_image_ends_a_training_with_1_and_its_name(images: Path, tmp_path: Path) -> None:
    path = images / "train/n02/4.JPEG"
    path.write_bytes(path.read_bytes()[:700])
    options = ["--epochs", "1", "--batch", "6", "--out", str(tmp_path / "out")]
    code, shown, error = invoke(NAME, "--dataset", f"folder:{images}", *options)
    assert code == 1 and shown == ""
    assert "n02/4.JPEG cannot be read as an image" in error.splitlines()[-1]
    assert "Traceback" not in error


def test_files_cannot_be_whitened(images: Path, tmp_path: Path) -> None:
    code, _, error = invoke(NAME, "--dataset", f"folder:{images}", "--whiten", "zca")
    assert code == 2 and "leave out whiten" in error
    assert not (tmp_path / "runs").exists()


MACHINES = {
    "cpu": Inventory(cpus=2, cpu_name="x"),
    "gpus": Inventory(cpus=8, cpu_name="x", gpus=("A", "A")),
    "mps": Inventory(cpus=8, cpu_name="x", mps=True),
}


@pytest.mark.parametrize(
    ("device", "machine", "gpus"),
    [
        (None, "gpus", None),
        ("cpu", "gpus", 0),
        ("cuda", "gpus", 2),
        ("mps", "mps", 1),
        ("cuda", "cpu", UsageError),
        ("mps", "gpus", UsageError),
        ("cuda:1", "gpus", UsageError),
    ],
)
def test_a_device_is_a_number_of_gpus(device: str | None, machine: str, gpus: Any) -> None:
    if gpus is UsageError:
        with pytest.raises(UsageError, match="this machine has"):
            on_device(device, MACHINES[machine])
    else:
        assert on_device(device, MACHINES[machine]) == gpus


Bad = Callable[[Path], list[str]]


@pytest.mark.parametrize(
    ("options", "code", "says"),
    [
        (["7x"], 2, "no network named '7x'"),
        (["8x64d"], 2, "resnext29_8x64d"),
        (["resnet50_32x4d"], 2, "no network"),
        (["inception_v3", "--dataset", "shapes"], 2, "inception_v3"),
        ([NAME, *SMALL, "--epochs", "0"], 2, "epochs is a whole number from 1 to 1,000,000, not 0"),
        ([NAME, *SMALL, "--epochs", "-3"], 2, "from 1 to 1,000,000, not -3"),
        ([NAME, *SMALL, "--iterations", "0"], 2, "mini-batches"),
        ([NAME, *SMALL, "--iterations", "9", "--epochs", "2"], 2, "give one"),
        ([NAME, *SMALL, "--seeds", "-1"], 2, "seeds"),
        ([NAME, *SMALL, "--seeds", "x"], 2, "seeds"),
        ([NAME, *SMALL, "--batch", "321"], 2, "320"),
        ([NAME, *SMALL, "--batch", "1"], 2, "batch is a whole number from 2 to 1,000,000,000"),
        ([NAME, *SMALL, "--lr", "nan"], 2, "lr is a number above 0, not nan"),
        ([NAME, *SMALL, "--samples", "-4"], 2, "samples"),
        ([NAME, *SMALL, "--samples", "10001"], 2, "10001"),
        ([NAME, *SMALL, "--samples", "9000", "--holdout", "5000"], 2, "9000"),
        ([NAME, *SMALL, "--holdout", "-1"], 2, "0 or more, not -1"),
        ([NAME, *SMALL, "--holdout", "10000"], 2, "hold out less"),
        ([NAME, *SMALL, "--whiten", "pca"], 2, "whitening is zca or none, not"),
        ([NAME, *SMALL, "--test-crop", "224"], 2, "only image folders"),
        (
            [NAME, *SMALL, "--test-crop", "0"],
            2,
            "a test crop is the side of a square, 1 to 4096 pixels, not 0",
        ),
        ([NAME, *SMALL, "--test-classes", "none.txt"], 2, "none.txt cannot be read"),
        ([NAME, *SMALL, "--recipe", "adam"], 2, "most of them with -imagenet"),
        ([NAME, *SMALL, "--recipe", "resnext-imagenet", "--batch", "32"], 2, "larger images"),
        ([NAME, *SMALL, "--device", "tpu"], 2, "this machine has cpu"),
        ([NAME, *SMALL, "--precision", "fp16"], 2, "fp16"),
        ([NAME, *SMALL, "--threads", "0"], 2, "threads 0"),
        ([NAME, *SMALL, "--loaders", "-1"], 2, "loaders -1"),
        ([NAME, "--dataset", "mnist"], 2, "cifar10"),
        ([NAME, "--dataset", "folder"], 2, "folder:DIR"),
        ([NAME, "--dataset", "folder:"], 2, "folder:DIR"),
        ([NAME, "--dataset", "folder:x", "--data-dir", "y"], 2, "folder:DIR"),
        ([NAME, "--dataset", "folder:nowhere"], 1, "has no train, or neither"),
        ([NAME, "--dataset", "cifar10", "--data-dir", "empty", "--offline"], 1, "--offline"),
        ([NAME, *SMALL, "--output", "no/such/table.csv"], 2, "no folder"),
    ],
)
def test_what_cannot_be_ends_in_one_sentence_and_nothing_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str], code: int, says: str
) -> None:
    monkeypatch.setattr("archscope.training.devices.inventory", lambda: MACHINES["cpu"])
    found, shown, error = invoke(*options)
    assert found == code, error
    assert says.replace(",", "") in error.replace(",", "") and shown == ""
    assert error.count("\n") == 1 and "Traceback" not in error
    assert list(tmp_path.iterdir()) == []
