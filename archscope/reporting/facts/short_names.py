"""Short names of networks in figures: without what all of them share."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby

LONGEST = 16  # letters of a name that is not shortened


def short_names(names: Sequence[str]) -> dict[str, str]:
    """What a figure calls each network: `1x64d` for `cifar_resnext29_1x64d@0.125`.

    Parts that all names share are left out, if one is long and what is left is different for each.
    """
    shared = _shared(names)
    short = {
        name: "".join(part for part in _parts(name) if part not in shared).lstrip("_-")
        for name in names
    }
    apart = all(short.values()) and len(set(short.values())) == len(short)
    return short if apart else {name: name for name in names}


def shared_sentences(names: Sequence[str]) -> list[str]:
    """One sentence that says what short names leave out, if anything."""
    if not any(short != name for name, short in short_names(names).items()):
        return []
    shared = _shared(names)
    runs = groupby(_parts(names[0]), shared.__contains__)
    left_out = ["".join(parts).lstrip("_-") for common, parts in runs if common]
    return [f"Names leave out what all share: {', '.join(left_out)}."]


def _shared(names: Sequence[str]) -> set[str]:
    if len(names) < 2 or max(map(len, names)) <= LONGEST:
        return set()
    return set.intersection(*(set(_parts(name)) for name in names))


def _parts(name: str) -> list[str]:
    """`cifar`, `_resnext29`, `_1x64d`, `@0.125`, `-noshortcut`."""
    return re.findall(r"[_@-]?[^_@-]+|[_@-]", name)
