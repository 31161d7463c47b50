from __future__ import annotations

import json

import pytest

from archscope.arch.names import parse
from archscope.cost.memory import memory
from archscope.explore.networks.listing import list_networks
from archscope.reporting.table.render import render


def listed(run, *arguments):
    result = run("list", *arguments, "--format", "json")
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)["networks"]


def test_a_list_keeps_what_lies_inside_all_ranges_and_nothing_else(run):
    every = listed(run)
    kept = listed(run, "--params", ":5M", "--macs", "100M:1G", "--activations", "3M:")
    assert kept == [
        row
        for row in every
        if row["params"] <= 5 * 10**6
        and 10**8 <= row["macs"] <= 10**9
        and row["activations"] >= 3 * 10**6
    ]
    assert 0 < len(kept) < len(every)


@pytest.mark.parametrize("key", ["params", "macs", "activations", "published_error"])
def test_a_list_is_sorted_either_way_and_what_has_no_number_comes_last(run, key):
    word = key.removeprefix("published_")
    up, down = (
        [row[key] for row in listed(run, "resnext", "--sort", s)] for s in (word, f"-{word}")
    )
    known = [value for value in up if value is not None]
    assert known == sorted(known) and up == known + [None] * (len(up) - len(known))
    assert down == known[::-1] + [None] * (len(up) - len(known))


def test_memory_is_the_peak_in_fp32_and_its_range_is_in_bytes(run):
    rows = listed(run, "shufflenet", "--memory", "2.45MB:3MB", "--sort", "memory")
    peaks = {row["name"]: row["peak_activation_bytes"] for row in rows}
    assert list(peaks) == ["shufflenet_v2_x1_5"]
    assert peaks == {name: memory(parse(name)).peak_activation_bytes for name in peaks}
    assert "peak_activation_bytes" not in listed(run, "shufflenet")[0]


def test_the_whole_list_fits_80_columns_and_says_each_source():
    found = list_networks(sort="memory")  # with one more column than usual
    shown = render(found.tables(), "table", width=80, colour=False)
    assert max(map(len, shown.splitlines())) <= 80
    rows = [line for line in shown.splitlines() if "²" in line]
    assert len(rows) == len(found.rows)  # a line each, and no block of `header: value`
    for row in found.rows:
        if row["published_source"]:
            source = f"{row['published_source']} ({row['published_dataset']})"
            assert source in " ".join(shown.split())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--sort", "seconds"), "sorted by params, macs, activations, memory, latency, error"),
        (("--params", "26M:20M"), "params must be a range"),
        (("--memory", ":10MiB"), "memory must be a range"),
        (("--params", "2:3"), "widen them"),
    ],
)
def test_a_mistake_is_one_sentence(run, arguments, words):
    result = run("list", *arguments)
    assert result.exit_code == 2 and result.stdout == ""
    assert words in result.stderr and len(result.stderr.splitlines()) == 1


def test_a_range_of_the_library_is_of_a_cost():
    from archscope.errors import UsageError

    with pytest.raises(UsageError, match="not 'error'"):
        list_networks(ranges={"error": (0, 20)})
