"""The blocks that Eq. 4 is solved for: each family's own, with one width left free."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

from archscope.arch.families.blocks import postactivation, res2
from archscope.arch.families.dense import densenet
from archscope.arch.families.mobile import convnext, shufflenet_v2
from archscope.arch.families.mobile.inverted import Inverted, Style
from archscope.arch.families.residual.seresnext import REDUCTION
from archscope.arch.nodes import Conv, Node
from archscope.arch.papers.eq4 import Block
from archscope.arch.papers.published import RES2NET_WIDTHS, TABLE2_WIDTHS
from archscope.errors import UsageError, shown


class Paths(NamedTuple):
    """How the channels in the middle of a block are cut: groups, and Res2Net's splits."""

    cardinality: int = 1
    splits: int = 1


UNCUT = Paths()
Make = Callable[[Block, int, Paths], Node]


@dataclass(frozen=True)
class Kind:
    """A block with one width left free.

    Attributes:
        name: what users call it.
        free: what the width is.
        make: the tree, from the block's size, the width, and how its channels are cut.
        spelled: how a template is written.
        words: `cardinality` and `splits`, as far as the block has them.
        usual: these where they are not given.
        kernel: of the block in its paper.
        keeps: whether as many channels go out as come in, or what goes out follows.
        published: the widths that a paper gives at the budget of 1x64d, and its name.
    """

    name: str
    free: str
    make: Make
    spelled: str = "w{width}"
    words: tuple[str, ...] = ()
    usual: Paths = UNCUT
    kernel: int = 3
    keeps: bool = False
    published: Mapping[Paths, int] = field(default_factory=dict)
    paper: str = ""

    def template(self, width: int, paths: Paths) -> str:
        """The name of a template: `32x4d`, `26w4s`, `8c4w4s`, `k32`."""
        text = self.spelled.format(width=width, **paths._asdict())
        grouped = len(self.words) > 1 and paths.cardinality > 1
        return f"{paths.cardinality}c{text}" if grouped else text

    def sized(self, w_in: int, w_out: int | None, kernel: int | None, resolution: int) -> Block:
        """The block's size; what is not given is the block's own, `w_out` as `w_in`.

        Raises:
            UsageError: for an even kernel, or channels out of a block that decides them itself.
        """
        if self.keeps and w_out is not None:
            raise UsageError(
                f"the channels behind the {self.name} block follow from its input and width; drop "
                "--out"
            )
        if self.name == "shuffle" and w_in % 2:
            raise UsageError(f"the shuffle block halves its channels; use an even --in, not {w_in}")
        if kernel is not None and kernel % 2 == 0:
            raise UsageError(f"a block keeps its map by an odd kernel, not {kernel}; use 3 or 5")
        out = w_in if w_out is None else w_out
        return Block(w_in, out, self.kernel if kernel is None else kernel, resolution)


def kind_of(name: str) -> Kind:
    """The block of this name.

    Raises:
        UsageError: where there is none.
    """
    found = KINDS.get(name.strip().lower())
    if found is None:
        raise UsageError(f"a block is one of {', '.join(KINDS)}, not '{shown(name)}'; name one")
    return found


def own_kind(make: Callable[[int], Node]) -> Kind:
    """A block of the caller's own, from its width to its tree."""
    return Kind("own", "width", lambda size, width, paths: make(width))


def _bottleneck(size: Block, width: int, paths: Paths, squeezed: int | None = None) -> Node:
    channels = paths.cardinality * paths.splits * width
    grouped = Conv(channels, size.kernel, groups=paths.cardinality)
    split = partial(res2, splits=paths.splits, first=False) if paths.splits > 1 else None
    return postactivation(
        [Conv(channels), grouped, Conv(size.w_out)], residual=False, squeezed=squeezed, split=split
    )


def _squeezed(size: Block, width: int, paths: Paths) -> Node:
    return _bottleneck(size, width, paths, max(1, size.w_out // REDUCTION))


def _basic(size: Block, width: int, paths: Paths) -> Node:
    convolutions = [Conv(width, size.kernel), Conv(size.w_out, size.kernel)]
    return postactivation(convolutions, residual=False)


def _depthwise(size: Block, width: int, paths: Paths) -> Node:
    return _bottleneck(size, 1, Paths(width))


def _inverted(size: Block, width: int, paths: Paths) -> Node:
    return _widened(Inverted(width, size.w_out, size.kernel), Style("relu6"))


def _mbconv(size: Block, width: int, paths: Paths) -> Node:
    inner = max(1, size.w_in // 4)
    block = Inverted(width, size.w_out, size.kernel, 1, inner, ("silu", "sigmoid"))
    return _widened(block, Style("silu"))


def _fused(size: Block, width: int, paths: Paths) -> Node:
    return _widened(Inverted(width, size.w_out, size.kernel, fused=True), Style("silu"))


def _widened(block: Inverted, style: Style) -> Node:
    """The block without its shortcut, with its first 1x1 even where that widens nothing."""
    return block.node(0, style)


KINDS = {
    kind.name: kind
    for kind in (
        Kind(
            "bottleneck",
            "channels of a path",
            _bottleneck,
            "{cardinality}x{width}d",
            ("cardinality",),
            published={Paths(number): width for number, width in TABLE2_WIDTHS.items()},
            paper="ResNeXt",
        ),
        Kind("basic", "channels between the two convolutions", _basic),
        Kind("se", "channels of a path", _squeezed, "{cardinality}x{width}d", ("cardinality",)),
        Kind(
            "res2net",
            "channels of a split, or of each of its paths",
            _bottleneck,
            "{width}w{splits}s",
            ("cardinality", "splits"),
            Paths(splits=4),
            published={Paths(*paths): width for paths, width in RES2NET_WIDTHS.items()},
            paper="Res2Net",
        ),
        Kind("depthwise", "channels of the depthwise convolution", _depthwise),
        Kind("inverted", "channels of the depthwise convolution", _inverted),
        Kind("mbconv", "channels of the depthwise convolution", _mbconv),
        Kind("fused", "channels between the two convolutions", _fused),
        Kind(
            "shuffle",
            "channels of the depthwise convolution",
            lambda size, width, paths: shufflenet_v2.unit(size.w_in // 2, width, size.kernel),
            keeps=True,
        ),
        Kind(
            "dense",
            "channels that a layer adds",
            lambda size, width, paths: densenet.layer(width, size.kernel),
            "k{width}",
            keeps=True,
        ),
        Kind(
            "convnext",
            "channels between the two 1x1",
            lambda size, width, paths: convnext.block(size.w_in, width, size.kernel),
            kernel=7,
            keeps=True,
        ),
    )
}
