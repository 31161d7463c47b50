"""`archscope compare` against a bare script that counts the same two modules with fvcore.

    python benchmarks/compare_overhead.py

The bare script builds the modules with archscope's own builder (weights not drawn), so that the
ratio shows what the command adds: its start, the formula, the check and the table.
"""

import sys
from pathlib import Path

from pairs import python, ratio, report

PAIRS = 9
NAMES = ("resnet50", "resnext50_32x4d")
BARE = f"""
import logging
import torch
from fvcore.nn import FlopCountAnalysis, parameter_count
from archscope.arch.names import parse
from archscope.nn.build import build
logging.getLogger("fvcore").setLevel(logging.ERROR)
for name in {NAMES!r}:
    module = build(parse(name), init=False).eval()
    with torch.no_grad():
        print(FlopCountAnalysis(module, torch.zeros(1, 3, 224, 224)).total())
    print(parameter_count(module)[""])
"""

ours = [str(Path(sys.executable).with_name("archscope")), "compare", *NAMES]
result = ratio(ours, python(BARE), PAIRS)
report(f"archscope compare {' '.join(NAMES)}", 1.15, result, PAIRS)
