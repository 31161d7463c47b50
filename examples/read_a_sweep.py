"""A finished sweep as a pandas DataFrame, and the verdicts on it.

python examples/read_a_sweep.py [DIR]
"""

import sys
from pathlib import Path

import archscope as a

folder = sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent / "cifar10-jpeg-figure7"
sweep = a.load_sweep(folder)
print(sweep.to_frame().groupby("template").test_error.agg(["mean", "std", "count"]).round(2))
for verdict in sweep.verdicts():
    print(verdict.sentence())
