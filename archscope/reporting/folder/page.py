"""report.html: a sweep, finished or not, as one page that needs no network.

Everything on the page is in the file: style, script, figures. What a user or a file
said is escaped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from archscope.errors import plural
from archscope.reporting.explorer import explorer
from archscope.reporting.facts.wording import machine_sentence, trouble
from archscope.reporting.figure.costs import costs_of, costs_table
from archscope.reporting.figure.populations.population import population, population_table
from archscope.reporting.folder import page_figures, page_trials
from archscope.reporting.folder.contents import without
from archscope.reporting.folder.page_trials import table_section
from archscope.reporting.folder.study import MORE
from archscope.reporting.folder.sweep import MEDIAN, table7
from archscope.reporting.judge.answer import answer
from archscope.reporting.judge.of_sweep import sweep_verdicts
from archscope.reporting.judge.rounds import sentences
from archscope.reporting.judge.verdicts import Verdict, method_sentence
from archscope.reporting.table.html import escape, paragraphs, section, whole_page
from archscope.reporting.table.table import Table
from archscope.sweep.store.records import Sweep

_CONTINUED = (
    "The same command in the same place continues what is missing; with another --out it "
    "repeats everything. Results are the same to the bit on the same kind of machine, "
    "threads, precision and versions."
)


def page(
    sweep: Sweep,
    *,
    title: str | None = None,
    found: Sequence[Verdict] | None = None,
    more: Sequence[str] = (),
    before: Sequence[Table] = (),
    templates: Mapping[str, str] | None = None,
) -> str:
    """The whole page.

    Args:
        sweep: as it is now; what is unfinished or failed is said at the top.
        title: the heading, where not the sweep's own.
        found: the verdicts, where not those on the sweep's own pairs.
        more: commands that train more seeds for what they leave open.
        before: tables to be shown first (a study's).
        templates: what was trained, by the labels of a study's verdicts.
    """
    table = table7(sweep)
    drawn, costs = population(sweep), costs_of(sweep)
    found = sweep_verdicts(sweep) if found is None else found
    parts = [
        paragraphs([said] if (said := answer(sweep, found, templates)) else [], "answer"),
        *head(sweep),
        verdict_list(found, more),
        *map(table_section, without(before, trouble(sweep))),
        section("Test error against parameters", page_figures.error_figure(sweep)),
        section("Explore", page_figures.explored(sweep, costs)) if costs else "",
        *map(table_section, without([_networks(table)], trouble(sweep))),
    ]
    if costs:
        parts += [table_section(costs_table(costs)), page_figures.costs_figure(costs)]
    if drawn:
        parts += [table_section(population_table(drawn)), page_figures.population_figure(drawn)]
    scripts = [explorer.script()] if costs else []
    return whole_page(title or table.title, [*parts, *tail(sweep)], version(sweep), scripts)


def _networks(table: Table) -> Table:
    """The sweep's table as the page has it: with medians."""
    columns = [replace(column, shown=column.shown or column == MEDIAN) for column in table.columns]
    return replace(table, title="Networks", columns=columns)


def train_page(sweep: Sweep, table: Table, means: Sequence[str]) -> str:
    """The page of a single network: its mean error, a row a seed, and the curves."""
    parts = [
        *head(sweep),
        section("Result", paragraphs(means)),
        *map(table_section, without([replace(table, title="Seeds")], [*trouble(sweep), *means])),
    ]
    return whole_page(table.title, [*parts, *tail(sweep)], version(sweep))


def head(sweep: Sweep) -> list[str]:
    """What is done, and what is missing or failed, before all else."""
    done = sum(record.status == "done" for record in sweep.trials)
    lead = f"{done} of {plural(len(sweep.trials), 'training')} done. {machine_sentence(sweep)}"
    said = f'<p class="lead">{escape(lead)}</p>'
    return [said, paragraphs(sentences(sweep)), paragraphs(trouble(sweep), "trouble")]


def tail(sweep: Sweep) -> list[str]:
    """The curves, every trial, what was asked, and how to go on."""
    return [
        section("Training curves", page_figures.curves_figure(sweep)),
        section("Every trial", page_trials.trials(sweep)),
        section("Settings and machine", page_trials.asked(sweep)),
        section("To continue or repeat", page_trials.again(sweep.plan.command, _CONTINUED)),
    ]


def version(sweep: Sweep) -> str:
    """The version of archscope that planned the sweep."""
    return str(sweep.plan.environment.get("archscope", ""))


def verdict_list(found: Sequence[Verdict], more: Sequence[str] = ()) -> str:
    """The verdicts as sentences, and how they were made; nothing where there is none.

    `more` are the commands that train more seeds for them.
    """
    if not found:
        return ""
    items = "".join(f'<li class="{_kind(v)}">{escape(v.sentence())}</li>' for v in found)
    return section(
        "Verdict",
        f'<ul class="verdicts">{items}</ul>',
        f'<p class="small">{escape(method_sentence(found))}</p>',
        f"{paragraphs([f'{MORE}:'])}<pre>{chr(10).join(map(escape, more))}</pre>" if more else "",
    )


def _kind(verdict: Verdict) -> str:
    return {"better": "shown", "worse": "shown", "none": "none", "open": "open"}[verdict.kind]
