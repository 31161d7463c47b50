import pytest
from hypothesis import given
from hypothesis import strategies as st

from archscope.arch.quantities import parse_budget, parse_numbers, parse_shape
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


def test_lists_and_ranges():
    assert parse_numbers("1,2,4", "cardinality") == [1, 2, 4]
    assert parse_numbers("1:4, 8", "cardinality") == [1, 2, 3, 4, 8]
    assert parse_shape("3x224x224") == (3, 224, 224)


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


@given(st.text(max_size=20))
def test_no_text_makes_a_traceback(text):
    for parse in (parse_budget, parse_shape, lambda text: parse_numbers(text, "width")):
        try:
            parse(text)
        except UsageError as error:
            assert "\n" not in str(error)
