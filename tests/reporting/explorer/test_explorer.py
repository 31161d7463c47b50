"""What a reader explores: the data in the page, whatever networks are called."""

from __future__ import annotations

import html
import json
import re

from sweep_fixture import write_fake_sweep

from archscope.arch.names import parse
from archscope.cost.memory import memory
from archscope.reporting.explorer.explorer import data, explorer_html
from archscope.reporting.facts.points import LearningCurve
from archscope.reporting.facts.statistics import Summary
from archscope.reporting.facts.stored import stored_bytes
from archscope.reporting.figure.costs import Costs
from archscope.reporting.figure.plot import Heading
from archscope.sweep.plan.trial import network_digest
from archscope.sweep.store.records import read_sweep

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


def test_further_costs_are_axes_of_the_networks_that_have_them():
    names = ("one", "two")
    found = Costs(Heading(""), {"one": 40.0, "two": 39.0}, dict.fromkeys(names), {})
    memory, latency = {"one": 3_000_000.0}, {"one": 12.5, "two": 1234.5}
    made = data(found, (), beside={"memory": memory, "latency": latency})
    assert made["axes"][1:] == [
        ["memory", "memory (bytes, fp32)"],
        ["latency", "predicted latency (ms)"],
    ]
    [first, second] = made["networks"]
    assert first["values"] == {"error": 40.0, "memory": 3_000_000.0, "latency": 12.5}
    assert first["said"].endswith("3,000,000 bytes of peak memory, 12.5 ms of predicted latency")
    assert second["values"] == {"error": 39.0, "latency": 1234.5}
    assert second["said"].endswith(" 1,234 ms of predicted latency")


def test_weights_and_memory_are_those_of_the_networks_that_were_planned(tmp_path):
    folder = write_fake_sweep(tmp_path / "sweep", templates=("1x64d", "2x64d", "4x64d"))
    plan = json.loads((folder / "sweep.json").read_text())
    first, second, third = plan["networks"]
    classes = plan["dataset"]["classes"]
    first["digest"] = network_digest(parse(first["network"], classes))
    third["network"] = f"{tmp_path}/mine.py:net"
    (tmp_path / "mine.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    for trial in plan["trials"]:
        if trial["key"].startswith("4x64d"):
            trial["network"] = third["network"]
    (folder / "sweep.json").write_text(json.dumps(plan))
    found = stored_bytes(read_sweep(folder))
    assert found["weights"] == {one["template"]: 4.0 * one["params"] for one in plan["networks"]}
    assert second["digest"] != network_digest(parse(second["network"], classes))
    assert not (tmp_path / "ran").exists()  # a report runs no file of another's
    held = memory(parse(first["network"], classes))
    assert found["memory"] == {"1x64d": float(held.peak_activation_bytes)}
