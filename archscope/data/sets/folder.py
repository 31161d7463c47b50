"""Image folders, laid out as ImageNet usually is: a folder for each class.

    DIR/train/n01440764/*.JPEG
    DIR/val/n01440764/*.JPEG         (or DIR/test/...)

The classes are the folders of `train`, in alphabetical order. Images stay on disk, and are read by
processes of their own while the network trains (`archscope.data.batches.files`). The fingerprint
is that of the files' names and sizes: to read 140 GB only to know them would take hours. To list
them takes about 20 seconds a million, in the command and once in each process that trains.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import numpy as np

from archscope.data.dataset import Channels, DatasetInfo, Files
from archscope.errors import DataError, UsageError
from archscope.files import read_text, reading

NAME = "folder"
ENDINGS = (".jpeg", ".jpg", ".png", ".webp", ".bmp")
# The ResNeXt authors' program (datasets/imagenet.lua), in pixel units.
MEAN: Channels = (0.485 * 255, 0.456 * 255, 0.406 * 255)
STD: Channels = (0.229 * 255, 0.224 * 255, 0.225 * 255)
_TESTS = ("val", "test")


def prepare(data_dir: str | os.PathLike[str] | None, label: str | None) -> DatasetInfo:
    """Look through an image folder, and say what it is.

    Raises UsageError where none is named or Pillow is missing, DataError where it is not laid out
    as above: no such folder, no class, a class without images.
    """
    if data_dir is None:
        raise UsageError(
            "the dataset folder needs the folder of its images: give --dataset folder:DIR, "
            "where DIR holds train/CLASS/*.jpg and val/CLASS/*.jpg"
        )
    _require_pillow()
    root = Path(data_dir).expanduser().resolve()
    names, _, _, mark = _read(root)
    if len(names) < 2:
        raise DataError(
            f"{root} has images of one class only ({names[0]}): there must be two or more"
        )
    label = label or f"{root.name} (image folder)"
    return DatasetInfo(NAME, label, str(root), len(names), mark, official=False)


def read(info: DatasetInfo) -> tuple[Files, Files, list[str]]:
    """Return what trains, what tests, and the names of the classes, in the order of their labels.

    Raises DataError where the files are no longer those of `info`.
    """
    _require_pillow()
    root = Path(info.folder or "")
    names, train, test, mark = _read(root)
    if mark != info.fingerprint:
        raise DataError(
            f"{info.label} was prepared with other files than {root} now has (names or sizes "
            "differ): bring the old ones back, or start anew in another output folder"
        )
    return train, test, names


def only(test: Files, names: list[str], listed: tuple[str, ...]) -> tuple[Files, list[int]]:
    """Return the test images of the `listed` classes, and these classes' labels, ascending.

    Raises UsageError for a class that is not there.
    """
    labels = {name: label for label, name in enumerate(names)}
    if unknown := [name for name in listed if name not in labels]:
        raise UsageError(
            f"the test classes name {unknown[0]!r}, but train has no such class: name the folders "
            "of train, one a line"
        )
    chosen = sorted({labels[name] for name in listed})
    kept = test.take(np.flatnonzero(np.isin(test.labels, chosen)))
    if missing := sorted(set(chosen) - set(kept.labels.tolist())):
        raise UsageError(
            f"the test classes name {names[missing[0]]}, but there is no test image of it: leave "
            "it out"
        )
    return kept, chosen


def class_list(file: Path) -> tuple[str, ...]:
    """Read a list of classes, one a line; what follows a space is a remark.

    Raises UsageError where it cannot be read or is empty.
    """
    fix = "name a text file of a class a line"
    with reading(file, fix, error=UsageError, what="the list of test classes "):
        lines = read_text(file, pipes=True).splitlines()
    listed = tuple(dict.fromkeys(line.split()[0] for line in lines if line.split()))
    if not listed:
        raise UsageError(f"the list of test classes {file} is empty: write a class on each line")
    return listed


def _read(root: Path) -> tuple[list[str], Files, Files, str]:
    """Return the classes, what trains, what tests, and the fingerprint."""
    judged = next((root / name for name in _TESTS if (root / name).is_dir()), None)
    if not (root / "train").is_dir() or judged is None:
        raise DataError(
            f"an image folder holds train/CLASS/*.jpg and val/CLASS/*.jpg, but {root} has no "
            "train, or neither val nor test: name another, or add them"
        )
    names = _classes(root / "train")
    digest = hashlib.sha256(repr(names).encode("utf-8", "surrogateescape"))
    train = _files(root, root / "train", names, names, digest)
    test = _files(root, judged, names, _classes(judged), digest)
    return names, train, test, f"sha256:{digest.hexdigest()}"


def _classes(folder: Path) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            found = sorted(e.name for e in entries if e.is_dir() and not e.name.startswith("."))
    except OSError as error:
        raise DataError(
            f"{folder} cannot be read ({error.strerror}): allow it, or name another folder"
        ) from error
    if not found:
        raise DataError(f"{folder} has no folder of a class: it must hold CLASS/*.jpg")
    return found


def _files(
    root: Path, part: Path, names: list[str], there: list[str], digest: hashlib._Hash
) -> Files:
    """List the images of a part; each one's name and size goes into the digest."""
    labels = {name: label for label, name in enumerate(names)}
    if unknown := [name for name in there if name not in labels]:
        raise DataError(
            f"{part / unknown[0]} is a class that {root / 'train'} lacks: add it there, or "
            "remove it here"
        )
    found: list[bytes] = []
    of: list[int] = []
    for name in there:
        images = _images(part / name)
        digest.update(repr([part.name, name, images]).encode("utf-8", "surrogateescape"))
        found += [os.fsencode(f"{part.name}/{name}/{image}") for image, _ in images]
        of += [labels[name]] * len(images)
    return Files(root, np.array(found), np.array(of, dtype=np.int64))


def _images(folder: Path) -> list[tuple[str, int]]:
    """Return name and size of each image in the folder of a class, by name."""
    try:
        with os.scandir(folder) as entries:
            found = sorted(
                (entry.name, entry.stat().st_size)
                for entry in entries
                if entry.name.lower().endswith(ENDINGS) and not entry.name.startswith(".")
            )
    except OSError as error:
        raise DataError(
            f"{folder} cannot be read ({error.strerror}): allow it, or remove it"
        ) from error
    if not found:
        raise DataError(
            f"{folder} is the folder of a class, but it holds no image ({', '.join(ENDINGS)}): "
            "fill it, or remove it"
        )
    if empty := [name for name, size in found if size == 0]:
        raise DataError(f"{folder / empty[0]} is an empty file: replace it, or remove it")
    return found


def _require_pillow() -> None:
    try:
        import PIL.Image  # noqa: F401
    except ImportError:
        raise UsageError(
            "reading image folders needs Pillow, which is not installed; run pip install "
            "'archscope[images]'"
        ) from None
