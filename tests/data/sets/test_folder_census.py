"""What is found in an image folder before anything is trained, and that it is looked for once."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from archscope.data.dataset import Census, LeftOut, PartCount
from archscope.data.load import known_as, load, prepare
from archscope.data.sets import contents
from archscope.errors import DataError
from archscope.reporting.facts.census import census_sentences

Image = pytest.importorskip("PIL.Image", reason="image folders need Pillow")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two classes of 4 + 2 images each."""
    draw = np.random.default_rng(0)
    for part, count in (("train", 4), ("val", 2)):
        for name in ("cat", "dog"):
            place = tmp_path / "images" / part / name
            place.mkdir(parents=True)
            for number in range(count):
                pixels = draw.integers(0, 256, (12, 10, 3), dtype=np.uint8)
                Image.fromarray(pixels).save(place / f"{number}.png")
    return tmp_path / "images"


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that are looked at; what has just been written is believed."""
    seen: list[str] = []
    one = contents._one

    def counted(path: Path, whole: bool) -> tuple[bytes, int, int]:
        seen.append(path.name)
        return one(path, whole)

    monkeypatch.setattr(contents, "_one", counted)
    monkeypatch.setattr(contents, "_FRESH", 0)
    return seen


def census(root: Path) -> Census:
    found = load(prepare("folder", data_dir=root)).census
    assert found is not None
    return found


def test_images_classes_and_what_is_left_out(root: Path) -> None:
    (root / "train/cat/notes.txt").write_text("no image")
    (root / "train/cat/0.heic").write_text("an image that Pillow does not read")
    (root / "train/dog/1.heic").write_text("another")
    (root / "train/dog/.DS_Store").write_text("hidden")
    shutil.copy(root / "train/dog/0.png", root / "train/loose.png")
    shutil.rmtree(root / "val/dog")
    shutil.copytree(root / "val", root / "test")
    Image.new("RGBA", (9, 9), (255, 0, 0, 0)).save(root / "train/cat/clear.gif")
    exif = Image.Exif()
    exif[274] = 6
    Image.new("RGB", (9, 9)).save(root / "val/cat/turned.jpg", exif=exif)
    found = census(root)
    assert found == Census(
        parts={"train": PartCount(9, 2), "val": PartCount(3, 1)},
        untested=("dog",),
        untested_classes=1,
        left_out=(
            LeftOut("ending in .heic", 2, "train/cat/0.heic"),
            LeftOut("beside the classes of train", 1, "train/loose.png"),
            LeftOut("ending in .txt", 1, "train/cat/notes.txt"),
            LeftOut("hidden", 1, "train/dog/.DS_Store"),
        ),
        unread=("test",),
        turned=1,
        transparent=1,
        bytes=sum(
            path.stat().st_size
            for part in ("train/cat", "train/dog", "val/cat")
            for path in (root / part).iterdir()
            if path.suffix in (".png", ".gif", ".jpg")
        ),
        decoded=True,
    )
    assert census_sentences(found) == [
        "Image folder: train has 9 images of 2 classes, val has 3 images of 1 class; each was "
        "decoded.",
        "Left out: 2 files ending in .heic, as train/cat/0.heic; 1 file beside the classes of "
        "train, as train/loose.png; 1 file ending in .txt, as train/cat/notes.txt; 1 file hidden, "
        "as train/dog/.DS_Store; the folder test, as another one tests.",
        "1 class without test images: dog.",
        "1 image turned as EXIF says and 1 image with transparency laid on white.",
    ]


def test_nested_images_are_of_the_class_around_them(root: Path) -> None:
    whole = load(prepare("folder", data_dir=root))
    deeper = root / "train/cat/more/and more"
    deeper.mkdir(parents=True)
    (root / "train/cat/1.png").rename(deeper / "x.png")
    nested = load(prepare("folder", data_dir=root))
    assert len(nested.train) == len(whole.train) == 8
    assert nested.train.labels.tolist() == whole.train.labels.tolist()
    assert b"train/cat/more/and more/x.png" in nested.train.names.tolist()


@pytest.mark.parametrize(
    ("harm", "says"),
    [
        (
            lambda r: (r / "train/cat/zzz.png").symlink_to("/nonexistent/picture.png"),
            "train/cat/zzz.png is a link to /nonexistent/picture.png, which is not there: ",
        ),
        (lambda r: (r / "train/cat/deep").symlink_to(r / "train/cat"), "runs in a circle: remove"),
        (lambda r: os.mkfifo(r / "train/cat/pipe.png"), "it is a named pipe, not a regular file"),
        (lambda r: (r / "val/dog/1.png").write_bytes(b""), "val/dog/1.png is an empty file"),
    ],
)
def test_what_is_no_image_is_told_by_its_own_name(
    root: Path, harm: Callable[[Path], None], says: str
) -> None:
    harm(root)
    with pytest.raises(DataError) as caught:
        prepare("folder", data_dir=root)
    assert says in str(caught.value) and "\n" not in str(caught.value)


def test_damaged_images_are_found_before_an_epoch_is_spent(root: Path) -> None:
    paths = [root / part for part in ("train/cat/3.png", "train/dog/0.png", "val/cat/1.png")]
    for path in paths[:1]:
        path.write_bytes(path.read_bytes()[:-80])
        with pytest.raises(DataError, match=r"cat/3.png cannot be read .*: replace it, or remove"):
            prepare("folder", data_dir=root)
    for path in paths:
        path.write_bytes(path.read_bytes()[:100])
    says = r"cat/3\.png cannot be read .*, nor can 2 more of the 12, as .*dog/0\.png: replace them"
    with pytest.raises(DataError, match=says):
        prepare("folder", data_dir=root)


def test_each_file_is_looked_at_once(root: Path, looks: list[str]) -> None:
    info = prepare("folder", data_dir=root)
    assert len(looks) == 12
    looks.clear()
    assert prepare("folder", data_dir=root) == info and load(info).census is not None
    assert looks == []
    path = root / "train/dog/2.png"
    times = path.stat().st_atime_ns, path.stat().st_mtime_ns
    path.write_bytes(path.read_bytes())  # the same, but written again
    os.utime(path, ns=times)  # as cp -p does: the node's own time tells all the same
    assert prepare("folder", data_dir=root) == info
    assert looks == ["2.png"]
    looks.clear()
    (root / "train/dog/9.png").write_bytes(path.read_bytes())
    assert prepare("folder", data_dir=root) != info
    assert looks == ["9.png"]


def test_what_is_whole_beside_damage_is_not_looked_at_again(root: Path, looks: list[str]) -> None:
    path = root / "train/dog/2.png"
    whole = path.read_bytes()
    path.write_bytes(whole[:100])
    with pytest.raises(DataError, match=r"dog/2\.png"):
        prepare("folder", data_dir=root)
    path.write_bytes(whole)
    looks.clear()
    prepare("folder", data_dir=root)
    assert looks == ["2.png"]


def test_what_changed_a_moment_ago_is_looked_at_again(
    root: Path, looks: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A clock has ticks: what changes twice in one of them has the same time."""
    monkeypatch.setattr(contents, "_FRESH", 10**15)
    info = prepare("folder", data_dir=root)
    looks.clear()
    assert prepare("folder", data_dir=root) == info
    assert len(looks) == 12


def test_a_damaged_record_or_none_at_all_costs_time_alone(
    root: Path, looks: list[str], tmp_path: Path
) -> None:
    info = prepare("folder", data_dir=root)
    [kept] = (tmp_path / "archscope-home/images").iterdir()
    whole = kept.read_bytes()
    for content in (whole[: len(whole) // 2], whole.replace(b"train", b"drain"), b""):
        kept.write_bytes(content)
        looks.clear()
        assert prepare("folder", data_dir=root) == info and len(looks) == 12
    kept.unlink()
    kept.mkdir()
    looks.clear()
    assert prepare("folder", data_dir=root) == info and len(looks) == 12


def test_above_a_size_a_sample_of_each_file_is_the_mark(
    root: Path, looks: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = prepare("folder", data_dir=root)
    monkeypatch.setattr(contents, "WHOLE", 1000)
    monkeypatch.setattr(contents, "ENDS", 100)
    marks = prepare("folder", data_dir=root)
    assert marks.fingerprint != whole.fingerprint
    found = load(marks).census
    assert found is not None and not found.decoded
    assert "only headers were checked" in census_sentences(found)[0]
    path = root / "train/dog/2.png"
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle] ^= 255
    path.write_bytes(content)
    assert prepare("folder", data_dir=root).fingerprint == marks.fingerprint  # not in the sample
    content[-20] ^= 255
    path.write_bytes(content)
    assert prepare("folder", data_dir=root).fingerprint != marks.fingerprint


def names_and_sizes(root: Path) -> str:
    """The fingerprint of folders as it was at first, written down here once more."""
    digest = hashlib.sha256(repr(["cat", "dog"]).encode())
    for part in ("train", "val"):
        for name in ("cat", "dog"):
            files = sorted((root / part / name).iterdir())
            images = [(file.name, file.stat().st_size) for file in files]
            digest.update(repr([part, name, images]).encode())
    return f"sha256:{digest.hexdigest()}"


def test_records_of_names_and_sizes_alone_go_on(root: Path) -> None:
    info = prepare("folder", data_dir=root)
    before = replace(info, fingerprint=names_and_sizes(root))
    assert known_as(info, before) == before
    assert len(load(before).train) == 8
    other = replace(info, fingerprint="sha256:of something else")
    assert known_as(info, other) == info
    with pytest.raises(DataError, match="names, sizes or contents differ"):
        load(other)


def test_but_not_where_their_images_were_read_otherwise(root: Path) -> None:
    Image.new("RGBA", (9, 9)).save(root / "train/cat/0.png")
    info = prepare("folder", data_dir=root)
    before = replace(info, fingerprint=names_and_sizes(root))
    with pytest.raises(DataError, match=r"read 1 of its images otherwise .* choose another --out"):
        known_as(info, before)
