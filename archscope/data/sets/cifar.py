"""CIFAR-10 and CIFAR-100: found on this machine, or brought here, in either official layout."""

from __future__ import annotations

import shlex
from pathlib import Path

from archscope.data.dataset import Channels, DatasetInfo, Split, fingerprint
from archscope.data.fetch import locate
from archscope.data.fetch.catalogue import CATALOGUE, Cifar
from archscope.data.sets import cifar_batches
from archscope.errors import DataError

NAMES = tuple(CATALOGUE)


def prepare(
    name: str, data_dir: Path | None, *, offline: bool, label: str | None, progress: bool
) -> DatasetInfo:
    """Find the files of a set, or else download them; read them, and say what they are.

    Raises DataError where the files cannot be had.
    """
    dataset = CATALOGUE[name]
    found = _obtain(dataset, data_dir, offline, progress)
    train, test, official = cifar_batches.read(dataset, found.layout, found.folder)
    return DatasetInfo(
        name=name,
        label=label or (dataset.title if official else f"{dataset.title}, unofficial copy"),
        folder=str(found.folder),
        classes=dataset.classes,
        fingerprint=fingerprint(train, test),
        official=official,
    )


def read(info: DatasetInfo) -> tuple[Split, Split, Channels, Channels]:
    """Return what trains, what tests, mean and standard deviation; DataError where it is gone."""
    dataset, folder = CATALOGUE[info.name], Path(info.folder or "")
    found = locate.find(dataset, folder) if info.folder else None
    if found is None:
        raise DataError(
            f"{info.label} was prepared in {folder}, but it is no longer there: bring it back, or "
            "name its new folder with --data-dir"
        )
    train, test, _ = cifar_batches.read(dataset, found.layout, found.folder)
    return train, test, dataset.mean, dataset.std


def _obtain(dataset: Cifar, data_dir: Path | None, offline: bool, progress: bool) -> locate.Found:
    """Find the dataset, or else its archive and extract it, or else download that first."""
    named = None if data_dir is None else _folder(dataset, data_dir)
    found = locate.find(dataset, named)
    if found is None and offline and not locate.find_archives(dataset, named):
        raise DataError(_not_found(dataset, named))
    return found or _extracted(dataset, named, offline, progress)


def _extracted(dataset: Cifar, named: Path | None, offline: bool, progress: bool) -> locate.Found:
    from archscope.data.fetch import archive, download

    into = locate.store() if named is None else named
    with download.alone(into, dataset.name):
        found = locate.find(dataset, named)  # another process may have brought it meanwhile
        if found is not None:
            return found
        for layout, path in locate.find_archives(dataset, named):
            if download.is_published(layout.archive_md5, path):
                return locate.Found(layout, archive.extract(dataset, layout, path, into))
            if named is not None:
                raise DataError(
                    f"{path} has another MD5 than the archive of {dataset.title} "
                    f"({layout.archive_md5}): delete it to have that downloaded, or, where you "
                    f"trust it, unpack it by hand: {_unpack(path, into)}"
                )
        if offline:
            raise DataError(_not_found(dataset, named))
        layout = dataset.layouts[0]
        archive_of = download.Remote(
            dataset.name, dataset.title, layout.archive, layout.archive_md5
        )
        path = download.fetch(archive_of, into, progress=progress)
        folder = archive.extract(dataset, layout, path, into)
        path.unlink()
        return locate.Found(layout, folder)


def _unpack(archive: Path, into: Path) -> str:
    """The command that unpacks an archive."""
    return shlex.join(["tar", "-xzf", str(archive), "-C", str(into)])


def _folder(dataset: Cifar, named: Path) -> Path:
    """Return the folder that the user means: that of an archive, where one is named."""
    if not named.is_file():
        return named
    if named.name in [layout.archive for layout in dataset.layouts]:
        return named.parent
    raise DataError(
        f"{named} is a file, not the folder of {dataset.title}: name the folder that holds "
        f"{dataset.layouts[0].folder}"
    )


def _not_found(dataset: Cifar, named: Path | None) -> str:
    places = locate.usual_places() if named is None else [named]
    layout = dataset.layouts[0]
    return (
        f"{dataset.title} is in none of {', '.join(map(str, places))}, and --offline forbids "
        f"the download: put the folder {layout.folder} or the archive {layout.archive} into "
        "one of them, name its place with --data-dir, or leave out --offline"
    )
