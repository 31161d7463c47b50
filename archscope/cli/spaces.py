"""Options that say which designs are meant: shared by `solve --network` and `enumerate`."""

from __future__ import annotations

from typing import Any


def given_values(
    cardinality: str | None,
    width: str | None,
    depth: str | None,
    widen: str | None,
    scale: str | None,
) -> dict[str, list[Any]]:
    """The values of each word that was given; those of `depth` by stage."""
    from archscope.arch.quantities import parse_numbers
    from archscope.arch.scaling import exact

    given: dict[str, list[Any]] = {}
    for word, text in (("cardinality", cardinality), ("width", width), ("widen", widen)):
        if text:
            given[word] = parse_numbers(text, word)
    if depth:
        given["depth"] = [parse_numbers(part, "depth") for part in depth.split(",")]
    if scale:
        given["scale"] = [exact(part.strip()) for part in scale.split(",")]
    return given
