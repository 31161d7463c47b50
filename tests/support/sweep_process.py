"""A sweep in a process of its own, on an imaginary machine: python -m sweep_process JSON.

The JSON holds `folder`, `trials` (see `fake_trial`), `slots`, `machine`, `skew` (seconds by which
its wall clock is wrong) and `timing`. What happens goes to stdout, a line an event.
"""

from __future__ import annotations

import json
import socket
import sys
import time
from pathlib import Path
from typing import Any

from archscope.errors import ArchscopeError
from archscope.sweep.plan.slots import Slot
from archscope.sweep.run.messages import Event
from archscope.sweep.run.schedule import Scheduler
from archscope.sweep.run.supply import Supply
from archscope.sweep.store import lease
from archscope.testing.trials import fake_trial


class Printer:
    def event(self, event: Event) -> None:
        print(event.kind, event.key, json.dumps(event.data), flush=True)

    def tick(self) -> None:
        pass


def main(asked: dict[str, Any]) -> None:
    name, skew, real = asked["machine"], asked["skew"], time.time
    if name:
        lease.machine = lambda: name
        socket.gethostname = lambda: name
    time.time = lambda: real() + skew
    trials = [fake_trial(**one) for one in asked["trials"]]
    supply = Supply(Path(asked["folder"]), trials, lease.Timing(**asked["timing"]))
    slots = [Slot("cpu", 1)] * asked["slots"]
    try:
        Scheduler(supply, slots, Printer(), "fake_runners:run").run()
    except ArchscopeError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
