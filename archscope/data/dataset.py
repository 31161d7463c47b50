"""What a dataset is: images and labels in memory, and where they came from."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Images = npt.NDArray[np.uint8]
Labels = npt.NDArray[np.int64]
Channels = tuple[float, float, float]


@dataclass(frozen=True, eq=False)
class Split:
    """One half of a dataset: `images` (N, 3, H, W) uint8 and `labels` (N,) int64.

    Raises ValueError where shapes or types are others.
    """

    images: Images
    labels: Labels

    def __post_init__(self) -> None:
        if self.images.dtype != np.uint8 or self.images.ndim != 4 or self.images.shape[1] != 3:
            found = f"{self.images.dtype} {self.images.shape}"
            raise ValueError(f"images must be uint8 of the shape (N, 3, H, W), not {found}")
        if self.labels.dtype != np.int64 or self.labels.shape != self.images.shape[:1]:
            found = f"{self.labels.dtype} {self.labels.shape}"
            raise ValueError(f"labels must be int64, one an image, not {found}")

    def __len__(self) -> int:
        return len(self.labels)


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
    classes: int
    fingerprint: str
    official: bool


@dataclass(frozen=True, eq=False)
class Dataset:
    """A dataset in memory; `mean` and `std` are per channel (R, G, B), in pixel units (0..255)."""

    info: DatasetInfo
    train: Split
    test: Split
    mean: Channels
    std: Channels


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
