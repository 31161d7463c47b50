"""What an image folder holds, in sentences: told before anything is trained, and in the report."""

from __future__ import annotations

from archscope.data.dataset import Census
from archscope.data.sets.contents import ENDS
from archscope.errors import plural

_REASONS = 6


def census_sentences(census: Census | None) -> list[str]:
    """Images and classes a part, what is left out and why, what was made of some images.

    None at all of other data.
    """
    if census is None:
        return []
    return [_parts(census), *_left_out(census), *_untested(census), *_changed(census)]


def _parts(census: Census) -> str:
    said = ", ".join(
        f"{part} has {plural(count.images, 'image')} of {plural(count.classes, 'class')}"
        for part, count in census.parts.items()
    )
    if census.decoded:
        return f"Image folder: {said}; each was decoded."
    return (
        f"Image folder: {said}, {census.bytes / 1e9:.0f} GB: the fingerprint is of sizes and of "
        f"the first and last {ENDS // 1024} KiB of each, and only headers were checked."
    )


def _left_out(census: Census) -> list[str]:
    shown = census.left_out[:_REASONS]
    parts = [f"{plural(one.files, 'file')} {one.why}, as {one.example}" for one in shown]
    if more := sum(one.files for one in census.left_out[_REASONS:]):
        parts.append(f"{more:,} more")
    parts += [f"the folder {name}, as another one tests" for name in census.unread]
    return [f"Left out: {'; '.join(parts)}."] if parts else []


def _untested(census: Census) -> list[str]:
    if not census.untested_classes:
        return []
    more = ", ..." if census.untested_classes > len(census.untested) else ""
    return [
        f"{plural(census.untested_classes, 'class')} without test images: "
        f"{', '.join(census.untested)}{more}."
    ]


def _changed(census: Census) -> list[str]:
    said = []
    if census.turned:
        said.append(f"{plural(census.turned, 'image')} turned as EXIF says")
    if census.transparent:
        said.append(f"{plural(census.transparent, 'image')} with transparency laid on white")
    return [f"{' and '.join(said)}."] if said else []
