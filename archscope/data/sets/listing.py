"""The files of an image folder: which are images of which class, and which are left out.

    DIR/train/CLASS/**/*.jpg    images of a class, also in folders within its own
    DIR/val/CLASS/**/*.jpg      or DIR/test, where there is no val

Left out, and told by number and example: files of other endings, hidden ones, and what lies beside
the classes' folders. A link is what it leads to.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from archscope.data.batches.pictures import ENDINGS
from archscope.data.dataset import Files, LeftOut
from archscope.errors import DataError
from archscope.files import NotRegular, reason

TESTS = ("val", "test")


@dataclass(frozen=True, eq=False)
class Listed:
    """Images in the order of their classes, then of their names.

    Attributes:
        files: their names and labels.
        sizes: bytes, int64 (N,).
        times: when content and node changed last, nanoseconds, int64 (N, 2).
    """

    files: Files
    sizes: npt.NDArray[np.int64]
    times: npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Listing:
    """An image folder: the classes in the order of their labels, and the images of both parts.

    `test_part` is the folder that tests ("val" or "test"), `unread` the other, where it is there.
    """

    classes: list[str]
    train: Listed
    test: Listed
    left_out: tuple[LeftOut, ...]
    test_part: str
    unread: tuple[str, ...] = ()


class _Found(NamedTuple):
    name: str
    size: int
    changed: int
    touched: int


@dataclass
class _Left:
    """What is left out, by reason: number and first example."""

    seen: dict[str, tuple[int, str]] = field(default_factory=dict)

    def add(self, why: str, example: str) -> None:
        number, first = self.seen.get(why, (0, example))
        self.seen[why] = number + 1, first

    def all(self) -> tuple[LeftOut, ...]:
        ordered = sorted(self.seen.items(), key=lambda one: (-one[1][0], one[0]))
        return tuple(LeftOut(why, number, example) for why, (number, example) in ordered)


def listed(root: Path) -> Listing:
    """List an image folder.

    Raises DataError where it is not laid out as above: no class, a class without images or with an
    empty file, a link that leads nowhere.
    """
    there = [name for name in TESTS if (root / name).is_dir()]
    if not (root / "train").is_dir() or not there:
        raise DataError(
            f"an image folder holds train/CLASS/*.jpg and val/CLASS/*.jpg, but {root} has no "
            "train, or neither val nor test: name another, or add them"
        )
    left = _Left()
    classes = class_names(root / "train")
    train = _part(root, "train", classes, classes, left)
    test = _part(root, there[0], classes, class_names(root / there[0]), left)
    return Listing(classes, train, test, left.all(), there[0], tuple(there[1:]))


def class_names(part: Path) -> list[str]:
    """The classes of a part: its folders, in alphabetical order."""
    found = sorted(e.name for e in _entries(part) if e.is_dir() and not e.name.startswith("."))
    if not found:
        raise DataError(f"{part} has no folder of a class: it must hold CLASS/*.jpg")
    return found


def _part(root: Path, part: str, names: list[str], there: list[str], left: _Left) -> Listed:
    labels = {name: label for label, name in enumerate(names)}
    if unknown := [name for name in there if name not in labels]:
        raise DataError(
            f"{root / part / unknown[0]} is a class that {root / 'train'} lacks: add it there, or "
            "remove it here"
        )
    for entry in _entries(root / part):
        if not entry.is_dir():
            why = "hidden" if entry.name.startswith(".") else f"beside the classes of {part}"
            left.add(why, f"{part}/{entry.name}")
    found: list[_Found] = []
    of: list[int] = []
    for name in there:
        images = _images(root, f"{part}/{name}", left)
        found += images
        of += [labels[name]] * len(images)
    encoded = np.array([os.fsencode(image.name) for image in found])
    files = Files(root, encoded, np.array(of, dtype=np.int64))
    sizes = np.array([image.size for image in found], dtype=np.int64)
    times = np.array([(image.changed, image.touched) for image in found], dtype=np.int64)
    return Listed(files, sizes, times)


def _images(root: Path, place: str, left: _Left) -> list[_Found]:
    """The images of a class, by name."""
    others = _Left()
    found = sorted(_walk(root, place, others))
    if not found:
        has = "".join(f"; {one.files} {one.why}" for one in others.all())
        raise DataError(
            f"{root / place} is the folder of a class, but it holds no image that is read{has}: "
            "fill it, or remove it"
        )
    for why, (number, example) in others.seen.items():
        before, first = left.seen.get(why, (0, example))
        left.seen[why] = before + number, first
    return found


def _walk(root: Path, place: str, left: _Left) -> Iterator[_Found]:
    """The images below a folder, in no order."""
    pending = [(place, frozenset([_identity(root / place)]))]
    while pending:
        inside, around = pending.pop()
        for entry in _entries(root / inside):
            name = f"{inside}/{entry.name}"
            if entry.name.startswith("."):
                left.add("hidden", name)
            elif entry.is_dir():
                here = _identity(root / name)
                if here in around:
                    raise DataError(f"{root / name} is a link that runs in a circle: remove it")
                pending.append((name, around | {here}))
            elif (ending := Path(entry.name).suffix.lower()) in ENDINGS:
                yield _file(root, name, entry)
            else:
                left.add(f"ending in {ending}" if ending else "without an ending", name)


def _identity(folder: Path) -> tuple[int, int]:
    try:
        found = folder.stat()
    except OSError as error:
        raise _unreadable(folder, error) from None
    return found.st_dev, found.st_ino


def _file(root: Path, name: str, entry: os.DirEntry[str]) -> _Found:
    path = root / name
    try:
        found = entry.stat()
        if not stat.S_ISREG(found.st_mode):
            raise NotRegular(path, found.st_mode)
    except OSError as error:
        if isinstance(error, FileNotFoundError) and path.is_symlink():
            raise DataError(
                f"{path} is a link to {path.readlink()}, which is not there: bring that back, or "
                "remove the link"
            ) from None
        raise _unreadable(path, error) from None
    if not found.st_size:
        raise DataError(f"{path} is an empty file: replace it, or remove it")
    return _Found(name, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        raise _unreadable(folder, error) from None


def _unreadable(path: Path, error: OSError) -> DataError:
    return DataError(f"{path} cannot be read ({reason(error)}): allow it, or remove it")
