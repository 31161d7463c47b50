"""How much memory a process can still have; no torch."""

from __future__ import annotations

import os
import re
from pathlib import Path


def available() -> int:
    """Bytes that can be had without swapping; all of the machine's where nothing tells them."""
    try:
        found = re.search(r"MemAvailable:\s+([0-9]+) kB", Path("/proc/meminfo").read_text())
    except OSError:
        found = None
    if found:
        return int(found[1]) * 1024
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
