"""Parts of training sets: balanced over the classes, and the same every time."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from archscope.data.dataset import Labels, Part
from archscope.errors import UsageError, plural


def balanced_subset(labels: Labels, samples: int, classes: int) -> npt.NDArray[np.int64]:
    """Return the ascending indices of `samples` images, as even over the classes as they can be.

    Takes the first image of every class, then the second of every class, and so on, in the order
    of the files (a random one in CIFAR): nothing is drawn, and a smaller subset is a part of every
    larger one. Raises UsageError unless 1 <= samples <= len(labels).
    """
    if not 1 <= samples <= len(labels):
        raise UsageError(
            f"the dataset has {plural(len(labels), 'training image')}, not {samples}: give a "
            f"number from 1 to {len(labels)}"
        )
    turn = np.empty(len(labels), dtype=np.int64)
    for of_class in _by_class(labels, classes):
        turn[of_class] = np.arange(len(of_class))
    return np.sort(np.argsort(turn * classes + labels, kind="stable")[:samples])


def subset(split: Part, samples: int, classes: int) -> Part:
    """Return the split cut to the images of `balanced_subset`."""
    return split.take(balanced_subset(split.labels, samples, classes))


def held_out(labels: Labels, holdout: int, classes: int) -> npt.NDArray[np.int64]:
    """Return the ascending indices of `holdout` images for validation, as many of each class.

    Those of a class are spread evenly over the files' order, so that they are of all its parts
    (SVHN's `extra` images are easier than the others). Nothing is drawn. Where the classes do not
    divide `holdout`, the first ones give an image more. Raises UsageError where a class has too few
    to keep one for training.
    """
    kept = []
    for label, of_class in enumerate(_by_class(labels, classes)):
        share = holdout // classes + (label < holdout % classes)
        if share >= len(of_class):
            raise UsageError(
                f"holding out {plural(holdout, 'image')} takes {share} of each class, but "
                f"class {label} has {plural(len(of_class), 'training image')}: hold out less"
            )
        kept.append(of_class[(2 * np.arange(share) + 1) * len(of_class) // max(1, 2 * share)])
    return np.sort(np.concatenate(kept))


def split_off(split: Part, holdout: int, classes: int) -> tuple[Part, Part]:
    """Return the split without the images of `held_out`, and these."""
    chosen = held_out(split.labels, holdout, classes)
    rest = np.delete(np.arange(len(split), dtype=np.int64), chosen)
    return split.take(rest), split.take(chosen)


def _by_class(labels: Labels, classes: int) -> list[npt.NDArray[np.int64]]:
    """The ascending indices of each class."""
    ends = np.cumsum(np.bincount(labels, minlength=classes))
    return np.split(np.argsort(labels, kind="stable"), ends[:-1])
