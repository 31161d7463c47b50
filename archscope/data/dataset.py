"""What a dataset is: images and labels in memory, and where they came from."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from archscope.arch.quantities import CLASSES
from archscope.data.view import View

Images = npt.NDArray[np.uint8]
Labels = npt.NDArray[np.int64]
Channels = tuple[float, float, float]


@dataclass(frozen=True, eq=False)
class Split:
    """One part of a dataset: `images` (N, 3, H, W) uint8 and `labels` (N,) int64.

    Whitened images are float32 instead. Raises ValueError where shapes or types are others.
    """

    images: npt.NDArray[Any]
    labels: Labels

    def __post_init__(self) -> None:
        known = self.images.dtype in (np.uint8, np.float32)
        if not known or self.images.ndim != 4 or self.images.shape[1] != 3:
            found = f"{self.images.dtype} {self.images.shape}"
            raise ValueError(f"images must be uint8 of the shape (N, 3, H, W), not {found}")
        if self.labels.dtype != np.int64 or self.labels.shape != self.images.shape[:1]:
            found = f"{self.labels.dtype} {self.labels.shape}"
            raise ValueError(f"labels must be int64, one an image, not {found}")

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, indices: npt.NDArray[np.int64]) -> Split:
        """Return the images at `indices`."""
        return Split(self.images[indices], self.labels[indices])


@dataclass(frozen=True, eq=False)
class Files:
    """Images that stay on disk, of any size: `names` (N,) bytes below `root`, `labels` (N,) int64.

    Names are bytes in one array, as a million of them are handed to other processes.
    """

    root: Path
    names: npt.NDArray[np.bytes_]
    labels: Labels

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, indices: npt.NDArray[np.int64]) -> Files:
        """Return the images at `indices`."""
        return Files(self.root, self.names[indices], self.labels[indices])


Part: TypeAlias = Split | Files


@dataclass(frozen=True)
class LeftOut:
    """Files of an image folder that are not read: `why` ("ending in .txt"), how many, and one."""

    why: str
    files: int
    example: str


@dataclass(frozen=True)
class PartCount:
    """A part of an image folder: its images, and of how many classes they are."""

    images: int
    classes: int


@dataclass(frozen=True)
class Census:
    """What an image folder holds, as it is found before anything is trained.

    Attributes:
        parts: by the names of their folders, "train" first.
        untested: classes without test images, the first ten of them.
        untested_classes: how many there are.
        left_out: files that are not read, by reason.
        unread: folders of test images that are not read, as another one is.
        turned: images that are turned as their EXIF says.
        transparent: images that are laid on white.
        bytes: of all images.
        decoded: whether each was decoded; else the headers alone were read, as there are many.
    """

    parts: Mapping[str, PartCount]
    untested: tuple[str, ...]
    untested_classes: int
    left_out: tuple[LeftOut, ...]
    unread: tuple[str, ...]
    turned: int
    transparent: int
    bytes: int
    decoded: bool


@dataclass(frozen=True)
class DatasetInfo:
    """What a record of a run keeps of its data; JSON by `dataclasses.asdict`.

    `name` is the key ("cifar10"), `label` the name for titles ("CIFAR-10, unofficial copy"),
    `folder` the folder of its files (None where it is made in memory), `fingerprint` the SHA-256
    of the content ("sha256:..."), `official` whether the files are the published ones.
    """

    name: str
    label: str
    folder: str | None
    classes: Annotated[int, CLASSES]
    fingerprint: str
    official: bool


@dataclass(frozen=True, eq=False)
class Dataset:
    """A dataset as a run uses it; `mean` and `std` are per channel (R, G, B), in pixel units.

    Attributes:
        info: what it is.
        train, test: images in memory, or files.
        mean, std: what is taken off a pixel (0..255), and what the rest is divided by.
        view: the choices that were made.
        validation: training images that were set aside, or None.
        census: what an image folder holds; None of other data.
        listed: ascending labels of `view.test_classes`, or None. The test error then has two:
            among all classes, and among these alone (ResNeXt paper, Table 6: 5K-way and 1K-way).
        test_part: the test images that epochs before the last are judged on, or None: all.
    """

    info: DatasetInfo
    train: Part
    test: Part
    mean: Channels
    std: Channels
    view: View = field(default_factory=View)
    validation: Part | None = None
    listed: Labels | None = None
    test_part: Part | None = None
    census: Census | None = None


class ImageSet(Protocol):
    """What a file of `archscope.data.sets` gives, whose images are held in memory.

    `prepare` finds the files of one of its `NAMES` in a folder (in the usual places, where that is
    None), or brings them, and says what they are; `label` replaces the name in titles. `read` gives
    what trains, what tests, mean and standard deviation. Both raise DataError, in one sentence, for
    files that cannot be had or are damaged.
    """

    @property
    def NAMES(self) -> tuple[str, ...]:
        """The names of its datasets, as in `DatasetInfo.name`."""

    def prepare(
        self, name: str, data_dir: Path | None, *, offline: bool, label: str | None, progress: bool
    ) -> DatasetInfo:
        """Say what a dataset is, as `archscope.data.load.prepare` does."""

    def read(self, info: DatasetInfo) -> tuple[Split, Split, Channels, Channels]:
        """Give what trains, what tests, mean and standard deviation."""


def fingerprint(train: Split, test: Split) -> str:
    """Return "sha256:..." of the content: images, labels and their order, not the file layout.

    The same images in the binary and in the python layout have the same fingerprint.
    """
    digest = hashlib.sha256()
    for split in (train, test):
        digest.update(repr(split.images.shape).encode())
        digest.update(np.ascontiguousarray(split.images).data)
        digest.update(split.labels.astype("<i8").tobytes())
    return f"sha256:{digest.hexdigest()}"
