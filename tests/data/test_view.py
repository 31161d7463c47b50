"""What is made of a data set: held-out images, whitening, and how a record tells of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archscope.data.batches import whiten
from archscope.data.batches.samples import held_out
from archscope.data.dataset import Split
from archscope.data.load import load, prepare
from archscope.data.sets import shapes
from archscope.data.view import View
from archscope.errors import UsageError


@given(st.lists(st.integers(0, 4), min_size=30, max_size=200), st.integers(1, 12))
def test_a_class_has_an_equal_share_in_what_is_held_out(classes: list[int], holdout: int) -> None:
    labels = np.array(classes, dtype=np.int64)
    counts = np.bincount(labels, minlength=5)
    shares = [holdout // 5 + (label < holdout % 5) for label in range(5)]
    if any(share >= count for share, count in zip(shares, counts, strict=True)):
        with pytest.raises(UsageError, match="hold out less"):
            held_out(labels, holdout, 5)
        return
    chosen = held_out(labels, holdout, 5)
    assert len(set(chosen.tolist())) == holdout
    assert list(chosen) == sorted(chosen)
    assert np.bincount(labels[chosen], minlength=5).tolist() == shares


def test_held_out_images_are_spread_over_the_files_order() -> None:
    """Of ten images of a class, the middles of five parts: 1, 3, 5, 7, 9."""
    labels = np.repeat(np.arange(2), 10)
    assert held_out(labels, 10, 2).tolist() == [1, 3, 5, 7, 9, 11, 13, 15, 17, 19]
    assert held_out(labels, 2, 2).tolist() == [5, 15]


def test_held_out_images_do_not_train() -> None:
    info = prepare("shapes")
    whole, cut = load(info), load(info, View(holdout=100))
    assert cut.validation is not None and isinstance(cut.validation, Split)
    assert (len(cut.train), len(cut.validation), len(cut.test)) == (9900, 100, len(whole.test))
    assert len(load(info, View(holdout=100, samples=300)).train) == 300
    assert np.bincount(cut.validation.labels).tolist() == [10] * 10

    def content(split: Any) -> set[bytes]:
        return {image.tobytes() for image in split.images}

    held, rest = content(cut.validation), content(cut.train)
    assert held.isdisjoint(rest) and held | rest == content(whole.train)
    assert whole.validation is None


def test_a_record_names_what_is_not_the_default_and_is_read_again() -> None:
    assert View().to_dict() == {} == View(samples=5).to_dict()
    view = View(7, 5000, "zca", 320, ("n01", "n02"))
    document = view.to_dict()
    assert document == {
        "holdout": 5000,
        "whiten": "zca",
        "test_crop": 320,
        "test_classes": ["n01", "n02"],
    }


@pytest.mark.parametrize(
    "asked",
    [
        {"holdout": -1},
        {"holdout": 1.5},
        {"holdout": True},
        {"whiten": "pca"},
        {"test_crop": 0},
        {"test_crop": 5000},
    ],
)
def test_a_view_that_cannot_be(asked: dict[str, Any]) -> None:
    [(name, value)] = asked.items()
    with pytest.raises(UsageError, match=rf"{name[-4:]}.*, not .*{value}.*: give "):
        View(**asked)


def test_images_in_memory_have_no_test_crop() -> None:
    with pytest.raises(UsageError, match="only image folders"):
        load(prepare("shapes"), View(test_crop=224))


def small(n: int, seed: int) -> Split:
    """Images of 3x4x4 in which neighbouring values hang together."""
    draw = np.random.default_rng(seed)
    noise = draw.normal(size=(n, 3, 4, 4)).cumsum(axis=2).cumsum(axis=3)
    return Split(np.clip(128 + 20 * noise, 0, 255).astype(np.uint8), np.zeros(n, dtype=np.int64))


def test_contrast_normalisation() -> None:
    """By hand: 0, 0, 0, 4 repeated is -1, -1, -1, 3 off its mean, of norm sqrt(12 * 12) = 12."""
    image = np.tile(np.array([0, 0, 0, 4], dtype=np.uint8), 12).reshape(1, 3, 4, 4)
    expected = np.tile([-1, -1, -1, 3], 12) * 55 / 12
    np.testing.assert_allclose(whiten.contrast(image)[0], expected, rtol=1e-6)
    flat = whiten.contrast(np.full((1, 3, 4, 4), 7, dtype=np.uint8))
    assert not flat.any()


def test_whitening_is_pylearn2_s_formula_fitted_to_what_trains() -> None:
    """Against the textbook: scipy-free, in float64, by another way to the inverse root."""
    train, other = small(300, 0), small(50, 1)
    whitened, tested = whiten.zca(train, [other])

    def contrast(part: Split) -> Any:
        flat = part.images.reshape(len(part), -1).astype(np.float64)
        flat -= flat.mean(1, keepdims=True)
        return 55 * flat / np.linalg.norm(flat, axis=1, keepdims=True)

    rows, rest = contrast(train), contrast(other)
    centred = rows - rows.mean(0)
    covariance = centred.T @ centred / len(rows) + 0.1 * np.eye(48)
    left, values, _ = np.linalg.svd(covariance)
    root = left @ np.diag(values**-0.5) @ left.T
    np.testing.assert_allclose(root @ root @ covariance, np.eye(48), atol=1e-8)
    for made, expected in ((whitened, centred @ root), (tested, (rest - rows.mean(0)) @ root)):
        assert made.images.dtype == np.float32 and made.images.shape[1:] == (3, 4, 4)
        np.testing.assert_allclose(made.images.reshape(len(made), -1), expected, atol=2e-3)
    spread = np.cov(whitened.images.reshape(300, -1).T)
    assert (
        np.abs(spread - np.diag(np.diag(spread))).max() < 0.05
    )  # the values hang together no more


def test_a_dataset_is_whitened_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    labels = np.arange(200, dtype=np.int64) % 10
    monkeypatch.setattr(shapes, "make", lambda: (Split(small(200, 0).images, labels), small(40, 1)))
    data = load(prepare("shapes"), View(whiten="zca", holdout=20))
    assert (data.mean, data.std) == ((0, 0, 0), (1, 1, 1))
    parts = (data.train, data.validation, data.test)
    assert [part.images.dtype for part in parts if isinstance(part, Split)] == [np.float32] * 3
    assert isinstance(data.train, Split)
    assert abs(data.train.images.mean(axis=0)).max() < 1e-4  # fitted to these 180, and no others
    assert len(data.train) == 180


def test_whitening_hands_back_the_labels() -> None:
    train = small(60, 3)
    labels = np.arange(60, dtype=np.int64) % 10
    [made] = whiten.zca(Split(train.images, labels), [])
    assert made.labels.tolist() == labels.tolist()
