"""The peaks that MCUNet (arXiv 2007.10319) and MCUNetV2 (2110.15352) print, beside the model's.

Both count a layer's inputs and its output, with batch norm folded into the convolution before it.
"""

import pytest

from archscope.arch.names import parse
from archscope.cost.memory import memory
from archscope.cost.stored import Storage

MB, KIB = 10**6, 2**10
# Of MCUNet, Table 1: peaks in fp32 (4 bytes) and int8, in MB. Of MCUNetV2, Figure 1: in KiB.
RESNET50, MOBILENET_V2, MOBILENET_V2_INT8 = 7.2, 6.8, 1.7
PER_LAYER = 1372
# The first block of 6 times the channels, the largest: its input, expanded, and half as large.
GIVEN, WIDE, NARROW = 16 * 112**2, 96 * 112**2, 96 * 56**2


def folded(name):
    return Storage(fold=True).held(parse(name))


def peak(network, element_bytes):
    return memory(network, element_bytes=element_bytes).peak_activation_bytes


def test_resnet50_is_reproduced_where_batch_norm_is_folded():
    # The input of the first block, the end of its body, and the projection.
    assert peak(folded("resnet50"), 4) == 4 * (64 + 256 + 256) * 56**2
    assert round(peak(folded("resnet50"), 4) / MB, 1) == RESNET50
    assert peak(parse("resnet50"), 4) > RESNET50 * MB


def test_mobilenet_v2_is_what_they_print_but_for_what_they_keep_or_overwrite():
    found = peak(folded("mobilenet_v2"), 1)
    assert found == WIDE + NARROW
    # MCUNet keeps the block's input besides, to its end.
    assert round((found + GIVEN) / MB, 1) == MOBILENET_V2_INT8
    assert round(4 * (found + GIVEN) / MB, 1) == MOBILENET_V2
    # MCUNetV2's depthwise convolution overwrites its input, so that the layer before it is largest.
    assert (found - NARROW + GIVEN) / KIB == PER_LAYER


@pytest.mark.parametrize("name", ["resnet50", "mobilenet_v2"])
def test_with_batch_norm_it_is_never_less(name):
    assert peak(parse(name), 1) > peak(folded(name), 1)
