"""The built-in set `shapes`: 10 classes of drawn 32x32 colour images. It is not CIFAR.

What it is for: a sweep that runs anywhere, at once, with nothing to download, and in which a better
network still shows. Errors on it say nothing about errors on photographs.

Each image has one object. Its class is a pair of outline and texture out of a 5x5 grid, two pairs
for each outline and two for each texture, so that neither alone gives the class. Colours, place,
size, angle and phase are random, and there are clutter, a gradient behind and noise over all of it.
10,000 training and 2,000 test images, as many of each class.

How hard it is, measured with one seed (batch 64, one-cycle, 4 epochs of 10,000 images, crop and
flip): a linear classifier has 14 % right; a ResNet of three basic blocks 85 % at width 8, 87 % at
width 16; three bottleneck blocks, stem 8, 81 % as 1x4d, 83 % as 1x16d and 82 % as 8x4d.

The same bytes on every machine: the raw output of PCG64, a stream that NumPy keeps stable, and
integer arithmetic. Lengths are in sixteenths of a pixel, sines in 1/1024, mixtures in 1/16.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from archscope.data.dataset import Channels, DatasetInfo, Images, Split, fingerprint

NAMES, TITLE, CLASSES = ("shapes",), "shapes (built-in)", 10
OUTLINES = ("disk", "square", "triangle", "cross", "ring")
TEXTURES = ("plain", "lying stripes", "standing stripes", "checks", "circles")
MEAN: Channels = (126.4, 126.2, 125.5)
STD: Channels = (73.7, 73.8, 73.6)

_SEED = 20170
_TRAIN, _TEST = 10_000, 2_000
_SIZE, _PIXEL = 32, 16
_BLOCK = 250  # images drawn at a time: few enough for the processor's cache

_Ints = npt.NDArray[np.int32]
_Colours = npt.NDArray[np.int16]
# The centres of the pixels, about the centre of the image.
_AXIS: _Ints = (np.arange(_SIZE, dtype=np.int32) * 2 + 1 - _SIZE) * (_PIXEL // 2)
_TURN = 64  # angles to the full turn
_ANGLES = np.arange(_TURN) * (2 * np.pi / _TURN)
_COS: _Ints = np.rint(np.cos(_ANGLES) * 1024).astype(np.int32)
_SIN: _Ints = np.rint(np.sin(_ANGLES) * 1024).astype(np.int32)


def prepare(
    name: str, data_dir: Path | None, *, offline: bool, label: str | None, progress: bool
) -> DatasetInfo:
    """Draw the images, and say what they are; of the rest it has no use."""
    return DatasetInfo(name, label or TITLE, None, CLASSES, fingerprint(*make()), True)


def read(info: DatasetInfo) -> tuple[Split, Split, Channels, Channels]:
    """Return what trains, what tests, mean and standard deviation."""
    return *make(), MEAN, STD


def make() -> tuple[Split, Split]:
    """Return the training split (10,000 images) and the test split (2,000): the caller's own."""
    train, test = _made()
    return (
        Split(train.images.copy(), train.labels.copy()),
        Split(test.images.copy(), test.labels.copy()),
    )


def parts(label: int) -> tuple[int, int]:
    """Return the outline and the texture of a class, as indices of `OUTLINES`, `TEXTURES`."""
    outline = label // 2
    return outline, (outline + label % 2) % len(TEXTURES)


@cache
def _made() -> tuple[Split, Split]:
    draw = _Raw(_SEED)
    labels = np.arange(_TRAIN + _TEST, dtype=np.int64) % CLASSES
    images = np.empty((_TRAIN + _TEST, 3, _SIZE, _SIZE), dtype=np.uint8)
    for label in range(CLASSES):
        of_class = np.flatnonzero(labels == label)
        for start in range(0, len(of_class), _BLOCK):
            block = of_class[start : start + _BLOCK]
            images[block] = _images(draw, label, len(block))
    train, test = draw.order(_TRAIN), _TRAIN + draw.order(_TEST)
    return Split(images[train], labels[train]), Split(images[test], labels[test])


class _Raw:
    """Random integers out of PCG64's raw output, which is the same in every release of NumPy."""

    def __init__(self, seed: int) -> None:
        self._source = np.random.PCG64(seed)

    def below(self, limit: int, *shape: int) -> _Ints:
        """Return integers in 0 .. limit - 1, for a limit far below 65,536."""
        return (self._raw("<u2", shape).astype(np.int32) * limit) >> 16

    def colour(self, n: int, limit: int = 256) -> _Colours:
        """Return a level below `limit` for each channel of `n` images: (n, 3, 1, 1)."""
        return self.below(limit, n, 3, 1, 1).astype(np.int16)

    def noise(self, n: int) -> _Colours:
        """Return noise of -16 .. 15 for `n` images."""
        return (self._raw("u1", (n, 3, _SIZE, _SIZE)) & 31).astype(np.int16) - 16

    def order(self, n: int) -> npt.NDArray[np.int64]:
        """Return a permutation of 0 .. n - 1."""
        return np.argsort(self._source.random_raw(n), kind="stable")

    def _raw(self, kind: str, shape: tuple[int, ...]) -> npt.NDArray[Any]:
        count = int(np.prod(shape))
        words = self._source.random_raw(-(-count * np.dtype(kind).itemsize // 8))
        return words.astype("<u8").view(kind)[:count].reshape(shape)


def _images(draw: _Raw, label: int, n: int) -> Images:
    """Draw `n` images of a class: (n, 3, 32, 32)."""
    outline, texture = parts(label)
    size = 8 * _PIXEL + draw.below(4 * _PIXEL, n, 1, 1)
    x, y = _placed(draw, n, 4 * _PIXEL)
    inside = _covered(_outline(outline, *_turned(x, y, draw.below(_TURN, n, 1, 1)), size))
    second = _texture(draw, texture, *_turned(x, y, draw.below(5, n, 1, 1) - 2))
    colour = draw.colour(n)
    contrast = ((colour + 90 + draw.colour(n, 76)) & 255) - colour
    canvas = _background(draw, (colour + 48 + draw.colour(n, 160)) & 255)
    for _ in range(3):
        _clutter(draw, canvas)
    painted = contrast * second[:, None].astype(np.int16)
    painted >>= 4
    painted += colour
    _paint(canvas, painted, inside)
    _clutter(draw, canvas)
    canvas += draw.noise(n)
    return np.clip(canvas, 0, 255, out=canvas).astype(np.uint8)


def _background(draw: _Raw, colour: _Colours) -> _Colours:
    """Return a gradient about a colour, of up to 64 levels each way: (n, 3, 32, 32)."""
    slopes = draw.below(129, 2, len(colour), 3, 1, 1) - 64
    across = ((slopes[0] * _AXIS) >> 8).astype(np.int16)
    down = ((slopes[1] * _AXIS[:, None]) >> 8).astype(np.int16)
    canvas: _Colours = colour + across + down
    return canvas


def _clutter(draw: _Raw, canvas: _Colours) -> None:
    """Paint a small rectangle somewhere on each image."""
    n = len(canvas)
    u, v = _turned(*_placed(draw, n, 15 * _PIXEL), draw.below(_TURN, n, 1, 1))
    wide, high = _PIXEL + draw.below(3 * _PIXEL, 2, n, 1, 1)
    inside = _covered(np.minimum(wide - np.abs(u), high - np.abs(v)))
    _paint(canvas, draw.colour(n), inside)


def _paint(canvas: _Colours, colour: _Colours, inside: _Ints) -> None:
    change = colour - canvas
    change *= inside[:, None].astype(np.int16)
    change >>= 4
    canvas += change


def _placed(draw: _Raw, n: int, reach: int) -> tuple[_Ints, _Ints]:
    """Return the pixels' coordinates about a random centre: (n, 1, 32) and (n, 32, 1)."""
    right, down = draw.below(2 * reach, 2, n, 1, 1) - reach
    return _AXIS - right, _AXIS[:, None] - down


def _turned(x: _Ints, y: _Ints, angle: _Ints) -> tuple[_Ints, _Ints]:
    """Return coordinates turned by `angle`, which is (n, 1, 1): (n, 32, 32) each."""
    cos, sin = _COS[angle], _SIN[angle]
    return (cos * x + sin * y) >> 10, (cos * y - sin * x) >> 10


def _covered(distance: _Ints) -> _Ints:
    """Turn a signed distance to an edge (positive inside) into a coverage of 0 .. 16."""
    coverage: _Ints = np.clip(distance + _PIXEL // 2, 0, _PIXEL)
    return coverage


def _radius(u: _Ints, v: _Ints) -> _Ints:
    # IEEE rounds the square root correctly, so that its whole part is the same everywhere.
    square: _Ints = u * u + v * v
    return np.sqrt(square.astype(np.float64)).astype(np.int32)


def _outline(which: int, u: _Ints, v: _Ints, size: _Ints) -> _Ints:
    """Return the signed distance to the edge of an outline of the radius `size` (about)."""
    name = OUTLINES[which]
    radius = _radius(u, v)
    across, along = np.abs(u), np.abs(v)
    distance: _Ints
    if name == "disk":
        distance = size - radius
    elif name == "ring":
        distance = np.minimum(size - radius, radius - (size >> 1))
    elif name == "square":
        distance = ((size * 7) >> 3) - np.maximum(across, along)
    elif name == "triangle":
        sides = ((512 * v - 887 * across) >> 10) + ((size * 9) >> 4)
        distance = np.minimum(sides, ((size * 5) >> 3) - v)
    else:
        arm = (size * 5) >> 4
        distance = np.minimum(size - np.maximum(across, along), arm - np.minimum(across, along))
    return distance


def _texture(draw: _Raw, which: int, s: _Ints, t: _Ints) -> _Ints:
    """Return how much of its second colour the object has at each pixel, 0 .. 16."""
    period = 4 * _PIXEL + draw.below(2 * _PIXEL, len(s), 1, 1)
    phase = draw.below(8 * _PIXEL, len(s), 1, 1)
    name = TEXTURES[which]
    if name == "plain":
        return np.zeros_like(s)
    if name == "lying stripes":
        return _wave(t + phase, period)
    if name == "standing stripes":
        return _wave(s + phase, period)
    if name == "checks":
        wide = 2 * period - _PIXEL
        a, b = _wave(s + phase, wide), _wave(t + phase, wide)
        return (a * (_PIXEL - b) + b * (_PIXEL - a)) >> 4
    return _wave(_radius(s, t) + phase, period)


def _wave(at: _Ints, period: _Ints) -> _Ints:
    """Return stripes with soft edges: 0 .. 16, one dark and one light a period."""
    quarter = period >> 2
    return _covered(quarter - np.abs(at % period - 2 * quarter))
