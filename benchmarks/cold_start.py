"""Cold start of `archscope solve` and `compare --counter formula` against importing typer and rich.

python benchmarks/cold_start.py
"""

import sys
from pathlib import Path

from pairs import python, ratio, report

PAIRS = 31
BASELINE = python("import typer, rich.table")
ARCHSCOPE = str(Path(sys.executable).with_name("archscope"))

for arguments in (
    ["solve", "--cardinality", "1,2,4,8,32"],
    ["compare", "resnet50", "resnext50_32x4d", "--counter", "formula"],
):
    result = ratio([ARCHSCOPE, *arguments], BASELINE, PAIRS)
    report(f"archscope {' '.join(arguments)}", 1.3, result, PAIRS)
