"""SVHN, the house numbers of Street View cut into single digits: three MATLAB files.

    svhn         73,257 training images, 26,032 test images
    svhn+extra   531,131 more for training, "somewhat less difficult" (the authors' page)

Label 10 means the digit 0; copies that say 0 for it are read as well. As in the Wide ResNet paper,
pixels are divided by 255 and nothing else.
In memory `svhn` takes 0.3 GB and `svhn+extra` 1.9 GB, in each process that trains.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from archscope.data.dataset import Channels, DatasetInfo, Images, Labels, Split, fingerprint
from archscope.data.fetch import locate
from archscope.errors import DataError
from archscope.files import may_be_read

TITLE, CLASSES = "SVHN", 10
MEAN: Channels = (0.0, 0.0, 0.0)
STD: Channels = (255.0, 255.0, 255.0)
SERVERS: tuple[str, ...] = ("http://ufldl.stanford.edu/housenumbers",)
_FOLDER = "svhn"
_LARGEST = 2**31  # bytes of one file; the largest has 1.3e9
_NUMBERS = {"double", "single", *(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32))}
_MEND = "delete it to have it downloaded again, or name another folder with --data-dir"


@dataclass(frozen=True)
class MatFile:
    """One of the published files: how many images it holds, and its MD5 (torchvision's list)."""

    name: str
    records: int
    md5: str


FILES = {
    "train": MatFile("train_32x32.mat", 73_257, "e26dedcc434d2e4c54c9b2d4a06d8373"),
    "extra": MatFile("extra_32x32.mat", 531_131, "a93ce644f1a588dc4d68dda5feec44a7"),
    "test": MatFile("test_32x32.mat", 26_032, "eb5a983be6a315427106f1b164d9cef3"),
}
SETS = {"svhn": ("train", "test"), "svhn+extra": ("train", "extra", "test")}
NAMES = tuple(SETS)


def prepare(
    name: str, data_dir: Path | None, *, offline: bool, label: str | None, progress: bool
) -> DatasetInfo:
    """Find the files of a set, download what is missing, read them, and say what they are.

    Raises UsageError where SciPy is missing, DataError where the files cannot be had.
    """
    folder = _found(name, data_dir) or _downloaded(name, data_dir, offline, progress)
    train, test = _splits(name, folder)
    from archscope.data.fetch.download import is_published  # heavy

    official = all(is_published(FILES[f].md5, folder / FILES[f].name) for f in SETS[name])
    title = TITLE + (" with extra" if "extra" in SETS[name] else "")
    return DatasetInfo(
        name=name,
        label=label or (title if official else f"{title}, unofficial copy"),
        folder=str(folder),
        classes=CLASSES,
        fingerprint=fingerprint(train, test),
        official=official,
    )


def read(info: DatasetInfo) -> tuple[Split, Split, Channels, Channels]:
    """Return what trains (the extra images last), what tests, mean and standard deviation.

    Raises DataError for a file that is missing, damaged, of another size, or mislabelled.
    """
    return *_splits(info.name, Path(info.folder or "")), MEAN, STD


def _splits(name: str, folder: Path) -> tuple[Split, Split]:
    parts = {kind: _read_file(FILES[kind], folder / FILES[kind].name) for kind in SETS[name]}
    test = parts.pop("test")
    images = np.concatenate([images for images, _ in parts.values()])
    return Split(images, np.concatenate([labels for _, labels in parts.values()])), Split(*test)


def _read_file(file: MatFile, path: Path) -> tuple[Images, Labels]:
    shape = (32, 32, 3, file.records)
    content = _variables(path, shape)
    pixels, digits = content.get("X"), content.get("y")
    if pixels is None or pixels.dtype != np.uint8 or pixels.shape != shape:
        raise _without(path, f'"X" of 32 x 32 x 3 x {file.records:,} bytes')
    if digits is None or digits.dtype.kind not in "iuf" or digits.size != file.records:
        raise _without(path, f'"y" of {file.records:,} labels')
    flat = digits.reshape(-1)
    # Published: 1 to 10. Copies have 0 for the digit 0, as torchvision gives it.
    plain = np.arange(10)
    known = plain if np.array_equal(np.unique(flat), plain) else plain + 1
    wrong = np.flatnonzero(~np.isin(flat, known))
    if len(wrong):
        raise DataError(
            f"{path} gives image {wrong[0]:,} the label {flat[wrong[0]]}, but the labels of "
            f"{TITLE} are 1 to 10, or 0 to 9: it is damaged or something else; {_MEND}"
        )
    return np.ascontiguousarray(pixels.transpose(3, 2, 0, 1)), flat.astype(np.int64) % 10


def _without(path: Path, what: str) -> DataError:
    return DataError(
        f"{path} has no variable {what}, as this file of {TITLE} must: it is truncated or "
        f"something else; {_MEND}"
    )


def _variables(path: Path, shape: tuple[int, ...]) -> dict[str, Any]:
    """Read X and y, where the file says that they have this size; nothing in it is executed."""
    from scipy.io import loadmat, whosmat

    try:
        if path.stat().st_size > _LARGEST:
            raise DataError(f"{path} is far larger than any file of {TITLE}; {_MEND}")
        # Before anything is unpacked: a small file may hold a very large array.
        names = _of_size(whosmat(path), shape)
        content: dict[str, Any] = loadmat(path, variable_names=names) if names else {}
        return content
    except DataError:
        raise
    except Exception as error:  # SciPy raises many kinds for a damaged file
        if isinstance(error, OSError) and error.errno is not None:
            raise DataError(f"{path} cannot be read ({error.strerror}); {_MEND}") from error
        said = str(error).splitlines()[:1]
        raise DataError(
            f"{path} is not a MATLAB file of version 5 "
            f"({said[0] if said else type(error).__name__}): it is damaged or something "
            f"else; {_MEND}"
        ) from error


def _of_size(
    listed: Sequence[tuple[str, tuple[int, ...], str]], shape: tuple[int, ...]
) -> list[str]:
    """Which of X and y are in a file once, X with this shape, y with a label for each image."""
    found = {name: (size, kind) for name, size, kind in listed}
    names = [name for name, _, _ in listed]
    if names.count("X") != 1 or found["X"] != (shape, "uint8"):
        return []
    size, kind = found.get("y", ((), ""))
    labelled = names.count("y") == 1 and kind in _NUMBERS and math.prod(size) == shape[-1]
    return ["X", "y"] if labelled else ["X"]


def _candidates(data_dir: Path | None) -> list[Path]:
    places = locate.usual_places() if data_dir is None else [data_dir]
    return [place / name for place in places for name in ("", _FOLDER, TITLE, f"data/{_FOLDER}")]


def _present(name: str, folder: Path) -> list[str]:
    return [kind for kind in SETS[name] if may_be_read(folder / FILES[kind].name)]


def _found(name: str, data_dir: Path | None) -> Path | None:
    for folder in _candidates(data_dir):
        if len(_present(name, folder)) == len(SETS[name]):
            return folder.resolve()
    return None


def _downloaded(name: str, data_dir: Path | None, offline: bool, progress: bool) -> Path:
    """Bring the files that are missing into the named folder that has some, or a new one."""
    folder = (data_dir or locate.store()) / _FOLDER
    if data_dir is not None:
        folder = max([folder, *_candidates(data_dir)], key=lambda f: len(_present(name, f)))
    if offline:
        missing = [FILES[kind].name for kind in SETS[name] if kind not in _present(name, folder)]
        places = locate.usual_places() if data_dir is None else [data_dir]
        raise DataError(
            f"{TITLE} is incomplete in each of {', '.join(map(str, places))} (missing "
            f"{', '.join(missing)}), and --offline forbids the download: put the files "
            "there, name their place with --data-dir, or leave out --offline"
        )
    from archscope.data.fetch import download

    with download.alone(folder, "svhn"):
        for kind in SETS[name]:
            if kind not in _present(name, folder):
                file = FILES[kind]
                remote = download.Remote("svhn", TITLE, file.name, file.md5, SERVERS, _LARGEST)
                download.fetch(remote, folder, progress=progress)
    return folder.resolve()
