from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archscope.arch.quantities import (
    parse_budget,
    parse_bytes,
    parse_cap,
    parse_factors,
    parse_limit,
    parse_numbers,
    parse_percent,
    parse_range,
    parse_shape,
    parse_sides,
)
from archscope.errors import UsageError


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("70k", 70_000),
        ("25.5M", 25_500_000),
        ("4.1G", 4_100_000_000),
        ("69,632", 69_632),
        (".5k", 500),
    ],
)
def test_budgets(text, value):
    assert parse_budget(text) == value


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("5Mparams", ("params", 5_000_000, None)),
        ("600 MMACs", ("macs", 600_000_000, None)),
        ("7B params", ("params", 7_000_000_000, None)),  # billions, not bytes
        ("1.5 MB weights:INT8", ("weights", 1_500_000, "int8")),
        ("256kBmemory", ("memory", 256_000, None)),
        ("4,096B weights", ("weights", 4_096, None)),
    ],
)
def test_caps(text, read):
    assert parse_cap(text) == read


def test_bytes_and_sides():
    assert parse_bytes("1MB:int8", "--flash") == (1_000_000, "int8")
    assert parse_bytes("262144 b", "--sram") == (262_144, None)
    assert parse_sides("96:224:64") == [96, 160, 224] and parse_sides("96,32:34") == [
        32,
        33,
        34,
        96,
    ]
    for bad in ("224:96", "0", "96:224:", "a", "1:70000"):
        with pytest.raises(UsageError, match="write 96:224:16"):
            parse_sides(bad)


def test_lists_and_ranges():
    assert parse_numbers("1,2,4", "cardinality") == [1, 2, 4]
    assert parse_numbers("1:4, 8", "cardinality") == [1, 2, 3, 4, 8]
    assert parse_factors("1, 1.5,2:3,4.0", "widen") == [1, Fraction(3, 2), 2, 3, 4]
    assert parse_factors("0.5:1:0.25,8:20:8", "width") == [Fraction(1, 2), Fraction(3, 4), 1, 8, 16]
    for bad in ("0.5:1", "1:0.5:0.1", "0.5:1:0", "1:2:3:4", "0.5:1000000:0.001", "0.5::1"):
        with pytest.raises(UsageError, match=r"write 0\.5,1,1\.5 or 0\.5:1:0\.05"):
            parse_factors(bad, "width")
    assert parse_shape("3x224x224") == (3, 224, 224)


@given(st.integers(1, 10**13), st.sampled_from(["", "k", "M", "G", "T"]), st.integers(0, 12))
def test_any_whole_number_is_read_exactly(number, prefix, places):
    """A number with `places` behind the point, and a prefix: whole, or refused."""
    power = {"": 0, "k": 3, "M": 6, "G": 9, "T": 12}[prefix]
    text = f"{number // 10**places}.{number % 10**places:0{places}d}" if places else str(number)
    value = Fraction(number, 10**places) * 10**power
    if value.denominator != 1 or value == 0:
        with pytest.raises(UsageError, match="positive whole number"):
            parse_budget(text + prefix)
        return
    assert parse_budget(text + prefix) == value
    assert parse_range(f"{text}{prefix}:", "params") == (value, None)
    if value <= 10**13:
        assert parse_limit(f"{text}{prefix} MACs") == ("macs", value)


@given(st.lists(st.tuples(st.integers(1, 10**6), st.integers(0, 50)), min_size=1, max_size=5))
def test_ranges_hold_both_ends_and_what_is_between(pairs):
    text = ",".join(f"{low}:{low + more}" if more else str(low) for low, more in pairs)
    expected = [number for low, more in pairs for number in range(low, low + more + 1)]
    assert parse_numbers(text, "width") == parse_factors(text, "widen") == expected


@pytest.mark.parametrize(
    "call",
    [
        *(
            lambda text=text: parse_budget(text)
            for text in ("", "0", "-1", "1.5", "7q", "nan", "1e3", "4,1G", "70,5k", "1,2")
        ),
        *(
            lambda text=text: parse_numbers(text, "cardinality")
            for text in ("", "0", "4:1", "1,,2", "a", "1:999999", "9999999999")
        ),
        *(lambda text=text: parse_shape(text) for text in ("", "3x224", "0x1x1", "3x99999x1")),
    ],
)
def test_anything_else_is_one_sentence(call):
    with pytest.raises(UsageError, match="; write"):
        call()


@given(st.text(max_size=20) | st.from_regex(r"[0-9.,:kMGx%]{0,12}( ?(MACs|params))?"))
def test_no_text_makes_a_traceback(text):
    named = [parse_numbers, parse_factors, parse_range]
    for parse in (
        *(parse_budget, parse_shape, parse_limit, parse_percent),
        *(lambda text, one=one: one(text, "width") for one in named),
    ):
        try:
            parse(text)
        except UsageError as error:
            assert "\n" not in str(error)
