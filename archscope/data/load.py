"""A dataset's name -> what it is (`prepare`), and its images in memory (`load`)."""

from __future__ import annotations

import os
from pathlib import Path

from archscope.data import cifar, locate, shapes
from archscope.data.catalogue import CATALOGUE, Cifar
from archscope.data.dataset import Dataset, DatasetInfo, Split, fingerprint
from archscope.data.samples import subset
from archscope.errors import DataError, UsageError

DATASETS: tuple[str, ...] = (*CATALOGUE, shapes.NAME)
"""The names of the datasets: "cifar10", "cifar100", "shapes"."""


def prepare(
    name: str,
    *,
    data_dir: str | os.PathLike[str] | None = None,
    offline: bool = False,
    label: str | None = None,
    progress: bool = True,
) -> DatasetInfo:
    """Find a dataset, download it where it is not there, check it, and say what it is.

    A `data_dir` is the only place where CIFAR is looked for, and where it is downloaded to; without
    one see `archscope.data.locate`. `offline` never touches the network. `label` replaces the name
    in titles. `progress` shows a download on stderr. `shapes` is made in memory and ignores all but
    `label`.

    Raises UsageError for an unknown name; DataError where the data cannot be had or are damaged.
    """
    if name == shapes.NAME:
        train, test = shapes.make()
        print_of = fingerprint(train, test)
        return DatasetInfo(name, label or shapes.TITLE, None, shapes.CLASSES, print_of, True)
    dataset = _known(name)
    found = _obtain(dataset, data_dir, offline, progress)
    train, test, official = cifar.read(dataset, found.layout, found.folder)
    return DatasetInfo(
        name=name,
        label=label or (dataset.title if official else f"{dataset.title}, unofficial copy"),
        folder=str(found.folder),
        classes=dataset.classes,
        fingerprint=fingerprint(train, test),
        official=official,
    )


def load(info: DatasetInfo, *, samples: int | None = None) -> Dataset:
    """Read a prepared dataset; with `samples`, that many training images, balanced over classes.

    Raises DataError where the data are gone or are no longer those of `info`; UsageError where
    there are fewer images than `samples`.
    """
    if info.name == shapes.NAME:
        train, test = shapes.make()
        mean, std = shapes.MEAN, shapes.STD
    else:
        dataset = _known(info.name)
        train, test = _read(dataset, info)
        mean, std = dataset.mean, dataset.std
    if fingerprint(train, test) != info.fingerprint:
        where = f"the files in {info.folder}" if info.folder else "the images made here"
        raise DataError(
            f"{info.label} was prepared with other images than {where} now are (their fingerprints "
            "differ): bring the old data back, or start anew in another output folder"
        )
    if samples is not None:
        train = subset(train, samples, info.classes)
    return Dataset(info, train, test, mean, std)


def _known(name: str) -> Cifar:
    if name not in CATALOGUE:
        raise UsageError(
            f'the dataset "{name}" was asked for, but only {", ".join(DATASETS)} are known: '
            "give one of these"
        )
    return CATALOGUE[name]


def _read(dataset: Cifar, info: DatasetInfo) -> tuple[Split, Split]:
    folder = Path(info.folder or "")
    found = locate.find(dataset, folder) if info.folder else None
    if found is None:
        raise DataError(
            f"{info.label} was prepared in {folder}, but it is no longer there: bring it back, or "
            "name its new folder with --data-dir"
        )
    train, test, _ = cifar.read(dataset, found.layout, found.folder)
    return train, test


def _obtain(
    dataset: Cifar, data_dir: str | os.PathLike[str] | None, offline: bool, progress: bool
) -> locate.Found:
    """Find the dataset, or else its archive and extract it, or else download that first."""
    named = None if data_dir is None else _folder(dataset, Path(data_dir).expanduser())
    found = locate.find(dataset, named)
    if found is None and offline and not locate.find_archives(dataset, named):
        raise DataError(_not_found(dataset, named))
    return found or _extracted(dataset, named, offline, progress)


def _extracted(dataset: Cifar, named: Path | None, offline: bool, progress: bool) -> locate.Found:
    from archscope.data import archive, download  # heavy, and seldom needed

    into = locate.store() if named is None else named
    with download.alone(into, dataset.name):
        found = locate.find(dataset, named)  # another process may have brought it meanwhile
        if found is not None:
            return found
        for layout, path in locate.find_archives(dataset, named):
            if download.is_published(layout, path):
                return locate.Found(layout, archive.extract(dataset, layout, path, into))
            if named is not None:
                raise DataError(
                    f"{path} is not the published archive of {dataset.title}, whose MD5 is "
                    f"{layout.archive_md5} (it is truncated or something else): delete it to have "
                    "it downloaded again"
                )
        if offline:
            raise DataError(_not_found(dataset, named))
        layout = dataset.layouts[0]
        path = download.fetch(dataset, layout, into, progress=progress)
        folder = archive.extract(dataset, layout, path, into)
        path.unlink()
        return locate.Found(layout, folder)


def _folder(dataset: Cifar, named: Path) -> Path:
    """Return the folder that the user means: that of an archive, where one is named."""
    if not named.is_file():
        return named
    if named.name in [layout.archive for layout in dataset.layouts]:
        return named.parent
    raise DataError(
        f"{named} was named as the folder of {dataset.title}, but it is a file: name the folder "
        f"that holds {dataset.layouts[0].folder}"
    )


def _not_found(dataset: Cifar, named: Path | None) -> str:
    places = locate.usual_places() if named is None else [named]
    layout = dataset.layouts[0]
    return (
        f"{dataset.title} is in none of {', '.join(map(str, places))}, and --offline forbids to "
        f"download it: put the folder {layout.folder} or the archive {layout.archive} into one of "
        "them, name its place with --data-dir, or leave out --offline"
    )
