"""Image folders: their layout, what becomes of an image, and that readers change nothing."""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from archscope.data.batches.augmentation import Augmentation
from archscope.data.batches.feed import Device, feed
from archscope.data.dataset import Dataset, Files
from archscope.data.load import load, prepare
from archscope.data.sets import folder
from archscope.data.view import View
from archscope.errors import DataError, UsageError

Image = pytest.importorskip("PIL.Image", reason="image folders need Pillow")
files = pytest.importorskip("archscope.data.batches.files")
pictures = pytest.importorskip("archscope.data.batches.pictures")

AREA = Augmentation(pad=0, area=0.08)
CPU = torch.device("cpu")
PNG = b"\x89PNG\r\n\x1a\n"
Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a folder of `train` and `val` images a class, of random sizes and colours."""

    def write_folder(
        classes: tuple[str, ...] = ("cat", "dog"),
        train: int = 5,
        val: int = 2,
        ending: str = "JPEG",
    ) -> Path:
        draw = np.random.default_rng(0)
        for part, count in (("train", train), ("val", val)):
            for name in classes:
                place = tmp_path / "images" / part / name
                place.mkdir(parents=True, exist_ok=True)
                for number in range(count):
                    width, height = draw.integers(20, 60, 2)
                    pixels = draw.integers(0, 256, (4, 4, 3), dtype=np.uint8)
                    image = Image.fromarray(pixels).resize((int(width), int(height)))
                    image.save(place / f"{number}.{ending}")
        return tmp_path / "images"

    return write_folder


def loaded(root: Path, view: View | None = None) -> Dataset:
    return load(prepare("folder", data_dir=root), view)


def train_batches(data: Dataset, loaders: int = 0, epoch: int = 1, seed: int = 0) -> list[Any]:
    made = feed(data.train, data, Device(CPU, 16, 16, loaders))
    return list(made.epoch(seed, epoch, 4, AREA, torch.float32))


def test_classes_are_folders_in_alphabetical_order(write: Write) -> None:
    root = write(("zebra", "ant", "bee"), train=3, val=1)
    (root / "train/ant/notes.txt").write_text("no image")
    (root / "train/.hidden").mkdir()
    data = loaded(root)
    assert isinstance(data.train, Files)
    names = [os.fsdecode(name) for name in data.train.names]
    assert names[0] == "train/ant/0.JPEG" and len(names) == 9
    assert data.train.labels.tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert data.test.labels.tolist() == [0, 1, 2]
    info = data.info
    assert (info.name, info.label, info.classes) == ("folder", "images (image folder)", 3)
    assert info.folder == str(root) and not info.official


def test_the_fingerprint_is_of_contents(write: Write) -> None:
    root = write()
    before = prepare("folder", data_dir=root)
    assert prepare("folder", data_dir=root) == before
    first, second = root / "train/cat/0.JPEG", root / "train/cat/1.JPEG"
    one, other = first.read_bytes(), second.read_bytes()
    longest = max(len(one), len(other))  # JPEG ends where it says so: what follows is left
    for path, content in ((first, one), (second, other)):
        path.write_bytes(content.ljust(longest, b"\0"))
    padded = prepare("folder", data_dir=root)
    assert padded.fingerprint != before.fingerprint
    # Exchanged images of the same names and sizes.
    first.write_bytes(other.ljust(longest, b"\0"))
    second.write_bytes(one.ljust(longest, b"\0"))
    assert prepare("folder", data_dir=root).fingerprint != padded.fingerprint
    with pytest.raises(DataError, match="prepared with other files"):
        load(padded)


def remove_all(path: Path) -> None:
    for file in path.iterdir():
        file.unlink()


@pytest.mark.parametrize(
    ("harm", "says"),
    [
        (lambda r: (r / "train").rename(r / "learn"), "has no train, or neither val nor test"),
        (lambda r: (r / "val").rename(r / "judge"), "neither val nor test"),
        (lambda r: remove_all(r / "train/cat"), "train/cat is the folder of a class, but it holds"),
        (lambda r: (r / "train/empty").mkdir(), "train/empty is the folder of a class"),
        (lambda r: remove_all(r / "val/dog"), "val/dog is the folder of a class"),
        (lambda r: (r / "val/cat").rename(r / "val/cow"), "val/cow is a class that .*/train lacks"),
        (lambda r: (r / "train/cat/1.JPEG").write_bytes(b""), r"1\.JPEG is an empty file"),
    ],
)
def test_a_folder_laid_out_otherwise(write: Write, harm: Callable[[Path], Any], says: str) -> None:
    root = write()
    harm(root)
    with pytest.raises(DataError, match=says) as caught:
        prepare("folder", data_dir=root)
    assert "\n" not in str(caught.value)


def test_which_folder_must_be_said_and_one_class_is_none(write: Write) -> None:
    with pytest.raises(UsageError, match="--dataset folder:DIR"):
        prepare("folder")
    with pytest.raises(DataError, match=r"one class only \(cat\)"):
        prepare("folder", data_dir=write(("cat",)))


def test_without_pillow_it_says_what_to_install(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = write()
    monkeypatch.setitem(__import__("sys").modules, "PIL.Image", None)
    with pytest.raises(UsageError, match=r"pip install 'archscope\[images\]'"):
        prepare("folder", data_dir=root)


def test_an_epoch_is_the_same_whatever_reads_it(write: Write) -> None:
    data = loaded(write())
    here = train_batches(data)
    assert [len(y) for _, y in here] == [4, 4, 2]
    for loaders in (1, 2):
        for (x, y), (same_x, same_y) in zip(here, train_batches(data, loaders), strict=True):
            assert torch.equal(x, same_x) and torch.equal(y, same_y)
    x = here[0][0]
    assert x.shape == (4, 3, 16, 16) and x.is_contiguous(memory_format=torch.channels_last)
    for other in (train_batches(data, epoch=2), train_batches(data, seed=1)):
        assert not torch.equal(here[0][0], other[0][0])


def test_reading_leaves_the_generator_of_dropout_alone(write: Write) -> None:
    data = loaded(write())
    torch.manual_seed(5)
    train_batches(data)
    drawn = torch.rand(3)
    torch.manual_seed(5)
    assert torch.equal(drawn, torch.rand(3))


def test_a_last_batch_of_one_image_is_left_out(write: Write) -> None:
    data = loaded(write(train=9))  # 18 images
    made = feed(data.train, data, Device(CPU, 16, 16))
    parts = made.epoch(0, 1, 17, AREA, torch.float32)
    assert [len(y) for _, y in parts] == [17]


def test_pixels_are_normalised_with_imagenet_s_numbers(write: Write, tmp_path: Path) -> None:
    root = write()
    for part in ("train", "val"):
        for image in (root / part).rglob("*.JPEG"):
            Image.new("RGB", (30, 30), (255, 0, 128)).save(image.with_suffix(".png"))
            image.unlink()
    data = loaded(root)
    [(x, y)] = feed(data.test, data, Device(CPU, 16, 16)).once(torch.float32)
    assert y.tolist() == [0, 0, 1, 1]
    # (1 - 0.485) / 0.229, (0 - 0.456) / 0.224, (128 / 255 - 0.406) / 0.225
    torch.testing.assert_close(
        x[0, :, 3, 5], torch.tensor([2.24891, -2.03571, 0.42651]), rtol=1e-4, atol=1e-4
    )


@pytest.mark.parametrize("crop", [224, 299, 320])
def test_a_test_crop_is_what_torchvision_makes(crop: int, tmp_path: Path) -> None:
    transforms = pytest.importorskip("torchvision.transforms", reason="compared with torchvision")
    side = {224: 256, 299: 342, 320: 320}[crop]  # ResNeXt paper; He et al. 2016 for 320
    assert files.shorter_side(crop) == side
    draw = np.random.default_rng(1)
    for size in ((500, 375), (333, 500), (250, 250)):
        pixels = draw.integers(0, 256, (size[1] // 10 + 1, size[0] // 10 + 1, 3), dtype=np.uint8)
        image = Image.fromarray(pixels).resize(size)
        image.save(tmp_path / "image.png")
        bicubic = transforms.InterpolationMode.BICUBIC
        wanted = transforms.CenterCrop(crop)(transforms.Resize(side, bicubic)(image))
        found = files.read(tmp_path / "image.png", files.Reading(crop), 0)
        assert (found == np.asarray(wanted)).all()


def test_a_test_crop_is_the_centre(tmp_path: Path) -> None:
    """A white frame of an eighth: 256 of 224 cuts a sixteenth off each side, so some is left."""
    image = Image.new("L", (256, 512), 255)
    image.paste(0, (32, 160, 224, 352))
    image.save(tmp_path / "image.png")
    pixels = files.read(tmp_path / "image.png", files.Reading(224), 0)
    assert pixels.shape == (224, 224, 3)
    black = pixels[..., 0] == 0
    # Rows 144 to 368 and columns 16 to 240 remain: 208 rows and 16 columns less on each side.
    assert black[20:204, 20:204].all() and not black[:12].any() and not black[:, -12:].any()


@given(st.integers(1, 4000), st.integers(1, 4000), st.integers(0, 2**31 - 1), st.integers(0, 10**6))
def test_a_random_part_lies_in_the_image(width: int, height: int, seed: int, index: int) -> None:
    random = np.random.default_rng((seed, index))
    left, top, right, bottom = files.random_box(width, height, 0.08, random)
    assert 0 <= left < right <= width and 0 <= top < bottom <= height


def test_random_parts_have_the_papers_areas_and_shapes() -> None:
    """Area 8 to 100 %, aspect 3/4 to 4/3 (Szegedy et al. 2015)."""
    random = np.random.default_rng(0)
    boxes = np.array([files.random_box(500, 400, 0.08, random) for _ in range(4000)])
    across, down = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    areas, aspects = across * down / 200_000, across / down
    assert 0.078 < areas.min() < 0.09 and 0.93 < areas.max() <= 1
    assert 0.745 < aspects.min() < 0.76 and 1.31 < aspects.max() < 1.345
    # Uniform but for parts that do not fit: about (0.5 - 0.08) / 0.92 of them are below a half.
    assert 0.42 < (areas < 0.5).mean() < 0.6
    corner = boxes[:, 0] / np.maximum(500 - across, 1)
    assert abs(corner.mean() - 0.5) < 0.02


def test_where_no_part_fits_it_is_the_middle_square() -> None:
    random = np.random.default_rng(0)
    assert files.random_box(1000, 2, 1.0, random) == (499, 0, 501, 2)


def test_half_of_the_images_are_flipped(tmp_path: Path) -> None:
    image = Image.new("L", (40, 40))
    image.paste(255, (0, 0, 20, 40))
    image.save(tmp_path / "image.png")
    how = Augmentation(pad=0)
    flipped = [
        files.read(tmp_path / "image.png", files.Reading(20, how, 0, 1), index)[0, 0, 0] == 0
        for index in range(400)
    ]
    assert 160 < sum(flipped) < 240


LEVELS = np.arange(256, dtype=np.uint8).reshape(16, 16)
GRAY = Image.fromarray(LEVELS)
WHITE = Image.new("P", (16, 16), 255)
# Files that all hold LEVELS: the ending, the image, and how it is saved.
KINDS: dict[str, tuple[str, Any, dict[str, Any]]] = {
    "gray": ("png", GRAY, {}),
    "gray with alpha": ("png", GRAY.convert("LA"), {}),
    "16-bit gray": ("png", Image.fromarray(LEVELS.astype(np.uint16) * 257), {}),
    "colour": ("png", GRAY.convert("RGB"), {}),
    "colour with alpha": ("png", GRAY.convert("RGBA"), {}),
    "palette": ("png", GRAY.convert("P"), {}),
    "bitmap": ("bmp", GRAY, {}),
    "colour bitmap": ("bmp", GRAY.convert("RGB"), {}),
    "print": ("jpeg", GRAY.convert("CMYK"), {"quality": 100}),
    "gray JPEG": ("jpeg", GRAY, {"quality": 100}),
    "a page": ("tif", GRAY.convert("RGB"), {}),
    "a 16-bit page": ("tiff", Image.fromarray(LEVELS.astype(np.uint16) * 257), {}),
    "a graymap": ("pgm", GRAY, {}),
    "a 16-bit graymap": ("pgm", Image.fromarray(LEVELS.astype(np.int32) * 257), {}),
    "a pixmap": ("ppm", GRAY.convert("RGB"), {}),
    "an animation's": ("gif", GRAY.convert("P"), {"save_all": True, "append_images": [WHITE]}),
    "a JPEG of another name": ("jfif", GRAY, {"quality": 100, "format": "JPEG"}),
    "targa": ("tga", GRAY.convert("RGB"), {}),
    "JPEG 2000": ("jp2", GRAY.convert("RGB"), {"irreversible": False}),
    "web": ("webp", GRAY.convert("RGB"), {"lossless": True}),
    "web with alpha": ("webp", GRAY.convert("RGBA"), {"lossless": True}),
}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("kind", KINDS)
def test_a_gray_image_is_the_same_in_every_kind_of_file(kind: str, tmp_path: Path) -> None:
    ending, image, options = KINDS[kind]
    path = tmp_path / f"image.{ending}"
    image.save(path, **options)
    with pictures.opened(path) as opened:
        pixels = np.asarray(pictures.coloured(opened)).astype(int)
    near = 3 if ending in ("jpeg", "jfif") else 0  # JPEG rounds
    assert pixels.shape == (16, 16, 3)
    assert abs(pixels - LEVELS[..., None]).max() <= near


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(("colour", "channels"), [(0, 1), (2, 3), (4, 2), (6, 4)])
def test_16_bit_png_of_every_colour_type_is_the_same_too(
    colour: int, channels: int, tmp_path: Path
) -> None:
    """With alpha, or a level that is clear, so white; by hand, as Pillow writes none."""
    rows = np.repeat((LEVELS.astype(">u2") * 257)[..., None], channels, axis=2)
    if channels in (2, 4):
        rows[..., -1] = 65535
    lines = b"".join(b"\0" + row.tobytes() for row in rows)
    parts = {
        b"IHDR": struct.pack(">IIBBBBB", 16, 16, 16, colour, 0, 0, 0),
        **({b"tRNS": b"\1\1" * channels} if colour in (0, 2) else {}),
        b"IDAT": zlib.compress(lines),
        b"IEND": b"",
    }
    content = b"".join(
        struct.pack(">I", len(part)) + name + part + struct.pack(">I", zlib.crc32(name + part))
        for name, part in parts.items()
    )
    (tmp_path / "image.png").write_bytes(b"\x89PNG\r\n\x1a\n" + content)
    seen = np.where(LEVELS == 1, 255, LEVELS) if colour in (0, 2) else LEVELS
    with pictures.opened(tmp_path / "image.png") as opened:
        assert (np.asarray(pictures.coloured(opened)) == seen[..., None]).all()


# Of how Pillow saves them: the image, and what is seen on white.
ALPHAS: dict[str, tuple[Any, dict[str, Any], Any]] = {
    "a clear colour": (GRAY.convert("RGBA"), {"alpha": 0}, 255),
    "a half clear one": (GRAY.convert("RGBA"), {"alpha": 128}, 255 - (255.0 - LEVELS) * 128 / 255),
    "gray": (GRAY.convert("LA"), {"alpha": 0}, 255),
    "a palette": (GRAY.convert("P"), {"transparency": bytes(256)}, 255),
    "of a palette": (GRAY.convert("P"), {"transparency": 7}, np.where(LEVELS == 7, 255, LEVELS)),
    "a level": (GRAY, {"transparency": 7}, np.where(LEVELS == 7, 255, LEVELS)),
    "black": (Image.fromarray(LEVELS > 100).convert("1"), {"transparency": 0}, 255),
}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("kind", ALPHAS)
@pytest.mark.parametrize("ending", ["png", "webp", "tif"])
def test_transparency_is_laid_on_white(kind: str, ending: str, tmp_path: Path) -> None:
    """Hidden colours are not learned."""
    image, options, seen = ALPHAS[kind]
    options, path = dict(options), tmp_path / f"image.{ending}"
    if (alpha := options.pop("alpha", None)) is not None:
        image = image.copy()
        image.putalpha(alpha)
    elif ending != "png":
        pytest.skip("only PNG has it")
    image.save(path, **options, **({"lossless": True, "exact": True} if ending == "webp" else {}))
    with pictures.opened(path) as opened:
        assert pictures.is_transparent(opened)
        pixels = np.asarray(pictures.coloured(opened)).astype(float)
    assert abs(pixels - np.broadcast_to(seen, (16, 16))[..., None]).max() <= 1


def test_16_bit_gray_with_a_clear_level(tmp_path: Path) -> None:
    deep = LEVELS.astype(np.uint16) * 257
    Image.fromarray(deep).save(tmp_path / "image.png", transparency=7 * 257)
    with pictures.opened(tmp_path / "image.png") as opened:
        found = np.asarray(pictures.coloured(opened))[..., 0]
    assert (found == np.where(LEVELS == 7, 255, LEVELS)).all()


@pytest.mark.parametrize("ending", ["jpeg", "png", "webp", "tif"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_images_are_turned_as_exif_says(orientation: int, ending: str, tmp_path: Path) -> None:
    """EXIF 2.32, tag 274: where the first row and the first column of the file are in the scene."""
    scene = np.zeros((40, 24, 3), np.uint8)
    scene[:20, :12] = 255  # bright in the upper left alone
    scene[:20, 12:] = 100
    lie = {  # what the camera writes: the inverse of what is to be done
        1: lambda a: a,
        2: np.fliplr,
        3: lambda a: np.rot90(a, 2),
        4: np.flipud,
        5: lambda a: a.transpose(1, 0, 2),
        6: lambda a: np.rot90(a, 1),
        7: lambda a: np.rot90(a, 2).transpose(1, 0, 2),
        8: lambda a: np.rot90(a, -1),
    }[orientation]
    exif = Image.Exif()
    exif[274] = orientation
    lossless = {"lossless": True} if ending == "webp" else {"quality": 100}
    options = lossless if ending in ("webp", "jpeg") else {}
    path = tmp_path / f"image.{ending}"
    Image.fromarray(np.ascontiguousarray(lie(scene))).save(path, exif=exif, **options)
    with pictures.opened(path) as opened:
        assert pictures.is_turned(opened) == (orientation != 1)
        found = np.asarray(pictures.coloured(opened)).astype(int)
    assert found.shape == scene.shape and abs(found - scene).mean() < 3


def test_a_file_of_few_bytes_may_not_ask_for_gigabytes(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = write()
    path = root / "train/cat/2.png"
    Image.new("1", (8200, 8200)).save(path)
    assert path.stat().st_size < 20_000
    decoded: list[str] = []
    monkeypatch.setattr(pictures, "coloured", lambda image: decoded.append(image.filename))
    monkeypatch.setattr("archscope.data.sets.contents.coloured", pictures.coloured)
    with pytest.raises(DataError, match=r"cat/2\.png .*8,200 x 8,200 pixels, and 67,108,864"):
        prepare("folder", data_dir=root)
    assert str(path) not in decoded and len(decoded) == 14


def test_black_and_white(tmp_path: Path) -> None:
    image = Image.fromarray(LEVELS > 100).convert("1")
    for name in ("image.png", "image.bmp"):
        image.save(tmp_path / name)
        pixels = files.read(tmp_path / name, files.Reading(320), 0)
        assert (pixels.min(), pixels.max()) == (0, 255)


@pytest.mark.parametrize("mode", ["I;16", "I;16L", "I;16B", "I"])
def test_16_bits_are_scaled_to_the_nearest_of_8(mode: str) -> None:
    """In whatever order the bytes lie; Pillow 10 reads a 16-bit PNG as mode I."""
    levels = np.arange(0, 65536).reshape(256, 256)
    kind = {"I": "<i4", "I;16B": ">u2"}.get(mode, "<u2")
    image = Image.frombytes(mode, (256, 256), levels.astype(kind).tobytes())
    image.format = "PNG" if mode == "I" else None
    found = np.asarray(pictures.coloured(image))[..., 0]
    assert (found == np.rint(levels / 65535 * 255)).all()


@pytest.mark.parametrize("mode", ["I", "F"])
def test_pixels_of_32_bits_have_no_white_and_are_refused(mode: str, write: Write) -> None:
    root = write()
    data = loaded(root)
    path = root / "train/dog/3.JPEG"
    Image.new("L", (30, 30), 200).convert(mode).save(path, "TIFF")
    says = rf"3\.JPEG cannot be read as an image \(.*32 bits \(mode {mode}\).*8 or 16\): replace"
    with pytest.raises(DataError, match=says):
        train_batches(data)


def test_the_name_does_not_decide_the_format(tmp_path: Path) -> None:
    """ImageNet has a PNG that is named JPEG."""
    Image.new("RGB", (40, 40)).save(tmp_path / "image.png")
    (tmp_path / "image.png").rename(tmp_path / "image.JPEG")
    assert files.read(tmp_path / "image.JPEG", files.Reading(32), 0).shape == (32, 32, 3)


@pytest.mark.parametrize("loaders", [0, 2])
@pytest.mark.parametrize("damage", ["cut", "text", "bomb", "gone"])
def test_a_damaged_image_is_named_in_one_sentence(write: Write, damage: str, loaders: int) -> None:
    root = write()
    path = root / "train/dog/3.JPEG"
    data = loaded(root)
    whole = path.read_bytes()
    if damage == "cut":
        path.write_bytes(whole[: len(whole) * 2 // 3])
    elif damage == "text":
        path.write_bytes(b"<html>not found</html>")
    elif damage == "gone":
        path.unlink()
    else:
        size = b"IHDR" + struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
        path.write_bytes(PNG + struct.pack(">I", 13) + size + struct.pack(">I", zlib.crc32(size)))
    with pytest.raises(DataError, match=r"\.JPEG cannot be read as an image \(.*replace") as caught:
        train_batches(data, loaders)
    assert "\n" not in str(caught.value)
    assert "dog/3.JPEG" in str(caught.value)


def test_nothing_but_image_formats_is_opened(tmp_path: Path) -> None:
    """Pillow reads dozens of formats, some through other programs; the name proves nothing."""
    (tmp_path / "image.JPEG").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n")
    with pytest.raises(Image.UnidentifiedImageError):
        files.read(tmp_path / "image.JPEG", files.Reading(32), 0)


def test_test_classes_cut_the_test_images_and_give_labels(write: Write, tmp_path: Path) -> None:
    root = write(("a", "b", "c", "d"))
    data = loaded(root, View(test_classes=("d", "b")))
    assert data.listed is not None and data.listed.tolist() == [1, 3]
    assert data.test.labels.tolist() == [1, 1, 3, 3]
    assert len(data.train) == 20 and data.info.classes == 4
    for asked, says in ((("b", "x"), "no such class"), (("a",), None)):
        if says:
            with pytest.raises(UsageError, match=says):
                loaded(root, View(test_classes=asked))
    remove_all(root / "val/a")
    (root / "val/a").rmdir()  # as ImageNet-5K: no test images but of the 1K
    with pytest.raises(UsageError, match="no test image of it"):
        loaded(root, View(test_classes=("a", "b")))
    assert loaded(root, View(test_classes=("b",))).test.labels.tolist() == [1, 1]


def test_a_class_list_is_read_a_line_a_class(tmp_path: Path) -> None:
    path = tmp_path / "1k.txt"
    path.write_text("n01440764 tench\n\nn01443537\nn01440764\n")
    assert folder.class_list(path) == ("n01440764", "n01443537")
    for name in ("big cat", "n01440764"):
        (tmp_path / "images/train" / name).mkdir(parents=True)
    path.write_text("big cat\n n01440764 tench\r\n")
    assert folder.class_list(path, tmp_path / "images") == ("big cat", "n01440764")
    assert folder.class_list(path, tmp_path / "none") == ("big", "n01440764")
    path.write_text("\n")
    with pytest.raises(UsageError, match="is empty"):
        folder.class_list(path)
    path.write_bytes(b"\xff\xfe\x80")
    with pytest.raises(UsageError, match="it is not UTF-8 text"):
        folder.class_list(path)
    with pytest.raises(UsageError, match="No such file"):
        folder.class_list(tmp_path / "none.txt")


def test_files_are_held_out_and_cut_like_images(write: Write) -> None:
    data = loaded(write(train=8), View(holdout=4, samples=6))
    assert data.validation is not None
    assert data.validation.labels.tolist() == [0, 0, 1, 1]
    assert data.train.labels.tolist() == [0, 0, 0, 1, 1, 1]
    assert isinstance(data.validation, Files) and isinstance(data.train, Files)
    assert set(data.validation.names).isdisjoint(data.train.names)
    with pytest.raises(UsageError, match="whitened"):
        loaded(Path(data.info.folder or ""), View(whiten="zca"))
