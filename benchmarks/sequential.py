"""How often a test that stops itself errs, how many trainings it saves, and what else people do.

    python benchmarks/sequential.py

20,000 simulated comparisons each: errors are normal, spreads alike or one twice the other, true
differences in standard deviations of the paired difference. Beside the shipped schedules stand a
single t test at 16 seeds, a t test at 0.05 after every seed, and, where Optuna is installed (`pip
install optuna`), its WilcoxonPruner at its own defaults: how often it prunes the second of two
equal networks within 16 seeds. At the end: how alike the same seed moves the networks of the sweeps
in examples/, which is why runs are not paired.
"""

from __future__ import annotations

import math
import sys
from pathlib import Path

import numpy as np
from pairs import machine
from scipy import stats

from archscope.reporting.judge import boundary
from archscope.reporting.judge.pairs import errors_by_template
from archscope.reporting.judge.power import any_difference, drawn, stopped
from archscope.reporting.judge.sequential import SequentialTest
from archscope.sweep.store.records import read_sweep

EXAMPLES = Path(__file__).parents[1] / "examples"
PATHS = 20_000
PRUNED = 2_000  # Optuna's takes some ms a step
HALF = math.sqrt(0.5)  # of one run, where the paired difference varies by 1
MOST = boundary.MOST


def main() -> None:
    print(machine())
    print(f"\n{PATHS:,} comparisons of equal networks: false differences, intervals that hold")
    for first, most in boundary.SCHEDULES:
        test, shares = SequentialTest(first=first, most=most), []
        for ratio in (1, 2, 4):
            found = stopped(test, drawn([0, 0], [1, ratio], most, PATHS, seed=most))
            shares.append(f"{found.better + found.worse:6.2%} {found.covered:6.2%}")
        print(f"  {first} to {most:2} seeds   spreads 1:1, 1:2, 1:4   {'   '.join(shares)}")
    print("\n11 networks, 10 comparisons with the first: any false difference")
    for label, spreads in {
        "alike": [1] * 11,
        "every second twice": [1, 2] * 5 + [1],
        "the first twice": [2] + [1] * 10,
        "all others twice": [1] + [2] * 10,
    }.items():
        runs = drawn([0] * 11, spreads, MOST, PATHS)
        share = any_difference(
            SequentialTest(comparisons=10), runs, [(0, other) for other in range(1, 11)]
        )
        print(f"  spreads {label:20} {share:6.2%}")
    print(f"\nA true difference: found by {MOST} seeds and one test, by ours, trainings saved")
    test = SequentialTest()
    for difference in (0.5, 0.75, 1, 1.5, 2):
        runs = drawn([-difference, 0], [HALF, HALF], MOST, PATHS)
        fixed = stats.ttest_ind(runs[0], runs[1], equal_var=False).pvalue < test.alpha
        found = stopped(test, runs, -difference)
        saved = 1 - found.seeds / MOST
        print(f"  {difference:4} sd   {fixed.mean():6.1%}   {found.better:6.1%}   {saved:6.1%}")
    print(f"\nWhat people do, of equal networks, within {MOST} seeds")
    runs = drawn([0, 0], [1, 1], MOST, PATHS)
    false = np.zeros(PATHS, bool)
    for n in range(boundary.FIRST, MOST + 1):
        false |= stats.ttest_ind(runs[0, :n], runs[1, :n]).pvalue < 0.05
    print(f"  a t test at 0.05 after every seed from {boundary.FIRST}: {false.mean():.1%} false")
    optuna_pruner(runs[:, :, :PRUNED])
    print("\nErrors that are not as assumed, of equal networks: false differences")
    for label, errors in otherwise(drawn([0, 0], [1, 1], MOST, PATHS)).items():
        found = stopped(test, errors)
        print(f"  {label:38} {found.better + found.worse:6.2%}")
    print("\nIntraclass correlation of errors from the same seed, over the networks of a sweep")
    for folder in sorted(EXAMPLES.glob("*/sweep.json")):
        errors = errors_by_template(read_sweep(folder.parent)).values()
        seeds = sorted(set.intersection(*map(set, errors)))
        table = np.array([[one[seed] for seed in seeds] for one in errors])
        print(f"  {folder.parent.name:24} {table.shape} {by_seed(table):6.2f}")


def otherwise(normal: np.ndarray) -> dict[str, np.ndarray]:
    """Errors of equal networks that are not normal, or that a seed moves together."""
    generator = np.random.default_rng(1)
    skewed = generator.standard_exponential(normal.shape) - 1
    wild = np.where(generator.random(normal.shape) < 0.05, 10, 1)
    together = {
        f"correlation {rho} of the same seed": np.stack(
            [normal[0], rho * normal[0] + math.sqrt(1 - rho**2) * normal[1]]
        )
        for rho in (0.5, -0.3)
    }
    return {
        "exponential": skewed,
        "exponential, in opposite directions": np.stack([skewed[0], -skewed[1]]),
        "one in 20 ten times as far off": normal * wild,
        **together,
    }


def by_seed(errors: np.ndarray) -> float:
    """Of (networks, seeds): ICC(C,1) of McGraw and Wong (1996), networks' own means apart."""
    k, n = errors.shape
    residual = errors - errors.mean(1, keepdims=True)
    common = residual.mean(0)
    shared = k * (common**2).sum() / (n - 1)
    noise = ((residual - common) ** 2).sum() / ((n - 1) * (k - 1))
    return float((shared - noise) / (shared + (k - 1) * noise))


def optuna_pruner(runs: np.ndarray) -> None:
    """The share of second networks that Optuna's WilcoxonPruner prunes, at its defaults."""
    try:
        import optuna
    except ImportError:
        print("  Optuna's WilcoxonPruner: optuna is not installed", file=sys.stderr)
        return
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    pruned = 0
    for path in range(runs.shape[2]):
        study = optuna.create_study(pruner=optuna.pruners.WilcoxonPruner())
        for network in range(2):
            trial = study.ask()
            for seed, error in enumerate(runs[network, :, path]):
                trial.report(float(error), seed)
                if network and trial.should_prune():
                    pruned += 1
                    break
            study.tell(trial, float(runs[network, :, path].mean()))
    share = pruned / runs.shape[2]
    print(f"  Optuna {optuna.__version__}'s WilcoxonPruner: {share:.1%} pruned of {PRUNED:,}")


if __name__ == "__main__":
    main()
