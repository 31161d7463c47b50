"""What papers and projects count besides, or leave out, in the numbers that they publish.

Each is an exact sum over the tree, as of the counters that one can run (`conventions`). Here the
sources are tables, which seldom say how they count: a term is a reading of the whole table, and a
cell that does not bear it out stays unexplained.
"""

from __future__ import annotations

from collections.abc import Mapping

from archscope.cost.conventions import Term

SOURCE_TERMS: Mapping[str, Term] = {
    "batch norm left out": Term("batch norm", {"norm_params": -1}, "parameters but those of norms"),
    "bias counted": Term(
        "bias", {"conv_bias": 1, "linear_bias": 1}, "1 an output, of every layer with a bias"
    ),
    "max pool counted": Term("max pool", {"max_out": 1}, "outputs of max pools, too"),
    "norms counted": Term(
        "norms", {"norm": 2, "other_norm": 5}, "2 an element of batch norm, 5 of another"
    ),
    "mmcv's operators counted": Term(
        "norms, ReLU, bias and pools",
        {"norm": 2, "relu": 1, "conv_bias": 1, "max_in": 1, "avg_in": 1, "global_in": 1},
        "2 an element of batch norm, 1 of a ReLU, a convolution's bias, or into a pool",
    ),
    "linear layers left out": Term(
        "linear layers", {"linear": -1}, "multiply-adds of convolutions alone"
    ),
    "shortcuts counted": Term("shortcuts", {"added": 1}, "1 an element of each addition"),
    "running statistics counted": Term(
        "running statistics", {"norm_channels": 2}, "a mean and a variance for each channel"
    ),
    "no scale in batch norm": Term("scale", {"norm_channels": -1}, "batch norms that only shift"),
    "a bias in every convolution": Term("bias", {"unbiased": 1}, "1 a channel"),
}
