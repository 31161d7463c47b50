"""Words that all rooms share: a counted noun agrees, and typed text stays on one short line."""

from __future__ import annotations

from archscope.errors import plural, shown


def test_a_counted_noun_agrees():
    assert [plural(number, "design") for number in (0, 1, 2)] == [
        "0 designs",
        "1 design",
        "2 designs",
    ]
    assert plural(1, "class") == "1 class" and plural(1200, "class") == "1,200 classes"
    assert plural(2, "axis", "axes") == "2 axes" and plural(1, "axis", "axes") == "1 axis"


def test_typed_text_is_shown_on_one_short_line():
    assert shown("32x4d") == "32x4d" and shown("a\nb") == "a b"
    assert shown("x" * 61) == "x" * 57 + "..."
