"""Readers of the CIFAR sets, in both official layouts.

binary: records of one label byte (CIFAR-100: coarse, then fine) and 3,072 pixel bytes, as planes
R, G, B of 32 rows. python: pickled dictionaries of "data" (N, 3072) uint8 and a list of labels.
Nothing is taken on trust: sizes, counts and labels are checked before an image is used.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from archscope.data.dataset import Images, Labels, Split
from archscope.data.fetch.catalogue import PIXELS, Cifar, File, Layout
from archscope.data.sets.unpickle import Refused, read_plain
from archscope.errors import DataError
from archscope.files import read as read_file

_MEND = "delete its folder to have it downloaded again, or name another one with --data-dir"
_LARGEST_PICKLE = 2**28
# A file's bytes -> pixels (records, 3072) uint8 and its label columns (fields, records) int64.
_Decoded = tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]


def read(dataset: Cifar, layout: Layout, folder: Path) -> tuple[Split, Split, bool]:
    """Read a folder; return the training split, the test split, and whether all is official.

    Official means that every file has its published checksum. Raises DataError, in one sentence,
    for a file that is missing, truncated, of another size, mislabelled or unsafe to unpickle.
    """
    train, train_official = _read_split(dataset, layout, folder, layout.train)
    test, test_official = _read_split(dataset, layout, folder, layout.test)
    return train, test, train_official and test_official


def _read_split(
    dataset: Cifar, layout: Layout, folder: Path, files: tuple[File, ...]
) -> tuple[Split, bool]:
    decode: Callable[[Cifar, File, Path, bytes], _Decoded] = (
        _decode_binary if layout.kind == "binary" else _decode_python
    )
    total = sum(file.records for file in files)
    images: Images = np.empty((total, 3, 32, 32), dtype=np.uint8)
    labels: Labels = np.empty(total, dtype=np.int64)
    official, start = True, 0
    for file in files:
        path = folder / file.name
        content = _content(dataset, layout, file, path)
        digest = hashlib.new(layout.algorithm, content, usedforsecurity=False).hexdigest()
        official = official and digest == file.checksum
        pixels, fields = decode(dataset, file, path, content)
        _check_labels(dataset, path, fields)
        stop = start + file.records
        images[start:stop] = pixels.reshape(-1, 3, 32, 32)
        labels[start:stop] = fields[-1]
        start = stop
    return Split(images, labels), official


def _content(dataset: Cifar, layout: Layout, file: File, path: Path) -> bytes:
    """Read a file whole, after a look at its size."""
    try:
        size = path.stat().st_size
        record = len(dataset.label_names) + PIXELS
        if layout.kind == "binary" and size != file.records * record:
            raise DataError(
                f"{path} has {size:,} bytes, but this file of {dataset.title} holds "
                f"{file.records:,} records of {record:,} bytes ({file.records * record:,}): it is "
                f"truncated or something else; {_MEND}"
            )
        if size > _LARGEST_PICKLE:
            raise DataError(
                f"{path} has {size:,} bytes, far more than any file of {dataset.title}; {_MEND}"
            )
        return read_file(path, most=_LARGEST_PICKLE)
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}); {_MEND}") from error


def _decode_binary(dataset: Cifar, file: File, path: Path, content: bytes) -> _Decoded:
    fields = len(dataset.label_names)
    records = np.frombuffer(content, dtype=np.uint8).reshape(file.records, fields + PIXELS)
    return records[:, fields:], records[:, :fields].T.astype(np.int64)


def _decode_python(dataset: Cifar, file: File, path: Path, content: bytes) -> _Decoded:
    try:
        document = read_plain(content)
    except Refused as refusal:
        raise DataError(
            f"{path} is not a batch of {dataset.title} ({refusal}): a batch is a pickle of arrays, "
            f"text and containers only; {_MEND}"
        ) from refusal
    pixels = _entry(document, "data")
    if not isinstance(pixels, np.ndarray) or pixels.dtype != np.uint8:
        pixels = np.empty((0, 0), dtype=np.uint8)
    if pixels.shape != (file.records, PIXELS):
        raise DataError(
            f'{path} has no entry "data" of {file.records:,} x {PIXELS:,} bytes, as this file of '
            f"{dataset.title} must: it is truncated or something else; {_MEND}"
        )
    columns = [_label_column(dataset, file, path, document, name) for name in dataset.label_names]
    return pixels, np.stack(columns)


def _label_column(dataset: Cifar, file: File, path: Path, document: Any, name: str) -> Labels:
    found = _entry(document, name)
    if isinstance(found, list) and all(type(label) is int for label in found):
        # Labels are bytes in the other layout: clip, so that any integer fits and fails the check.
        found = np.array([min(max(label, -1), 256) for label in found], dtype=np.int64)
    if (
        not isinstance(found, np.ndarray)
        or found.dtype.kind not in "iu"
        or found.shape != (file.records,)
    ):
        raise DataError(
            f'{path} has no entry "{name}" of {file.records:,} whole numbers, as this file of '
            f"{dataset.title} must: it is truncated or something else; {_MEND}"
        )
    return found.astype(np.int64)


def _entry(document: Any, name: str) -> Any:
    """Return an entry of a batch; the official files, written by Python 2, have bytes as keys."""
    if not isinstance(document, dict):
        return None
    return document.get(name.encode(), document.get(name))


def _check_labels(dataset: Cifar, path: Path, fields: npt.NDArray[np.int64]) -> None:
    for name, count, labels in zip(dataset.label_names, dataset.label_counts, fields, strict=True):
        wrong = np.flatnonzero((labels < 0) | (labels >= count))
        if len(wrong):
            raise DataError(
                f"{path} gives image {wrong[0]:,} the label {labels[wrong[0]]}, but the {name} of "
                f"{dataset.title} are 0 to {count - 1}: it is damaged or something else; {_MEND}"
            )
