from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archscope.data.batches.samples import balanced_subset, subset
from archscope.data.dataset import DatasetInfo, Split, fingerprint
from archscope.errors import UsageError


def _split(n: int, seed: int = 0) -> Split:
    random = np.random.default_rng(seed)
    images = random.integers(0, 256, (n, 3, 8, 8), dtype=np.uint8)
    return Split(images, random.integers(0, 10, n))


def test_a_fingerprint_is_of_content_and_order() -> None:
    train, test = _split(6), _split(4, seed=1)
    same = Split(np.asfortranarray(train.images), train.labels.copy())
    assert fingerprint(same, test) == fingerprint(train, test)

    pixel, label = train.images.copy(), train.labels.copy()
    pixel[3, 1, 2, 2] ^= 1
    label[2] = (label[2] + 1) % 10
    others = [
        Split(pixel, train.labels),
        Split(train.images, label),
        Split(train.images[::-1], train.labels[::-1]),
        Split(train.images[:5], train.labels[:5]),
    ]
    prints = {fingerprint(other, test) for other in others} | {fingerprint(test, train)}
    assert len(prints | {fingerprint(train, test)}) == 6


@pytest.mark.parametrize(
    ("images", "labels"),
    [
        (np.zeros((2, 3, 4, 4)), np.zeros(2, np.int64)),
        (np.zeros((2, 4, 4, 3), np.uint8), np.zeros(2, np.int64)),
        (np.zeros((2, 3, 4, 4), np.uint8), np.zeros(2, np.uint8)),
        (np.zeros((2, 3, 4, 4), np.uint8), np.zeros(3, np.int64)),
    ],
)
def test_a_split_is_checked(images: np.ndarray, labels: np.ndarray) -> None:
    with pytest.raises(ValueError, match="must be"):
        Split(images, labels)


def test_an_info_goes_through_json() -> None:
    info = DatasetInfo("cifar10", "CIFAR-10", "/data", 10, "sha256:00", True)
    assert DatasetInfo(**json.loads(json.dumps(dataclasses.asdict(info)))) == info


def test_a_subset_takes_the_first_of_every_class_in_turn() -> None:
    labels = np.array([2, 2, 0, 2, 1, 0, 1, 2])
    # By hand: firsts of 0, 1, 2 are 2, 4, 0; seconds 5, 6, 1; then only class 2 is left: 3, 7.
    assert balanced_subset(labels, 3, 3).tolist() == [0, 2, 4]
    assert balanced_subset(labels, 4, 3).tolist() == [0, 2, 4, 5]
    assert balanced_subset(labels, 7, 3).tolist() == [0, 1, 2, 3, 4, 5, 6]
    assert balanced_subset(labels, 8, 3).tolist() == list(range(8))


@given(st.lists(st.integers(0, 4), min_size=1, max_size=60), st.data())
def test_subsets_are_nested_and_as_even_as_they_can_be(
    found: list[int], data: st.DataObject
) -> None:
    labels = np.array(found, dtype=np.int64)
    more = data.draw(st.integers(1, len(labels)))
    less = data.draw(st.integers(1, more))
    kept = balanced_subset(labels, more, 5)
    assert len(set(kept)) == more
    assert set(balanced_subset(labels, less, 5)) <= set(kept)
    counts, available = np.bincount(labels[kept], minlength=5), np.bincount(labels, minlength=5)
    short_of = counts[counts < available]
    assert not len(short_of) or counts.max() - short_of.min() <= 1


@pytest.mark.parametrize("samples", [0, -1, 7])
def test_a_subset_needs_a_possible_size(samples: int) -> None:
    with pytest.raises(UsageError, match="give a number from 1 to 6"):
        subset(_split(6), samples, 10)
