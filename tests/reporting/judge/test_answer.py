"""The answer in one sentence: what it rests on, and which pairs are judged for it."""

from __future__ import annotations

import re
from statistics import fmean

from sweep_fixture import fake_error

from archscope.reporting.folder.page import page
from archscope.reporting.judge.answer import answer
from archscope.reporting.judge.of_sweep import sweep_verdicts
from archscope.reporting.judge.verdicts import method_sentence, verdicts
from archscope.sweep.store.records import read_sweep

EVERY = ("1x64d", "2x64d", "8x64d", "1x96d", "1x224d")


def test_readers_questions_are_among_the_verdicts_and_all_are_corrected_for(fake_sweep):
    sweep = read_sweep(fake_sweep(templates=EVERY, noise=0.1))
    found = sweep_verdicts(sweep)
    assert [(one.first, one.second) for one in found] == [
        ("2x64d", "1x96d"),  # nearest in parameters
        ("8x64d", "1x224d"),  # the largest of each curve
        ("8x64d", "1x64d"),  # the lowest error beside what both curves begin with
    ]
    # Of the last pair any of the four might have been the best: 2 + 4 comparisons.
    assert "for all 6 comparisons together" in method_sentence(found)
    errors = {
        one: {r.trial.seed: r.result.metrics["test_error"] for r in sweep.trials
              if r.trial.template == one}
        for one in EVERY
    }  # fmt: skip
    six = [(one, other) for one in EVERY[1:] for other in EVERY[:1]] + [("2x64d", "1x96d")]
    [*_, wide] = verdicts(errors, [*six, ("8x64d", "1x224d")])
    assert found[1].interval == wide.interval


def test_the_answer_is_the_cheapest_winner_with_what_it_rests_on(fake_sweep):
    sweep = read_sweep(fake_sweep(templates=EVERY, noise=0.1))
    said = answer(sweep, sweep_verdicts(sweep))
    params = {one.template: one.params for one in sweep.plan.networks}
    fewer = 100 * (1 - params["8x64d"] / params["1x224d"])
    assert said.startswith(f"8x64d is better than 1x224d with {fewer:.0f} % fewer parameters: ")
    for template in ("8x64d", "1x224d"):
        assert f"{fmean(fake_error(template, seed) for seed in (1, 2, 3)):.2f} %" in said
    assert "lower is better" in said and "3 seeds each, 95% for all 6 comparisons" in said
    first = re.search(r"</h1><p[^>]*>(.*?)</p>", page(sweep))
    assert first and first[1] == said


def test_without_a_winner_it_says_what_is_missing(fake_sweep):
    alone = {(one, seed): "pending" for one in EVERY for seed in (2, 3)}
    one_seed = read_sweep(fake_sweep(templates=EVERY, statuses=alone))
    said = answer(one_seed, sweep_verdicts(one_seed))
    assert said.startswith("No network is shown to be better than another so far.")
    assert "train each from more seeds" in said
    for result in one_seed.folder.rglob("result.json"):
        result.unlink()
    begun = read_sweep(one_seed.folder)
    assert answer(begun, sweep_verdicts(begun)) == ""


def test_a_single_network_is_told_its_error(fake_sweep):
    sweep = read_sweep(fake_sweep(templates=("1x64d",)))
    mean = fmean(fake_error("1x64d", seed) for seed in (1, 2, 3))
    assert answer(sweep, []).startswith(f"1x64d has {mean:.2f} % test error on ")
