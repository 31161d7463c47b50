"""How training images are varied: a field of a recipe, as plain numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from archscope.documents import Within
from archscope.errors import UsageError


@dataclass(frozen=True)
class Augmentation:
    """A random crop of the image padded by `pad` pixels, and a flip half of the time.

    `padding` is "zeros" or "reflect". As in the ResNeXt authors' program, "zeros" pads the
    *normalised* image: what enters the network is 0, which is the mean colour and not black.
    "reflect" mirrors about the border pixel, without repeating it (Wide ResNet).

    `area`, for image folders, is another crop: a random part of the image, from `area` (0.08) to
    all of its area, of an aspect ratio from 3/4 to 4/3, resized to the network's input (scale and
    aspect-ratio augmentation, Szegedy et al. 2015). Then there is no `pad`.

    Raises UsageError for a negative pad, an unknown padding or an area outside of (0, 1].
    """

    pad: Annotated[int, Within(0, 4096)] = 4
    padding: str = "zeros"
    flip: bool = True
    area: float | None = None

    NONE: ClassVar[Augmentation]

    def __post_init__(self) -> None:
        if self.pad < 0:
            raise UsageError(
                f"pad must be 0 or more pixels, not {self.pad}: give 0 for no random crop, 4 "
                "as the papers do"
            )
        if self.padding not in ("zeros", "reflect"):
            raise UsageError(
                'padding is "zeros" (ResNeXt) or "reflect" (Wide ResNet), not '
                f'"{self.padding}": give one of these'
            )
        if self.area is not None and not (0 < self.area <= 1 and self.pad == 0):
            raise UsageError(
                "a random crop is of a padded image or of a part in (0, 1] of its area, not "
                f"area={self.area} with pad={self.pad}: give area=0.08 and pad=0"
            )


Augmentation.NONE = Augmentation(pad=0, flip=False)
