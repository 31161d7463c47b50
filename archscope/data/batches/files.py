"""Batches of images that stay on disk: read, cropped and resized by processes of their own.

What an image becomes is a function of (seed, epoch, image) alone: how many processes read, and
which of them, changes nothing. They hand over bytes; the device turns them into numbers.

    training   a random part of the image, resized to the network's input, flipped half of the time;
               without `area`, the crop of a test image, flipped if the recipe flips
    test       the centre of the image, whose shorter side was resized before: 256 for a crop of
               224 (ResNeXt paper), 320 for 320 (He et al. 2016, identity mappings), 8/7 of the
               crop otherwise

Resizing is bicubic, as in the ResNeXt authors' program. What an image is before, see
`archscope.data.batches.pictures`.
"""

from __future__ import annotations

import atexit
import math
import multiprocessing
import os
import signal
import threading
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.context import ForkServerContext, ForkServerProcess
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from archscope.data.batches.augment import draws, epoch_order
from archscope.data.batches.augmentation import Augmentation
from archscope.data.batches.pictures import coloured, opened, reason
from archscope.data.dataset import Files
from archscope.errors import DataError

_WHOLE_SIDE = (320,)  # test crops of which the shorter side is resized to the crop itself
_ATTEMPTS = 10
_CROP = 3  # after the streams of archscope.data.batches.augment

Pixels = npt.NDArray[np.uint8]
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Reading:
    """How images are read: the side of the square, and how it is varied (None: test images)."""

    side: int
    how: Augmentation | None = None
    seed: int = 0
    epoch: int = 0


def shorter_side(crop: int) -> int:
    """Return what the shorter side of a test image is resized to before its centre is cut out."""
    return crop if crop in _WHOLE_SIDE else round(crop * 256 / 224)


def batches(
    files: Files,
    reading: Reading,
    *,
    batch: int,
    device: torch.device,
    loaders: int,
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield batches (x, y) on the device: x (n, 3, side, side) uint8, channels_last.

    An epoch of training in the order of (seed, epoch), without a last batch of a single image; test
    images in their own order. `loaders` processes read ahead; 0 reads here. Raises DataError, in
    one sentence, for a file that is no image or a damaged one.
    """
    order = torch.arange(len(files))
    if reading.how is not None:
        order = epoch_order(len(files), reading.seed, reading.epoch)
        if len(order) % batch == 1 and len(order) > 1:
            order = order[:-1]
    loader = DataLoader(
        _Images(files, reading),
        batch_sampler=_Parts(order, batch),
        num_workers=loaders,
        multiprocessing_context=_starts() if loaders else None,
        worker_init_fn=_begin,
        collate_fn=_collated,
        pin_memory=device.type == "cuda",
        generator=torch.Generator(),  # or it would draw from the one that dropout draws from
    )
    for pixels, labels, damage in loader:
        if damage is not None:
            raise DataError(damage)
        x = pixels.to(device, non_blocking=True).permute(0, 3, 1, 2)  # channels_last as it is
        yield x, labels.to(device, non_blocking=True)


def _starts() -> Any:
    """How processes that read are started: forked from one that has no threads, as this one has.

    That one is started once, and loads what they need: each is there in a tenth of a second.
    """
    context = _Readers()
    context.set_forkserver_preload([__name__])
    return context


class _Reader(ForkServerProcess):
    """A process that reads."""


class _Readers(ForkServerContext):
    Process = _Reader


@atexit.register
def _end_readers() -> None:
    """Kill those that still read when this process ends: it would wait for them without end.

    multiprocessing sends them SIGTERM, which they ignore; registered later, this runs before.
    """
    for one in multiprocessing.active_children():
        if isinstance(one, _Reader):
            one.kill()


def _begin(_: int) -> None:
    """End this process when the one that it reads for has gone: torch watches who forked it.

    What SIGTERM means is for that one to say: schedulers send it to every process of a job.
    Pillow's warnings, of a damaged EXIF for example, are none of its reader's.
    """
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    warnings.simplefilter("ignore")
    parent = multiprocessing.parent_process()

    def watch() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


class _Parts(Sampler[list[int]]):
    """An order, a batch at a time: all of them as lists would take a gigabyte."""

    def __init__(self, order: Tensor, batch: int) -> None:
        self.parts = torch.split(order, batch)

    def __len__(self) -> int:
        return len(self.parts)

    def __iter__(self) -> Iterator[list[int]]:
        for part in self.parts:
            yield part.tolist()


class _Images(Dataset[Any]):
    """The images as (pixels (side, side, 3), label), or a sentence on what is wrong with one."""

    def __init__(self, files: Files, reading: Reading) -> None:
        self.files = files
        self.reading = reading

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> tuple[Pixels, int] | str:
        path = self.files.root / os.fsdecode(bytes(self.files.names[index]))
        try:
            return read(path, self.reading, index), int(self.files.labels[index])
        except Exception as error:  # Pillow raises many kinds for a damaged file
            return (
                f"{path} cannot be read as an image ({reason(error)}): replace it, or remove it "
                "and start anew in another output folder"
            )


def _collated(items: Sequence[tuple[Pixels, int] | str]) -> tuple[Tensor, Tensor, str | None]:
    """Stack a batch. An error comes as a value: raised in another process, it would be a page."""
    for item in items:
        if isinstance(item, str):
            return torch.empty(0), torch.empty(0), item
    pixels = np.stack([item[0] for item in items])
    return torch.from_numpy(pixels), torch.tensor([item[1] for item in items]), None


def read(path: os.PathLike[str] | str, reading: Reading, index: int) -> Pixels:
    """Return an image as it enters a batch: (side, side, 3) uint8.

    Raises as `opened` and `coloured` of `archscope.data.batches.pictures` do.
    """
    from PIL import Image

    with opened(path) as found:
        image = coloured(found)
    side, how = reading.side, reading.how
    random = draws(_CROP, reading.seed, reading.epoch, index)
    if how is not None and how.area is not None:
        box = random_box(*image.size, how.area, random)
        image = image.resize((side, side), Image.Resampling.BICUBIC, box)
    else:
        image = image.resize(resized(*image.size, shorter_side(side)), Image.Resampling.BICUBIC)
        left, top = (round((length - side) / 2) for length in image.size)
        image = image.crop((left, top, left + side, top + side))
    pixels = np.asarray(image, dtype=np.uint8)
    if how is not None and how.flip and random.random() < 0.5:
        pixels = pixels[:, ::-1]
    return pixels


def resized(width: int, height: int, shorter: int) -> tuple[int, int]:
    """Return an image's size where its shorter side is `shorter`, its shape kept."""
    least = min(width, height)
    return shorter * width // least, shorter * height // least


def random_box(width: int, height: int, area: float, random: np.random.Generator) -> Box:
    """Return a random part of an image: from `area` to all of it, of aspect ratio 3/4 to 4/3.

    After ten draws that do not fit in, the largest square in the middle.
    """
    for _ in range(_ATTEMPTS):
        wanted = random.uniform(area, 1) * width * height
        aspect = random.uniform(3 / 4, 4 / 3)
        across, down = round(math.sqrt(wanted * aspect)), round(math.sqrt(wanted / aspect))
        if random.random() < 0.5:
            across, down = down, across
        if 0 < across <= width and 0 < down <= height:
            left = int(random.integers(0, width - across, endpoint=True))
            top = int(random.integers(0, height - down, endpoint=True))
            return left, top, left + across, top + down
    part = min(width, height)
    left, top = (width - part) // 2, (height - part) // 2
    return left, top, left + part, top + part
