"""How good a design each search method finds by the training that it spends: regret, with bands.

    python benchmarks/search.py [TABLE] [--output FILE.png] [--tpe 200] [--gp 20]

TABLE is a file of `archscope table make`; without it, the one that is shipped. The designs are cut
in two halves: the schedules of `halving` and `one-epoch` are chosen on the one, and all figures are
of the other. Beside the three methods of `archscope search` stand Optuna's TPE and GP where Optuna
is installed (`pip install 'archscope[optuna]'`), asked and told inside the same set: the designs of
that half, each trained to its end from one of its seeds, the first four at random. Regret is the
final test error of the design that was found, the mean over its seeds, less that of the best; bands
are 95 % intervals of the mean over the repeats. As the table has no held-out images, methods choose
by test errors, but for the rungs of halving before its last, which go by those on the training
images.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from pairs import machine, told
from scipy import stats

from archscope.errors import UsageError
from archscope.explore.searching.feasible import FeasibleSet
from archscope.explore.searching.methods import METHODS
from archscope.explore.searching.replay import Curves
from archscope.explore.searching.table import SHIPPED, TrainedTable, read_table
from archscope.explore.searching.table_replay import table_replay

RIVALS = ("random", "one-epoch", "TPE")  # of the default
DEFAULT = METHODS[0]
STARTUP = 4  # designs that Optuna's samplers draw at random first; of ten there is little left


class Point(NamedTuple):
    """The mean regret after so many epochs of training, and its 95 % interval."""

    spent: float
    regret: float
    low: float
    high: float


Found = Mapping[str, Mapping[int, Point]]  # by method and by budget, in epochs


def replays(file: Path, repeats: int) -> dict[str, dict[int, Point]]:
    """What our methods find."""
    return {
        method: {
            row["budget"]: Point(row["epochs"], row["regret"], row["mean_low"], row["mean_high"])
            for row in table_replay(file, method=method, repeats=repeats).rows
        }
        for method in METHODS
    }


def asked(
    table: TrainedTable, base: Callable[[int], Any], budgets: Sequence[int], repeats: int
) -> dict[int, Point]:
    """What a sampler of Optuna finds, by asking and telling inside the half that is reported."""
    import optuna

    from archscope.integrations.optuna import NETWORK, FeasibleSampler

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    curves = Curves.of(table).halves()[1]
    few = FeasibleSet.from_document(table.about["space"])
    place_of = {name: place for place, name in enumerate(curves.networks)}
    trainings = [budget // table.epochs for budget in budgets]
    regrets = np.zeros((repeats, len(budgets)))
    for turn in range(repeats):
        rng = np.random.default_rng([turn, 5])
        order = [curves.networks[place] for place in rng.permutation(len(place_of))]
        sampler = FeasibleSampler(few, base(turn), among=order, startup=STARTUP)
        study = optuna.create_study(sampler=sampler)
        best, final, found = math.inf, curves.guess, []
        for _ in range(max(trainings)):
            trial = study.ask()
            sampler.network(trial)
            place = place_of[trial.user_attrs[NETWORK]]
            error = float(curves.errors[place, rng.integers(curves.errors.shape[1]), -1])
            study.tell(trial, error if math.isfinite(error) else curves.guess)
            if error < best:
                best, final = error, float(curves.final[place])
            found.append(final)
        regrets[turn] = [found[number - 1] for number in trainings]
    regrets -= curves.final.min()
    half = stats.t.ppf(0.975, repeats - 1) * regrets.std(axis=0, ddof=1) / math.sqrt(repeats)
    means = regrets.mean(axis=0)
    return {
        budget: Point(budget, mean, mean - off, mean + off)
        for budget, mean, off in zip(budgets, means.tolist(), half.tolist(), strict=True)
    }


def apart(found: Found, method: str, other: str) -> tuple[int, int, int]:
    """At how many budgets a method has less regret than another, at how many more; and of all."""
    ours, theirs = found[method], found[other]
    both = sorted(ours.keys() & theirs.keys())
    better = sum(ours[one].high < theirs[one].low for one in both)
    worse = sum(theirs[one].high < ours[one].low for one in both)
    return better, worse, len(both)


def lines(found: Found) -> list[str]:
    """The regrets, a line for each budget, and where the default stands."""
    budgets = sorted({budget for of in found.values() for budget in of})
    said = ["epochs  " + "".join(f"{method:25}" for method in found)]
    for budget in budgets:
        cells = [
            f"{one.regret:.2f} ({one.low:.2f} to {one.high:.2f})" if one else ""
            for one in (of.get(budget) for of in found.values())
        ]
        said.append((f"{budget:6}  " + "".join(f"{cell:25}" for cell in cells)).rstrip())
    for other in RIVALS:
        if other in found:
            better, worse, number = apart(found, DEFAULT, other)
            said.append(
                f"{DEFAULT} against {other}: less regret at {better} of {number} budgets, more at "
                f"{worse}, bands apart"
            )
    return said


def draw(found: Found, title: str, note: str, file: Path) -> None:
    """The regret by training spent as a figure."""
    from matplotlib.ticker import FuncFormatter, NullLocator

    from archscope.reporting.figure import canvas, plot
    from archscope.reporting.figure.plot import Heading

    colours = [plot.BLUE, plot.BLACK, plot.GREEN, plot.VERMILLION, plot.PURPLE]
    left, right, bottom, tall, width = 0.65, 0.2, 0.55, 3.4, 6.5
    with canvas.styled():
        heading = Heading(title, [note])
        used = canvas.draw_heading(canvas.new_figure(width, 1), heading, left, width - right)
        figure = canvas.new_figure(width, used + 0.15 + tall + bottom)
        canvas.draw_heading(figure, heading, left, width - right)
        axes = canvas.axes_at(figure, (left, bottom, width - left - right, tall))
        for (method, of), colour, line in zip(
            found.items(), colours, ("-", "--", ":", "-.", (0, (5, 1, 1, 1, 1, 1))), strict=False
        ):
            points = [of[budget] for budget in sorted(of)]
            spent = [one.spent for one in points]
            axes.fill_between(
                spent,
                [one.low for one in points],
                [one.high for one in points],
                color=colour,
                alpha=0.18,
                linewidth=0,
            )
            axes.plot(
                spent, [one.regret for one in points], color=colour, linestyle=line, label=method
            )
        axes.set_xscale("log")
        axes.set_xticks(sorted(found[DEFAULT]), minor=False)
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_ylim(bottom=0)
        axes.set_xlabel("epochs of training spent")
        axes.set_ylabel("regret (points of test error)")
        axes.legend(frameon=False, fontsize=8.5)
        canvas.save(figure, file.with_suffix(""), (file.suffix[1:],))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("table", nargs="?", default=SHIPPED, type=Path)
    parser.add_argument("--output", type=Path, help="the figure: FILE.png, .svg or .pdf")
    parser.add_argument("--repeats", type=int, default=10_000, help="replays of our methods")
    parser.add_argument("--tpe", type=int, default=200, help="repeats of Optuna's TPE; 0: none")
    parser.add_argument("--gp", type=int, default=20, help="repeats of Optuna's GP; 0: none")
    given = parser.parse_args()
    table = read_table(given.table)
    found, seconds = replays(given.table, given.repeats), {}
    budgets = sorted(found["random"])
    for name, base, repeats in rivals(given.tpe, given.gp):
        began = time.process_time()
        found[name] = asked(table, base, budgets, repeats)
        seconds[name] = f"{repeats} repeats of {name} in {time.process_time() - began:.0f} s"
    half = len(Curves.of(table).halves()[1].networks)
    print(f"{given.table.name}: regret on {half} designs, points; 95 % intervals of the mean")
    print(f"{given.repeats:,} replays of our methods; {', '.join(seconds.values()) or 'no Optuna'}")
    print(*lines(found), sep="\n")
    print(f"processor time; {machine()}")
    if given.output:
        draw(
            found,
            f"Regret by training spent: {half} designs of {given.table.name}",
            "Bands: 95 % intervals of the mean over the repeats.",
            given.output,
        )


def rivals(tpe: int, gp: int) -> list[tuple[str, Callable[[int], Any], int]]:
    """Optuna's samplers, each by a seed; none where it is not installed."""
    try:
        import optuna
    except ImportError:
        return []
    samplers = optuna.samplers
    every = [
        ("TPE", lambda seed: samplers.TPESampler(seed=seed, n_startup_trials=STARTUP), tpe),
        ("GP", lambda seed: samplers.GPSampler(seed=seed, n_startup_trials=STARTUP), gp),
    ]
    if one := [name for name, _, repeats in every if repeats == 1]:
        raise UsageError(f"a band needs 2 repeats or more, not 1 of {one[0]}; give --gp 20")
    return [one for one in every if one[2]]


if __name__ == "__main__":
    told(main)
