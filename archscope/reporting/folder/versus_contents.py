"""The report of two populations side by side: their errors, the chance that one beats the other."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from archscope.errors import plural
from archscope.reporting.facts.wording import data_label, epochs_label, samples_label, trouble
from archscope.reporting.figure.plot import Heading, Style
from archscope.reporting.folder.contents import Contents, Drawing, markdown
from archscope.reporting.judge.pairs import errors_by_template
from archscope.reporting.judge.versus import QUANTILES, Versus, versus
from archscope.reporting.table.formats import decimal, text
from archscope.reporting.table.table import Column, Table
from archscope.sweep.store.records import Sweep, read_sweep

_NOTE = (
    "Bands: 95 %, of a bootstrap in two levels, designs then their seeds. It is a statement about "
    "whole spaces only where the designs were drawn from them at random, as archscope enumerate "
    "--sample does. Errors are means over a design's seeds; with few seeds noise widens both "
    "distributions and draws the chance towards a half."
)


def versus_contents(first: Path, second: Path) -> Contents:
    """What the comparison of two sweeps' folders holds."""
    both = (read_sweep(first), read_sweep(second))
    found = versus(errors_by_template(both[0]), errors_by_template(both[1]))
    names = (first.name, second.name) if first.name != second.name else (str(first), str(second))
    tables = (_table(found, names, both),)
    heading = Heading(f"Error distributions: {names[0]} and {names[1]}", [_sentence(found, names)])
    said = [line for sweep in both for line in trouble(sweep)]

    def drawn(style: Style) -> Any:
        from archscope.reporting.figure.populations import versus_plot

        return versus_plot.draw(found.errors, found.shares, heading, names, style)

    return Contents(
        tables,
        _document(found, names, (first, second)),
        {"versus.md": lambda: markdown(tables, said)},
        {"versus": Drawing(drawn, heading)},
    )


def _sentence(found: Versus, names: tuple[str, str]) -> str:
    chance = found.chance
    return (
        f"A design of {names[0]} has less error than one of {names[1]} with a chance of "
        f"{100 * chance.value:.0f} % ({100 * chance.low:.0f} to {100 * chance.high:.0f} %)."
    )


def _table(found: Versus, names: tuple[str, str], both: tuple[Sweep, Sweep]) -> Table:
    rows = [
        {
            "population": name,
            "designs": found.designs[side],
            "best_of": _label(q),
            "error": band.value,
            "low": band.low,
            "high": band.high,
        }
        for side, name in enumerate(names)
        for q, band in zip(QUANTILES, found.quantiles[side], strict=True)
    ]
    columns = [
        Column("population", "population", text, "left"),
        Column("designs", "designs", text),
        Column("best_of", "share", text, "left"),
        Column("error", "test error (%)", decimal(2)),
        Column("low", "from", decimal(2)),
        Column("high", "to", decimal(2)),
    ]
    settings = [
        f"{name}: {data_label(sweep)}, {samples_label(sweep)}, {epochs_label(sweep)}, "
        f"{plural(found.seeds[side], 'training')}."
        for side, (name, sweep) in enumerate(zip(names, both, strict=True))
    ]
    differ = (
        settings[0].partition(": ")[2].rpartition(",")[0]
        != (settings[1].partition(": ")[2].rpartition(",")[0])
    )
    warned = ["The two were not trained alike: the difference may be that."] if differ else []
    return Table(_sentence(found, names), columns, rows, [*warned, *settings, _NOTE])


def _label(q: float) -> str:
    return "the best" if q == 0 else f"{100 * q:.0f} % have less"


def _document(found: Versus, names: tuple[str, str], folders: tuple[Path, Path]) -> dict[str, Any]:
    return {
        "schema": "archscope.versus/1",
        "convention": "test errors in %, means over a design's seeds; bands of 95 %",
        "chance": asdict(found.chance),
        "populations": [
            {
                "name": name,
                "folder": str(folder),
                "designs": found.designs[side],
                "trainings": found.seeds[side],
                "quantiles": [
                    {"share": q, **asdict(band)}
                    for q, band in zip(QUANTILES, found.quantiles[side], strict=True)
                ],
                "distribution": [
                    {"error": error, **asdict(band)}
                    for error, band in zip(found.errors, found.shares[side], strict=True)
                ],
            }
            for side, (name, folder) in enumerate(zip(names, folders, strict=True))
        ],
    }
