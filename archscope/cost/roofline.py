"""The roofline of a network, in closed form from the tree: what limits each layer, and its time.

A layer takes at least as long as its arithmetic at the device's peak, and at least as long as its
bytes at the device's bandwidth (Williams, Waterman and Patterson, Roofline, CACM 2009). Its bytes
are its parameters, its inputs and its output, each moved once; a network's time is the sum over its
layers. Nothing stays in a cache, nothing is fused and nothing overlaps between layers; and any
convolution is held to reach the peak of a matrix product, which grouped ones do not: what a
measured time is above its roofline is what this model leaves out.

A training step is taken as three passes over the layers with parameters (forward, gradient of the
inputs, gradient of the weights) and two over the others, each pass of the forward one's arithmetic
and bytes; the optimizer is left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from archscope.arch.network import Network
from archscope.arch.nodes import (
    Act,
    Cat,
    Conv,
    Gain,
    Gate,
    Grow,
    Linear,
    Node,
    Norm,
    Pool,
    Shuffle,
    Split,
    Sum,
)
from archscope.arch.readings import unknown
from archscope.cost.execution import Operation, execution
from archscope.cost.memory import FP32
from archscope.cost.peak import Peak

Bound = Literal["memory", "arithmetic"]


@dataclass(frozen=True)
class Load:
    """How a network is run: images at a time, bytes an element, and whether it is trained."""

    batch: int = 1
    element_bytes: int = FP32
    training: bool = False


@dataclass(frozen=True)
class Layer:
    """What one run of an operation costs; it runs `times` often.

    Attributes:
        path, kind: its place in the tree, and its node's type.
        groups: of a convolution; 1 for all else.
        macs: multiply-adds of the whole batch, all passes.
        moved: bytes of parameters, inputs and output of the whole batch, all passes.
    """

    path: str
    kind: str
    groups: int
    times: int
    macs: int
    moved: int

    @property
    def intensity(self) -> float:
        """Arithmetic intensity: operations (2 a multiply-add) a byte."""
        return 2 * self.macs / self.moved

    def bound(self, peak: Peak) -> Bound:
        """What limits it on a device."""
        return "arithmetic" if self.intensity > peak.ridge else "memory"

    def seconds(self, peak: Peak) -> float:
        """The least time of one run on a device."""
        return max(2 * self.macs / peak.flops, self.moved / peak.bandwidth)

    def document(self, peak: Peak) -> dict[str, Any]:
        """The layer as a JSON object."""
        return {
            "path": self.path,
            "kind": self.kind,
            "groups": self.groups,
            "times": self.times,
            "macs": self.macs,
            "bytes": self.moved,
            "intensity": self.intensity,
            "bound": self.bound(peak),
            "seconds": self.seconds(peak),
        }


def layers(network: Network, load: Load) -> list[Layer]:
    """The operations of a network in order, with their arithmetic and bytes.

    Raises:
        UsageError: where the tree holds arrays, or a layer does not fit its input.
    """
    return [_layer(operation, load) for operation in execution(network).operations]


def roofline_seconds(rows: Sequence[Layer], peak: Peak) -> float:
    """The least time of a network on a device: the sum over its layers."""
    return sum(row.times * row.seconds(peak) for row in rows)


def memory_share(rows: Sequence[Layer], peak: Peak) -> float:
    """The part of that time which layers bound by memory take."""
    bound = [row for row in rows if row.bound(peak) == "memory"]
    return roofline_seconds(bound, peak) / roofline_seconds(rows, peak) if rows else 0.0


def _layer(operation: Operation, load: Load) -> Layer:
    node = operation.node
    passes = _training_passes(node) if load.training else 1
    return Layer(
        operation.path,
        type(node).__name__,
        int(node.groups) if isinstance(node, Conv) else 1,
        operation.times,
        passes * load.batch * operation.macs,
        passes * load.element_bytes * (operation.params + load.batch * operation.moved),
    )


def _training_passes(node: Node) -> int:
    match node:
        case Conv() | Linear() | Norm() | Gain():
            return 3
        case Act() | Pool() | Shuffle() | Sum() | Cat() | Gate() | Split() | Grow():
            return 2
    raise unknown(node, "roofline")
