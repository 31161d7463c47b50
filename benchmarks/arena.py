"""The arena that TensorFlow Lite Micro takes, beside the peak that `archscope memory` tells.

    pip install tflite-micro    # Linux, Python 3.11; brings flatbuffers and the schema
    python benchmarks/arena.py [--network NAME --input SIDE]

Each network, batch norm folded, is written as a .tflite in int8, which the interpreter plans, runs
(up to 100 MMACs) and tells its allocations of. All columns are in bytes:

    ours     the peak of memory as told here
    sums     what the file's tensors need at once, beyond that: sums, and a ReLU behind a
             concatenation, write tensors of their own there
    planner  what the arena's head (the activations) has beyond that: gaps, and 16-byte alignment
    head     the three together, as the engine tells it
    tail     what lives as long as the interpreter: multipliers a channel, tensors, operations
    padded   the head where convolutions of stride 2 pad as torch does, by an operation before them,
             as converters from torch write it; in the other columns they pad as TensorFlow's SAME

The planner is followed step by step (`microcontroller/planner.py`): a head that differs from what
that gives is an error, so that no byte is left unexplained.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import tempfile
from collections.abc import Callable
from importlib.metadata import version
from typing import NamedTuple

import numpy as np
from microcontroller.planner import alive, greedy
from microcontroller.tflite import Tflite
from pairs import machine, told

from archscope.arch.names import parse
from archscope.arch.network import Network
from archscope.cost.formula import count
from archscope.cost.stored import Storage
from archscope.errors import ArchscopeError

MOST_RUN = 100_000_000  # multiply-adds: a larger network is planned alone
NETWORKS = (
    *(("mobilenet_v2_0.35", 96), ("mobilenet_v2_0.35", 144), ("mobilenet_v2_0.5", 160)),
    *(("mobilenet_v2", 96), ("mobilenet_v2", 224), ("mnasnet_0.5", 128), ("mnasnet_0.5", 160)),
    *(("resnet20", 32), ("resnet18", 96), ("resnet50", 96), ("resnet50-noshortcut", 96)),
    *(("resnext50_32x4d", 96), ("resnext29_8x64d@0.25", 32), ("vgg11", 224)),
    *(("squeezenet1_1", 128), ("googlenet", 96)),
)
INT8 = Storage("int8", "int8", fold=True)


class Arena(NamedTuple):
    """What the engine allocates, in bytes: activations, and what lives as long as it."""

    head: int
    tail: int


def engine(network: Network, tflite: Tflite) -> Arena:
    """What the interpreter says that it took for a network."""
    from tflite_micro import runtime

    room = 4 * alive(tflite.activations()) + 2**24
    interpreter = runtime.Interpreter.from_bytes(tflite.file(), arena_size=room)
    if count(network).macs <= MOST_RUN:
        channels, *sides = network.input
        image = np.random.default_rng(1).integers(-128, 128, (1, *sides, channels), dtype=np.int8)
        interpreter.set_input(image, 0)
        interpreter.invoke()
    said = written_to_stderr(interpreter.print_allocations)
    return Arena(*(int(re.search(rf"{part} (\d+) bytes", said)[1]) for part in Arena._fields))


def written_to_stderr(call: Callable[[], object]) -> str:
    """What a call writes to the process's standard error, below Python."""
    with tempfile.TemporaryFile() as file:
        kept = os.dup(2)
        try:
            os.dup2(file.fileno(), 2)
            call()
        finally:
            os.dup2(kept, 2)
            os.close(kept)
        file.seek(0)
        return file.read().decode()


def planned(network: Network, tflite: Tflite) -> Arena:
    """The arena of a network, whose head must be what the planner gives when followed."""
    arena, expected = engine(network, tflite), greedy(tflite.activations())
    if arena.head != expected:
        raise ArchscopeError(
            f"the head of {network.name} is {arena.head:,} bytes, {expected:,} by the planner as "
            "followed here; see what this version plans otherwise"
        )
    return arena


def row(name: str, side: int) -> str:
    """A network's line of the table."""
    network = parse(name, 2, (3, side, side))
    ours, held = int(INT8.peak_bytes(network)), INT8.held(network)
    tflite = Tflite(held)
    arena, padded = planned(held, tflite), planned(held, Tflite(held, padded=True))
    tensors = alive(tflite.activations())
    columns = (ours, tensors - ours, arena.head - tensors, arena.head, arena.tail, padded.head)
    return f"{name:22} {side:4}" + "".join(f"{column:11,}" for column in columns)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--network", help="one network alone")
    parser.add_argument("--input", type=int, default=96, metavar="SIDE", help="its input (96)")
    options = parser.parse_args()
    try:
        used = version("tflite-micro")
    except ImportError:
        sys.exit("this benchmark needs TensorFlow Lite Micro: pip install tflite-micro")
    names = ("ours", "sums", "planner", "head", "tail", "padded")
    print(f"{'network':22} side" + "".join(f"{name:>11}" for name in names))
    for one in [(options.network, options.input)] if options.network else NETWORKS:
        print(row(*one), flush=True)
    print(f"bytes, int8, batch norm folded, 2 classes; tflite-micro {used}; {machine()}")


if __name__ == "__main__":
    told(main)
