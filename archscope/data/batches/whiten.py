"""ZCA whitening, as for the CIFAR of Wide ResNet's Table 4.

Its authors name the preprocessing: pylearn2's `make_cifar10_gcn_whitened`. Each image: its mean is
taken off, and it is scaled to the Euclidean norm 55 (global contrast normalisation). Then, over the
images that train: the mean image is taken off, and the rest is multiplied by (C + 0.1 I)^(-1/2),
where C is their covariance over all 3*H*W values; 0.1 is pylearn2's `filter_bias`. Test and
validation images get the same mean and matrix.

What it costs for CIFAR, in each process that trains: images as float32, 0.74 GB, at the most twice
as much meanwhile; and at its start half a minute or more on one thread. Sums of floating point
numbers depend on the thread count and on the library that adds them, so that whitened images are
the same bit for bit only on the same machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from archscope.data.dataset import Channels, Split

SCALE = 55.0
EPSILON = 0.1
MEAN: Channels = (0.0, 0.0, 0.0)
STD: Channels = (1.0, 1.0, 1.0)
_ROWS = 5_000  # images at a time: bounds what is held in float64 or twice

_Floats = npt.NDArray[np.float32]


def zca(train: Split, others: Sequence[Split]) -> list[Split]:
    """Return `train` and `others` whitened: float32, by what `train` says."""
    flat = contrast(train.images)
    mean, matrix = fit(flat)
    flats = [flat, *(contrast(other.images) for other in others)]
    return [
        Split(_applied(flat, mean, matrix).reshape(part.images.shape), part.labels)
        for part, flat in zip((train, *others), flats, strict=True)
    ]


def contrast(images: npt.NDArray[Any]) -> _Floats:
    """Return images (N, 3, H, W) as rows (N, 3*H*W) float32 of the mean 0 and the norm 55."""
    rows: _Floats = images.reshape(len(images), -1).astype(np.float32)
    rows -= rows.mean(axis=1, keepdims=True, dtype=np.float64).astype(np.float32)
    norms = np.sqrt(np.einsum("ij,ij->i", rows, rows)) / SCALE
    norms[norms < 1e-8] = 1.0  # an image of one colour
    rows /= norms[:, None]
    return rows


def fit(rows: _Floats) -> tuple[_Floats, _Floats]:
    """Return the mean row (D,) and the whitening matrix (D, D) of rows (N, D)."""
    mean = rows.mean(axis=0, dtype=np.float64)
    width = rows.shape[1]
    covariance = np.zeros((width, width))
    for start in range(0, len(rows), _ROWS):
        centred = rows[start : start + _ROWS] - mean.astype(np.float32)
        covariance += centred.T @ centred
    covariance /= len(rows)
    covariance[np.diag_indices(width)] += EPSILON
    values, vectors = np.linalg.eigh(covariance)
    matrix = (vectors / np.sqrt(values)) @ vectors.T
    return mean.astype(np.float32), matrix.astype(np.float32)


def _applied(rows: _Floats, mean: _Floats, matrix: _Floats) -> _Floats:
    """Whiten rows in place."""
    for start in range(0, len(rows), _ROWS):
        part = rows[start : start + _ROWS]
        part[:] = (part - mean) @ matrix
    return rows
