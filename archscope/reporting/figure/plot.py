"""What figures show, as plain data: no plotting library is imported to make or to test it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

# Okabe and Ito's colours, told apart by colour-blind readers too.
BLUE, VERMILLION, GREEN, BLACK = "#0072B2", "#D55E00", "#009E73", "#000000"
PURPLE, ORANGE, SKY = "#CC79A7", "#E69F00", "#56B4E9"
COLOURS = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY, BLACK)
# The titles of axes, by the cost.
LABELS = {
    "params": "parameters",
    "macs": "FLOPs (multiply-adds)",
    "activations": "activations",
    "weights": "weights (bytes)",
    "memory": "memory (bytes)",
    "latency": "predicted latency (ms)",
}


@dataclass(frozen=True)
class Heading:
    """A figure's title, and smaller lines under it."""

    title: str
    subtitles: Sequence[str] = ()


@dataclass(frozen=True)
class Style:
    """How a figure is asked for.

    Attributes:
        width: in inches; None: the figure's own.
        title: whether the heading is drawn; else it is left to a caption.
    """

    width: float | None = None
    title: bool = True

    def heading(self, heading: Heading) -> Heading:
        """The heading as it is drawn."""
        return heading if self.title else Heading("")


PLAIN = Style()


@dataclass(frozen=True)
class Mark:
    """One network: `y` with its error `bar` (None: no bar); one that is on two series has the
    same `key` in both. What is not `complete` is drawn hollow.
    """

    key: str
    label: str
    x: float
    y: float
    bar: float | None = None
    complete: bool = True


@dataclass(frozen=True)
class Series:
    """Marks by rising x, joined by a line if `scatter.LOOKS[name]` has one."""

    name: str
    label: str
    marks: Sequence[Mark]


@dataclass(frozen=True)
class Scatter:
    """What the plot shows. x is drawn on a logarithmic scale; `name` stands over the frame."""

    heading: Heading
    x_label: str
    y_label: str
    series: Sequence[Series]
    name: str = ""
