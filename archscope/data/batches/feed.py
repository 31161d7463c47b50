"""Batches for training and for tests, from images in memory or on disk, on a device."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from archscope.data.batches.augment import epoch_batches, eval_batches
from archscope.data.batches.augmentation import Augmentation
from archscope.data.batches.files import Reading, batches
from archscope.data.dataset import Channels, Dataset, Files, Part, Split

EVAL_BATCH = 250  # of images in memory: the fastest of 100 to 2000 on a CPU, by a tenth
_EVAL_FILES = 100  # of images from files, which are larger

Batches = Iterator[tuple[Tensor, Tensor]]


class Feed(Protocol):
    """A part of a dataset as batches (x, y) on a device: x normalised, channels_last."""

    def __len__(self) -> int: ...

    def epoch(
        self, seed: int, epoch: int, batch: int, how: Augmentation, dtype: torch.dtype
    ) -> Batches:
        """An epoch of training, in the order and the variation of (seed, epoch)."""

    def once(self, dtype: torch.dtype) -> Batches:
        """Every image once, in order and unvaried."""


@dataclass(frozen=True)
class Device:
    """Where batches go, and how files get there: sides of the crops, processes that read."""

    device: torch.device
    train_side: int
    test_side: int
    loaders: int = 0


def feed(part: Part, dataset: Dataset, to: Device) -> Feed:
    """Return the feed of a part of `dataset`."""
    if isinstance(part, Files):
        return _OnDisk(part, dataset, to)
    return _Resident(part, dataset.mean, dataset.std, to.device)


class _Resident:
    """Images that lie on the device."""

    def __init__(self, part: Split, mean: Channels, std: Channels, device: torch.device) -> None:
        self.images = torch.from_numpy(part.images).to(device)
        self.labels = torch.from_numpy(part.labels).to(device)
        self.mean, self.std = mean, std

    def __len__(self) -> int:
        return len(self.labels)

    def epoch(
        self, seed: int, epoch: int, batch: int, how: Augmentation, dtype: torch.dtype
    ) -> Batches:
        return epoch_batches(
            self.images,
            self.labels,
            batch=batch,
            seed=seed,
            epoch=epoch,
            augmentation=how,
            mean=self.mean,
            std=self.std,
            dtype=dtype,
        )

    def once(self, dtype: torch.dtype) -> Batches:
        return eval_batches(
            self.images, self.labels, batch=EVAL_BATCH, mean=self.mean, std=self.std, dtype=dtype
        )


class _OnDisk:
    """Files, read while the device works."""

    def __init__(self, part: Files, dataset: Dataset, to: Device) -> None:
        self.part, self.to = part, to
        self.mean, self.std = (
            torch.tensor(values, dtype=torch.float32, device=to.device)[:, None, None]
            for values in (dataset.mean, dataset.std)
        )

    def __len__(self) -> int:
        return len(self.part)

    def epoch(
        self, seed: int, epoch: int, batch: int, how: Augmentation, dtype: torch.dtype
    ) -> Batches:
        return self._normalised(Reading(self.to.train_side, how, seed, epoch), batch, dtype)

    def once(self, dtype: torch.dtype) -> Batches:
        return self._normalised(Reading(self.to.test_side), _EVAL_FILES, dtype)

    def _normalised(self, reading: Reading, batch: int, dtype: torch.dtype) -> Batches:
        device, loaders = self.to.device, self.to.loaders
        for x, y in batches(self.part, reading, batch=batch, device=device, loaders=loaders):
            yield x.float().sub_(self.mean).div_(self.std).to(dtype), y
