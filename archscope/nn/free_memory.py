"""How much memory a process can still have; no torch."""

from __future__ import annotations

import os
import re
from pathlib import Path

from archscope.arch.inputs import Input, input_text
from archscope.errors import UsageError


def available() -> int:
    """Bytes that can be had without swapping; all of the machine's where that is not known."""
    try:
        found = re.search(r"MemAvailable:\s+([0-9]+) kB", Path("/proc/meminfo").read_text())
    except OSError:
        found = None
    if found:
        return int(found[1]) * 1024
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def refuse_beyond(need: int, name: str, input: Input, instead: str) -> None:
    """Refuse a trace that would take the machine down: the system kills what asks too much.

    Args:
        need: bytes.
        name: of the network.
        input: of the network.
        instead: what to do, for the sentence's end.

    Raises:
        UsageError: where the machine has fewer bytes free.
    """
    free = available()
    if need > free:
        raise UsageError(
            f"tracing {name} at {input_text(input)} takes about {need // 10**6:,} MB, and this "
            f"machine has {free // 10**6:,} MB free; {instead}"
        )
