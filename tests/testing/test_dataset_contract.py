"""The project's datasets keep the contract, and one that does not is caught."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from PIL import Image

from archscope.data.batches.samples import split_off, subset
from archscope.data.dataset import Dataset, DatasetInfo, Split, fingerprint
from archscope.data.load import load, prepare
from archscope.errors import DataError
from archscope.testing import check_dataset


def test_the_built_in_set_keeps_it():
    check_dataset(partial(prepare, "shapes"), load)


def test_an_image_folder_keeps_it(tmp_path):
    colours = np.random.default_rng(0)
    for part in ("train", "val"):
        for name in ("cat", "dog"):
            (tmp_path / part / name).mkdir(parents=True)
            for number in range(3):
                image = Image.fromarray(colours.integers(0, 256, (8, 8, 3), dtype=np.uint8))
                image.save(tmp_path / part / name / f"{number}.png")
    check_dataset(partial(prepare, "folder", data_dir=tmp_path), load)


class Set:
    """A small dataset; a subclass lies in one thing."""

    classes, mean, std, says = 3, (10.0, 20.0, 30.0), (50.0, 50.0, 50.0), {}

    def images(self):
        drawn = np.random.default_rng(0).integers(0, 256, (18, 3, 4, 4), dtype=np.uint8)
        labels = np.arange(18, dtype=np.int64) % 3
        return Split(drawn[:12], labels[:12]), Split(drawn[12:], labels[12:])

    def prepare(self):
        mark = fingerprint(*self.images())
        info = DatasetInfo("small", "Small", None, self.classes, mark, official=True)
        return replace(info, **self.says)

    def checked(self, info):
        if fingerprint(*self.images()) != info.fingerprint:
            raise DataError("others")

    def load(self, info, view):
        train, test = self.images()
        self.checked(info)
        validation = None
        if view.holdout:
            train, validation = self.cut(train, view.holdout)
        if view.samples:
            train = self.few(train, view.samples)
        return Dataset(info, train, test, self.mean, self.std, view, validation)

    def cut(self, train, holdout):
        return split_off(train, holdout, 3)

    def few(self, train, samples):
        return subset(train, samples, 3)


class Unmarked(Set):
    says = {"fingerprint": "12ab"}  # noqa: RUF012


class OtherPrint(Set):
    says = {"fingerprint": f"sha256:{'1' * 64}"}  # noqa: RUF012

    def checked(self, info):
        pass


class Unchecked(Set):
    def checked(self, info):
        pass


class FewClasses(Set):
    classes = 2


class ManyClasses(Set):
    classes = 4


class InUnits(Set):
    std = (0.0, 0.2, 0.2)


class Restless(Set):
    def prepare(self):
        self.classes += 1
        return super().prepare()


class Forgets(Set):
    """What is held out trains as well."""

    def cut(self, train, holdout):
        return train, split_off(train, holdout, 3)[1]


class Draws(Set):
    draws = np.random.default_rng(0)

    def few(self, train, samples):
        return train.take(self.draws.permutation(len(train))[:samples])


class Ignores(Set):
    def few(self, train, samples):
        return train


class Shares(Set):
    kept = None

    def images(self):
        self.kept = self.kept or super().images()
        return self.kept

    def checked(self, info):
        if info.fingerprint.endswith("0" * 64):
            raise DataError("others")


def test_a_small_set_that_keeps_it_passes():
    check_dataset(Set().prepare, Set().load)


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        (Unmarked, 'not "sha256:..."'),
        (OtherPrint, "says the fingerprint sha256:111.* but its images have"),
        (Unchecked, "was loaded though it was prepared with other images"),
        (FewClasses, "training labels of Small are 0 to 2, but with 2 classes they are 0 to 1"),
        (ManyClasses, r"no training image of Small has the label \[3\]"),
        (InUnits, "in pixel units"),
        (Restless, "was prepared twice"),
        (Forgets, "are not all the training images, each once"),
        (Draws, "other images when the same 3 were requested again"),
        (Ignores, "Small loaded 12 images, not the 3 requested"),
        (Shares, "gives each caller the same array"),
    ],
)
def test_one_that_breaks_it_is_caught(kind, says):
    one = kind()
    with pytest.raises(AssertionError, match=says):
        check_dataset(one.prepare, one.load)
