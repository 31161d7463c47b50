"""What must hold of every dataset."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import asdict, replace

import numpy as np

from archscope.data.dataset import Dataset, DatasetInfo, Files, Part, Split, fingerprint
from archscope.data.view import View
from archscope.errors import DataError, plural


def check_dataset(
    prepare: Callable[[], DatasetInfo], load: Callable[[DatasetInfo, View], Dataset]
) -> None:
    """Check a dataset: what it says of itself, its images and labels, and the parts cut of them.

    What `prepare` says is JSON and the same every time; images are what the fingerprint is of, and
    others are refused; labels are 0 to classes - 1, and every class can be learned; pixels are
    taken to numbers by a mean and a deviation; a part is the same every time, and what is held out
    does not train; what one caller writes into its images is not what the next one gets.

        from archscope.data.load import load, prepare
        from archscope.testing import check_dataset

        def test_my_set(tmp_path):
            write_a_few_images(tmp_path)
            check_dataset(lambda: prepare("my-set", data_dir=tmp_path), load)

    Args:
        prepare: finds the dataset and says what it is; called twice.
        load: reads it, and makes of it what a view says; called a few times.

    Raises:
        AssertionError: with what does not hold.
    """
    info = prepare()
    _check_info(info, prepare())
    data = load(info, View())
    _check_labels(info, data)
    for part in (data.train, data.test):
        if isinstance(part, Files):
            _check_files(part)
    _check_numbers(data)
    _check_fingerprint(info, data, load)
    _check_parts(info, data.train, load)
    if isinstance(data.train, Split):
        _check_own(info, data.train, load)


def _check_info(info: DatasetInfo, again: DatasetInfo) -> None:
    assert info == again, f"{info.name} was prepared twice, and the second time it was {again}"
    assert DatasetInfo(**json.loads(json.dumps(asdict(info)))) == info, (
        f"what {info.name} says of itself does not survive JSON: use str, int and bool"
    )
    assert info.name and info.label, "a dataset has a name, and a label for titles"
    assert info.classes >= 2, f"{info.label} has {info.classes} classes: there must be two or more"
    mark = info.fingerprint.removeprefix("sha256:")
    assert mark != info.fingerprint and mark, (
        f'the fingerprint of {info.label} is {info.fingerprint!r}, not "sha256:..."'
    )


def _check_labels(info: DatasetInfo, data: Dataset) -> None:
    assert data.info == info, f"{info.label} was loaded with another info than it was prepared with"
    assert type(data.train) is type(data.test), (
        f"{info.label} has files in one part and images in memory in the other"
    )
    for part, what in ((data.train, "training"), (data.test, "test")):
        assert len(part), f"{info.label} has no {what} images"
        low, high = int(part.labels.min()), int(part.labels.max())
        assert low >= 0 and high < info.classes, (
            f"the {what} labels of {info.label} are {low} to {high}, but with {info.classes} "
            f"classes they are 0 to {info.classes - 1}"
        )
    missing = sorted(set(range(info.classes)) - set(data.train.labels.tolist()))
    assert not missing, f"no training image of {info.label} has the label {missing[:1]}"


def _check_files(part: Files) -> None:
    for name in part.names[:3].tolist():
        path = part.root / name.decode()
        assert path.is_file(), f"{path} is one of the images, but no file"


def _check_numbers(data: Dataset) -> None:
    for numbers, what in ((data.mean, "mean"), (data.std, "std")):
        assert len(numbers) == 3 and all(map(math.isfinite, numbers)), (
            f"the {what} of {data.info.label} is {numbers}, not three numbers: red, green, blue"
        )
    assert all(0 <= number <= 255 for number in data.mean) and min(data.std) > 0, (
        f"{data.info.label} has the mean {data.mean} and the std {data.std}, but these are in "
        "pixel units: 0 to 255, and more than 0"
    )


def _check_fingerprint(
    info: DatasetInfo, data: Dataset, load: Callable[[DatasetInfo, View], Dataset]
) -> None:
    if isinstance(data.train, Split) and isinstance(data.test, Split):
        found = fingerprint(data.train, data.test)
        assert found == info.fingerprint, (
            f"{info.label} says the fingerprint {info.fingerprint}, but its images have {found}"
        )
    try:
        load(replace(info, fingerprint=f"sha256:{'0' * 64}"), View())
    except DataError:
        return
    raise AssertionError(
        f"{info.label} was loaded though it was prepared with other images; raise DataError where "
        "the fingerprint differs"
    )


def _check_parts(
    info: DatasetInfo, whole: Part, load: Callable[[DatasetInfo, View], Dataset]
) -> None:
    held = info.classes
    if min(np.bincount(whole.labels)) > 1:
        cut = load(info, View(holdout=held))
        assert cut.validation is not None and len(cut.validation) == held, (
            f"{held} images of {info.label} were to be held out; set them aside as validation"
        )
        both = _contents(cut.train) + _contents(cut.validation)
        assert sorted(both) == sorted(_contents(whole)), (
            f"with {held} images of {info.label} held out, what trains and what was held out are "
            "not all the training images, each once"
        )
    few = [load(info, View(samples=held)).train for _ in range(2)]
    assert len(few[0]) == held, (
        f"{info.label} loaded {plural(len(few[0]), 'image')}, not the {held} requested"
    )
    assert _contents(few[0]) == _contents(few[1]), (
        f"{info.label} loaded other images when the same {held} were requested again; draw nothing"
    )


def _contents(part: Part) -> list[tuple[int, bytes]]:
    """What identifies an image, with its label."""
    if isinstance(part, Files):
        return list(zip(part.labels.tolist(), part.names.tolist(), strict=True))
    return [
        (label, image.tobytes())
        for label, image in zip(part.labels.tolist(), part.images, strict=True)
    ]


def _check_own(
    info: DatasetInfo, first: Split, load: Callable[[DatasetInfo, View], Dataset]
) -> None:
    kept, first.images[0] = first.images[0].copy(), 255 - first.images[0]
    second = load(info, View()).train
    assert isinstance(second, Split)
    assert np.array_equal(second.images[0], kept), (
        f"{info.label} gives each caller the same array: what one writes, the next one gets"
    )
