"""A dataset's name -> what it is (`prepare`), and its images in memory (`load`)."""

from __future__ import annotations

import os
from dataclasses import replace

import numpy as np

from archscope.data.batches.samples import split_off, subset
from archscope.data.dataset import (
    Dataset,
    DatasetInfo,
    Files,
    ImageSet,
    Part,
    Split,
    fingerprint,
)
from archscope.data.sets import cifar, folder, shapes, svhn
from archscope.data.view import View
from archscope.errors import DataError, UsageError, plural
from archscope.files import at_home, reading

_IN_MEMORY: tuple[ImageSet, ...] = (cifar, svhn, shapes)  # a dataset more: its module here
DATASETS: tuple[str, ...] = (*(name for one in _IN_MEMORY for name in one.NAMES), folder.NAME)
"""The names of the datasets: "cifar10", ..., "shapes", and "folder" for images in folders."""


def prepare(
    name: str,
    *,
    data_dir: str | os.PathLike[str] | None = None,
    offline: bool = False,
    label: str | None = None,
    progress: bool = True,
) -> DatasetInfo:
    """Find a dataset, download it where it is not there, check it, and say what it is.

    A `data_dir` is the only place where files are looked for, and where they are downloaded to;
    without one see `archscope.data.fetch.locate`. `offline` never touches the network. `label`
    replaces the name in titles. `progress` shows a download on stderr. `shapes` is made in memory
    and ignores all but `label`; "folder" is the images in `data_dir`, which are never downloaded.

    Raises UsageError for an unknown name; DataError where the data cannot be had or are damaged.
    """
    place = "a usual place" if data_dir is None else os.fspath(data_dir)
    with reading(place, "name another folder, or allow it", error=DataError):
        if name == folder.NAME:
            return folder.prepare(data_dir, label, progress=progress)
        one, named = _set_of(name), None if data_dir is None else at_home(data_dir)
        return one.prepare(name, named, offline=offline, label=label, progress=progress)


def known_as(info: DatasetInfo, before: DatasetInfo) -> DatasetInfo:
    """`info` as an earlier record `before` knows it, where that was made in another way.

    Raises DataError where trainings on it cannot go on as they began.
    """
    return folder.known_as(info, before) if info.name == before.name == folder.NAME else info


def load(info: DatasetInfo, view: View | None = None) -> Dataset:
    """Read a prepared dataset, and make of it what `view` says; whitening is fitted to what trains.

    Raises DataError where the data are gone or are no longer those of `info`; UsageError where
    there are fewer images than the view asks for, or it cannot be had of these data.
    """
    view = view or View()
    check_view(info, view)
    if info.name == folder.NAME:
        return _with_test_part(_load_files(info, view))
    images, test, mean, std = _set_of(info.name).read(info)
    if fingerprint(images, test) != info.fingerprint:
        where = f"the files in {info.folder}" if info.folder else "the images made here"
        raise DataError(
            f"{info.label} was prepared with other images than {where} now are (their fingerprints "
            "differ): bring the old data back, or start anew in another output folder"
        )
    train, validation = _cut(images, view, info.classes)
    made = Dataset(info, train, test, mean, std, view, validation)
    return _with_test_part(_whitened(made) if view.whiten else made)


def check_view(info: DatasetInfo, view: View) -> None:
    """Raise UsageError where these data cannot have a view, without reading them."""
    files = info.name == folder.NAME
    if files and view.whiten:
        raise UsageError(
            f"only images of one size in memory can be whitened, not {info.label}: leave out whiten"
        )
    if not files and (view.test_crop or view.test_classes):
        raise UsageError(
            f"only image folders have test crops and test classes, not {info.label}: leave them out"
        )


def _set_of(name: str) -> ImageSet:
    for one in _IN_MEMORY:
        if name in one.NAMES:
            return one
    raise UsageError(
        f'the datasets are {", ".join(DATASETS)}, not "{name}": give one of these '
        "(folder:DIR for images in folders)"
    )


def _load_files(info: DatasetInfo, view: View) -> Dataset:
    data, names = folder.read(info)
    train, validation = _cut(data.train, view, info.classes)
    data = replace(data, train=train, view=view, validation=validation)
    if view.test_classes and isinstance(data.test, Files):
        test, chosen = folder.only(data.test, names, view.test_classes)
        data = replace(data, test=test, listed=np.array(chosen, dtype=np.int64))
    return data


def _cut(train: Part, view: View, classes: int) -> tuple[Part, Part | None]:
    """Return the training images that are used, and those that were set aside."""
    validation: Part | None = None
    if view.holdout:
        train, validation = split_off(train, view.holdout, classes)
    return (subset(train, view.samples, classes) if view.samples else train), validation


def _with_test_part(data: Dataset) -> Dataset:
    """The data with the test images that epochs before the last are judged on."""
    number = data.view.test_samples
    if number is None:
        return data
    if number > len(data.test):
        raise UsageError(
            f"{data.info.label} has {plural(len(data.test), 'test image')}, not {number:,}: give "
            "fewer test samples"
        )
    return replace(data, test_part=subset(data.test, number, data.info.classes))


def _whitened(data: Dataset) -> Dataset:
    from archscope.data.batches import whiten

    parts = [data.train, data.test, *([data.validation] if data.validation else [])]
    images = [part for part in parts if isinstance(part, Split)]
    train, *others = whiten.zca(images[0], images[1:])
    validation = others[1] if data.validation else None
    return replace(
        data, train=train, test=others[0], validation=validation, mean=whiten.MEAN, std=whiten.STD
    )
