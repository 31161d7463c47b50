"""The pieces of a network that are timed: a layer with what follows it at once, as one.

A convolution or linear layer, and the norm and activation behind it, are one piece; so is a pool
alone. What runs without a module (sums, products, concatenations) belongs to the piece behind it,
or to the last one. Together the pieces are all that the network runs.
"""

from __future__ import annotations

from archscope.arch.network import Network
from archscope.arch.nodes import Act, Norm
from archscope.cost.execution import Operation, unrolled

Piece = tuple[Operation, ...]


def pieces(network: Network) -> list[Piece]:
    """All operations of a network in order, each block of a stage its own, cut into pieces.

    Raises:
        UsageError: where the tree holds arrays, or a layer does not fit its input.
    """
    found: list[list[Operation]] = [[]]
    for operation in unrolled(network).operations:
        ended = any(one.visit is not None for one in found[-1])
        goes_on = (
            isinstance(operation.node, (Norm, Act))
            and found[-1][-1:]
            and (found[-1][-1].visit is not None)
        )
        if ended and not goes_on:
            found.append([])
        found[-1].append(operation)
    if len(found) > 1 and all(one.visit is None for one in found[-1]):
        found[-2] += found.pop()
    return [tuple(piece) for piece in found]
