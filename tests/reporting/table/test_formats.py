"""Every expected text is worked by hand from the number."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archscope.reporting.table import formats


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (4_230_479_872, "4.23 G"),
        (25_028_904, "25.0 M"),
        (70_144, "70.1 k"),
        (219_971_584, "220 M"),
        (999, "999"),
        (1000, "1.00 k"),
        (999_499, "999 k"),
        (999_500, "1.00 M"),  # three digits of it round up to the next prefix
        (99_950, "100 k"),  # and here to one digit less after the point
        (0, "0"),
        (-5_000_000, "-5.00 M"),
        (1.5, "1.50"),
        (None, "–"),
        (math.nan, "–"),
    ],
)
def test_decimal_prefixes(value, shown):
    assert formats.si(value) == shown


@settings(deadline=None)
@given(st.integers(1, 10**17))
def test_three_digits_are_within_half_a_unit_of_the_third(value):
    number, _, prefix = formats.si(value).partition(" ")
    factor = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "P": 10**15}[prefix]
    assert abs(float(number) * factor - value) <= 0.00501 * value


@pytest.mark.parametrize(
    ("format_value", "value", "shown"),
    [
        (formats.integer, 25_557_032, "25,557,032"),
        (formats.auto, 25_557_032, "25,557,032"),
        (formats.auto, True, "yes"),
        (formats.auto, "32x4d", "32x4d"),
        (formats.auto, 3.97, "3.97"),
        (formats.text, 2048, "2048"),
        (formats.text, ["1×1, 64", "3×3, 64"], "1×1, 64\n3×3, 64"),
        (formats.decimal(2), 3.9713, "3.97"),
        (formats.decimal(2), -0.001, "0.00"),
        (formats.percent, 0.0074, "+0.7 %"),
        (formats.percent, -0.0125, "-1.2 %"),
        (formats.percent, 0.0, "0.0 %"),
        (formats.percent, -0.0001, "0.0 %"),
        (formats.percent, 0.0001, "0.0 %"),
        (formats.share, 0.253, "25.3 %"),
        (formats.bytes_text, 9_633_792, "9.63 MB"),
        (formats.bytes_text, 640, "640 B"),
        (formats.bytes_text, None, "–"),
        (formats.integer, None, "–"),
        (formats.percent, math.inf, "–"),
        (formats.decimal(1), None, "–"),
        (formats.share, None, "–"),
        (formats.mean_and_error, None, "–"),
    ],
)
def test_formats(format_value, value, shown):
    assert format_value(value) == shown


def test_mean_with_and_without_its_error():
    assert formats.mean_and_error(4.394, 0.053) == "4.39 ± 0.05"
    assert formats.mean_and_error(4.394, None) == "4.39"


@pytest.mark.parametrize(
    ("value", "said"), [(0, "0"), (24_250_000, "24.25 M"), (5_000_000_000, "5 G"), (700, "700")]
)
def test_a_tick_is_exact(value, said):
    assert formats.tick(value) == said
