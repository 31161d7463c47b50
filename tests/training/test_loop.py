"""The training loop, on 8x8 images: what it computes, and that an interrupted run is the same."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional
from torch.utils._python_dispatch import TorchDispatchMode

from archscope.arch.network import Network
from archscope.arch.nodes import Act, Conv, Dropout, Linear, Norm, Pool, Seq
from archscope.data.batches.augment import epoch_order
from archscope.data.batches.augmentation import Augmentation
from archscope.data.batches.feed import EVAL_BATCH
from archscope.data.dataset import Dataset, DatasetInfo, Split
from archscope.errors import ArchscopeError, UsageError
from archscope.nn.build import build
from archscope.training import loop
from archscope.training.devices import Precision
from archscope.training.loop import Job, Outcome, Paused, Stopped, train
from archscope.training.recipe import Recipe, learning_rate, recipe

NETWORK = Network(
    "tiny",
    Seq(
        Conv(8, 3, label="conv1"),
        Norm(label="bn1"),
        Act(),
        Conv(16, 3, 2, 2, label="conv2"),
        Norm(label="bn2"),
        Act(),
        Dropout(0.2),
        Pool("global"),
        Linear(4, label="fc"),
    ),
    (3, 8, 8),
)
PLAIN = replace(
    NETWORK,
    name="plain",
    tree=Seq(*(part for part in NETWORK.tree.children if not isinstance(part, Dropout))),
)


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Two threads on so little work wait for each other, and longer on a busy machine."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def split(images: int, seed: int) -> Split:
    """Noise with a brighter quadrant: which one is the class."""
    draw = np.random.default_rng(seed)
    labels = draw.integers(0, 4, images)
    pixels = draw.integers(0, 200, (images, 3, 8, 8))
    for image, label in zip(pixels, labels, strict=True):
        row, column = divmod(label, 2)
        image[label % 3, 4 * row : 4 * row + 4, 4 * column : 4 * column + 4] += 55
    return Split(pixels.astype(np.uint8), labels)


def data(images: int = 160) -> Dataset:
    info = DatasetInfo("quadrants", "quadrants", None, 4, f"sha256:{images}", False)
    return Dataset(info, split(images, 0), split(100, 1), (110.0,) * 3, (60.0,) * 3)


def short(epochs: int = 3, **changes: Any) -> Recipe:
    return recipe("proxy", **{"epochs": epochs, "batch": 32, "pad": 1, "flip": False, **changes})


def job(seed: int = 0, precision: Precision = "fp32", **changes: Any) -> Job:
    return Job(NETWORK, short(**changes), seed, "cpu", precision)


def weights(folder: Path) -> dict[str, Any]:
    state: dict[str, Any] = torch.load(folder / "checkpoint.pt", weights_only=True)["state"]
    return state


def assert_same(a: Any, b: Any) -> None:
    """Bit for bit."""
    assert type(a) is type(b)
    if isinstance(a, dict):
        assert a.keys() == b.keys()
        for key in a:
            assert_same(a[key], b[key])
    elif isinstance(a, list):
        assert len(a) == len(b)
        for one, other in zip(a, b, strict=True):
            assert_same(one, other)
    else:
        assert torch.equal(a, b) if isinstance(a, torch.Tensor) else a == b


# fp16 is bf16 with a loss scale.
PRECISIONS = ["fp32", pytest.param("bf16", marks=pytest.mark.slow), "fp16"]

Finished = Callable[..., tuple[Outcome, dict[str, Any]]]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """Whole runs of `job`, each trained once: how they end, and with which state."""

    @cache
    def run(precision: Precision = "fp32", tested_at_once: int = EVAL_BATCH) -> Any:
        folder = tmp_path_factory.mktemp("whole")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("archscope.data.batches.feed.EVAL_BATCH", tested_at_once)
            return train(job(precision=precision), data(), folder=folder), weights(folder)

    return run


class Unplugged(BaseException):
    """Not an Exception: nothing may catch it, as a signal's handler would raise."""


def unplug_at(call: int) -> Callable[..., None]:
    calls = [0]

    def callback(*_: Any) -> None:
        calls[0] += 1
        if calls[0] == call:
            raise Unplugged

    return callback


def test_it_learns() -> None:
    outcome = train(job(epochs=8, lr=0.3), data(640))
    assert outcome.status == "done"
    assert outcome.metrics["test_error"] < 25  # 75 by chance


def reference(dataset: Dataset, plan: Recipe, seed: int) -> tuple[torch.nn.Module, list[float]]:
    """The common loop: one image at a time, torch's own SGD unfused, a plain sum of losses."""
    torch.manual_seed(seed)
    model = build(PLAIN).train()
    matrices = [p for p in model.parameters() if p.ndim > 1]
    vectors = [p for p in model.parameters() if p.ndim == 1]
    sgd = plan.sgd
    optimizer = torch.optim.SGD(
        [
            {"params": matrices, "weight_decay": sgd.weight_decay},
            {"params": vectors, "weight_decay": 0 if sgd.decay_on == "weights" else 0.05},
        ],
        lr=1.0,
        momentum=sgd.momentum,
        nesterov=sgd.nesterov,
    )
    losses = []
    for epoch in range(1, plan.epochs + 1):
        order = epoch_order(len(dataset.train), seed, epoch).tolist()
        parts = [order[at : at + plan.batch] for at in range(0, len(order), plan.batch)]
        total = 0.0
        for step, part in enumerate(parts):
            for group in optimizer.param_groups:
                group["lr"] = learning_rate(plan, epoch - 1 + (step + 0.5) / len(parts))
            images = [(dataset.train.images[i] - 110.0) / 60.0 for i in part]
            x = torch.stack([torch.from_numpy(image).float() for image in images])
            loss = functional.cross_entropy(model(x), torch.from_numpy(dataset.train.labels[part]))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(part)
        losses.append(total / len(order))
    return model, losses


@pytest.mark.parametrize("decay_on", ["all", "weights"])
def test_it_computes_what_the_common_loop_computes(decay_on: str, tmp_path: Path) -> None:
    plan = short(lr=0.05, weight_decay=0.05, decay_on=decay_on, pad=0)
    dataset = data(150)  # the last batch is smaller
    outcome = train(Job(PLAIN, plan, 5), dataset, folder=tmp_path)
    model, losses = reference(dataset, plan, 5)
    assert outcome.metrics["per_epoch"]["train_loss"] == pytest.approx(losses, rel=1e-4)
    trained = weights(tmp_path)["model"]
    for key, value in model.state_dict().items():
        torch.testing.assert_close(trained[key], value, rtol=1e-3, atol=1e-4)


def test_the_whole_test_set_is_tested_in_eval_mode(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "archscope.data.batches.feed.EVAL_BATCH", 33
    )  # the last of 100 stands alone
    outcome = train(job(), data(), folder=tmp_path)
    model = build(NETWORK).eval()
    model.load_state_dict(weights(tmp_path)["model"])
    wrong, loss = 0, 0.0
    test = data().test
    for image, label in zip(test.images, test.labels, strict=True):
        x = (torch.from_numpy(image)[None].double() - 110) / 60
        with torch.no_grad():
            probabilities = model.double()(x).softmax(1)[0]
        wrong += int(probabilities.argmax()) != label
        loss -= float(probabilities[label].log())
    assert outcome.metrics["test_error"] == pytest.approx(wrong)  # of 100
    assert outcome.metrics["per_epoch"]["test_loss"][-1] == pytest.approx(loss / 100, rel=1e-5)


def test_it_records_an_epoch_a_line(tmp_path: Path) -> None:
    seen: list[dict[str, Any]] = []
    outcome = train(job(), data(), folder=tmp_path, on_epoch=seen.append)
    lines = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert lines == seen
    assert [line["epoch"] for line in lines] == [1, 2, 3]
    keys = {"epoch", "train_loss", "train_error", "test_loss", "test_error", "lr"}
    assert set(lines[0]) == keys | {"images_per_second", "seconds"}
    metrics = outcome.metrics
    assert metrics["epochs"] == 3
    for key in keys - {"epoch"}:
        assert metrics["per_epoch"][key] == [line[key] for line in lines]
    assert metrics["test_error"] == lines[-1]["test_error"]
    assert metrics["train_error"] == lines[-1]["train_error"]
    assert outcome.timing["seconds"] == pytest.approx(sum(line["seconds"] for line in lines))


def test_the_final_epoch_is_reported_and_not_the_best() -> None:
    outcome = train(job(epochs=12, lr=2.0, schedule="steps", milestones=()), data(64))
    errors = outcome.metrics["per_epoch"]["test_error"]
    assert min(errors) < errors[-1] == outcome.metrics["test_error"]


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize(
    ("where", "call"), [("on_step", 3), ("on_step", 8), ("on_epoch", 2)], ids=str
)
def test_an_interrupted_run_is_the_same_run(
    precision: Precision, where: str, call: int, tmp_path: Path, finished: Finished
) -> None:
    """Metrics, weights, momentum and loss scale: with dropout, crops and a moving learning rate."""
    cut, (expected, whole) = tmp_path / "cut", finished(precision)
    interrupt: dict[str, Any] = {where: unplug_at(call)}
    with pytest.raises(Unplugged):
        train(job(precision=precision), data(), folder=cut, **interrupt)
    torch.manual_seed(99)
    torch.rand(7)  # another process is at another point of its generator
    resumed = train(job(precision=precision), data(), folder=cut)
    assert resumed.metrics == expected.metrics
    assert_same(weights(cut), whole)


def stop_after(calls: int) -> Callable[..., None]:
    left = [calls]

    def callback(*_: Any) -> None:
        left[0] -= 1
        if left[0] == 0:
            raise Stopped

    return callback


# 5 steps an epoch and 3 looks within its test: the 3rd step, the last, in the test, in epoch 2.
@pytest.mark.parametrize("call", [3, 5, 7, 12])
@pytest.mark.parametrize("precision", PRECISIONS)
def test_a_stopped_run_goes_on_at_the_step(
    precision: Precision,
    call: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    finished: Finished,
) -> None:
    monkeypatch.setattr("archscope.data.batches.feed.EVAL_BATCH", 33)
    cut, (expected, whole) = tmp_path / "cut", finished(precision, 33)
    with pytest.raises(Stopped):
        train(job(precision=precision), data(), folder=cut, on_step=stop_after(call))
    torch.manual_seed(99)
    seen: list[int] = []
    resumed = train(
        job(precision=precision), data(), folder=cut, on_step=lambda *at: seen.append(at[0])
    )
    assert resumed.metrics == expected.metrics
    assert_same(weights(cut), whole)
    assert len(seen) == 3 * 8 - (call if call != 7 else 5)  # no step twice; a test begins anew


def test_stopped_at_every_step_it_is_the_same_run(tmp_path: Path, finished: Finished) -> None:
    cut, (expected, whole) = tmp_path / "cut", finished()
    for _ in range(15):
        with pytest.raises(Stopped):
            train(job(), data(), folder=cut, on_step=stop_after(1))
    resumed = train(job(), data(), folder=cut, on_step=unplug_at(1))
    assert resumed.metrics == expected.metrics
    assert_same(weights(cut), whole)


def test_a_damaged_part_of_an_epoch_is_the_epochs_start(tmp_path: Path, finished: Finished) -> None:
    cut, (expected, _) = tmp_path / "cut", finished()
    with pytest.raises(Stopped):
        train(job(), data(), folder=cut, on_step=stop_after(8))
    (cut / "checkpoint.pt").write_bytes(b"")
    said: list[str] = []
    assert train(job(), data(), folder=cut, on_note=said.append).metrics == expected.metrics
    [note] = said
    assert note == "checkpoint.pt is damaged and ignored: the training continues after epoch 1"


def test_who_may_not_save_saves_nothing(tmp_path: Path) -> None:
    """Another process has taken the training over meanwhile."""
    with pytest.raises(Unplugged):
        train(
            job(),
            data(),
            folder=tmp_path,
            on_step=stop_after(3),
            before_saving=unplug_at(1),
        )
    assert [path.name for path in tmp_path.iterdir()] == ["metrics.jsonl"]
    with pytest.raises(Unplugged):
        train(job(), data(), folder=tmp_path, before_saving=unplug_at(2))
    assert len((tmp_path / "metrics.jsonl").read_text().splitlines()) == 1


def test_a_checkpoint_of_the_version_before_is_taken_up(tmp_path: Path, finished: Finished) -> None:
    old, (expected, _) = tmp_path / "old", finished()
    with pytest.raises(Unplugged):
        train(job(), data(), folder=old, on_epoch=unplug_at(2))
    document = torch.load(old / "checkpoint.pt", weights_only=True)
    torch.save({**document, "schema": "archscope.checkpoint/1"}, old / "checkpoint.pt")
    seen: list[dict[str, Any]] = []
    assert train(job(), data(), folder=old, on_epoch=seen.append).metrics == expected.metrics
    assert [line["epoch"] for line in seen] == [3]


def test_a_finished_run_is_not_trained_again(tmp_path: Path) -> None:
    expected = train(job(), data(), folder=tmp_path)
    again = train(job(), data(), folder=tmp_path, on_step=unplug_at(1), on_epoch=unplug_at(1))
    assert again == expected


def test_a_run_depends_on_its_seed_and_on_nothing_else() -> None:
    first = train(job(), data())
    torch.rand(3)
    assert train(job(), data()).metrics == first.metrics
    assert train(job(seed=1), data()).metrics != first.metrics


def test_the_callers_generator_is_left_alone() -> None:
    torch.manual_seed(3)
    expected = torch.rand(4)
    torch.manual_seed(3)
    train(job(epochs=1), data())
    assert torch.equal(torch.rand(4), expected)


def test_a_diverged_run_ends_as_diverged(tmp_path: Path) -> None:
    wild = job(epochs=6, lr=1e30, schedule="steps", milestones=(), warmup=0.5)
    outcome = train(wild, data(), folder=tmp_path)
    assert outcome.status == "diverged"
    metrics = outcome.metrics
    assert metrics["test_error"] is None and metrics["train_error"] is None
    assert metrics["diverged_in_epoch"] == metrics["epochs"] + 1 <= 6
    json.dumps([metrics, outcome.timing], allow_nan=False)
    again = train(wild, data(), folder=tmp_path)
    assert (again.status, again.metrics) == (outcome.status, metrics)


def test_a_last_batch_of_one_image_is_left_out() -> None:
    seen: list[tuple[int, int]] = []
    train(job(epochs=1), data(97), on_step=lambda *at: seen.append(at))
    assert seen == [(32, 96), (64, 96), (96, 96)]
    seen.clear()
    train(job(epochs=1), data(98), on_step=lambda *at: seen.append(at))
    assert seen[-1] == (98, 98)


class Reads(TorchDispatchMode):
    """Counts how often the host reads a value from the device."""

    count = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.count += func is torch.ops.aten._local_scalar_dense.default
        return func(*args, **(kwargs or {}))


def test_no_step_waits_for_the_device() -> None:
    """As many values are read in an epoch of 10 steps as in one of 2."""
    counts = []
    for images in (64, 320):
        with Reads() as reads:
            train(job(epochs=1), data(images))
        counts.append(reads.count)
    assert counts[0] == counts[1] <= 10


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(UsageError, match=r"batch must be at most the 31 training images, not 32"):
        train(job(), data(31))
    large = replace(NETWORK, input=(3, 16, 16))
    with pytest.raises(UsageError, match=r"tiny takes 3x16x16 images .* quadrants are 3x8x8"):
        train(replace(job(), network=large), data())
    three = replace(NETWORK, tree=Seq(*NETWORK.tree.children[:-1], Linear(3, label="fc")))
    with pytest.raises(
        UsageError, match=r"images of up to 3 classes, but those of .* are 3x8x8 of 4"
    ):
        train(replace(job(), network=three), data())


@pytest.mark.parametrize(
    "other",
    [job(seed=1), job(lr=0.01), job(precision="bf16"), replace(job(), network=PLAIN)],
    ids=["seed", "recipe", "precision", "network"],
)
def test_a_folder_of_another_training_is_refused(other: Job, tmp_path: Path) -> None:
    train(job(), data(), folder=tmp_path)
    with pytest.raises(ArchscopeError, match="another training"):
        train(other, data(), folder=tmp_path)


def test_a_folder_of_other_data_is_refused(tmp_path: Path) -> None:
    train(job(), data(), folder=tmp_path)
    with pytest.raises(ArchscopeError, match="another training"):
        train(job(), data(161), folder=tmp_path)


def test_reflection_and_flips_are_taken_from_the_recipe() -> None:
    def metrics(how: Augmentation) -> dict[str, Any]:
        return train(replace(job(), recipe=replace(short(1), augmentation=how)), data()).metrics

    plans = [Augmentation(1, "zeros", False), Augmentation(1, "reflect", False), Augmentation.NONE]
    losses = {str(metrics(plan)["per_epoch"]["train_loss"]) for plan in plans}
    assert len(losses) == 3


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("precision", ["fp32", "bf16", "fp16"])
def test_a_gpu_trains_and_resumes_the_same_run(precision: Precision, tmp_path: Path) -> None:
    def run(folder: str, **where: Any) -> Outcome:
        it = replace(job(epochs=8, lr=0.3, precision=precision), device="cuda:0")
        return train(it, data(640), folder=tmp_path / folder, **where)

    expected = run("whole")
    assert expected.metrics["test_error"] < 25
    with pytest.raises(Unplugged):
        run("cut", on_step=unplug_at(50))
    assert run("cut").metrics == expected.metrics
    assert_same(weights(tmp_path / "cut"), weights(tmp_path / "whole"))


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_within_an_epoch_nobody_waits_for_the_gpu() -> None:
    it = replace(job(epochs=2, precision="bf16"), device="cuda:0")
    seen = []

    def watch(done: int, total: int) -> None:
        # From the first step's end to the last one's; what an epoch begins and ends with may wait.
        mode = "default" if done >= total else "error"
        torch.cuda.set_sync_debug_mode(mode)
        seen.append(mode)

    try:
        train(it, data(640), on_step=watch)
    finally:
        torch.cuda.set_sync_debug_mode("default")
    assert seen.count("error") == 2 * 19


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_the_data_lie_on_the_gpu_and_the_network_in_channels_last() -> None:
    run = loop._Run(replace(job(), device="cuda:0"), data(), torch.device("cuda:0"))
    x, y = next(iter(run.train_data.epoch(0, 1, 32, Augmentation(1), torch.bfloat16)))
    assert x.is_cuda and y.is_cuda and x.is_contiguous(memory_format=torch.channels_last)
    weight = run.model.get_parameter("conv2.weight")
    assert weight.is_cuda and weight.is_contiguous(memory_format=torch.channels_last)
    assert run.optimizer.defaults["fused"]


def test_a_paused_run_goes_on_as_one_that_never_paused(tmp_path: Path, finished: Finished) -> None:
    expected, whole = finished()
    for until in (1, 1, 2):
        with pytest.raises(Paused):
            train(job(), data(), folder=tmp_path / "paused", until=until)
        lines = (tmp_path / "paused" / "metrics.jsonl").read_text().splitlines()
        assert len(lines) == until
    outcome = train(job(), data(), folder=tmp_path / "paused", until=3)
    assert outcome.metrics == expected.metrics
    assert_same(weights(tmp_path / "paused"), whole)
