"""How training images are varied: a field of a recipe, as plain numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from archscope.errors import UsageError


@dataclass(frozen=True)
class Augmentation:
    """A random crop of the image padded by `pad` pixels, and a flip half of the time.

    `padding` is "zeros" or "reflect". As in the ResNeXt authors' program, "zeros" pads the
    *normalised* image: what enters the network is 0, which is the mean colour and not black.
    "reflect" mirrors about the border pixel, without repeating it (Wide ResNet).

    Raises UsageError for a negative pad or an unknown padding.
    """

    pad: int = 4
    padding: str = "zeros"
    flip: bool = True

    NONE: ClassVar[Augmentation]

    def __post_init__(self) -> None:
        if self.pad < 0:
            raise UsageError(
                f"pad={self.pad} was asked for, but an image is padded by 0 or more pixels: "
                "give 0 for no random crop, 4 as the papers do"
            )
        if self.padding not in ("zeros", "reflect"):
            raise UsageError(
                f'padding="{self.padding}" was asked for, but there are only two: give "zeros" '
                '(ResNeXt) or "reflect" (Wide ResNet)'
            )


Augmentation.NONE = Augmentation(pad=0, flip=False)
