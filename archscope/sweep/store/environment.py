"""Where numbers were made: the host and the versions, for every record. Imports no torch."""

from __future__ import annotations

import platform
import socket
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

_VERSIONS = ("torch", "numpy", "archscope")
# Numbers made under other values of these may differ in the last bits.
_DECISIVE = ("platform", "processor", "python", *_VERSIONS)


def environment() -> dict[str, Any]:
    """Host, platform, processor and versions of this process, as strings (`None`: unknown)."""
    return {
        "host": socket.gethostname(),
        "platform": f"{platform.system()}-{platform.machine()}",
        "processor": _processor(),
        "python": platform.python_version(),
        **{name: _version(name) for name in _VERSIONS},
    }


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """What decides the last bits and is not as it was: "torch 2.12.0 -> 2.13.0", ..."""
    return [
        f"{name} {before.get(name)} -> {now.get(name)}"
        for name in _DECISIVE
        if before.get(name) != now.get(name)
    ]


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _processor() -> str | None:
    try:
        for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or None
