"""One image file as 8-bit RGB, as a viewer shows it: what is opened, and what becomes of it.

    formats       what Pillow reads by itself, but for icons, which hold several pictures, and pages
    pixels        up to 2^26 (67 million, more than any usual camera has), told by the header before
                  anything is decoded: a file of 20 kB may ask for gigabytes
    pictures      the first of an animation or of several pages
    orientation   as EXIF says, which is how a camera was held
    transparency  laid on white: colours behind it, which nobody sees, are not learned
    depth         16-bit gray is scaled by its range; 32 bits are refused

No torch: what looks through a folder, before anything is trained, reads images as well.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from PIL.Image import Image

FORMATS: dict[str, tuple[str, ...]] = {
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "PNG": (".png", ".apng"),
    "WEBP": (".webp",),
    "BMP": (".bmp",),
    "DIB": (".dib",),
    "GIF": (".gif",),
    "TIFF": (".tif", ".tiff"),
    "PPM": (".ppm", ".pgm", ".pbm", ".pnm"),
    "AVIF": (".avif", ".avifs"),
    "JPEG2000": (".jp2", ".j2k", ".jpf", ".jpx", ".jpc", ".j2c"),
    "QOI": (".qoi",),
    "SGI": (".sgi", ".rgb", ".rgba", ".bw"),
    "SUN": (".ras",),
    "PCX": (".pcx",),
    "DDS": (".dds",),
    "PSD": (".psd",),
    "TGA": (".tga", ".icb", ".vda", ".vst"),
}
"""Pillow's formats that are read, whatever a name says, and the endings of files that are images.

Not those that run other programs (EPS, WMF) or are no pictures (HDF5, GRIB, MPEG).
"""
ENDINGS = tuple(ending for endings in FORMATS.values() for ending in endings)
MOST_PIXELS = 2**26

_ORIENTATION = 0x0112  # EXIF's tag
_ALPHA = ("LA", "La", "PA", "RGBA", "RGBa")


@contextmanager
def opened(path: os.PathLike[str] | str) -> Iterator[Image]:
    """An image file whose header alone was read.

    Raises ValueError for more than `MOST_PIXELS`, and whatever Pillow raises for a damaged file.
    """
    from PIL import Image

    with Image.open(path, formats=_known()) as image:
        width, height = image.size
        if width * height > MOST_PIXELS:
            raise ValueError(
                f"it has {width:,} x {height:,} pixels, and {MOST_PIXELS:,} are the most that are "
                "read"
            )
        yield image


@cache
def _known() -> tuple[str, ...]:
    """The formats that this Pillow has."""
    from PIL import Image

    Image.init()
    return tuple(name for name in FORMATS if name in Image.OPEN)


def is_turned(image: Image) -> bool:
    """Whether EXIF says that an image is to be turned or mirrored."""
    return _orientation(image) in range(2, 9)


def is_transparent(image: Image) -> bool:
    """Whether an image has an alpha channel, or a colour that is clear."""
    return image.mode in _ALPHA or "transparency" in image.info


def coloured(image: Image) -> Image:
    """Return an image of any of Pillow's modes as 8-bit RGB, upright and opaque (see the module).

    Of 16-bit gray (in a PNG mode I too, before Pillow 11; in a PGM always) 65535 is white, as for
    16-bit colour, which Pillow scales itself. Raises ValueError for pixels of 32 bits, of which
    nothing says what is white, and for modes without a way to RGB.
    """
    image.load()  # a TIFF is upright then
    turn = _orientation(image)
    deep = image.mode.startswith("I;16") or (image.mode == "I" and image.format in ("PNG", "PPM"))
    if deep:
        image = _shallow(image)
    elif image.mode in ("I", "F"):
        raise ValueError(
            f"its pixels have 32 bits (mode {image.mode}), for which no white is defined; "
            "save it with 8 or 16"
        )
    image = _on_white(image) if is_transparent(image) else image.convert("RGB")
    return _upright(image, turn)


def _orientation(image: Image) -> int:
    try:
        found = image.getexif().get(_ORIENTATION, 1)
    except Exception:  # damaged EXIF can fail in many ways; viewers pass it over
        return 1
    return found if isinstance(found, int) else 1


def _upright(image: Image, orientation: int) -> Image:
    """Undo what a camera's position did, by EXIF's numbers 1 to 8."""
    from PIL.Image import Transpose

    turns = {
        2: Transpose.FLIP_LEFT_RIGHT,
        3: Transpose.ROTATE_180,
        4: Transpose.FLIP_TOP_BOTTOM,
        5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270,
        7: Transpose.TRANSVERSE,
        8: Transpose.ROTATE_90,
    }
    return image.transpose(turns[orientation]) if orientation in turns else image


def _shallow(image: Image) -> Image:
    """16-bit gray as 8-bit gray, what is clear in it white; in place, as images may be large."""
    from PIL import Image

    deep = np.asarray(image).astype(np.uint32)
    clear = image.info.get("transparency")
    if isinstance(clear, int):
        deep[deep == clear] = 65535
    deep += 128
    deep //= 257
    return Image.fromarray(deep.astype(np.uint8))


def _on_white(image: Image) -> Image:
    from PIL import Image

    if image.mode == "1":  # Pillow knows no clear colour of these
        clear = 255 * bool(image.info.pop("transparency"))
        image = image.convert("L")
        image.info["transparency"] = clear
    seen = image if image.mode == "RGBA" else image.convert("RGBA")
    white = Image.new("RGB", seen.size, "white")
    white.paste(seen, mask=seen)
    return white


def reason(error: Exception) -> str:
    """Why an image could not be read, in words."""
    kind = type(error).__name__
    if kind == "UnidentifiedImageError":
        return "it is not an image, or its beginning is damaged"
    if kind == "DecompressionBombError":
        return f"it has more than the {MOST_PIXELS:,} pixels that are read"
    return str(getattr(error, "strerror", None) or error or kind)
