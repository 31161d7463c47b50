"""What a reader explores: the data in the page, whatever networks are called."""

from __future__ import annotations

import html
import json
import re

from archscope.reporting.explorer.explorer import data, explorer_html
from archscope.reporting.facts.points import LearningCurve
from archscope.reporting.facts.statistics import Summary
from archscope.reporting.figure.costs import Costs
from archscope.reporting.figure.plot import Heading

HOSTILE = (
    "</script><script>alert(1)</script>",
    "<!--<script>",
    "\"'><img src=x onerror=alert(1)>",
    "a\u2028b\u2029c\u202ed",
    "&lt;b&gt;",
)


def explored(names=HOSTILE):
    errors = {name: 40.0 - index for index, name in enumerate(names)}
    costs = {"params": {name: 1000.0 * (i + 1) for i, name in enumerate(names)}}
    curves = [LearningCurve(name, (1, 2), (50.0, errors[name]), (45.0, 30.0)) for name in names]
    more = {"training error": {names[0]: Summary(3, 30.0, 0.25)}}
    found = Costs(Heading(""), errors, dict.fromkeys(names, 0.5), costs)
    return data(found, curves, (), more, dict.fromkeys(names, 3))


def test_hostile_names_stay_text_in_the_page():
    made = explorer_html(explored())
    [text] = re.findall(r'<script type="application/json">(.*?)</script>', made, re.DOTALL)
    assert made.count("<script") == made.count("</script") == 1 and "<img" not in made
    assert text.isascii() and not set("<>&") & set(text)
    read = json.loads(text)
    assert [one["whole"] for one in read["curves"]][:3] == list(HOSTILE[:3])
    assert read["curves"][3]["whole"] == "a b c\\u202ed"
    boxes = re.findall(r'<input type="checkbox" value="\d"> (.*?)</label>', made)
    assert [html.unescape(box) for box in boxes] == [one["whole"] for one in read["curves"]]


def test_a_marker_tells_all_of_its_numbers():
    [first, second, *_] = explored(("one", "two"))["networks"]
    assert first["said"] == (
        "one: test error 40.00 ± 0.50 % (mean of 3 seeds), training error 30.00 ± 0.25 %, "
        "1,000 parameters"
    )
    assert first["values"] == {"error": 40.0, "params": 1000.0, "error0": 30.0}
    assert first["bars"] == {"error": 0.5, "error0": 0.25}
    assert second["values"] == {"error": 39.0, "params": 2000.0}


def test_the_curves_of_the_lowest_and_the_highest_error_are_shown_at_first():
    assert explored(("one", "two", "three"))["chosen"] == [2, 0]
