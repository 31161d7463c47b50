"""Figure 7 of the ResNeXt paper from a sweep: test error against parameters.

One curve for more cardinality at a fixed width, one for more width at cardinality 1. `data` says
what is drawn; `archscope.reporting.figure.scatter.draw` draws it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from archscope.arch.names import parse
from archscope.cost.formula import count
from archscope.errors import UsageError, plural
from archscope.reporting.facts.points import Point, points
from archscope.reporting.facts.short_names import shared_sentences, short_names
from archscope.reporting.facts.wording import (
    data_label,
    epochs_label,
    family_label,
    likeness,
    samples_label,
    seeds_label,
)
from archscope.reporting.figure.plot import Heading, Mark, Scatter, Series
from archscope.studies.reader import read_study
from archscope.sweep.plan.subjects import curves as curves_of
from archscope.sweep.plan.subjects import is_template
from archscope.sweep.store.records import Sweep

CURVES = ("cardinality", "width")
X_LABEL, Y_LABEL = "parameters, batch norm included (log scale)", "test error (%), lower is better"
WIDTH_CURVE = "increase width (C = 1)"


def data(sweep: Sweep) -> Scatter:
    """The figure of a sweep; networks of which no trial has finished have no point in it."""
    planned = points(sweep)
    shown = sorted((p for p in planned if p.test_error.n), key=lambda p: p.params)
    # A single network is no curve.
    curves = {c for c in CURVES if sum(c in point.curves for point in planned) > 1}
    members = {c: [point for point in shown if c in point.curves] for c in CURVES if c in curves}
    members["other"] = [point for point in shown if curves.isdisjoint(point.curves)]
    title = (
        f"Test error against parameters: {data_label(sweep)}, {epochs_label(sweep)}, "
        f"{seeds_label(sweep)}"
    )
    names = [point.template for point in shown]
    short = short_names(names)
    words = [_setting(sweep), *_bars(shown), *shared_sentences(names), *_trouble(sweep, shown)]
    return Scatter(
        heading=Heading(title, words),
        x_label=X_LABEL,
        y_label=Y_LABEL,
        series=[
            Series(name, _label(name, found), [_mark(point, short) for point in found])
            for name, found in members.items()
            if found
        ],
    )


def file_name(sweep: Sweep) -> str:
    """What the figure's file is called: Figure 7 is one of ResNeXt templates."""
    templates = any(is_template(entry.template) for entry in sweep.plan.networks)
    return "figure7" if templates else "error-vs-params"


def beside_published(sweep: Sweep) -> tuple[Scatter, Scatter]:
    """The sweep's figure and, with scales of its own, the paper's.

    Raises:
        UsageError: where the sweep has none of Figure 7's templates.
    """
    if file_name(sweep) != "figure7":
        raise UsageError(
            "--published is for Figure 7, which a sweep of ResNeXt templates has; leave it out"
        )
    ours, theirs = data(sweep), published()
    heading = Heading(ours.heading.title, [*ours.heading.subtitles, *theirs.heading.subtitles])
    return replace(ours, heading=heading, name="this sweep"), theirs


def published() -> Scatter:
    """The paper's own 14 points: 13 networks, of which 1x64d is on both curves.

    Errors, means of 10 runs, and their standard errors are those of the study `resnext-fig7`;
    parameters are counted, batch norm included as in the sweep's figure.
    """
    rows = list(read_study("resnext-fig7").rows)
    templates = [row.label for row in rows]
    curves = curves_of(templates)
    marks = {}
    for row in rows:
        assert row.network is not None, "rows of this study are networks"
        error, bar = (float(str(value)) for value in row.published)
        marks[row.label] = Mark(row.label, row.label, count(parse(row.network)).params, error, bar)
    series = [
        Series(
            *(name, "increase cardinality (d = 64)" if name == "cardinality" else WIDTH_CURVE),
            sorted((marks[t] for t in templates if name in curves[t]), key=lambda mark: mark.x),
        )
        for name in CURVES
    ]
    said = (
        "The paper's: ResNeXt-29, CIFAR-10, 300 epochs, means of 10 runs ± one standard error; "
        "read from the vector data of its Figure 7."
    )
    return Scatter(Heading("", [said]), X_LABEL, Y_LABEL, series, "the paper's Figure 7")


def _mark(point: Point, short: Mapping[str, str]) -> Mark:
    assert point.test_error.mean is not None, "points without a mean are not drawn"
    return Mark(
        key=point.entry.network,
        label=short[point.template],
        x=point.params,
        y=point.test_error.mean,
        bar=point.test_error.standard_error,
        complete=point.complete,
    )


def _label(name: str, members: Sequence[Point]) -> str:
    if name == "cardinality":
        widths = {point.template.partition("x")[2].removesuffix("d") for point in members}
        return "increase cardinality" + (f" (d = {widths.pop()})" if len(widths) == 1 else "")
    return WIDTH_CURVE if name == "width" else "other networks"


def _setting(sweep: Sweep) -> str:
    setting = f"{family_label(sweep)}, {samples_label(sweep)}"
    proxy = "proxy" in likeness(sweep)
    return f"{setting}: a proxy of the paper's setting" if proxy else setting


def _bars(shown: Sequence[Point]) -> list[str]:
    if not shown:
        return []
    if any(point.test_error.standard_error is not None for point in shown):
        return ["Markers: mean over the seeds, final epoch. Bars: ± one standard error."]
    return ["Markers: one seed, final epoch; so there are no error bars."]


def _trouble(sweep: Sweep, shown: Sequence[Point]) -> list[str]:
    """One line at most: the figure has no room for the reasons, which table.md gives."""
    statuses = [record.status for record in sweep.trials]
    to_go = statuses.count("running") + statuses.count("pending")
    parts = [f"unfinished, {to_go} of {plural(len(statuses), 'trial')} to go"] if to_go else []
    for status in ("diverged", "failed"):
        if number := statuses.count(status):
            parts.append(f"{number} {status}, left out")
    if any(not point.complete for point in shown):
        parts.append("hollow markers: not all seeds")
    sentence = "; ".join(parts)
    return [f"{sentence[0].upper()}{sentence[1:]}."] if sentence else []
