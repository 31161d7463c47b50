"""How torchvision and timm name the weights of RegNets."""

from __future__ import annotations

from archscope.arch.families.keys import Keys

_BLOCK = r"layer(\d+)\.(\d+)"
_THEIRS = r"trunk_output.block\1.block\1-\2"
VISION = Keys(
    {
        r"(conv|bn)1": r"stem.[\1]",
        rf"{_BLOCK}\.(conv|bn)1": rf"{_THEIRS}.f.a.[\3]",
        rf"{_BLOCK}\.(conv|bn)2": rf"{_THEIRS}.f.b.[\3]",
        rf"{_BLOCK}\.(conv|bn)3": rf"{_THEIRS}.f.c.[\3]",
        rf"{_BLOCK}\.se": rf"{_THEIRS}.f.se",
        rf"{_BLOCK}\.downsample": rf"{_THEIRS}.proj",
        "fc": "fc",
    }
)
TIMM = Keys(
    {
        r"(conv|bn)1": r"stem.\1",
        rf"{_BLOCK}\.(conv|bn)(\d)": r"s\1.b[\2+1].conv\4.\3",
        rf"{_BLOCK}\.se": r"s\1.b[\2+1].se",
        rf"{_BLOCK}\.downsample\.0": r"s\1.b[\2+1].downsample.conv",
        rf"{_BLOCK}\.downsample\.1": r"s\1.b[\2+1].downsample.bn",
        "fc": "head.fc",
    }
)
