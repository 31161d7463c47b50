"""What a network's numbers need where they are stored in a format: bytes of weights and memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from archscope.arch.arrays import LARGEST, Number, TooLarge, is_array
from archscope.arch.folding.fold import folded
from archscope.arch.network import Network
from archscope.arch.nodes import Conv, Linear
from archscope.arch.shape import walk
from archscope.cost.formula import Count, count
from archscope.cost.memory import FORMATS, peak_elements

BIAS_BYTES = {**FORMATS, "int8": 4}  # of a folded network: a bias is added to sums of 32 bits


@dataclass(frozen=True)
class Storage:
    """In which formats a network is stored, and whether its batch norm is folded.

    Attributes:
        weights, memory: fp32, fp16, bf16 or int8.
        fold: whether batch norm right behind a convolution is folded into it. Then a bias has 4
            bytes in int8; otherwise all that is learned has the bytes of the format.
    """

    weights: str = "fp32"
    memory: str = "fp32"
    fold: bool = False

    @property
    def formats(self) -> dict[str, str]:
        """The format of the weights, and of the memory."""
        return {"weights": self.weights, "memory": self.memory}

    @property
    def sizes(self) -> dict[str, int]:
        """The bytes of a number of weights, and of memory."""
        return {"weights": FORMATS[self.weights], "memory": FORMATS[self.memory]}

    def most_params(self, weights: int) -> int:
        """A number of parameters that no network with so many bytes of weights passes.

        Folded, a batch norm of 2 numbers a channel leaves 1, and the convolution has at least one
        more: of 3 numbers 2 are left.
        """
        most = weights // FORMATS[self.weights]
        return 3 * most // 2 if self.fold else most

    def held(self, network: Network) -> Network:
        """The network that is stored: without the batch norm that is folded."""
        return replace(network, tree=folded(network.tree), design=None) if self.fold else network

    def weight_bytes(
        self, network: Network, params: Number, counted: Callable[[Network], Count] = count
    ) -> Number:
        """The bytes of the weights, of every design where it holds arrays.

        Args:
            network: as it is, not folded.
            params: its parameters.
            counted: what counts it: `count`, or `count_box` of a box.

        Raises:
            TooLarge: where they pass 64 bits.
        """
        size, more = FORMATS[self.weights], BIAS_BYTES[self.weights] - FORMATS[self.weights]
        if not self.fold:
            return times(params, size)
        held = self.held(network)
        total = times(counted(held).params, size)
        return total + times(_biases(held), more) if more else total

    def peak_bytes(
        self, network: Network, peaks: Callable[[Network], Number] = peak_elements
    ) -> Number:
        """The most bytes of activations alive at once, of every design where it holds arrays.

        Raises:
            TooLarge: where they pass 64 bits.
        """
        return times(peaks(self.held(network)), FORMATS[self.memory])


def times(number: Any, size: int) -> Any:
    """A number of elements in bytes.

    Raises:
        TooLarge: where they pass 64 bits.
    """
    if is_array(number) and number.size and number.max() > LARGEST // size:
        raise TooLarge("designs need more bytes than a 64-bit integer holds; use fewer")
    return number * size


def _biases(network: Network) -> Number:
    """How many biases there are, those of side heads included."""
    total: Number = 0
    for visit in walk(network.tree, network.input):
        node = visit.node
        if isinstance(node, (Conv, Linear)) and node.bias:
            total = total + node.out * visit.times
    return total
