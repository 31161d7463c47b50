"""Times, memory and rooflines of networks as tables, from an `archscope.bench/1` document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from archscope.errors import plural
from archscope.reporting.table.formats import (
    MISSING,
    absent,
    bytes_text,
    decimal,
    integer,
    share,
    text,
)
from archscope.reporting.table.table import Column, Table


def bench_table(document: Mapping[str, Any]) -> Table:
    """A row for each mode and network."""
    results = document["results"]
    inputs = {entry["name"]: "×".join(map(str, entry["input"])) for entry in document["networks"]}
    rows = [{"input": inputs[entry["network"]], **_row(entry)} for entry in results]
    alike = len({*inputs.values()}) == 1
    columns = [
        Column("network", "network", text, "left"),
        *([] if alike else [Column("input", "images of", text, "left")]),
        Column("mode", "mode", text, "left"),
        Column("batch", "batch", integer),
        Column("median", "median\n(ms)", milliseconds),
        Column("quartile1", "quartiles\n(ms)", _range, also=("quartile3",)),
        Column("images_per_second", "images/s", three_digits),
        Column("ratio", "time to\nthe first's", decimal(3)),
    ]
    if document["published"]:
        columns.append(Column("published_ratio", "published\nratio", decimal(3)))
        if any(not absent(row["published_seconds"]) for row in rows):
            columns.append(Column("published_seconds", "published\n(s)", decimal(2)))
    if any(not absent(row["peak_memory_bytes"]) for row in rows):
        columns.append(Column("peak_memory_bytes", "peak\nmemory", bytes_text))
    if document["peak"]:
        columns += [
            Column("roofline", "roofline\n(ms)", milliseconds),
            Column("roofline_ratio", "roofline's\nratio", decimal(3)),
            Column("residual", "measured /\nroofline", decimal(2)),
            Column("memory_bound_share", "of it bound\nby memory", share),
        ]
    images = f", images of {next(iter(inputs.values()))}" if alike else ""
    return Table(f"Times on {device_text(document)}{images}", columns, rows, _notes(document))


def layer_tables(document: Mapping[str, Any]) -> list[Table]:
    """For each mode and network a row for each layer: what limits it, and its least time."""
    tables = []
    columns = [
        Column("path", "layer", text, "left"),
        Column("kind", "kind", text, "left"),
        Column("groups", "groups", integer),
        Column("times", "times", integer),
        Column("macs", "FLOPs\n(multiply-adds)", integer),
        Column("bytes", "bytes", integer),
        Column("intensity", "FLOP (2 a multiply-add)\na byte", decimal(2)),
        Column("bound", "bound by", text, "left"),
        Column("seconds", "least time\n(µs)", _microseconds),
    ]
    for entry in document["results"]:
        if not entry["roofline"]:
            continue
        rows = [{"network": entry["network"], **row} for row in entry["roofline"]["layers"]]
        named = Column("network", "network", text, "left", shown=False)
        images = f"batch {entry['batch']}"
        notes = ["Each row once, for the whole batch; 'times': how often it runs."]
        title = f"Roofline of {entry['network']}, {entry['mode']}, {images}"
        tables.append(Table(title, [named, *columns], rows, notes))
    return tables


def _row(entry: Mapping[str, Any]) -> dict[str, Any]:
    roofline = entry["roofline"] or {}
    low, high = entry["quartiles"]
    return {
        **entry,
        "quartile1": low,
        "quartile3": high,
        "roofline": roofline.get("seconds"),
        "roofline_ratio": roofline.get("ratio"),
        "residual": roofline.get("residual"),
        "memory_bound_share": roofline.get("memory_bound_share"),
    }


def _notes(document: Mapping[str, Any]) -> list[str]:
    setting, machine = document["setting"], document["machine"]
    first = document["results"][0]["network"]
    modes = "; ".join(f"{mode}: {what}" for mode, what in setting["modes"].items())
    notes = [
        f"Median and quartiles of {plural(setting['rounds'], 'interleaved round')} after "
        f"{plural(setting['warmup'], 'untimed one')}; the ratio is to {first}, the median of "
        "the rounds' own ratios.",
        f"{modes[0].upper()}{modes[1:]}.",
        _conditions(machine),
    ]
    if machine["load_average"] > machine["cpus"] / 2:
        notes.append(
            f"The machine was busy (load average {machine['load_average']:.1f} on "
            f"{plural(machine['cpus'], 'processor')}): times are longer and ratios less certain "
            "than on an idle one."
        )
    if setting["memory"]:
        notes.append(f"Peak memory: {setting['memory']}.")
    if document["published"]:
        published = document["published"]
        notes.append(f"Published: {published['source']}; {published['setting']}.")
    notes += [said for network in document["networks"] for said in network.get("notes", ())]
    return notes + _roofline_notes(document)


def _conditions(machine: Mapping[str, Any]) -> str:
    tuned = ", malloc keeps freed memory" if machine["malloc_tuned"] else ""
    versions = ", ".join(f"{name} {machine[name]}" for name in ("torch", "python", "archscope"))
    engine = machine.get("engine", "torch")
    versions = versions if engine == "torch" else f"run by {engine}; {versions}"
    return (
        f"{_processor(machine)}: {plural(machine['threads'], 'thread')}, precision "
        f"{machine['precision']}, {machine['memory_format']}{tuned}; {versions}; load average "
        f"{machine['load_average']:.1f} before it began."
    )


def _roofline_notes(document: Mapping[str, Any]) -> list[str]:
    peak = document["peak"]
    if not peak:
        return []
    notes = [
        f"Roofline: {peak['flops'] / 1e9:,.0f} GFLOP/s (2 a multiply-add) and "
        f"{peak['bandwidth'] / 1e9:,.1f} GB/s, {peak['method']}; a layer below "
        f"{peak['ridge']:.1f} FLOP a byte is bound by memory. It has no caches and no overlap, "
        "and takes a grouped convolution to be as fast as a matrix product.",
    ]
    results = document["results"]
    if any(entry["mode"] == "step" for entry in results):
        notes.append(
            "Its training step: three passes over layers with parameters, two over the others, "
            "without the optimizer."
        )
    firsts = {entry["mode"]: entry for entry in reversed(results)}
    notes += [_residual(entry) for entry in results if entry is not firsts[entry["mode"]]]
    return notes


def _residual(entry: Mapping[str, Any]) -> str:
    """What the roofline leaves unexplained of a ratio."""
    roofline = entry["roofline"]
    left = entry["ratio"] / roofline["ratio"]
    grouped = [row for row in roofline["layers"] if row["groups"] > 1]
    why = (
        f" (it has {plural(sum(row['times'] for row in grouped), 'grouped convolution')}, "
        "which the roofline takes to be fast)"
        if grouped and left > 1
        else ""
    )
    return (
        f"{entry['network']}, {entry['mode']}: ratio {entry['ratio']:.3f} measured, "
        f"{roofline['ratio']:.3f} by the roofline; a factor of {left:.2f} is left unexplained{why}."
    )


def device_text(document: Mapping[str, Any]) -> str:
    """The processor or GPU, threads and precision of a bench."""
    machine = document["machine"]
    threads = plural(machine["threads"], "thread")
    return f"{_processor(machine)}, {threads}, {machine['precision']}"


def _processor(machine: Mapping[str, Any]) -> str:
    name = machine["device_name"] or machine["processor"] or "an unknown processor"
    return name if machine["device"] == "cpu" else f"{name} ({machine['device']})"


def milliseconds(value: Any) -> str:
    """Seconds as milliseconds, three digits: 0.0123 -> `12.3`."""
    return MISSING if absent(value) else three_digits(1000 * value)


def _microseconds(value: Any) -> str:
    return MISSING if absent(value) else three_digits(1e6 * value)


def three_digits(value: Any) -> str:
    """Three significant digits, and no fewer than the whole number: 1234.5 -> `1,234`."""
    if absent(value):
        return MISSING
    whole = len(str(int(abs(value)))) if abs(value) >= 1 else 0
    return f"{value:,.{max(0, 3 - whole)}f}"


def _range(low: Any, high: Any = None) -> str:
    return MISSING if absent(low) else f"{milliseconds(low)} to {milliseconds(high)}"
