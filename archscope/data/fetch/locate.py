"""Where datasets are looked for, and where downloads go.

Without a folder of the user's: `$ARCHSCOPE_HOME` and its `data`, the user's cache (XDG on Linux)
and its `data`, then the places where torchvision and Keras users have them. A download goes into
`$ARCHSCOPE_HOME/data`, or else `data` in the cache.

With one (`--data-dir`): nowhere else. It may be the folder of the files, whatever its name, or a
parent that holds it, or a folder with the official archive in it. What is not there is downloaded
into it, as torchvision does.

A usual place that may not be read is passed over; a folder of the user's is told.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from archscope.data.fetch.catalogue import Cifar, Layout
from archscope.errors import DataError
from archscope.files import at_home, may_be_read


@dataclass(frozen=True)
class Found:
    """A dataset on disk: which layout, and the folder of its files."""

    layout: Layout
    folder: Path


def store() -> Path:
    """Return the folder for downloads: `$ARCHSCOPE_HOME/data`, or `data` in the user's cache."""
    return home() / "data"


def home() -> Path:
    """Return the folder of what archscope keeps: `$ARCHSCOPE_HOME`, or one in the user's cache."""
    return _homes()[0]


def usual_places() -> list[Path]:
    """Return the folders to look in where the user named none, the likeliest first."""
    places = [folder for home in _homes() for folder in (home, home / "data")]
    torch_home = os.environ.get("TORCH_HOME")
    if torch_home:
        places += [at_home(torch_home), at_home(torch_home) / "datasets"]
    usual = (
        ".",
        "data",
        "datasets",
        "~/data",
        "~/datasets",
        "~/.cache/torch",
        "~/.cache/torch/datasets",
        "~/.torch/datasets",
        "~/.keras/datasets",
    )
    return list(dict.fromkeys([*places, *(at_home(place) for place in usual)]))


def find(dataset: Cifar, data_dir: Path | None) -> Found | None:
    """Return where the dataset lies extracted, the binary layout first; None where it does not.

    Raises DataError for a folder of the user's that has some of its files but not all.
    """
    if data_dir is None:
        candidates = [_inside(dataset, layout, usual_places()) for layout in dataset.layouts]
    else:
        candidates = [
            [data_dir, *_inside(dataset, layout, [data_dir])] for layout in dataset.layouts
        ]
    pairs = [
        (layout, folder)
        for layout, folders in zip(dataset.layouts, candidates, strict=True)
        for folder in folders
    ]
    for layout, folder in pairs:
        readable = data_dir is not None or all(may_be_read(folder / f.name) for f in layout.files)
        if readable and not _missing(layout, folder):
            return Found(layout, folder.resolve())
    if data_dir is not None:
        for layout, folder in pairs:
            _refuse_half(dataset, layout, folder)
    return None


def find_archives(dataset: Cifar, data_dir: Path | None) -> list[tuple[Layout, Path]]:
    """Return the archives of the dataset that are there, downloaded but perhaps not extracted."""
    places = usual_places() if data_dir is None else [data_dir]
    candidates = [
        (layout, place / layout.archive) for layout in dataset.layouts for place in places
    ]
    return [(layout, archive) for layout, archive in candidates if may_be_read(archive)]


def _homes() -> list[Path]:
    home = os.environ.get("ARCHSCOPE_HOME")
    cache = platformdirs.user_cache_path("archscope", appauthor=False)
    return [at_home(home), cache] if home else [cache]


def _inside(dataset: Cifar, layout: Layout, places: list[Path]) -> list[Path]:
    """Return the folders in which the layout would lie, for each place."""
    between = ("", dataset.name, dataset.title, dataset.title.replace("-", ""), "data")
    return [place / name / layout.folder for place in places for name in between]


def _missing(layout: Layout, folder: Path) -> list[str]:
    return [file.name for file in layout.files if not os.path.lexists(folder / file.name)]


def _refuse_half(dataset: Cifar, layout: Layout, folder: Path) -> None:
    """Raise DataError where a folder is named as the layout, or has some of its files only."""
    missing = _missing(layout, folder)
    named = folder.name == layout.folder and os.path.lexists(folder / ".")
    if named or len(missing) < len(layout.files):
        raise DataError(
            f"{folder} should hold {dataset.title} in the {layout.kind} layout but has no "
            f"{', '.join(missing)}: add what is missing, or delete the folder to have all of it "
            "downloaded again"
        )
