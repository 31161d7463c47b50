"""Degenerate designs: those that fulfil a budget on paper, and that nobody would train.

The rule: a design is degenerate where its blocks have a width of 1, or where it has more than 300
convolutions (on maps of more than one pixel; published ones for ImageNet have up to 270). They come
after all others, however near or large they are.
"""

from __future__ import annotations

from archscope.arch.arrays import Number, is_array
from archscope.arch.network import Network
from archscope.arch.shape import walk

MOST_LAYERS = 300


def layers(network: Network) -> Number:
    """The convolutions whose output is a map of more than one pixel; a side head has none."""
    total: Number = 0
    for visit in walk(network.tree, network.input):
        convolves = is_array(visit.per_group) or visit.per_group > 0
        if convolves and not visit.side:
            total = total + visit.times * (visit.output[1] * visit.output[2] > 1)
    return total
