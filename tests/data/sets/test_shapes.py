from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import archscope
from archscope.data import load
from archscope.data.dataset import Split, fingerprint
from archscope.data.sets import shapes


@pytest.fixture(scope="module")
def made() -> tuple[Split, Split]:
    return shapes.make()


def test_sizes_and_balance(made: tuple[Split, Split]) -> None:
    for split, n in zip(made, (10_000, 2_000), strict=True):
        assert split.images.shape == (n, 3, 32, 32)
        assert np.bincount(split.labels, minlength=10).tolist() == [n // 10] * 10
        # In no order that a batch, or the first thousand, could suffer from.
        assert np.bincount(split.labels[: n // 5], minlength=10).min() > n // 75


def test_the_images_stay_what_they_are(made: tuple[Split, Split]) -> None:
    # Not a truth but a promise: results on `shapes` compare between machines and releases. The
    # generator uses only PCG64's raw stream and integers, so that another value is a change of it.
    expected = "sha256:72c87334d3a6a82a0d4741ad4406919e84c9b227672537ca0763fccbfc9d1ce5"
    assert fingerprint(*made) == expected


@pytest.mark.slow
def test_another_process_makes_the_same() -> None:
    code = (
        "from archscope.data import load; import sys; i = load.prepare('shapes', offline=True)\n"
        "print(i.fingerprint, 'torch' in sys.modules)"
    )
    root = Path(archscope.__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [load.prepare("shapes").fingerprint, "False"]


def test_every_image_is_its_own(made: tuple[Split, Split]) -> None:
    images = np.concatenate([made[0].images, made[1].images]).reshape(12_000, -1)
    assert len({image.tobytes() for image in images}) == 12_000


def test_neither_outline_nor_texture_tells_the_class() -> None:
    pairs = [shapes.parts(label) for label in range(10)]
    assert len(set(pairs)) == 10
    for column in zip(*pairs, strict=True):
        assert sorted(column) == sorted([*range(5), *range(5)])


def test_the_caller_may_change_the_images() -> None:
    before = shapes.make()[0]
    before.images[:] = 0
    assert shapes.make()[0].images.any()


def test_mean_and_standard_deviation(made: tuple[Split, Split]) -> None:
    for channel, (mean, std) in enumerate(zip(shapes.MEAN, shapes.STD, strict=True)):
        counts = np.bincount(made[0].images[:, channel].ravel(), minlength=256)
        levels = np.arange(256)
        exact = np.average(levels, weights=counts)
        assert abs(exact - mean) < 0.06
        assert abs(np.average((levels - exact) ** 2, weights=counts) ** 0.5 - std) < 0.06


def test_it_takes_a_second_or_two() -> None:
    shapes._made.cache_clear()
    start = time.process_time()
    shapes.make()
    assert time.process_time() - start < 5


@pytest.mark.slow
def test_a_linear_classifier_fails(made: tuple[Split, Split]) -> None:
    train, test = made
    scale = lambda split: split.images.reshape(len(split), -1).astype(np.float32) / 128 - 1  # noqa: E731
    x, target = scale(train)[:5000], np.eye(10, dtype=np.float32)[train.labels[:5000]]
    weights = np.linalg.solve(x.T @ x + 1000 * np.eye(3072, dtype=np.float32), x.T @ target)
    correct = ((scale(test) @ weights).argmax(1) == test.labels).mean()
    assert correct < 0.5


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_small_residual_network_succeeds() -> None:
    import torch
    from torch import nn

    from archscope.data.batches.augment import epoch_batches, eval_batches
    from archscope.data.batches.augmentation import Augmentation

    def conv(w_in: int, w_out: int, kernel: int, stride: int) -> nn.Module:
        layer = nn.Conv2d(w_in, w_out, kernel, stride, kernel // 2, bias=False)
        return nn.Sequential(layer, nn.BatchNorm2d(w_out))

    class Block(nn.Module):
        def __init__(self, w_in: int, w_out: int, stride: int) -> None:
            super().__init__()
            self.a, self.b = conv(w_in, w_out, 3, stride), conv(w_out, w_out, 3, 1)
            self.side = conv(w_in, w_out, 1, stride)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.relu(self.b(torch.relu(self.a(x))) + self.side(x))

    torch.manual_seed(0)
    net = nn.Sequential(
        conv(3, 8, 3, 1), nn.ReLU(), Block(8, 8, 1), Block(8, 16, 2), Block(16, 32, 2),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, 10),
    ).to(memory_format=torch.channels_last)  # fmt: skip
    data = load.load(load.prepare("shapes"))
    images, labels = torch.from_numpy(data.train.images), torch.from_numpy(data.train.labels)
    step = torch.optim.SGD(net.parameters(), 0.1, momentum=0.9, nesterov=True, weight_decay=5e-4)
    plan = torch.optim.lr_scheduler.OneCycleLR(step, 0.1, total_steps=4 * 157)
    for epoch in range(4):
        for x, y in epoch_batches(
            images, labels, batch=64, seed=0, epoch=epoch, augmentation=Augmentation(),
            mean=data.mean, std=data.std,
        ):  # fmt: skip
            step.zero_grad()
            nn.functional.cross_entropy(net(x), y).backward()
            step.step()
            plan.step()
    net.eval()
    tests = torch.from_numpy(data.test.images), torch.from_numpy(data.test.labels)
    with torch.inference_mode():
        right = sum(
            int((net(x).argmax(1) == y).sum())
            for x, y in eval_batches(*tests, batch=500, mean=data.mean, std=data.std)
        )
    assert right / len(data.test) > 0.8
