from __future__ import annotations

import builtins
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cifar_files import RECORDS, binary_bytes, official, python2_bytes, python3_bytes, random_batch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archscope.data.dataset import fingerprint
from archscope.data.fetch.catalogue import CATALOGUE, Cifar, Layout
from archscope.data.sets import cifar_batches
from archscope.data.sets.unpickle import Refused, read_plain
from archscope.errors import DataError

Small = Callable[[str], Cifar]
Write = Callable[..., Path]
both = pytest.mark.parametrize("name", ["cifar10", "cifar100"])


def _layout(dataset: Cifar, kind: str) -> Layout:
    return next(layout for layout in dataset.layouts if layout.kind == kind)


def _one_sentence(error: BaseException) -> str:
    text = str(error)
    assert "\n" not in text and len(text) < 600 and not text.endswith(".")
    return text


def test_the_published_numbers() -> None:
    # Sizes: the official page; archives' checksums: the same page, as the project's brief has them.
    sizes = {
        file.name: file.records * (len(dataset.label_names) + 3072)
        for dataset in CATALOGUE.values()
        for file in _layout(dataset, "binary").files
    }
    assert sizes == {
        **{f"data_batch_{i}.bin": 30_730_000 for i in range(1, 6)},
        "test_batch.bin": 30_730_000,
        "train.bin": 153_700_000,
        "test.bin": 30_740_000,
    }
    assert {la.archive: la.archive_md5 for d in CATALOGUE.values() for la in d.layouts} == {
        "cifar-10-binary.tar.gz": "c32a1d4ab5d03f1284b67883e8d87530",
        "cifar-100-binary.tar.gz": "03b5dce01913d631647c71ecec9e9cb8",
        "cifar-10-python.tar.gz": "c58f30108f718f92721af3b95e74349a",
        "cifar-100-python.tar.gz": "eb9058c3a382ffc7106e4002c42a8d85",
    }


@both
def test_both_layouts_give_the_images_that_were_written(
    name: str, small: Small, write: Write, tmp_path: Path
) -> None:
    dataset = small(name)
    prints = set()
    for layout in dataset.layouts:
        folder = write(dataset, layout, tmp_path)
        train, test, is_official = cifar_batches.read(dataset, layout, folder)
        batches = [random_batch(dataset, i) for i in range(len(layout.files))]
        pixels, labels = zip(*batches, strict=True)
        train_pixels = np.concatenate(pixels[:-1]).reshape(-1, 3, 32, 32)
        assert np.array_equal(train.images, train_pixels)
        assert train.labels.tolist() == [label for batch in labels[:-1] for label in batch[-1]]
        assert np.array_equal(test.images, pixels[-1].reshape(-1, 3, 32, 32))
        assert test.labels.tolist() == labels[-1][-1]
        assert not is_official
        prints.add(fingerprint(train, test))
    assert len(prints) == 1


def test_planes_are_red_green_blue_and_rows_come_first(small: Small, tmp_path: Path) -> None:
    dataset = small("cifar10")
    layout = _layout(dataset, "binary")
    pixels = np.zeros((RECORDS, 3072), np.uint8)
    pixels[0, 1024 + 32 * 2 + 5] = 200  # as the official page says: green, row 2, column 5
    for file in layout.files:
        (tmp_path / file.name).write_bytes(binary_bytes(pixels, [[1] * RECORDS]))
    train, _, _ = cifar_batches.read(dataset, layout, tmp_path)
    assert train.images[0, 1, 2, 5] == 200 and train.images[0].sum() == 200


@both
@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_pickles_of_any_age_are_read(name: str, protocol: int, small: Small) -> None:
    dataset = small(name)
    pixels, labels = random_batch(dataset, 1)
    for content in (
        python2_bytes(dataset, pixels, labels),
        python3_bytes(dataset, pixels, labels, protocol),
        python3_bytes(dataset, np.asfortranarray(pixels), labels, protocol),
        python3_bytes(dataset, pixels, [np.array(column) for column in labels], protocol),  # type: ignore[misc]
    ):
        found = read_plain(content)
        entries = {k.decode() if isinstance(k, bytes) else k: v for k, v in found.items()}
        assert np.array_equal(entries["data"], pixels)
        assert [list(entries[field]) for field in dataset.label_names] == labels


def test_the_stand_in_for_python_2_is_what_pickle_reads(small: Small) -> None:
    dataset = small("cifar100")
    pixels, labels = random_batch(dataset, 1)
    found = pickle.loads(python2_bytes(dataset, pixels, labels), encoding="bytes")
    assert np.array_equal(found[b"data"], pixels) and found[b"fine_labels"] == labels[1]


@both
@pytest.mark.parametrize("kind", ["binary", "python"])
def test_official_means_every_checksum(
    name: str, kind: str, small: Small, write: Write, tmp_path: Path
) -> None:
    dataset = small(name)
    folder = write(dataset, _layout(dataset, kind), tmp_path)
    dataset = official(dataset, _layout(dataset, kind), folder)
    layout = _layout(dataset, kind)
    assert cifar_batches.read(dataset, layout, folder)[2]
    path = folder / layout.files[-1].name
    content = bytearray(path.read_bytes())
    at = content.rindex(random_batch(dataset, len(layout.files) - 1)[0][-1].tobytes())
    content[at] ^= 1
    path.write_bytes(content)
    assert not cifar_batches.read(dataset, layout, folder)[2]


def _broken(dataset: Cifar, layout: Layout, folder: Path, change: Callable[[bytes], bytes]) -> str:
    path = folder / layout.files[0].name
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(DataError) as caught:
        cifar_batches.read(dataset, layout, folder)
    text = _one_sentence(caught.value)
    assert str(path) in text and dataset.title in text and "--data-dir" in text
    return text


@both
@pytest.mark.parametrize("change", [lambda c: c[:-1], lambda c: c + b"\0", lambda c: b""])
def test_a_binary_file_of_another_size(
    name: str, change: Any, small: Small, write: Write, tmp_path: Path
) -> None:
    dataset = small(name)
    layout = _layout(dataset, "binary")
    text = _broken(dataset, layout, write(dataset, layout, tmp_path), change)
    assert "truncated" in text and f"{RECORDS * (3072 + len(dataset.label_names)):,}" in text


@pytest.mark.parametrize(
    ("name", "field", "label", "rule"),
    [
        ("cifar10", 0, 10, "labels of CIFAR-10 are 0 to 9"),
        ("cifar100", 0, 20, "coarse_labels of CIFAR-100 are 0 to 19"),
        ("cifar100", 1, 100, "fine_labels of CIFAR-100 are 0 to 99"),
    ],
)
@pytest.mark.parametrize("kind", ["binary", "python"])
def test_a_label_that_does_not_exist(
    name: str,
    field: int,
    label: int,
    rule: str,
    kind: str,
    small: Small,
    write: Write,
    tmp_path: Path,
) -> None:
    dataset = small(name)
    layout = _layout(dataset, kind)
    pixels, labels = random_batch(dataset, 0)
    labels[field][7] = label
    encode = python2_bytes if kind == "python" else lambda _, p, columns: binary_bytes(p, columns)
    folder = write(dataset, layout, tmp_path)
    text = _broken(dataset, layout, folder, lambda _: encode(dataset, pixels, labels))
    assert rule in text and f"image 7 the label {label}" in text


@pytest.mark.parametrize("label", [-1, 2**70, -(2**70)])
def test_a_label_of_any_size(label: int, small: Small, write: Write, tmp_path: Path) -> None:
    dataset = small("cifar10")
    layout = _layout(dataset, "python")
    pixels, labels = random_batch(dataset, 0)
    labels[0][3] = label
    content = python3_bytes(dataset, pixels, labels, 4)
    folder = write(dataset, layout, tmp_path)
    assert "image 3" in _broken(dataset, layout, folder, lambda _: content)


def _batch(**changes: Any) -> bytes:
    entries = {"data": np.zeros((RECORDS, 3072), np.uint8), "labels": [0] * RECORDS, **changes}
    return pickle.dumps({k: v for k, v in entries.items() if v is not None})


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (_batch(data=None), 'no entry "data" of 20 x 3,072 bytes'),
        (_batch(data=np.zeros((RECORDS, 3071), np.uint8)), 'no entry "data"'),
        (_batch(data=np.zeros((RECORDS, 3072), np.float32)), 'no entry "data"'),
        (_batch(data=[[0] * 3072] * RECORDS), 'no entry "data"'),
        (_batch(labels=None), 'no entry "labels" of 20 whole numbers'),
        (_batch(labels=[0] * (RECORDS - 1)), 'no entry "labels"'),
        (_batch(labels=[0.5] * RECORDS), 'no entry "labels"'),
        (_batch(labels=["a"] * RECORDS), 'no entry "labels"'),
        (_batch(labels=np.zeros(RECORDS, np.float32)), 'no entry "labels"'),
        (pickle.dumps([1, 2]), 'no entry "data"'),
        (b"", "is not a batch"),
        (_batch()[:-5000], "is not a batch"),
        (b"<html>not found</html>", "is not a batch"),
    ],
)
def test_a_pickle_of_something_else(
    content: bytes, reason: str, small: Small, write: Write, tmp_path: Path
) -> None:
    dataset = small("cifar10")
    layout = _layout(dataset, "python")
    folder = write(dataset, layout, tmp_path)
    assert reason in _broken(dataset, layout, folder, lambda _: content)


def test_a_missing_file(small: Small, write: Write, tmp_path: Path) -> None:
    dataset = small("cifar10")
    folder = write(dataset, dataset.layouts[0], tmp_path)
    (folder / "data_batch_3.bin").unlink()
    with pytest.raises(DataError, match=r"data_batch_3.bin cannot be read \(No such file"):
        cifar_batches.read(dataset, dataset.layouts[0], folder)


class _Calls:
    """Pickles to a call of a function."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> tuple[Any, Any]:
        return self.call


def _state_of(target: bytes) -> bytes:
    """Pickle that sets attributes of a global: BUILD with a pair of dictionaries."""
    return b"\x80\x02" + target + b"N}U\x08__call__Ns\x86b."


@pytest.mark.parametrize(
    "content",
    [
        pickle.dumps({"data": _Calls(os.mkdir, "made-by-a-pickle")}, 2),
        pickle.dumps(_Calls(builtins.eval, "__import__('os').mkdir('made-by-a-pickle')")),
        pickle.dumps(_Calls(builtins.getattr, 1, "real")),
        pickle.dumps(np.array([{}], dtype=object)),
        pickle.dumps(np.zeros(2, dtype=[("a", "i4")])),
        pickle.dumps(np.array(["2020-01-01"], dtype="M8[D]")),
        pickle.dumps(np.float32(1)),
        pickle.dumps(Path("x")),
        pickle.dumps(_Calls(np.load, "made-by-a-pickle")),
        b"cnumpy.core.multiarray\nscalar\n.",
        b"c_codecs\nencode\n(U\x01aU\x03rottR.",
        b"c_codecs\nencode\n(Va\nVrot13\ntR.",
        _state_of(b"cnumpy\nndarray\n"),
        _state_of(b"cnumpy\ndtype\n"),
        _state_of(b"cnumpy.core.multiarray\n_reconstruct\n"),
        b"\x80\x02cnumpy\nndarray\n)\x81.",
        b"\x82\x01.",
        b"U\x01aQ.",
        # Keys that take for ever to hash: 60 pairs, each of the one before twice; sets of the same.
        b"\x80\x02})" + b"q\x00h\x00\x86" * 60 + b"K\x01s.",
        b"\x80\x02})" + b"q\x00h\x00\x86" * 60 + b"K\x01\x86(h\x00K\x01u.",
        b"\x80\x02()" + b"q\x00h\x00\x86" * 60 + b"K\x01d.",
        b"\x80\x04\x8f()" + b"q\x00h\x00\x86" * 60 + b"\x90.",
        b"\x80\x04()" + b"q\x00h\x00\x86" * 60 + b"\x91.",
        # And 2,000 that are one to a dictionary: multiples of 2^61 - 1.
        pickle.dumps({number * (2**61 - 1): 0 for number in range(2000)}),
    ],
)
def test_a_pickle_that_asks_for_more_than_data_is_refused(content: bytes) -> None:
    with pytest.raises(Refused):
        read_plain(content)
    assert not Path("made-by-a-pickle").exists()


def test_a_refusal_does_no_lasting_harm(small: Small) -> None:
    for target in (b"cnumpy\ndtype\n", b"cnumpy.core.multiarray\n_reconstruct\n"):
        with pytest.raises(Refused):
            read_plain(_state_of(target))
    dataset = small("cifar10")
    pixels, labels = random_batch(dataset, 0)
    found = read_plain(python2_bytes(dataset, pixels, labels))
    assert np.array_equal(found[b"data"], pixels)


@pytest.mark.parametrize(
    ("shape", "raw"),
    [
        (b"K\x02K\x03\x86", b"12345"),
        (b"J\xff\xff\xff\xffK\x01\x86", b"1"),
        (b"\x8a\x0d" + (10**30).to_bytes(13, "little") + b"K\x00\x86", b""),
        (b"(" + b"K\x00" * 100 + b"t", b""),
    ],
)
def test_an_array_has_the_size_of_its_content(shape: bytes, raw: bytes) -> None:
    content = (
        b"\x80\x02cnumpy.core.multiarray\n_reconstruct\n(tR(K\x01" + shape + b"cnumpy\ndtype\n"
        b"(U\x02u1tR\x89U" + bytes([len(raw)]) + raw + b"tb."
    )
    with pytest.raises(Refused, match="array"):
        read_plain(content)


def test_a_malicious_file_is_named(small: Small, write: Write, tmp_path: Path) -> None:
    dataset = small("cifar10")
    layout = _layout(dataset, "python")
    content = pickle.dumps({"data": _Calls(os.mkdir, "made-by-a-pickle")}, 2)
    text = _broken(dataset, layout, write(dataset, layout, tmp_path), lambda _: content)
    assert "asks for posix.mkdir" in text or "asks for nt.mkdir" in text
    assert not Path("made-by-a-pickle").exists()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_a_damaged_pickle_is_refused_or_data(data: st.DataObject) -> None:
    dataset = CATALOGUE["cifar100"]
    pixels = np.arange(20, dtype=np.uint8).reshape(2, 10)
    content = bytearray(
        data.draw(
            st.sampled_from(
                [python2_bytes(dataset, pixels, [[1, 2], [3, 4]])]
                + [python3_bytes(dataset, pixels, [[1, 2], [3, 4]], p) for p in (2, 4, 5)]
            )
        )
    )
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at] = data.draw(st.integers(0, 255))
    try:
        found = read_plain(bytes(content))
    except Refused:
        return
    plain = dict | list | tuple | str | bytes | int | float | np.ndarray | set | frozenset
    assert found is None or isinstance(found, plain | bytearray)


def test_a_pickle_cannot_make_the_reader_take_memory() -> None:
    # LONG_BINPUT with the index 2^30 - 1: the reader in C makes a table of 8 GiB for it.
    bomb = b"\x80\x02K\x01r\xff\xff\xff\x3f."
    code = (
        "import resource; resource.setrlimit(resource.RLIMIT_AS, (2**32, 2**32))\n"
        "from archscope.data.sets.unpickle import read_plain\n"
        f"print(read_plain({bomb!r}))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.stdout == "1\n"
