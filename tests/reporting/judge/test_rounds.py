"""A sweep that stops itself, replayed from its errors."""

import random
from dataclasses import replace

import pytest

from archscope.errors import UsageError
from archscope.reporting.judge.rounds import State, replayed, rule_of
from archscope.reporting.judge.sequential import SequentialTest
from archscope.sweep.plan.reading import Fault, read
from archscope.sweep.plan.rule import Rule, differing

LEVELS = ("own", "pooled", "own_alike", "pooled_alike")
GOOD, BAD, LIKE = "8x64d", "1x64d", "4x64d"


def rule(pairs=((GOOD, BAD),), most=5, **numbers):
    chosen = {"first": 3, "alpha": 0.05, "resolve": 3.0, "drop": True, **numbers}
    return rule_of(pairs, range(1, most + 1), **chosen)


def runs(mean, seeds, spread=0.4):
    """Errors that vary a little, the same for the same seed."""
    return {seed: mean + spread * random.Random(seed).gauss(0, 1) for seed in seeds}


def test_before_the_first_look_all_its_seeds_are_missing():
    now = replayed(rule(), {}, {})
    assert now.n == 3 and not now.rounds and not now.ended
    assert now.missing == [(name, seed) for name in (GOOD, BAD) for seed in (1, 2, 3)]


def test_a_look_waits_for_every_network():
    now = replayed(rule(), {GOOD: runs(10, [1, 2, 3]), BAD: runs(30, [1, 3])}, {})
    assert now.missing == [(BAD, 2)] and not now.rounds


def test_what_is_clear_is_decided_at_the_first_look():
    errors = {GOOD: runs(10, range(1, 4)), BAD: runs(60, range(1, 4))}
    now = replayed(rule(), errors, {})
    assert now.ended and now.rounds[0].looks[GOOD, BAD].decision == "better"
    test = SequentialTest(most=5, resolve=3.0)
    test.look([*errors[GOOD].values()], [*errors[BAD].values()])
    assert now.rounds[0].looks[GOOD, BAD].interval == test.interval()


def test_runs_beyond_the_stop_change_nothing():
    few = {GOOD: runs(10, range(1, 4)), BAD: runs(60, range(1, 4))}
    more = {GOOD: runs(10, range(1, 4)) | {4: 99.0}, BAD: runs(60, range(1, 9)), LIKE: runs(1, [1])}
    assert replayed(rule(), few, {}) == replayed(rule(), more, {})


def test_a_network_found_worse_is_out_and_its_pairs_with_it():
    pairs = [(GOOD, BAD), (GOOD, LIKE), (BAD, LIKE)]
    errors = {
        GOOD: runs(10, range(1, 4)),
        BAD: runs(80, range(1, 4)),
        LIKE: runs(10.2, range(1, 4)),
    }
    errors[LIKE] = {1: 10.9, 2: 9.2, 3: 10.5}
    now = replayed(rule(pairs, resolve=0.1), errors, {})
    assert now.out == {BAD: "worse"} and now.open == [(GOOD, LIKE)]
    assert now.missing == [(GOOD, 4), (LIKE, 4)]
    kept = replayed(
        rule([(GOOD, BAD), (BAD, LIKE), (LIKE, "x")], drop=False), {**errors, "x": {}}, {}
    )
    assert kept.going == [GOOD, BAD, LIKE, "x"] and not kept.out


def test_a_network_with_a_diverged_run_is_out():
    errors = {GOOD: runs(10, range(1, 4)), BAD: runs(10, [1, 3])}
    now = replayed(rule(), errors, {BAD: [2]})
    assert now.ended and now.out == {BAD: "diverged"} and not now.rounds
    later = replayed(rule(), errors, {BAD: [5]})
    assert not later.ended and not later.out  # not looked at yet


def test_it_ends_undecided_at_the_last_look():
    errors = {GOOD: runs(10, range(1, 6), 3), BAD: runs(10.5, range(1, 6), 2.9)}
    now = replayed(rule(resolve=0.01), errors, {})
    assert now.ended and [one.n for one in now.rounds] == [3, 4, 5]
    assert now.open == [(GOOD, BAD)] and now.n == 5


def test_the_rule_is_read_as_it_is_written():
    import json

    written = rule()
    assert read(Rule, json.loads(json.dumps(written.document())), "rule") == written
    assert differing(written, rule(resolve=1.0)) == ["resolve 3.0 there, 1.0 asked"]
    assert differing(written, rule(drop=False)) == [
        "networks found worse out there, trained on asked"
    ]
    halves = tuple(level / 2 for level in written.levels.own)
    assert not differing(written, replace(written, levels=replace(written.levels, own=halves)))


@pytest.mark.parametrize("name", ["first", "looks", "levels", "seeds", "resolve"])
def test_a_damaged_rule_is_told(name):
    import json

    document = json.loads(json.dumps(rule().document()))
    del document[name]
    with pytest.raises(Fault, match=name):
        read(Rule, document, "rule")


@pytest.mark.parametrize(
    "change",
    [
        {"looks": [3]},
        {"seeds": [1]},
        {"second": []},
        {"resolve": -1.0},
        {"looks": [4, 5]},
        {"alpha": 1.0},
        {"seeds": [1, 1, 2, 3, 4]},
        {"levels": {key: [0.0, 0.01, 0.02] for key in LEVELS}},
    ],
)
def test_a_rule_whose_parts_do_not_fit_is_refused(change):
    import json

    document = {**json.loads(json.dumps(rule().document())), **change}
    with pytest.raises(Fault, match=r"do not go together|looks"):
        read(Rule, document, "rule")


def test_a_state_names_its_last_look():
    now = replayed(
        rule(resolve=0.01), {GOOD: runs(10, [1, 2, 3], 3), BAD: runs(10, [1, 2, 3], 2)}, {}
    )
    assert isinstance(now, State) and now.last((GOOD, BAD)).n == 3
    assert now.last((BAD, GOOD)) is None


def test_alpha_beyond_its_range_is_refused():
    with pytest.raises(UsageError, match="alpha"):
        rule(alpha=0.7)
