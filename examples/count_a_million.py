"""Count a million designs at once: numbers may be arrays.

python examples/count_a_million.py
"""

import numpy as np

import archscope as a

random = np.random.default_rng(0)
cardinality = 2 ** random.integers(0, 7, 1_000_000)
width = random.integers(1, 65, 1_000_000)
depth = random.integers(1, 13, 1_000_000)

cost = a.count(a.resnext(blocks=(3, 4, depth, 3), cardinality=cardinality, width=width))
print(f"{len(cost.macs):,} designs counted")

like_resnet50 = abs(cost.macs / a.count(a.network("resnet50")).macs - 1) < 0.01
best = np.argmin(np.where(like_resnet50, cost.params, np.iinfo(np.int64).max))
print(
    f"{like_resnet50.sum():,} cost what ResNet-50 costs, within 1 %; the one of fewest parameters: "
    f"{cardinality[best]}x{width[best]}d, {depth[best]} blocks in conv4, {cost.params[best]:,} "
    "parameters"
)
