"""The leaves of a tree: layers, and what does something without weights."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias, get_args

from archscope.arch.arrays import Number
from archscope.arch.nodes.node import LATER, Kernel, Node
from archscope.errors import UsageError

Activation: TypeAlias = Literal[
    "relu", "relu6", "silu", "gelu", "hardswish", "hardsigmoid", "sigmoid"
]
Normalisation: TypeAlias = Literal["batch", "layer", "group"]
_ACTIVATIONS, _NORMALISATIONS = get_args(Activation), get_args(Normalisation)


@dataclass(frozen=True, eq=False)
class Conv(Node):
    """A convolution to `out` channels. `padding=None` keeps the size at stride 1 (k // 2)."""

    out: Number
    kernel: Kernel = 1
    stride: Number = 1
    groups: Number = 1
    padding: Kernel | None = None
    bias: bool = False

    def __post_init__(self) -> None:
        self._make_whole("out", "stride", "groups")
        self._check_window(self.kernel)
        if self.padding is not None:
            self._check_window(self.padding, 0)


@dataclass(frozen=True, eq=False, repr=False)
class Norm(Node):
    """Normalisation, then a scale and a shift a channel.

    `batch`: over the images and the map (batch norm). `layer`: over the channels, at each place of
    the map (as in ConvNeXt). `group`: over the map and `groups` of channels.
    """

    eps: float = 1e-5
    kind: Normalisation = field(default="batch", metadata=LATER)
    groups: int = field(default=1, metadata=LATER)

    def __post_init__(self) -> None:
        if self.kind not in _NORMALISATIONS:
            kinds = ", ".join(_NORMALISATIONS)
            raise UsageError(f"there is no normalisation '{self.kind}'; use one of {kinds}")
        self._make_whole("groups")


@dataclass(frozen=True, eq=False, repr=False)
class Act(Node):
    """The activation, ReLU where nothing else is said; it keeps the shape."""

    kind: Activation = field(default="relu", metadata=LATER)

    def __post_init__(self) -> None:
        if self.kind not in _ACTIVATIONS:
            kinds = ", ".join(_ACTIVATIONS)
            raise UsageError(f"there is no activation '{self.kind}'; use one of {kinds}")


@dataclass(frozen=True, eq=False, repr=False)
class Pool(Node):
    """Max, average or global average pooling (`global` takes no kernel: the output is 1x1).

    Adaptive average pooling gives a map of kernel x kernel, whatever its input's size. Where the
    windows do not end at the edge, `ceil` gives one more, which reaches beyond it.
    """

    kind: Literal["max", "avg", "global", "adaptive"]
    kernel: int = 1
    stride: int = 1
    padding: int = 0
    count_include_pad: bool = True
    ceil: bool = field(default=False, metadata=LATER)

    def __post_init__(self) -> None:
        self._make_whole("stride")
        self._check_window(self.kernel)
        self._check_window(self.padding, 0)
        if 2 * self.padding > self.kernel:
            raise UsageError(
                f"the padding of a pool must be at most half its kernel {self.kernel}, not "
                f"{self.padding}; use a smaller one"
            )


@dataclass(frozen=True, eq=False)
class Linear(Node):
    """A dense layer over all C*H*W inputs."""

    out: Number
    bias: bool = True

    def __post_init__(self) -> None:
        self._make_whole("out")


@dataclass(frozen=True, eq=False)
class Dropout(Node):
    """Dropout of single elements with probability `p`."""

    p: float


@dataclass(frozen=True, eq=False)
class Gain(Node):
    """A learned factor a channel, `start` at first (LayerScale, Touvron et al., 2103.17239)."""

    start: float = 1.0


@dataclass(frozen=True, eq=False)
class Shuffle(Node):
    """Deals the channels of `groups` groups out in turn (ShuffleNet, arXiv 1707.01083, Fig. 1)."""

    groups: int

    def __post_init__(self) -> None:
        self._make_whole("groups")
