"""How long the best of 10^8 designs under three caps takes on one core, by bounds and by all.

    python benchmarks/caps.py

MobileNetV2 at 96x96 with two classes, in four of its stages width, depth and expansion free of one
another, 100 choices a stage: the most multiply-adds within 40 M, 1 MB of weights and 512 kB of
memory, both in int8. By proven bounds, as `solve` does it, and by going through all designs; the
largest must have the same costs in both. Times are processor time of this process.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from pairs import machine

from archscope.cost.stored import Storage
from archscope.explore.design.caps.branch import best
from archscope.explore.design.caps.found import Kept
from archscope.explore.design.caps.goals import Largest
from archscope.explore.design.caps.grid import Grid
from archscope.explore.design.caps.whole import best_of_all
from archscope.explore.design.question import read_base
from archscope.explore.design.space import Space

BOUNDS_GOAL, WHOLE_GOAL = 60, 120  # seconds
INT8 = Storage("int8", "int8")
CAPS = {"macs": 40_000_000, "weights": 1_000_000, "memory": 512_000}
CHANNELS = {3: range(16, 49, 8), 4: range(32, 97, 16), 5: range(48, 145, 24), 6: range(80, 241, 40)}


def space(choices: int = 5) -> Space:
    """Four stages with at most so many widths, expansions and (one less) depths each."""
    given: dict[str, list[int]] = {}
    for stage, channels in CHANNELS.items():
        given[f"depth{stage}"] = list(range(1, 5))[:choices]
        given[f"expansion{stage}"] = list(range(2, 7))[:choices]
        given[f"channels{stage}"] = list(channels)[:choices]
    base = read_base("mobilenet_v2").by_stage(given)
    return replace(base.space(base.given(given), 2, (3, 96, 96)), storage=INT8)


def measure(search: Callable[[Grid, Largest, int], Kept], designs: Space) -> tuple[int, int, float]:
    """The most multiply-adds, how many designs were counted, and the seconds that it took."""
    grid, started = Grid(designs), time.process_time()
    _, costs, _ = search(grid, Largest(CAPS, "macs"), 1)[0]
    return costs["macs"], grid.counted, time.process_time() - started


def main() -> None:
    designs = space()
    print(f"the most multiply-adds of {designs.size:,} designs under three caps")
    found = set()
    for what, search, goal in (
        ("by bounds", best, BOUNDS_GOAL),
        ("by going through all", best_of_all, WHOLE_GOAL),
    ):
        macs, counted, seconds = measure(search, designs)
        found.add(macs)
        print(
            f"  {what}: {macs:,} in {seconds:.1f} s (goal: {goal} s), {counted:,} designs counted, "
            f"{counted / seconds / 1e6:.2f} M designs/s"
        )
    assert len(found) == 1, found
    print(f"  processor time of one core; {machine()}")


if __name__ == "__main__":
    main()
