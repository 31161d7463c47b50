"""The expression tree: a convolutional network as frozen dataclasses.

Input channels are never written: `archscope.arch.shape` infers them by walking the tree with a
shape. Numeric fields may be NumPy arrays (for counting many designs at once); such a tree can be
counted, but not built, hashed, compared or rewritten.

A `label` names a node: labels give the keys of the state dict (`layer1.0.conv1`) and the rows of
Table 1. An unlabelled combinator adds nothing to the path.

A new node must be taught to every reading of the tree: `archscope.arch.readings` lists them. A
reading that does not know a node raises `unknown`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from typing import Any, Literal, TypeAlias

from archscope.arch.arrays import Number, is_array, whole
from archscope.arch.readings import unknown
from archscope.errors import UsageError, plural

Kernel: TypeAlias = "int | tuple[int, int]"


@dataclass(frozen=True, eq=False)
class Node:
    """A part of a network. Equality and hash go by content, and refuse arrays."""

    label: str | None = field(default=None, kw_only=True)

    def parts(self) -> Iterator[Node]:
        """The nodes directly below this one, in order."""
        yield from ()

    def _make_whole(self, *names: str) -> None:
        """Check the numbers of these fields (at least 1 each) and keep them as int or int64."""
        for name in names:
            value = getattr(self, name)
            if type(value) is not int or value < 1:
                what = f"{type(self).__name__}'s {name}"
                object.__setattr__(self, name, whole(value, what))

    def _check_window(self, value: object, least: int = 1) -> None:
        """Check a kernel or padding: an int or (height, width), not an array of designs."""
        entries = value if isinstance(value, tuple) else (value,)
        if not all(type(entry) is int and entry >= least for entry in entries):
            raise UsageError(
                f"the window of a {type(self).__name__.lower()} must be an int or (height, "
                f"width) of at least {least}, not {value}"
            )

    def with_parts(self, parts: list[Node]) -> Node:
        """The same node over other parts, one for each of `parts()`."""
        if parts:
            raise unknown(self, "kind")
        return self

    def _content(self) -> tuple[Any, ...]:
        if array_fields(self):
            raise UsageError(
                f"{type(self).__name__} holds an array of designs, which can only be counted; "
                "make the tree from plain numbers to build, compare or rewrite it"
            )
        return tuple(getattr(self, entry.name) for entry in fields(self))

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        assert isinstance(other, Node)
        return self._content() == other._content()

    def __hash__(self) -> int:
        return hash((type(self).__name__, self._content()))


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


@dataclass(frozen=True, eq=False)
class Norm(Node):
    """Batch norm: a scale and a shift a channel."""

    eps: float = 1e-5


@dataclass(frozen=True, eq=False)
class Act(Node):
    """The activation, ReLU; it keeps the shape."""


@dataclass(frozen=True, eq=False)
class Pool(Node):
    """Max, average or global average pooling (`global` takes no kernel: the output is 1x1)."""

    kind: Literal["max", "avg", "global"]
    kernel: int = 1
    stride: int = 1
    padding: int = 0
    count_include_pad: bool = True

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
class Shortcut(Node):
    """The branch beside a body: identity where the shape is kept, else a 1x1 projection.

    Which of the two it is, is decided where the tree is walked: for arrays element by element
    (He et al., option B).
    """

    out: Number
    stride: Number = 1
    norm: bool = True

    def __post_init__(self) -> None:
        self._make_whole("out", "stride")

    def projection(self) -> Seq:
        """The 1x1 convolution (and batch norm) of a shortcut whose shape changes."""
        conv = Conv(self.out, 1, self.stride, label="0")
        return Seq(conv, Norm(label="1")) if self.norm else Seq(conv)


@dataclass(frozen=True, eq=False, init=False)
class Seq(Node):
    """One after the other; the empty one is the identity."""

    children: tuple[Node, ...]

    def __init__(self, *children: Node, label: str | None = None) -> None:
        object.__setattr__(self, "label", label)
        object.__setattr__(self, "children", children)

    def parts(self) -> Iterator[Node]:
        """The children, in order."""
        yield from self.children

    def with_parts(self, parts: list[Node]) -> Seq:
        """The same sequence of other children."""
        return Seq(*parts, label=self.label)


@dataclass(frozen=True, eq=False, init=False)
class Sum(Node):
    """Branches on the same input, added; `scales` multiplies each branch (None: all 1)."""

    branches: tuple[Node, ...]
    scales: tuple[float, ...] | None

    def __init__(
        self, *branches: Node, scales: tuple[float, ...] | None = None, label: str | None = None
    ) -> None:
        if not branches or (scales is not None and len(scales) != len(branches)):
            raise UsageError(
                "a Sum needs at least one branch, and a scale for each or none, not "
                f"{plural(len(branches), 'branch', 'branches')} with scales {scales}"
            )
        object.__setattr__(self, "label", label)
        object.__setattr__(self, "branches", branches)
        object.__setattr__(self, "scales", scales)

    def parts(self) -> Iterator[Node]:
        """The branches, in order."""
        yield from self.branches

    def with_parts(self, parts: list[Node]) -> Sum:
        """The same sum of other branches."""
        return Sum(*parts, scales=self.scales, label=self.label)


@dataclass(frozen=True, eq=False, init=False)
class Cat(Node):
    """Branches on the same input, concatenated along the channels."""

    branches: tuple[Node, ...]

    def __init__(self, *branches: Node, label: str | None = None) -> None:
        if not branches:
            raise UsageError("a Cat needs at least one branch; give one")
        object.__setattr__(self, "label", label)
        object.__setattr__(self, "branches", branches)

    def parts(self) -> Iterator[Node]:
        """The branches, in order."""
        yield from self.branches

    def with_parts(self, parts: list[Node]) -> Cat:
        """The same concatenation of other branches."""
        return Cat(*parts, label=self.label)


@dataclass(frozen=True, eq=False)
class Repeat(Node):
    """A stage: `first`, then `n` - 1 times `rest` (which must keep its input's shape)."""

    n: Number
    first: Node
    rest: Node

    def __post_init__(self) -> None:
        self._make_whole("n")

    def parts(self) -> Iterator[Node]:
        """The first block and the block that repeats."""
        yield self.first
        yield self.rest

    def with_parts(self, parts: list[Node]) -> Repeat:
        """The same number of other blocks."""
        return Repeat(self.n, *parts, label=self.label)


@dataclass(frozen=True, eq=False)
class Aux(Node):
    """`main`, with a `side` head on its input that only training uses.

    The side's parameters count; its multiply-adds and activations do not (eval mode).
    """

    main: Node
    side: Node

    def parts(self) -> Iterator[Node]:
        """The main part and the side head."""
        yield self.main
        yield self.side

    def with_parts(self, parts: list[Node]) -> Aux:
        """Another main part and side head."""
        return Aux(*parts, label=self.label)


def is_combinator(node: Node) -> bool:
    """Whether it holds or makes other nodes, so that its label names a part of the network."""
    match node:
        case Seq() | Sum() | Cat() | Repeat() | Shortcut() | Aux():
            return True
        case Conv() | Norm() | Act() | Pool() | Linear() | Dropout():
            return False
    raise unknown(node, "kind")


def array_fields(node: Node) -> dict[str, Any]:
    """The fields of a node (not of its parts) that hold an array of designs."""
    values = ((entry.name, getattr(node, entry.name)) for entry in fields(node))
    return {name: value for name, value in values if is_array(value)}
