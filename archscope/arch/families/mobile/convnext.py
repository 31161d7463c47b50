"""ConvNeXt: Liu et al., arXiv 2201.03545."""

from __future__ import annotations

from collections.abc import Sequence

from archscope.arch.arrays import Number
from archscope.arch.families.axis import Axis
from archscope.arch.families.family import family
from archscope.arch.families.keys import Keys
from archscope.arch.families.spelling import Names, Numbers
from archscope.arch.nodes import Act, Conv, Gain, Linear, Node, Norm, Pool, Repeat, Seq, Sum

# Blocks of the stages, and channels of the first.
_SIZES = {
    "tiny": ((3, 3, 9, 3), 96),
    "small": ((3, 3, 27, 3), 96),
    "base": ((3, 3, 27, 3), 128),
    "large": ((3, 3, 27, 3), 192),
    "xlarge": ((3, 3, 27, 3), 256),
}
_TIMM_SIZES = {  # timm's own, beside those of the paper
    "atto": ((2, 2, 6, 2), 40),
    "femto": ((2, 2, 6, 2), 48),
    "pico": ((2, 2, 6, 2), 64),
    "nano": ((2, 2, 8, 2), 80),
}
_XXLARGE = (3, 4, 30, 3), 384
_NORM = Norm(1e-6, "layer", label="norm")

_BLOCK = r"(layer\d)\.(\d+)"
_THEIRS = r"features.[\1].\2"
_KEYS = Keys(
    {
        r"(stem|downsample\d)\.(\w+)": r"features.[\1].[\2]",
        rf"{_BLOCK}\.conv1": rf"{_THEIRS}.block.0",
        rf"{_BLOCK}\.norm": rf"{_THEIRS}.block.2",
        rf"{_BLOCK}\.conv2": rf"{_THEIRS}.block.3",
        rf"{_BLOCK}\.conv3": rf"{_THEIRS}.block.5",
        rf"{_BLOCK}\.scale\.weight": rf"{_THEIRS}.layer_scale",
        "norm": "classifier.0",
        "fc": "classifier.2",
    },
    flat=rf"{_BLOCK}\.conv[23]\.weight",
)
_TIMMS = r"stages.[\1].blocks.\2"
_TIMM = Keys(
    {
        r"(stem)\.(\w+)": r"stem.[\2]",
        r"downsample(\d)\.(\w+)": r"stages.\1.downsample.[\2]",
        rf"{_BLOCK}\.conv1": rf"{_TIMMS}.conv_dw",
        rf"{_BLOCK}\.norm": rf"{_TIMMS}.norm",
        rf"{_BLOCK}\.conv2": rf"{_TIMMS}.mlp.fc1",
        rf"{_BLOCK}\.conv3": rf"{_TIMMS}.mlp.fc2",
        rf"{_BLOCK}\.scale\.weight": rf"{_TIMMS}.gamma",
        "norm": "head.norm",
        "fc": "head.fc",
    },
    flat=rf"{_BLOCK}\.(conv[23]|scale)\.weight",
)


def _timm(numbers: Numbers) -> Keys:
    """timm's own small networks have 1x1 convolutions, the others linear layers."""
    size = tuple(numbers["blocks"]), numbers["width"]
    if size == _XXLARGE:
        return _TIMM._replace(
            refused="timm's convnext_xxlarge has an eps of 1e-5 in its layer norms, {name} 1e-6; "
            "open it as timm:convnext_xxlarge"
        )
    small = size in _TIMM_SIZES.values()
    return _TIMM._replace(flat=rf"{_BLOCK}\.scale\.weight") if small else _TIMM


@family(
    Names(
        "convnext[_{depth}[_w{width}]]",
        known=tuple(f"convnext_{size}" for size in (*_SIZES, *_TIMM_SIZES)),
        members={
            f"convnext_{size}": {"blocks": blocks, "width": width}
            for size, (blocks, width) in {**_SIZES, **_TIMM_SIZES}.items()
        },
        cifar=True,
    ),
    Axis("depth", range(1, 28), parameter="blocks", stages=4),
    Axis("width", range(16, 257, 16), default=96),
    year=2022,
    recipe="convnext",
    torchvision=_KEYS,
    timm=_timm,
)
def convnext(
    blocks: Sequence[Number],
    width: Number = 96,
    *,
    classes: int = 1000,
    cifar: bool = False,
) -> Seq:
    """ConvNeXt: four stages of depthwise 7x7 blocks, `width`, 2, 4 and 8 times that wide.

    For 32x32 images the stem is a 3x3 that keeps the size, not a 4x4 of stride 4.
    """
    stem = Conv(width, 3, bias=True) if cifar else Conv(width, 4, 4, padding=0, bias=True)
    parts: list[Node] = [Seq(stem, _NORM, label="stem")]
    for index, number in enumerate(blocks):
        channels = width * 2**index
        if index:
            smaller = Conv(channels, 2, 2, padding=0, bias=True, label="conv")
            parts.append(Seq(_NORM, smaller, label=f"downsample{index}"))
        same = block(channels, 4 * channels)
        parts.append(Repeat(number, same, same, label=f"layer{index + 1}"))
    return Seq(*parts, Pool("global"), _NORM, Linear(classes, label="fc"))


def block(channels: Number, inner: Number, kernel: int = 7) -> Sum:
    """Depthwise 7x7, then a 1x1 to `inner` channels and one back."""
    layers = (
        Conv(channels, kernel, groups=channels, bias=True, label="conv1"),
        _NORM,
        Conv(inner, bias=True, label="conv2"),
        Act("gelu"),
        Conv(channels, bias=True, label="conv3"),
        Gain(1e-6, label="scale"),
    )
    return Sum(Seq(*layers), Seq())
