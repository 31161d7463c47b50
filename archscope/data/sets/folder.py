"""Image folders, laid out as ImageNet usually is: a folder for each class.

    DIR/train/n01440764/*.JPEG
    DIR/val/n01440764/*.JPEG         (or DIR/test/...)

The classes are the folders of `train`, in alphabetical order. Images stay on disk, and are read by
processes of their own while the network trains (`archscope.data.batches.files`). The fingerprint
is that of names, sizes and contents (`archscope.data.sets.contents` says how much of them, and
where it is kept that they were looked at). To list the files takes about 20 seconds a million, in
the command and once in each process that trains.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from itertools import groupby
from pathlib import Path

import numpy as np

from archscope.data.dataset import Census, Channels, Dataset, DatasetInfo, Files, PartCount
from archscope.data.sets.contents import TRANSPARENT, TURNED, Looked, look
from archscope.data.sets.listing import Listed, Listing, class_names, listed
from archscope.errors import DataError, UsageError
from archscope.files import at_home, read_text, reading

NAME = "folder"
# The ResNeXt authors' program (datasets/imagenet.lua), in pixel units.
MEAN: Channels = (0.485 * 255, 0.456 * 255, 0.406 * 255)
STD: Channels = (0.229 * 255, 0.224 * 255, 0.225 * 255)
_OLDER_ENDINGS = (".jpeg", ".jpg", ".png", ".webp", ".bmp")
_NAMED = 10  # classes without test images that a census names


def prepare(
    data_dir: str | os.PathLike[str] | None, label: str | None, *, progress: bool = False
) -> DatasetInfo:
    """Look through an image folder, and say what it is.

    Raises UsageError where none is named or Pillow is missing, DataError where it is not laid out
    as above (no such folder, no class, a class without images) or where images are damaged.
    """
    if data_dir is None:
        raise UsageError(
            "the dataset folder needs the folder of its images: give --dataset folder:DIR, "
            "where DIR holds train/CLASS/*.jpg and val/CLASS/*.jpg"
        )
    _require_pillow()
    root = at_home(data_dir).resolve()
    found = listed(root)
    if len(found.classes) < 2:
        raise DataError(
            f"{root} has images of one class only ({found.classes[0]}): there must be two or more"
        )
    mark = _fingerprint(found, look(_both(found), progress=progress))
    label = label or f"{root.name} (image folder)"
    return DatasetInfo(NAME, label, str(root), len(found.classes), mark, official=False)


def read(info: DatasetInfo) -> tuple[Dataset, list[str]]:
    """Return the images as they are, and the names of the classes in the order of their labels.

    Raises DataError where the files are no longer those of `info`.
    """
    _require_pillow()
    root = Path(info.folder or "")
    found = listed(root)
    looked = look(_both(found))
    older = not _newly_read(found) and info.fingerprint == _older_mark(found)
    if not older and info.fingerprint != _fingerprint(found, looked):
        raise DataError(
            f"{info.label} was prepared with other files than {root} now has (names, sizes or "
            "contents differ): bring the old ones back, or start anew in another output folder"
        )
    train, test = found.train.files, found.test.files
    data = Dataset(info, train, test, MEAN, STD, census=_census(found, looked))
    return data, found.classes


def known_as(info: DatasetInfo, before: DatasetInfo) -> DatasetInfo:
    """`info` under the mark that an older record has for it: of the files' names and sizes alone.

    Then the same trainings go on, as the images are the same and are read as they were. Raises
    DataError where some are not: that version turned none, showed what transparency hides, and read
    fewer files.
    """
    if info.fingerprint == before.fingerprint:
        return info
    found = listed(Path(info.folder or ""))
    if before.fingerprint != _older_mark(found):
        return info
    if new := _newly_read(found):
        did = f"left out {new[0]} (it read {', '.join(_OLDER_ENDINGS)}, and no deeper folders)"
    elif concerned := int(np.count_nonzero(look(_both(found)).facts)):
        did = f"read {concerned:,} of its images otherwise (EXIF orientation, transparency)"
    else:
        return replace(info, fingerprint=before.fingerprint)
    raise DataError(
        f"{before.label} was begun by a version that {did}: its report can be made, but to train, "
        "choose another --out"
    )


def only(test: Files, names: list[str], chosen: tuple[str, ...]) -> tuple[Files, list[int]]:
    """Return the test images of the `chosen` classes, and these classes' labels, ascending.

    Raises UsageError for a class that is not there.
    """
    labels = {name: label for label, name in enumerate(names)}
    if unknown := [name for name in chosen if name not in labels]:
        raise UsageError(
            f"the test classes name {unknown[0]!r}, but train has no such class: name the folders "
            "of train, one a line"
        )
    kept_labels = sorted({labels[name] for name in chosen})
    kept = test.take(np.flatnonzero(np.isin(test.labels, kept_labels)))
    if missing := sorted(set(kept_labels) - set(kept.labels.tolist())):
        raise UsageError(
            f"the test classes name {names[missing[0]]}, but there is no test image of it: leave "
            "it out"
        )
    return kept, kept_labels


def class_list(file: Path, data_dir: str | os.PathLike[str] | None = None) -> tuple[str, ...]:
    """Read a list of classes, one a line.

    A line is a class of the image folder `data_dir`, or else what stands before its first space is,
    and a remark follows: "n01440764 tench". Raises UsageError where it cannot be read or is empty.
    """
    fix = "name a text file of a class a line"
    with reading(file, fix, error=UsageError, what="the list of test classes "):
        lines = read_text(file, pipes=True).splitlines()
    train = None if data_dir is None else at_home(data_dir) / "train"
    classes = class_names(train) if train is not None and train.is_dir() else []
    whole = [line.strip() for line in lines if line.strip()]
    chosen = tuple(dict.fromkeys(n if n in classes else n.split()[0] for n in whole))
    if not chosen:
        raise UsageError(f"the list of test classes {file} is empty: write a class on each line")
    return chosen


def _both(found: Listing) -> Listed:
    """The images of both parts, those that train first."""
    train, test = found.train, found.test
    files = Files(
        train.files.root,
        np.concatenate([train.files.names, test.files.names]),
        np.concatenate([train.files.labels, test.files.labels]),
    )
    return Listed(
        files,
        np.concatenate([train.sizes, test.sizes]),
        np.concatenate([train.times, test.times]),
    )


def _fingerprint(found: Listing, looked: Looked) -> str:
    """The SHA-256 of classes, names, labels, sizes and marks, in this order."""
    both = _both(found)
    head = ["archscope image folder 2", found.classes, looked.whole]
    digest = hashlib.sha256(repr(head).encode("utf-8", "surrogateescape"))
    for column in (both.files.names, both.files.labels, both.sizes, looked.marks):
        digest.update(repr((column.dtype.str, column.shape)).encode())
        digest.update(column.tobytes())
    return f"sha256:{digest.hexdigest()}"


def _newly_read(found: Listing) -> list[str]:
    """Images that versions whose fingerprint had no contents did not read."""
    names = map(os.fsdecode, _both(found).files.names.tolist())
    return [name for name in names if not _was_read(name)]


def _was_read(name: str) -> bool:
    return name.count("/") == 2 and name.lower().endswith(_OLDER_ENDINGS)


def _older_mark(found: Listing) -> str:
    """The fingerprint as it was before it had contents: of names and sizes of what was read."""
    digest = hashlib.sha256(repr(found.classes).encode("utf-8", "surrogateescape"))
    for part, name in ((found.train, "train"), (found.test, found.test_part)):
        rows = zip(map(os.fsdecode, part.files.names.tolist()), part.sizes.tolist(), strict=True)
        read = [(path, size) for path, size in rows if _was_read(path)]
        for of_class, ours in groupby(read, lambda row: row[0].split("/")[1]):
            start = len(f"{name}/{of_class}/")
            images = [(path[start:], size) for path, size in ours]
            digest.update(repr([name, of_class, images]).encode("utf-8", "surrogateescape"))
    return f"sha256:{digest.hexdigest()}"


def _census(found: Listing, looked: Looked) -> Census:
    parts = {
        name: PartCount(len(part.sizes), len(np.unique(part.files.labels)))
        for name, part in (("train", found.train), (found.test_part, found.test))
    }
    tested = set(found.test.files.labels.tolist())
    untested = [name for label, name in enumerate(found.classes) if label not in tested]
    return Census(
        parts=parts,
        untested=tuple(untested[:_NAMED]),
        untested_classes=len(untested),
        left_out=found.left_out,
        unread=found.unread,
        turned=int(np.count_nonzero(looked.facts & TURNED)),
        transparent=int(np.count_nonzero(looked.facts & TRANSPARENT)),
        bytes=int(_both(found).sizes.sum()),
        decoded=looked.whole,
    )


def _require_pillow() -> None:
    try:
        import PIL.Image  # noqa: F401
    except ImportError:
        raise UsageError(
            "reading image folders needs Pillow, which is not installed; run pip install "
            "'archscope[images]'"
        ) from None
