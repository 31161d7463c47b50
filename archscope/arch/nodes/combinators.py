"""The combinators of a tree: nodes that hold or make other nodes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from archscope.arch.arrays import Number, is_array
from archscope.arch.nodes.leaves import Act, Conv, Dropout, Gain, Linear, Norm, Pool, Shuffle
from archscope.arch.nodes.node import LATER, Node
from archscope.arch.readings import unknown
from archscope.errors import UsageError, plural


@dataclass(frozen=True, eq=False, repr=False)
class Shortcut(Node):
    """The branch beside a body: identity where the shape is kept, else a 1x1 projection.

    Which of the two it is, is decided where the tree is walked: for arrays element by element
    (He et al., option B). With `pooled`, a 2x2 average pool takes the stride, not the 1x1
    (ResNet-D, arXiv 1812.01187, Figure 2c). A projection without batch norm may have a `bias`. Its
    `kernel` is 1 but in SENet-154, which has none that is `pooled`.

    In arrays of designs one tree stands for pre-activation blocks with a projection and without:
    with `shared`, what runs before the sum is that of both branches where there is a projection,
    and else of the body alone, as single designs have it.
    """

    out: Number
    stride: Number = 1
    norm: bool = True
    pooled: bool = field(default=False, metadata=LATER)
    bias: bool = field(default=False, metadata=LATER)
    kernel: int = field(default=1, metadata=LATER)
    shared: bool = field(default=False, metadata=LATER)

    def __post_init__(self) -> None:
        self._make_whole("out", "stride")
        self._check_window(self.kernel)

    def projection(self) -> Seq:
        """The convolution (and batch norm) of a shortcut whose shape changes."""
        if not self.pooled:
            conv = Conv(self.out, self.kernel, self.stride, bias=self.bias, label="0")
            return Seq(conv, Norm(label="1")) if self.norm else Seq(conv)
        # Where the map's size is odd, the last window reaches beyond it, as the 3x3's does.
        pool = Pool("avg", 2, self.stride, count_include_pad=False, ceil=True)
        keeps = not is_array(self.stride) and self.stride == 1
        layers = Conv(self.out, bias=self.bias, label="1"), Norm(label="2")
        return Seq(*(() if keeps else (pool,)), *(layers if self.norm else layers[:1]))


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

    @property
    def residual(self) -> int | None:
        """Which input of the last addition is a block's residual: 0 or 1; None where none is.

        The other one is the block's shortcut: a `Shortcut`, or the empty `Seq`.
        """
        *others, last = map(_is_shortcut, self.branches)
        if last:
            return 0 if others and not any(others) else None
        return 1 if others == [True] else None

    def parts(self) -> Iterator[Node]:
        """The branches, in order."""
        yield from self.branches

    def with_parts(self, parts: list[Node]) -> Sum:
        """The same sum of other branches."""
        return Sum(*parts, scales=self.scales, label=self.label)


def has_residuals(node: Node) -> bool:
    """Whether there is a residual block in it: a `Sum` of a body and its shortcut."""
    own = isinstance(node, Sum) and node.residual is not None
    return own or any(map(has_residuals, node.parts()))


def _is_shortcut(node: Node) -> bool:
    return isinstance(node, Shortcut) or (isinstance(node, Seq) and not node.children)


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
    """A stage: `first`, then `n` - 1 times `rest` (which must keep its input's shape).

    In an array of designs `n` may be 0: the stage is the identity there.
    """

    n: Number
    first: Node
    rest: Node

    def __post_init__(self) -> None:
        self._make_whole("n", least=0 if is_array(self.n) else 1)

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


@dataclass(frozen=True, eq=False)
class Gate(Node):
    """The input times what `branch` makes of it, a number for each channel or each element.

    Squeeze-and-excitation (Hu et al., arXiv 1709.01507) is a gate whose branch begins with a
    global pool and ends with a sigmoid.
    """

    branch: Node

    def parts(self) -> Iterator[Node]:
        """The branch."""
        yield self.branch

    def with_parts(self, parts: list[Node]) -> Gate:
        """A gate of another branch."""
        return Gate(*parts, label=self.label)


@dataclass(frozen=True, eq=False, init=False)
class Split(Node):
    """The channels cut into equal parts, a branch for each, concatenated again.

    With `chain`, each branch but the identity is also given the output of the one before it, added
    to its part (Res2Net, Gao et al., arXiv 1904.01169).
    """

    branches: tuple[Node, ...]
    chain: bool

    def __init__(self, *branches: Node, chain: bool = False, label: str | None = None) -> None:
        if len(branches) < 2:
            raise UsageError("a Split cuts into two parts at least; give a branch for each")
        object.__setattr__(self, "label", label)
        object.__setattr__(self, "branches", branches)
        object.__setattr__(self, "chain", chain)

    def parts(self) -> Iterator[Node]:
        """The branches, in order."""
        yield from self.branches

    def with_parts(self, parts: list[Node]) -> Split:
        """The same cut with other branches."""
        return Split(*parts, chain=self.chain, label=self.label)


@dataclass(frozen=True, eq=False)
class Grow(Node):
    """`n` times: the input, and behind it what `body` makes of it, as channels (DenseNet).

    The body keeps height and width. Where `n` is an array, only batch norm, activations and
    convolutions without groups may read the growing input: what they cost is linear in it.
    """

    n: Number
    body: Node

    def __post_init__(self) -> None:
        self._make_whole("n")

    def parts(self) -> Iterator[Node]:
        """The body."""
        yield self.body

    def with_parts(self, parts: list[Node]) -> Grow:
        """The same growth by another body."""
        return Grow(self.n, *parts, label=self.label)


def is_combinator(node: Node) -> bool:
    """Whether it holds or makes other nodes, so that its label names a part of the network."""
    match node:
        case Seq() | Sum() | Cat() | Repeat() | Shortcut() | Aux() | Gate() | Split() | Grow():
            return True
        case Conv() | Norm() | Act() | Pool() | Linear() | Dropout() | Shuffle() | Gain():
            return False
    raise unknown(node, "kind")
