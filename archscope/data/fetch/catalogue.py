"""The published facts of the CIFAR sets: their files, sizes, checksums, servers."""

from __future__ import annotations

from dataclasses import dataclass

from archscope.data.dataset import Channels

PIXELS = 3 * 32 * 32


@dataclass(frozen=True)
class File:
    """A file of a layout: its name, how many images it holds, the checksum of the official one."""

    name: str
    records: int
    checksum: str


@dataclass(frozen=True)
class Layout:
    """One of the two official layouts: the archive, the folder in it, and the folder's files.

    `kind` is "binary" or "python"; `archive_md5` is the one on the official page; `algorithm` is
    the one of the files' checksums.
    """

    kind: str
    archive: str
    archive_md5: str
    folder: str
    algorithm: str
    train: tuple[File, ...]
    test: tuple[File, ...]

    @property
    def files(self) -> tuple[File, ...]:
        """All files that hold images: training, then test."""
        return self.train + self.test


@dataclass(frozen=True)
class Cifar:
    """A CIFAR set. `label_names` are the label fields of a record; the last is the class."""

    name: str
    title: str
    label_names: tuple[str, ...]
    label_counts: tuple[int, ...]
    layouts: tuple[Layout, ...]
    mean: Channels
    std: Channels

    @property
    def classes(self) -> int:
        """How many classes the labels have: the fine ones of CIFAR-100."""
        return self.label_counts[-1]


# The sources of the checksums: archives, https://www.cs.toronto.edu/~kriz/cifar.html (MD5); files
# of the python layout, torchvision/datasets/cifar.py (MD5); files of the binary layout, Apache
# MXNet's python/mxnet/gluon/data/vision/datasets.py (SHA-1).
_CIFAR10_BINARY = Layout(
    kind="binary",
    archive="cifar-10-binary.tar.gz",
    archive_md5="c32a1d4ab5d03f1284b67883e8d87530",
    folder="cifar-10-batches-bin",
    algorithm="sha1",
    train=(
        File("data_batch_1.bin", 10_000, "aadd24acce27caa71bf4b10992e9e7b2d74c2540"),
        File("data_batch_2.bin", 10_000, "c0ba65cce70568cd57b4e03e9ac8d2a5367c1795"),
        File("data_batch_3.bin", 10_000, "1dd00a74ab1d17a6e7d73e185b69dbf31242f295"),
        File("data_batch_4.bin", 10_000, "aab85764eb3584312d3c7f65fd2fd016e36a258e"),
        File("data_batch_5.bin", 10_000, "26e2849e66a845b7f1e4614ae70f4889ae604628"),
    ),
    test=(File("test_batch.bin", 10_000, "67eb016db431130d61cd03c7ad570b013799c88c"),),
)
_CIFAR10_PYTHON = Layout(
    kind="python",
    archive="cifar-10-python.tar.gz",
    archive_md5="c58f30108f718f92721af3b95e74349a",
    folder="cifar-10-batches-py",
    algorithm="md5",
    train=(
        File("data_batch_1", 10_000, "c99cafc152244af753f735de768cd75f"),
        File("data_batch_2", 10_000, "d4bba439e000b95fd0a9bffe97cbabec"),
        File("data_batch_3", 10_000, "54ebc095f3ab1f0389bbae665268c751"),
        File("data_batch_4", 10_000, "634d18415352ddfa80567beed471001a"),
        File("data_batch_5", 10_000, "482c414d41f54cd18b22e5b47cb7c3cb"),
    ),
    test=(File("test_batch", 10_000, "40351d587109b95175f43aff81a1287e"),),
)
_CIFAR100_BINARY = Layout(
    kind="binary",
    archive="cifar-100-binary.tar.gz",
    archive_md5="03b5dce01913d631647c71ecec9e9cb8",
    folder="cifar-100-binary",
    algorithm="sha1",
    train=(File("train.bin", 50_000, "e207cd2e05b73b1393c74c7f5e7bea451d63e08e"),),
    test=(File("test.bin", 10_000, "8fb6623e830365ff53cf14adec797474f5478006"),),
)
_CIFAR100_PYTHON = Layout(
    kind="python",
    archive="cifar-100-python.tar.gz",
    archive_md5="eb9058c3a382ffc7106e4002c42a8d85",
    folder="cifar-100-python",
    algorithm="md5",
    train=(File("train", 50_000, "16019d7e3df5f24257cddd939b257f8d"),),
    test=(File("test", 10_000, "f0ef6b0ae62326f3e7ffdfab6717acfc"),),
)

# Mean and standard deviation: the ResNeXt authors' program (datasets/cifar10.lua, cifar100.lua).
CATALOGUE: dict[str, Cifar] = {
    "cifar10": Cifar(
        name="cifar10",
        title="CIFAR-10",
        label_names=("labels",),
        label_counts=(10,),
        layouts=(_CIFAR10_BINARY, _CIFAR10_PYTHON),
        mean=(125.3, 123.0, 113.9),
        std=(63.0, 62.1, 66.7),
    ),
    "cifar100": Cifar(
        name="cifar100",
        title="CIFAR-100",
        label_names=("coarse_labels", "fine_labels"),
        label_counts=(20, 100),
        layouts=(_CIFAR100_BINARY, _CIFAR100_PYTHON),
        mean=(129.3, 124.1, 112.4),
        std=(68.2, 65.4, 70.4),
    ),
}
