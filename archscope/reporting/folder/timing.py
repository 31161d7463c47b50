"""A timing study's report: measured ratios of times beside the published ones."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from archscope.errors import plural
from archscope.reporting.facts.bench_file import read_bench
from archscope.reporting.folder.contents import Contents, Drawing, markdown, without
from archscope.reporting.folder.study import complexity
from archscope.reporting.folder.study_contents import RESULT_FILE, Kept, result_document
from archscope.reporting.networks.bench import bench_table, device_text, milliseconds
from archscope.reporting.table.formats import decimal, integer, text
from archscope.reporting.table.html import escape, paragraphs, section, whole_page
from archscope.reporting.table.json_csv import json_text
from archscope.reporting.table.render import render
from archscope.reporting.table.table import Column, Table
from archscope.studies.study import Row, Study

UNFINISHED = "Unfinished: nothing is measured yet; run the same command again to measure."
_AGAIN = (
    "The same command with another --out measures again: times differ from run to run, and more "
    "with what else the machine does. archscope report makes this page again without measuring."
)
Bench = Mapping[str, Any]


def published_ratio(study: Study, row: Row) -> float | None:
    """The published time of a row to the reference's; None where the paper gives none."""
    assert study.timing is not None
    reference = next(one for one in study.rows if one.label == study.timing["reference"])
    value, base = row.published[0], reference.published[0]
    if not isinstance(value, (int, float)) or not isinstance(base, (int, float)):
        return None
    return float(value / base if study.timing["published"] == "time" else base / value)


def timing_rows(study: Study, bench: Bench | None) -> list[dict[str, Any]]:
    """A row for each of the study's: exact complexity, published values, and ours if timed."""
    assert study.timing is not None
    measured = {entry["network"]: entry for entry in bench["results"]} if bench else {}
    names = {row.label: network.name for row in study.rows if (network := study.network(row))}
    base = measured.get(names[study.timing["reference"]], {}).get("seconds", [])
    rows = []
    for row in study.rows:
        entry = measured.get(names[row.label], {})
        # Each round's own ratio: what disturbed one round disturbed both networks.
        ratios = [a / b for a, b in zip(entry.get("seconds", []), base, strict=False)]
        rows.append(
            {
                "label": row.label,
                "network": names[row.label],
                **complexity(study, row),
                **{f"published{i}": cell for i, cell in enumerate(row.published)},
                "published_ratio": published_ratio(study, row),
                "seconds": entry.get("median"),
                "ratio": statistics.median(ratios) if ratios else None,
                "ratio_low": min(ratios, default=None),
                "ratio_high": max(ratios, default=None),
            }
        )
    return rows


def timing_table(study: Study, bench: Bench | None) -> Table:
    """Measured ratios beside the published ones."""
    assert study.timing is not None
    reference = study.timing["reference"]
    here = [
        Column("ratio", f"time to {reference}'s\n(here)", decimal(3)),
        Column("ratio_low", "rounds", _span, also=("ratio_high",)),
        Column("seconds", "a step\n(ms, here)", milliseconds),
    ]
    columns = [
        Column("label", "network", text, "left"),
        *(
            Column(f"published{i}", f"{measure}\n(published)", text)
            for i, measure in enumerate(study.measures)
        ),
        Column("published_ratio", f"time to {reference}'s\n(published)", decimal(3)),
        *(here if bench else []),
        Column("network", "name", text, "left"),
        Column("params", "params\n(exact)", integer),
        Column("macs", "FLOPs\n(multiply-adds, exact)", integer),
    ]
    notes = [f"Published: {study.source}.", *study.notes]
    if bench:
        own = bench_table({**bench, "published": None}).notes
        notes += [f"Here: {_setting(bench)}.", *own]
    title = f"{study.title} ({study.source}): {study.question}"
    return Table(title, columns, timing_rows(study, bench), notes)


def timing_document(study: Study, preset: str, bench: Bench | None, folder: Path) -> dict[str, Any]:
    """The result as JSON: schema `archscope.study_result/1`."""
    table = timing_table(study, bench)
    return {**result_document(study, preset, folder, table), "bench": bench}


def sentences(study: Study, bench: Bench) -> list[str]:
    """What came out, a sentence for each network but the reference."""
    assert study.timing is not None
    reference, said = study.timing["reference"], []
    for row in timing_rows(study, bench):
        if row["ratio"] is None or row["label"] == reference:
            continue
        known = row["published_ratio"]
        paper = "the paper states none" if known is None else f"published: {known:.3g}"
        said.append(
            f"{row['label']} takes {row['ratio']:.2f} times as long as {reference} here (rounds: "
            f"{_span(row['ratio_low'], row['ratio_high'])}); {paper}"
        )
    return said


def timing_contents(kept: Kept, folder: Path) -> Contents:
    """The report of a timing study, measured or not yet."""
    study, bench = kept.study, read_bench(folder)
    table = timing_table(study, bench)
    document = timing_document(study, kept.preset, bench, folder)
    trouble = [] if bench else [UNFINISHED]
    texts: dict[str, Callable[[], str]] = {
        RESULT_FILE: lambda: json_text(document),
        "study.md": lambda: markdown([table], trouble),
        "report.html": lambda: _page(kept, table, bench),
    }
    if not bench:
        return Contents((table,), document, texts)
    from archscope.reporting.figure.bench_plot import bench_figure, bench_heading

    texts["results.csv"] = lambda: render(bench_table(bench), "csv")
    drawing = Drawing(lambda style: bench_figure(bench, style), bench_heading(bench))
    return Contents((table,), document, texts, {"times": drawing})


def _page(kept: Kept, table: Table, bench: Bench | None) -> str:
    from archscope.reporting.folder.page_trials import again, facts, table_section

    study = kept.study
    if bench is None:
        parts = [paragraphs([UNFINISHED], "trouble"), table_section(table)]
        return whole_page(study.title, parts, "")
    machine = bench["machine"]
    busy = [note for note in table.notes if note.startswith("The machine was busy")]
    items = "".join(f"<li>{escape(line)}</li>" for line in sentences(study, bench))
    asked = {
        "preset": kept.preset,
        "setting": _setting(bench),
        "measured": bench.get("created", "unknown"),
        "rounds": f"{bench['setting']['rounds']}, after {bench['setting']['warmup']} untimed",
        **{key: machine[key] for key in ("processor", "torch", "python", "platform")},
    }
    parts = [
        paragraphs([f"Measured on {device_text(bench)}."], "lead"),
        paragraphs(busy, "trouble"),
        section("Verdict", f'<ul class="verdicts">{items}</ul>'),
        section("Times", _figure(bench)),
        *map(table_section, without([table], busy)),
        section("Settings and machine", facts(asked)),
        section("To repeat", again(bench.get("command"), _AGAIN)),
    ]
    return whole_page(study.title, parts, str(machine.get("archscope", "")))


def _figure(bench: Bench) -> str:
    from archscope.reporting.figure.bench_plot import bench_figure, bench_heading
    from archscope.reporting.folder import page_figures

    hover = {
        f"bar-{entry['mode']}-{entry['network']}": (
            f"{entry['network']}: {milliseconds(entry['median'])} ms, rounds "
            f"{', '.join(milliseconds(seconds) for seconds in entry['seconds'])} ms; "
            f"{entry['ratio']:.2f} times the first"
        )
        for entry in bench["results"]
    }
    return page_figures.drawn(
        lambda style: bench_figure(bench, style), "times", bench_heading(bench), hover
    )


def _setting(bench: Bench) -> str:
    entry = bench["results"][0]
    shape = "×".join(map(str, bench["networks"][0]["input"]))
    return (
        f"a training step of {plural(entry['batch'], 'image')} of {shape} on {device_text(bench)}"
    )


def _span(low: Any, high: Any = None) -> str:
    return "" if low is None else f"{low:.2f} to {high:.2f}"


def order_of(rows: Sequence[Row], reference: str) -> list[Row]:
    """The rows with the reference first: times are relative to the first network."""
    return sorted(rows, key=lambda row: row.label != reference)
