"""Where a runtime for microcontrollers puts buffers in its arena, and the least that they need."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

ALIGNMENT = 16  # bytes, of TensorFlow Lite Micro


class Buffer(NamedTuple):
    """Bytes that are alive from the first operation that touches them to the last."""

    size: int
    first: int
    last: int

    def beside(self, other: Buffer) -> bool:
        """Whether both are alive at some time."""
        return self.first <= other.last and other.first <= self.last


def alive(buffers: Sequence[Buffer]) -> int:
    """The most bytes alive at once: no arena can be smaller."""
    times = {buffer.first for buffer in buffers}
    return max(sum(b.size for b in buffers if b.first <= time <= b.last) for time in times)


def arena(buffers: Iterable[Buffer]) -> int:
    """The bytes of an arena in which each buffer in turn has the lowest offset that is free."""
    placed: list[tuple[int, Buffer]] = []
    end = 0
    for buffer in buffers:
        offset = 0
        for start, other in sorted(one for one in placed if buffer.beside(one[1])):
            if offset + buffer.size <= start:
                break
            offset = max(offset, start + other.size)
        placed.append((offset, buffer))
        end = max(end, offset + buffer.size)
    return end


def greedy(buffers: Sequence[Buffer]) -> int:
    """The arena of TensorFlow Lite Micro: the largest first, of equally large ones the last.

    Sizes are rounded up to 16 bytes. `buffers` are in the order of the file.
    """
    rounded = [b._replace(size=-(-b.size // ALIGNMENT) * ALIGNMENT) for b in reversed(buffers)]
    return arena(sorted(rounded, key=lambda buffer: -buffer.size))
