from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cifar_files import Publication, Server, official

from archscope import files
from archscope.data.fetch import catalogue, download, locate
from archscope.data.fetch.catalogue import Cifar
from archscope.data.load import DATASETS, load, prepare
from archscope.data.view import View
from archscope.errors import DataError, UsageError

Small = Callable[[str], Cifar]
Write = Callable[..., Path]
UNOFFICIAL = "CIFAR-10, unofficial copy"


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(download.requests, "get", refuse)


def test_the_known_names() -> None:
    assert set(DATASETS) >= {"cifar10", "cifar100", "svhn", "svhn+extra", "shapes", "folder"}
    assert len(DATASETS) == len(set(DATASETS))
    with pytest.raises(
        UsageError, match=r'the datasets are cifar10, cifar100, .*, not "mnist": give'
    ):
        prepare("mnist")


@pytest.mark.parametrize("kind", [0, 1])
@pytest.mark.parametrize(
    "between", ["itself", ".", "cifar10", "CIFAR10", "CIFAR-10", "data", "renamed"]
)
def test_under_a_named_folder(
    kind: int, between: str, small: Small, write: Write, tmp_path: Path, no_network: None
) -> None:
    dataset = small("cifar10")
    inside = "." if between in ("itself", "renamed") else between
    folder = write(dataset, dataset.layouts[kind], tmp_path / "named" / inside)
    named = folder if between == "itself" else tmp_path / "named"
    if between == "renamed":
        folder = folder.rename(tmp_path / "mine")
        named = folder
    info = prepare("cifar10", data_dir=str(named))
    assert info.folder == str(folder.resolve())
    assert (info.label, info.official, info.classes) == (UNOFFICIAL, False, 10)
    assert prepare("cifar10", data_dir=named, label="mine").label == "mine"


@pytest.mark.parametrize(
    "place",
    [
        "archscope-home",
        "archscope-home/data",
        "cache/archscope",
        "cache/archscope/data",
        "cwd",
        "cwd/data",
        "cwd/datasets",
        "home/data",
        "home/.cache/torch",
        "torch",
        "torch/datasets",
        "home/.keras/datasets",
    ],
)
def test_in_the_usual_places(
    place: str,
    small: Small,
    write: Write,
    tmp_path: Path,
    no_network: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    dataset = small("cifar10")
    folder = write(dataset, dataset.layouts[1], tmp_path / place)
    assert prepare("cifar10").folder == str(folder.resolve())


def test_a_named_folder_is_the_only_place(small: Small, write: Write, tmp_path: Path) -> None:
    dataset = small("cifar10")
    write(dataset, dataset.layouts[0], tmp_path / "home/data")
    with pytest.raises(DataError) as caught:
        prepare("cifar10", data_dir=tmp_path / "empty", offline=True)
    assert str(tmp_path / "empty") in str(caught.value)
    assert str(tmp_path / "home") not in str(caught.value)


def test_offline_says_where_it_looked_and_what_to_do(no_network: None, tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        prepare("cifar100", offline=True)
    text = str(caught.value)
    for part in (
        "CIFAR-100 is in none of",
        str(tmp_path / "archscope-home/data"),
        "--offline forbids",
        "cifar-100-binary.tar.gz",
        "--data-dir",
    ):
        assert part in text
    assert "\n" not in text
    assert not (tmp_path / "archscope-home").exists()


@pytest.mark.parametrize("name", ["cifar10", "cifar100"])
@pytest.mark.parametrize("kind", [0, 1])
def test_official_files_have_the_plain_name(
    name: str,
    kind: int,
    small: Small,
    write: Write,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    dataset = small(name)
    folder = write(dataset, dataset.layouts[kind], tmp_path)
    monkeypatch.setitem(catalogue.CATALOGUE, name, official(dataset, dataset.layouts[kind], folder))
    info = prepare(name, data_dir=folder)
    assert (info.label, info.official) == (dataset.title, True)


def test_a_half_folder_that_the_user_named(small: Small, write: Write, tmp_path: Path) -> None:
    dataset = small("cifar10")
    folder = write(dataset, dataset.layouts[0], tmp_path)
    (folder / "data_batch_2.bin").unlink()
    for named in (folder, tmp_path):
        with pytest.raises(DataError, match=r"but has no data_batch_2\.bin: add what is missing"):
            prepare("cifar10", data_dir=named)


def test_loading_what_was_prepared(small: Small, write: Write, tmp_path: Path) -> None:
    dataset = small("cifar100")
    info = prepare("cifar100", data_dir=write(dataset, dataset.layouts[0], tmp_path))
    data = load(info)
    assert (len(data.train), len(data.test)) == (20, 20)
    # reference: the ResNeXt authors' preprocessing, in pixel units.
    assert data.mean == (129.3, 124.1, 112.4) and data.std == (68.2, 65.4, 70.4)
    fewer = load(info, View(samples=7))
    assert len(fewer.train) == 7 and np.array_equal(fewer.test.images, data.test.images)
    with pytest.raises(UsageError, match="give a number from 1 to 20"):
        load(info, View(samples=21))


def test_data_that_changed_are_not_used(small: Small, write: Write, tmp_path: Path) -> None:
    dataset = small("cifar10")
    folder = write(dataset, dataset.layouts[0], tmp_path)
    info = prepare("cifar10", data_dir=folder)
    other = write(dataset, dataset.layouts[0], tmp_path / "other", seed=9)
    shutil.copytree(other, folder, dirs_exist_ok=True)
    with pytest.raises(DataError, match="fingerprints differ"):
        load(info)
    shutil.rmtree(folder)
    with pytest.raises(DataError, match="no longer there"):
        load(info)
    with pytest.raises(DataError, match="images made here"):
        load(dataclasses.replace(prepare("shapes"), fingerprint=info.fingerprint))


def test_moved_data_are_the_same_data(small: Small, write: Write, tmp_path: Path) -> None:
    dataset = small("cifar10")
    info = prepare("cifar10", data_dir=write(dataset, dataset.layouts[0], tmp_path))
    python = prepare("cifar10", data_dir=write(dataset, dataset.layouts[1], tmp_path / "new"))
    assert python.folder != info.folder and python.fingerprint == info.fingerprint


def test_shapes_are_loaded(no_network: None) -> None:
    info = prepare("shapes", offline=True)
    assert (info.label, info.folder, info.official) == ("shapes (built-in)", None, True)
    data = load(info, View(samples=1005))
    counts = np.bincount(data.train.labels, minlength=10)
    assert counts.tolist() == [101] * 5 + [100] * 5 and len(data.test) == 2000
    assert prepare("shapes", label="drawings").label == "drawings"


@pytest.mark.parametrize("named", [None, "folder", "archive"])
def test_an_archive_at_hand_is_extracted(
    named: str | None, published: Publication, tmp_path: Path, no_network: None
) -> None:
    place = tmp_path / ("cwd/data" if named is None else "mine")
    place.mkdir()
    archive = place / published.layout.archive
    archive.write_bytes(published.archive)
    asked = {None: None, "folder": place, "archive": archive}[named]
    info = prepare("cifar10", data_dir=asked, offline=True)
    into = tmp_path / "archscope-home/data" if named is None else place
    assert info.folder == str(into / published.layout.folder)
    assert info.label == "CIFAR-10" and archive.exists()
    assert prepare("cifar10", data_dir=asked, offline=True) == info


def test_a_damaged_archive_at_hand(
    published: Publication, tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = tmp_path / "cwd" / published.layout.archive
    archive.write_bytes(published.archive[:-1])
    with pytest.raises(
        DataError, match=f"has another MD5 .*{published.layout.archive_md5}.* by hand: tar -xzf"
    ) as caught:
        prepare("cifar10", data_dir=tmp_path / "cwd")
    assert str(caught.value).endswith(f"tar -xzf {archive} -C {tmp_path / 'cwd'}")
    # Nobody named it, so that it is passed over.
    with pytest.raises(DataError, match="is in none of"):
        prepare("cifar10", offline=True)
    monkeypatch.setenv("ARCHSCOPE_MIRRORS", server.url("/a"))
    server.serve("/a", published)
    assert prepare("cifar10").official
    assert archive.read_bytes() == published.archive[:-1]


def test_a_usual_place_that_may_not_be_read_is_passed_over(
    published: Publication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As root may read all, what the system would say is said here."""
    archive = tmp_path / "cwd" / published.layout.archive
    archive.write_bytes(published.archive)
    assert prepare("cifar10", data_dir=tmp_path / "cwd", offline=True).official
    assert locate.find(published.dataset, None) is not None
    monkeypatch.setattr(files.os, "access", lambda *_: False)
    assert locate.find(published.dataset, None) is None
    assert locate.find_archives(published.dataset, None) == []

    def forbidden(*_: object) -> bool:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(files.Path, "is_file", forbidden)
    assert locate.find_archives(published.dataset, None) == []


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "x.bin").write_bytes(b"1")
    with pytest.raises(
        DataError, match=r"is a file, not the folder of .*: name the folder that holds cifar-10-"
    ):
        prepare("cifar10", data_dir=tmp_path / "x.bin")


def test_the_store_without_a_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert locate.store() == tmp_path / "archscope-home/data"
    monkeypatch.delenv("ARCHSCOPE_HOME")
    assert locate.store() == tmp_path / "cache/archscope/data"


@pytest.mark.slow
def test_files_of_the_real_size_are_read_and_fingerprinted(tmp_path: Path) -> None:
    dataset = catalogue.CATALOGUE["cifar10"]
    layout = dataset.layouts[0]
    random = np.random.default_rng(0)
    rows = random.integers(0, 256, (10_000, 3073), dtype=np.uint8)
    rows[:, 0] %= 10
    for file in layout.files:
        rows.tofile(tmp_path / file.name)
    info = prepare("cifar10", data_dir=tmp_path)
    assert info.label == UNOFFICIAL and len(load(info).train) == 50_000


def test_a_part_of_the_test_set_for_the_epochs_before_the_last() -> None:
    info = prepare("shapes")
    whole, part = load(info), load(info, View(test_samples=20))
    assert whole.test_part is None
    assert part.test_part is not None
    assert np.bincount(part.test_part.labels, minlength=10).tolist() == [2] * 10
    assert len(part.test) == len(whole.test)
    with pytest.raises(UsageError, match="give fewer test samples"):
        load(info, View(test_samples=len(whole.test) + 1))
    with pytest.raises(UsageError, match="leave one out"):
        View(test_samples=20, holdout=10)
