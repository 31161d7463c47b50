"""How long a redraw of `archscope ui` takes at 10^5 designs and more: the server's part.

    python benchmarks/ui.py

A redraw is what the move of a slider brings: which designs are within the budgets, their front,
which of them can be told apart, the sentence and the command, and what is sent to the browser.
Times are processor time of this process, the median of `MOVES` moves of the first slider; bytes are
those of the points. The browser's own part is seen by `--browser`, which moves the slider in
headless Chromium: from the move until the dots are painted, by the clock.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

from bokeh.document import Document
from pairs import machine

import archscope as a
from archscope.explore.workbench.session import Session

MOVES, GOAL = 20, 0.3
FAMILIES = ("cifar_resnext", "resnext", "convnext", "resnext50")
MOVE = """
new Promise((done) => {
  const page = Bokeh.documents[0], slider = page.get_model_by_name("params");
  const sources = [...page._all_models.values()].filter((one) => one.data?.row);
  const before = sources.map((one) => one.data), start = performance.now();
  const look = () => {
    if (!sources.every((one, at) => one.data !== before[at])) { setTimeout(look, 2); return; }
    requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - start)));
  };
  slider.value = [slider.start, slider.start + (slider.end - slider.start) * SHARE];
  look();
})
"""


def server(family: str) -> tuple[int, float, float, int]:
    """Designs, seconds to gather them, seconds a redraw, and bytes sent with each."""
    start = time.process_time()
    session = Session(Document(), [family], 1, None)
    gathered = time.process_time() - start
    slider, times = session.sliders.children[0], []
    for move in range(MOVES):
        share = 1 - 0.1 * (move + 1) / MOVES
        start = time.process_time()
        slider.value = (slider.start, slider.start + (slider.end - slider.start) * share)
        session.redraw()
        times.append(time.process_time() - start)
    sources = (*session.plot.groups, session.plot.front)
    sent = sum(column.nbytes for one in sources for column in one.data.values())
    return len(session.designs.found), gathered, statistics.median(times), sent


def browser(family: str) -> float:
    """Seconds from a move until it is painted, in headless Chromium."""
    sys.path.append(str(Path(__file__).parents[1] / "tests" / "support"))
    from chromium import Chromium

    page = a.ui(family)
    with tempfile.TemporaryDirectory() as folder, Chromium(Path(folder)) as tab:
        tab.open(page.address)
        tab.wait("!!(window.Bokeh && Bokeh.documents.length && Bokeh.documents[0].is_idle)")
        times = [
            tab.value(MOVE.replace("SHARE", str(1 - 0.1 * (move + 1) / MOVES)))
            for move in range(MOVES)
        ]
    page.stop()
    return statistics.median(times) / 1000


def main() -> None:
    print(f"redraw of archscope ui (goal: under {GOAL} s at 10^5 designs), {machine()}")
    for family in FAMILIES:
        designs, gathered, redraw, sent = server(family)
        said = f"  {family}: {designs:,} designs, gathered in {gathered:.2f} s; a redraw "
        said += f"{1000 * redraw:.0f} ms, {sent / 1e3:.0f} kB sent"
        if "--browser" in sys.argv[1:]:
            said += f"; painted in Chromium after {1000 * browser(family):.0f} ms"
        print(said)


if __name__ == "__main__":
    main()
