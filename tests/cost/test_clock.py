from __future__ import annotations

import pytest

from archscope.cost.clock import Timing, interleaved


class Clock:
    """A clock that only the timed calls move."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def test_rounds_are_interleaved_and_the_warm_up_is_not_timed():
    clock, order = Clock(), []

    def call(name, seconds):
        def run():
            order.append(name)
            clock.now += seconds

        return run

    done = []
    timings = interleaved(
        {"a": call("a", 2.0), "b": call("b", 3.0)},
        rounds=2,
        warmup=1,
        clock=clock,
        on_round=done.append,
    )
    assert order == ["a", "b", "a", "b", "a", "b"]
    assert timings == {"a": Timing((2.0, 2.0)), "b": Timing((3.0, 3.0))}
    assert done == [1, 2]


def test_a_timing_is_told_by_its_median_and_quartiles():
    timing = Timing((4.0, 1.0, 2.0, 3.0, 100.0))
    assert timing.median == 3.0
    assert timing.quartiles == (2.0, 4.0)
    assert Timing((7.0,)).quartiles == (7.0, 7.0)


def test_a_ratio_is_taken_round_by_round():
    slow_machine_in_round_2 = Timing((2.0, 20.0, 2.0)), Timing((1.0, 10.0, 4.0))
    assert slow_machine_in_round_2[0].ratio_to(slow_machine_in_round_2[1]) == 2.0
    with pytest.raises(ValueError):
        Timing((1.0, 2.0)).ratio_to(Timing((1.0,)))
