"""Cold starts: `archscope solve` against importing typer and rich; `compare` by formula against it.

python benchmarks/cold_start.py
"""

import sys
from pathlib import Path

from pairs import python, ratio, report

PAIRS = 31
ARCHSCOPE = str(Path(sys.executable).with_name("archscope"))
SOLVE = [ARCHSCOPE, "solve", "--cardinality", "1,2,4,8,32"]
COMPARE = [ARCHSCOPE, "compare", "resnet50", "resnext50_32x4d", "--counter", "formula"]

imports = ratio(SOLVE, python("import typer, rich.table"), PAIRS)
report("archscope solve against `import typer, rich.table`", 1.3, imports, PAIRS)
report("compare --counter formula against solve", 1.5, ratio(COMPARE, SOLVE, PAIRS), PAIRS)
