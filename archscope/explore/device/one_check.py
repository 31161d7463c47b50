"""The process of one check: `python -m archscope.explore.device.one_check NAME DEVICE FOLDER`.

A check that fails, hangs or takes its process down leaves the others alone. What it saw is written
as JSON to FOLDER/seen.json.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from archscope.errors import ArchscopeError
from archscope.explore.device import checks, trainings
from archscope.explore.device.place import NotPossible, Place, Seen
from archscope.files import write_json
from archscope.plain_text import visible

CHECKS: Mapping[str, Callable[[Place], Seen]] = {
    "device": checks.device,
    "arithmetic": checks.arithmetic,
    "counts": checks.counts,
    **trainings.RESUMES,
    "sweep": trainings.sweep,
    "waiting": trainings.waiting,
    "errors": trainings.errors,
    "times": checks.times,
    "latency-model": checks.latency_model,
}
SEEN = "seen.json"


def seen(check: Callable[[Place], Seen], on: Place) -> dict[str, Any]:
    """What a check says, as JSON: `state`, `figure`, `sentence`, `details`."""
    try:
        found = check(on)
    except NotPossible as why:
        return {"state": "not possible", "figure": "", "sentence": str(why), "details": {}}
    except Exception as error:
        first = (str(error).strip() or type(error).__name__).splitlines()[0]
        kind = "" if isinstance(error, ArchscopeError) else f"{type(error).__name__}: "
        trace = {"trace": traceback.format_exc()}
        sentence = visible(f"{kind}{first}")
        return {"state": "failed", "figure": "", "sentence": sentence, "details": trace}
    state = "passed" if found.passed else "failed"
    document = asdict(found)
    del document["passed"]
    return {"state": state, **document}


def _end_with_parent() -> None:
    """Be interrupted where the process that began this one is gone, however it went."""
    os.read(0, 1)  # nothing is ever written; a stream's lock would be held at the end
    os.kill(os.getpid(), signal.SIGINT)


def main(name: str, device: str, folder: Path) -> None:
    """Run a check and write what it saw."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # what it has begun is ended by that
    threading.Thread(target=_end_with_parent, daemon=True).start()
    write_json(folder / SEEN, seen(CHECKS[name], Place(device, folder)))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
