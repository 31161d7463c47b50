"""SVHN's MATLAB files: read, checked, found, downloaded."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.io as scipy_io

from archscope.data.fetch import download
from archscope.data.load import load, prepare
from archscope.data.sets import svhn
from archscope.data.view import View
from archscope.errors import DataError

RECORDS = {"train": 12, "extra": 15, "test": 9}
Make = Callable[..., Path]


def content(kind: str) -> tuple[Any, Any]:
    """X (32, 32, 3, N) and y (N, 1), as in the published files: labels 1 to 10."""
    draw = np.random.default_rng(len(kind))
    n = RECORDS[kind]
    pixels = draw.integers(0, 256, (32, 32, 3, n), dtype=np.uint8)
    return pixels, (np.arange(n, dtype=np.uint8)[:, None] % 10) + 1


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Make:
    """Write a small SVHN, and tell the catalogue its sizes; `published` also its checksums."""

    def write(
        *kinds: str, into: Path | None = None, published: bool = False, **changes: Any
    ) -> Path:
        folder = into or tmp_path / "numbers"
        folder.mkdir(parents=True, exist_ok=True)
        for kind in RECORDS:
            file = dataclasses.replace(svhn.FILES[kind], records=RECORDS[kind])
            path = folder / file.name
            if kind in kinds:
                pixels, labels = content(kind)
                variables = {"X": pixels, "y": labels, **changes.get(kind, {})}
                scipy_io.savemat(path, variables, do_compression=True)
                if published:
                    digest = hashlib.md5(path.read_bytes()).hexdigest()
                    file = dataclasses.replace(file, md5=digest)
            monkeypatch.setitem(svhn.FILES, kind, file)
        return folder

    return write


def test_the_published_numbers() -> None:
    # The authors' page: 73257 digits for training, 26032 for testing, 531131 additional.
    assert {kind: file.records for kind, file in svhn.FILES.items()} == {
        "train": 73257,
        "extra": 531131,
        "test": 26032,
    }


def test_images_are_turned_and_10_is_the_digit_0(make: Make) -> None:
    folder = make("train", "test")
    data = load(prepare("svhn", data_dir=folder))
    pixels, _ = content("train")
    assert data.train.images.shape == (12, 3, 32, 32)  # type: ignore[union-attr]
    # Image 5, row 7, column 20, blue: MATLAB's X(8, 21, 3, 6).
    assert data.train.images[5, 2, 7, 20] == pixels[7, 20, 2, 5]  # type: ignore[union-attr]
    assert data.train.labels.tolist() == [1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2]
    assert len(data.test) == 9
    # Pixels / 255 and nothing else: what the Wide ResNet paper says of SVHN.
    assert (data.mean, data.std) == ((0, 0, 0), (255, 255, 255))
    info = data.info
    assert (info.label, info.classes, info.official) == ("SVHN, unofficial copy", 10, False)


def test_extra_images_come_last_and_count(make: Make) -> None:
    folder = make("train", "extra", "test", published=True)
    info = prepare("svhn+extra", data_dir=folder)
    data = load(info)
    assert (len(data.train), len(data.test)) == (27, 9)
    assert data.train.images[12, 0, 0, 0] == content("extra")[0][0, 0, 0, 0]  # type: ignore[union-attr]
    assert (info.label, info.official) == ("SVHN with extra", True)
    assert info.fingerprint != prepare("svhn", data_dir=folder).fingerprint


def test_it_is_held_out_and_cut_like_any_other(make: Make) -> None:
    data = load(prepare("svhn+extra", data_dir=make(*RECORDS)), View(holdout=10, samples=10))
    assert data.validation is not None
    assert sorted(data.validation.labels.tolist()) == list(range(10))
    assert sorted(data.train.labels.tolist()) == list(range(10))


@pytest.mark.parametrize("between", [".", "svhn", "SVHN", "data/svhn"])
def test_it_is_found_where_people_have_it(make: Make, between: str, tmp_path: Path) -> None:
    make("train", "test", into=tmp_path / "cwd/data" / between)
    found = prepare("svhn", offline=True).folder
    assert found == str((tmp_path / "cwd/data" / between).resolve())


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"X": np.zeros((32, 32, 3, 11), np.uint8)}, 'no variable "X"'),
        ({"X": np.zeros((12, 32, 32, 3), np.uint8)}, 'no variable "X"'),
        ({"X": np.zeros((32, 32, 3, 12))}, 'no variable "X"'),
        ({"X": np.array(["a"])}, 'no variable "X"'),
        ({"y": np.ones((11, 1))}, 'no variable "y"'),
        ({"y": np.full((12, 1), "a")}, 'no variable "y"'),
        ({"y": np.zeros((12, 1), np.uint8)}, "the label 0"),
        ({"y": np.full((12, 1), 11, np.uint8)}, "the label 11"),
        ({"y": np.full((12, 1), np.nan)}, "the label nan"),
        ({"y": np.full((12, 1), 2.5)}, "the label 2.5"),
    ],
)
def test_a_file_of_something_else(make: Make, changes: dict[str, Any], says: str) -> None:
    folder = make("train", "test", train=changes)
    with pytest.raises(DataError, match="--data-dir") as caught:
        prepare("svhn", data_dir=folder)
    assert says in str(caught.value) and "\n" not in str(caught.value)


def test_copies_with_labels_0_to_9_are_the_same_images(make: Make) -> None:
    """As torchvision gives them: 0 is the digit 0."""
    published = prepare("svhn", data_dir=make("train", "test"))
    labels = np.array([1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2], np.uint8)[:, None]
    folder = make("train", train={"y": labels})
    assert prepare("svhn", data_dir=folder).fingerprint == published.fingerprint
    labels[0] = 10  # that and 0 in one file are a mistake
    with pytest.raises(DataError, match="the label 0, but the labels of SVHN are 1 to 10, or 0"):
        prepare("svhn", data_dir=make("train", train={"y": labels}))


@pytest.mark.parametrize("damage", ["cut", "empty", "text", "hdf5"])
def test_a_damaged_file(make: Make, damage: str) -> None:
    folder = make("train", "test")
    path = folder / "train_32x32.mat"
    whole = path.read_bytes()
    path.write_bytes(
        {
            "cut": whole[: len(whole) // 2],
            "empty": b"",
            "text": b"not found" * 99,
            "hdf5": b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM" + b"\x89HDF" * 99,
        }[damage]
    )
    with pytest.raises(DataError, match=r"train_32x32\.mat .*(damaged|truncated)") as caught:
        prepare("svhn", data_dir=folder)
    assert "\n" not in str(caught.value)


def test_a_file_that_promises_too_much_is_not_unpacked(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = scipy_io.loadmat

    def only_whole(path: Path, variable_names: list[str]) -> Any:
        assert not {name: value for name, value in promised.items() if name in variable_names}
        return whole(path, variable_names=variable_names)

    monkeypatch.setattr(scipy_io, "loadmat", only_whole)
    for promised in (
        {"X": np.zeros((32, 32, 3, 5000), np.uint8)},
        {"y": np.zeros((10**7, 1), np.uint8)},
        {"y": np.ones((11, 1), np.uint8)},  # of one image there is no label
        {"y": np.array([[["a"]]] * 12, dtype=object)},  # cells, which may hold anything
    ):
        folder = make("train", "test", train=promised)
        with pytest.raises(DataError, match=f'no variable "{next(iter(promised))}"'):
            prepare("svhn", data_dir=folder)


def test_a_variable_that_stands_in_a_file_twice_is_not_read(make: Make) -> None:
    """What is looked at before unpacking must be what is unpacked."""
    folder = make("train", "test")
    path = folder / "train_32x32.mat"
    twice = path.read_bytes()
    scipy_io.savemat(path, {"y": np.ones((10**6, 1), np.uint8)}, do_compression=True)
    path.write_bytes(twice + path.read_bytes()[128:])  # without its header
    with pytest.raises(DataError, match='no variable "y"') as caught:
        prepare("svhn", data_dir=folder)
    assert "\n" not in str(caught.value)


def test_offline_says_which_files_are_missing(make: Make, tmp_path: Path) -> None:
    folder = make("train", "test")
    with pytest.raises(DataError, match=r"missing extra_32x32\.mat\), and --offline forbids"):
        prepare("svhn+extra", data_dir=folder, offline=True)
    with pytest.raises(DataError, match=r"missing train_32x32\.mat, test_32x32\.mat"):
        prepare("svhn", offline=True)


def test_what_is_missing_is_downloaded_beside_what_is_there(
    make: Make, server: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    served = make(*RECORDS, into=tmp_path / "served", published=True)
    mine = tmp_path / "mine/SVHN"
    mine.mkdir(parents=True)
    for name in ("train_32x32.mat", "test_32x32.mat"):
        (mine / name).write_bytes((served / name).read_bytes())
    from cifar_files import Behaviour

    extra = Behaviour((served / "extra_32x32.mat").read_bytes())
    server.behaviours["/a/extra_32x32.mat"] = extra
    monkeypatch.setattr(svhn, "SERVERS", (server.url("/a"),))
    info = prepare("svhn+extra", data_dir=tmp_path / "mine", progress=False)
    assert info.folder == str(mine) and info.official
    assert extra.asked == [None]
    assert sorted(path.name for path in mine.iterdir()) == [
        "extra_32x32.mat",
        "test_32x32.mat",
        "train_32x32.mat",
    ]


def test_a_download_of_something_else_is_refused(
    make: Make, server: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from cifar_files import Behaviour

    make(into=tmp_path / "none")
    server.behaviours["/a/train_32x32.mat"] = Behaviour(b"something else")
    monkeypatch.setattr(svhn, "SERVERS", (server.url("/a"),))
    with pytest.raises(DataError, match=r"SVHN could not be downloaded.*another checksum"):
        prepare("svhn", progress=False)
    assert not list((tmp_path / "archscope-home/data/svhn").glob("*.mat"))
    assert download.SERVERS  # CIFAR's are others
