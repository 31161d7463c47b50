"""Smaller training sets: balanced over the classes, and the same every time."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from archscope.data.dataset import Labels, Split
from archscope.errors import UsageError


def balanced_subset(labels: Labels, samples: int, classes: int) -> npt.NDArray[np.int64]:
    """Return the ascending indices of `samples` images, as even over the classes as they can be.

    Takes the first image of every class, then the second of every class, and so on, in the order
    of the files (a random one in CIFAR): nothing is drawn, and a smaller subset is a part of every
    larger one. Raises UsageError unless 1 <= samples <= len(labels).
    """
    if not 1 <= samples <= len(labels):
        raise UsageError(
            f"{samples} training images were asked for, but the dataset has {len(labels)}: "
            f"give a number from 1 to {len(labels)}"
        )
    turn = np.empty(len(labels), dtype=np.int64)
    for label in range(classes):
        of_class = np.flatnonzero(labels == label)
        turn[of_class] = np.arange(len(of_class))
    return np.sort(np.argsort(turn * classes + labels, kind="stable")[:samples])


def subset(split: Split, samples: int, classes: int) -> Split:
    """Return the split cut to the images of `balanced_subset`."""
    kept = balanced_subset(split.labels, samples, classes)
    return Split(split.images[kept], split.labels[kept])
