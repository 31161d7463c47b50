"""The loop with side heads, held-out images, files, and classes that are listed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional

from archscope.arch.names import parse
from archscope.arch.network import Network
from archscope.arch.nodes import Act, Aux, Conv, Linear, Norm, Pool, Seq
from archscope.data.batches.augmentation import Augmentation
from archscope.data.dataset import Dataset, DatasetInfo, Files, Split
from archscope.data.load import load, prepare
from archscope.data.view import View
from archscope.errors import UsageError
from archscope.nn.build import build
from archscope.training.job import check
from archscope.training.loop import Job, train
from archscope.training.recipe import Recipe, Schedule, Sgd, recipe

STEM = (Conv(8, 3, 2, label="conv1"), Norm(label="bn1"), Act())
HEAD = (Pool("global"), Linear(4, label="fc"))
SIDE = Seq(
    *(Pool("avg", 2, 2), Conv(6, 1, label="conv"), Pool("global"), Linear(4, label="fc")),
    label="AuxLogits",
)
PLAIN = Network("plain", Seq(*STEM, *HEAD), (3, 8, 8))
AUX = Network("aux", Seq(*STEM, Aux(Seq(*HEAD), SIDE)), (3, 8, 8))
ONE_STEP = Recipe(
    "one step",
    epochs=1,
    batch=40,
    sgd=Sgd(lr=0.5, momentum=0.0, nesterov=False, weight_decay=0.0),
    schedule=Schedule(),
    augmentation=Augmentation.NONE,
)


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def split(images: int, seed: int, classes: int = 4) -> Split:
    draw = np.random.default_rng(seed)
    labels = np.arange(images, dtype=np.int64) % classes
    pixels = draw.integers(0, 200, (images, 3, 8, 8)) + 12 * labels[:, None, None, None]
    return Split(pixels.astype(np.uint8), labels)


def data(**changes: Any) -> Dataset:
    info = DatasetInfo("made", "made", None, 4, "sha256:0", False)
    base = Dataset(info, split(40, 0), split(24, 1), (110.0,) * 3, (60.0,) * 3)
    return replace(base, **changes)


def test_a_side_head_is_trained_with_its_loss_times_0_4_and_not_tested() -> None:
    """One step of plain SGD, done again by hand with autograd."""
    dataset = data()
    outcome = train(Job(AUX, ONE_STEP, 3), dataset)

    torch.manual_seed(3)
    model = build(AUX).train()
    assert isinstance(dataset.train, Split) and isinstance(dataset.test, Split)
    x, tested = ((torch.from_numpy(s.images) - 110.0) / 60 for s in (dataset.train, dataset.test))
    labels = torch.from_numpy(dataset.train.labels)
    main, side = model(x)
    loss = functional.cross_entropy(main, labels) + 0.4 * functional.cross_entropy(side, labels)
    loss.backward()
    side_grads = [p.grad for name, p in model.named_parameters() if "AuxLogits" in name]
    assert all(grad is not None and grad.abs().sum() > 0 for grad in side_grads)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter -= 0.5 * parameter.grad
        logits = model.eval()(tested)
    test_labels = torch.from_numpy(dataset.test.labels)
    [found_train] = outcome.metrics["per_epoch"]["train_loss"]
    [found_test] = outcome.metrics["per_epoch"]["test_loss"]
    assert found_train == pytest.approx(loss.item(), rel=1e-5)
    tested_loss = functional.cross_entropy(logits, test_labels).item()
    assert found_test == pytest.approx(tested_loss, rel=1e-4)


def test_a_network_with_a_side_head_is_taken_up_again(tmp_path: Path) -> None:
    plan = replace(ONE_STEP, epochs=3, batch=16)
    job = Job(AUX, plan, 0)
    straight = train(job, data()).metrics

    def stop(line: dict[str, Any]) -> None:
        if line["epoch"] == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(job, data(), folder=tmp_path, on_epoch=stop)
    assert train(job, data(), folder=tmp_path).metrics == straight


def test_with_images_held_out_the_test_set_is_used_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = data(validation=split(12, 2), view=View(holdout=12))
    plan = replace(ONE_STEP, epochs=3, batch=16)
    asked: list[int] = []
    from archscope.data.batches import feed

    once = feed._Resident.once

    def counted(self: Any, dtype: torch.dtype) -> Any:
        asked.append(len(self))
        return once(self, dtype)

    monkeypatch.setattr(feed._Resident, "once", counted)
    metrics = train(Job(PLAIN, plan, 0), held, folder=tmp_path).metrics
    assert asked == [12, 12, 12, 24]
    per_epoch = metrics["per_epoch"]
    assert list(per_epoch) == [
        *("train_loss", "train_error", "validation_loss", "validation_error", "lr")
    ]
    assert metrics["validation_error"] == per_epoch["validation_error"][-1]
    lines = [json.loads(text) for text in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert ["test_error" in line for line in lines] == [False, False, True]
    assert metrics["test_error"] == lines[-1]["test_error"]
    # The training itself is that of the same images without a validation part.
    plain = train(Job(PLAIN, plan, 0), data()).metrics
    assert per_epoch["train_loss"] == plain["per_epoch"]["train_loss"]
    assert metrics["test_error"] == plain["test_error"]
    assert "validation_error" not in plain


def test_a_checkpoint_is_of_its_view(tmp_path: Path) -> None:
    """The default view has the identity that there was before there were views."""
    job = Job(PLAIN, ONE_STEP, 0)
    assert "holdout" not in job.identity(data())
    views = [View(), View(samples=40), View(holdout=12), View(whiten="zca"), View(test_crop=9)]
    identities = [job.identity(data(view=view)) for view in views]
    assert len(set(identities)) == 4 and identities[0] == identities[1]


def test_two_test_errors_where_classes_are_listed() -> None:
    """The 1K-way error asks only among the listed; worked out from the logits by hand."""
    listed = np.array([1, 2], dtype=np.int64)
    test = split(24, 1)
    test = test.take(np.flatnonzero(np.isin(test.labels, listed)))
    dataset = data(test=test, listed=listed, view=View(test_classes=("b", "c")))
    plan = replace(ONE_STEP, epochs=2)
    metrics = train(Job(PLAIN, plan, 1), dataset).metrics

    torch.manual_seed(1)
    model = build(PLAIN).train()
    assert isinstance(dataset.train, Split)
    x, tested = ((torch.from_numpy(s.images) - 110.0) / 60 for s in (dataset.train, test))
    for _ in range(2):
        model.zero_grad()
        functional.cross_entropy(model(x), torch.from_numpy(dataset.train.labels)).backward()
        with torch.no_grad():
            for parameter in model.parameters():
                parameter -= 0.5 * parameter.grad
    with torch.no_grad():
        logits = model.eval()(tested).numpy()
    right_of_all = (logits.argmax(1) == test.labels).mean()
    right_of_two = (np.where(logits[:, 1] >= logits[:, 2], 1, 2) == test.labels).mean()
    assert metrics["test_error"] == pytest.approx(100 * (1 - right_of_all))
    assert metrics["test_error_listed"] == pytest.approx(100 * (1 - right_of_two))
    assert metrics["test_error_listed"] < metrics["test_error"]


@pytest.fixture
def folder(tmp_path: Path) -> Callable[..., Dataset]:
    image = pytest.importorskip("PIL.Image", reason="image folders need Pillow")

    def make(view: View | None = None) -> Dataset:
        draw = np.random.default_rng(0)
        for part, count in (("train", 12), ("val", 4)):
            for number, name in enumerate("abcd"):
                place = tmp_path / "images" / part / name
                place.mkdir(parents=True, exist_ok=True)
                for index in range(count):
                    pixels = draw.integers(0, 120, (20, 25, 3)) + 40 * number
                    image.fromarray(pixels.astype(np.uint8)).save(place / f"{index}.png")
        return load(prepare("folder", data_dir=tmp_path / "images"), view)

    return make


IMAGENET = recipe("resnext-imagenet", epochs=2, batch=16, lr=0.05)


def test_files_train_resume_and_do_not_depend_on_who_reads(
    folder: Callable[..., Dataset], tmp_path: Path
) -> None:
    dataset = folder()
    job = Job(PLAIN, IMAGENET, 0)
    straight = train(job, dataset)
    assert straight.metrics["epochs"] == 2

    def stop(line: dict[str, Any]) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(job, dataset, folder=tmp_path / "run", on_epoch=stop)
    again = train(replace(job, loaders=2), dataset, folder=tmp_path / "run")
    assert again.metrics == straight.metrics


def test_it_learns_from_files(folder: Callable[..., Dataset]) -> None:
    longer = recipe("resnext-imagenet", epochs=15, batch=8, lr=0.1)
    assert train(Job(PLAIN, longer, 0), folder()).metrics["test_error"] < 40  # 75 by chance


def test_files_are_tested_on_larger_crops(folder: Callable[..., Dataset]) -> None:
    at = {crop: folder(View(test_crop=crop)) for crop in (8, 16)}
    found = {crop: train(Job(PLAIN, IMAGENET, 0), made).metrics for crop, made in at.items()}
    assert found[8]["per_epoch"]["train_loss"] == found[16]["per_epoch"]["train_loss"]
    assert found[8]["per_epoch"]["test_loss"] != found[16]["per_epoch"]["test_loss"]
    assert found[8] == train(Job(PLAIN, IMAGENET, 0), folder()).metrics


def test_what_does_not_fit_is_refused(folder: Callable[..., Dataset]) -> None:
    files = folder()
    assert isinstance(files.train, Files)
    check(PLAIN, IMAGENET, files)
    cases = [
        (PLAIN, recipe("wrn", batch=16), files, "crops padded images"),
        (PLAIN, IMAGENET, data(), "crops parts of larger images"),
        (
            PLAIN,
            recipe("resnext-imagenet", batch=49),
            files,
            "at most the 48 training images",
        ),
        (replace(PLAIN, input=(3, 8, 10)), IMAGENET, files, "takes 3x8x10"),
        (PLAIN, ONE_STEP, data(info=replace(data().info, classes=5)), "are 3x8x8 of 5"),
    ]
    for network, plan, dataset, says in cases:
        with pytest.raises(UsageError, match=says):
            check(network, plan, dataset)
    flat = replace(PLAIN, tree=Seq(*STEM, Linear(4, label="fc")))
    with pytest.raises(UsageError, match="cannot take test crops of 16"):
        check(flat, IMAGENET, folder(View(test_crop=16)))


def test_the_papers_networks_take_the_papers_crops() -> None:
    """224 and 320 for ResNeXt (Table 5), 299 for Inception."""
    info = DatasetInfo("folder", "images", "/", 1000, "sha256:0", False)
    names = np.array([b"a"] * 512)
    files = Files(Path("/"), names, np.zeros(512, dtype=np.int64))
    for name, crop in (("resnext50_32x4d", 320), ("resnet50", 224), ("inception_v3-aux", 320)):
        view = View(test_crop=crop)
        dataset = Dataset(info, files, files, (0.0,) * 3, (1.0,) * 3, view)
        check(parse(name), recipe("resnext-imagenet"), dataset)
