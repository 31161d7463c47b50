"""The published RegNets: their numbers, and what the paper, torchvision and timm call them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

# Depth, w_0, w_a, w_m and group width (the paper's code, configs/dds_baselines).
X = {
    "200MF": (13, 24, 36.44, 2.49, 8),
    "400MF": (22, 24, 24.48, 2.54, 16),
    "600MF": (16, 48, 36.97, 2.24, 24),
    "800MF": (16, 56, 35.73, 2.28, 16),
    "1.6GF": (18, 80, 34.01, 2.25, 24),
    "3.2GF": (25, 88, 26.31, 2.25, 48),
    "4.0GF": (23, 96, 38.65, 2.43, 40),
    "6.4GF": (17, 184, 60.83, 2.07, 56),
    "8.0GF": (23, 80, 49.56, 2.88, 120),
    "12GF": (19, 168, 73.36, 2.37, 112),
    "16GF": (22, 216, 55.59, 2.1, 128),
    "32GF": (23, 320, 69.86, 2.0, 168),
}
Y = {
    "200MF": (13, 24, 36.44, 2.49, 8),
    "400MF": (16, 48, 27.89, 2.09, 8),
    "600MF": (15, 48, 32.54, 2.32, 16),
    "800MF": (14, 56, 38.84, 2.4, 16),
    "1.6GF": (27, 48, 20.71, 2.65, 24),
    "3.2GF": (21, 80, 42.63, 2.66, 24),
    "4.0GF": (22, 96, 31.41, 2.24, 64),
    "6.4GF": (25, 112, 33.22, 2.27, 72),
    "8.0GF": (17, 192, 76.82, 2.19, 56),
    "12GF": (19, 168, 73.36, 2.37, 112),
    "16GF": (18, 200, 106.23, 2.48, 112),
    "32GF": (20, 232, 115.89, 2.53, 232),
}
NUMBERS = ("depth", "w0", "wa", "wm", "group")
_NAMES = {  # the paper's size, and what torchvision calls it
    **{size: size.lower() for size in ("400MF", "800MF")},
    **{"1.6GF": "1_6gf", "3.2GF": "3_2gf", "8.0GF": "8gf", "16GF": "16gf", "32GF": "32gf"},
}
# torchvision's, beside those of the paper.
_LARGEST = {"regnet_y_128gf": (27, 456, 160.83, 2.52, 264)}


def members(letter: str, sizes: Mapping[str, tuple[float, ...]]) -> dict[str, dict[str, Any]]:
    """All names of the published networks: torchvision's, the paper's, timm's."""
    found: dict[str, dict[str, Any]] = {}
    for size, name in _NAMES.items():
        found[f"regnet_{letter}_{name}"] = _numbers(sizes[size], "up")
    for name, largest in _LARGEST.items():
        if name.startswith(f"regnet_{letter}"):
            found[name] = found[f"regnet{letter}_1280"] = _numbers(largest, "up")
    for size, row in sizes.items():
        found[f"regnet{letter}_{size.lower()}"] = _numbers(row, "even")
        if size == "4.0GF":  # torchvision has none that is spelled so
            found[f"regnet{letter}_4gf"] = _numbers(row, "even")
        number = float(size[:-2]) / (1000 if size.endswith("MF") else 1)
        timms = f"regnet{letter}_{round(10 * number):03}"
        found[timms], found[f"{timms}_tv"] = _numbers(row, "even"), _numbers(row, "up")
    return found


def _numbers(row: Sequence[float], rounding: str) -> dict[str, Any]:
    return {**dict(zip(NUMBERS, row, strict=True)), "rounding": rounding}


# What torchvision has not, or rounds to other widths.
ONLY_PAPER = {
    "x": ("200MF", "400MF", "600MF", "4.0GF", "6.4GF", "12GF"),
    "y": ("200MF", "600MF", "800MF", "4.0GF", "6.4GF", "8.0GF", "12GF"),
}


def torchvisions(letter: str, name: str, numbers: Mapping[str, Any]) -> str | None:
    """torchvision's network of the size that a name of the paper's or timm's says; None: none.

    `numbers` are the member's, `even` where the name is the paper's.
    """
    for size, theirs in _NAMES.items():
        number = float(size[:-2]) / (1000 if size.endswith("MF") else 1)
        names = f"regnet{letter}_{size.lower()}", f"regnet{letter}_{round(10 * number):03}"
        if numbers["rounding"] == "even" and name in names:
            return f"regnet_{letter}_{theirs}"
    return None
