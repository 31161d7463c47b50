"""What `torch.save` wrote, read without executing anything: tensors, containers and plain data.

Torch's own reader refuses what is not on its list. Here that list is longer by types that hold data
and do nothing else, such as training programs keep beside the weights. A pickle whose tuples nest
without end is refused before: torch would hash one that is a key for ever.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import pickle
import pickletools
import types
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any, BinaryIO

import numpy as np
import torch

_DEEPEST, _LARGEST = 100, 10**6  # of one tuple: its depth, and its entries where it is written out
_ZIP = b"PK\x03\x04"
_LEGACY = 5  # pickles in a row, in files of before torch 1.6
_TUPLES = {"TUPLE", "TUPLE1", "TUPLE2", "TUPLE3"}
_HOLDERS = {"SETITEM", "SETITEMS", "APPEND", "APPENDS", "ADDITEMS", "LIST", "DICT"}
_FLAT = (1, 0)
_PATHS = {
    "PosixPath": PurePosixPath,
    "PurePosixPath": PurePosixPath,
    "WindowsPath": PureWindowsPath,
    "PureWindowsPath": PureWindowsPath,
}


class Endless(pickle.UnpicklingError):
    """A pickle whose tuples would take for ever to hash."""


def load_plain(stream: BinaryIO) -> Any:
    """What is in a file of `torch.save`, on the CPU.

    Raises:
        pickle.UnpicklingError: where it asks for anything but data; `Endless`, where it nests so.
        Exception: of any kind, where it is damaged.
    """
    _check_nesting(stream)
    stream.seek(0)
    known = torch.serialization.get_safe_globals()  # the user's own stay afterwards
    added = [kind for kind in _inert() if kind not in known]
    with warnings.catch_warnings(), torch.serialization.safe_globals(added):
        warnings.simplefilter("ignore")
        return torch.load(stream, map_location="cpu", weights_only=True)


def _inert() -> list[Any]:
    """Types that hold data and do nothing else, and what makes them, as pickles call them."""
    numpys = [kind for name, kind in vars(np.dtypes).items() if name.endswith("DType")]
    makers: dict[str, Any] = {
        "scalar": np.float64(0).__reduce__()[0],
        "_reconstruct": np.zeros(1).__reduce__()[0],
    }
    return [
        *(argparse.Namespace, types.SimpleNamespace, np.dtype, np.ndarray, *numpys),
        *(
            _called(f"numpy.{core}.multiarray", name, make)  # by NumPy 2, and by those before
            for core in ("_core", "core")
            for name, make in makers.items()
        ),
        *(
            _called(module, name, pure)  # pure, so that those of another system can be read
            for module in ("pathlib", "pathlib._local")
            for name, pure in _PATHS.items()
        ),
    ]


def _called(module: str, name: str, make: Callable[..., Any]) -> Callable[..., Any]:
    """`make` by the name that pickles have for it."""

    def alias(*arguments: Any) -> Any:
        return make(*arguments)

    alias.__module__, alias.__name__, alias.__qualname__ = module, name, name
    return alias


def check_saved(path: Path) -> None:
    """Refuse a file of `torch.export.save` that holds such a pickle in what `torch.save` wrote.

    Raises:
        Endless: where one nests without end.
        Exception: of any kind, where the file is damaged.
    """
    with zipfile.ZipFile(path) as archive:
        for entry in archive.infolist():
            if entry.filename.lower().endswith((".pt", ".pth")):
                _check_nesting(io.BytesIO(archive.read(entry)))


def _check_nesting(stream: BinaryIO) -> None:
    """Refuse a file with a pickle that `_check_pickle` refuses, whichever torch would read."""
    stream.seek(0)
    if stream.read(len(_ZIP)) == _ZIP:  # as torch tells its two formats apart
        with zipfile.ZipFile(stream) as archive:
            for entry in archive.infolist():
                if entry.filename.lower().endswith(".pkl"):  # torch's reader ignores case
                    with archive.open(entry) as pickled:
                        _check_pickle(pickled)
        return
    stream.seek(0)
    for _ in range(_LEGACY):
        _check_pickle(stream)


def _check_pickle(stream: Any) -> None:
    """Refuse a pickle with a tuple that is too deep or too large; a broken one is left to torch.

    Raises:
        Endless: where it holds such a tuple.
    """
    with contextlib.suppress(ValueError, LookupError, AssertionError):  # nor does torch read on
        _follow(stream)


def _follow(stream: Any) -> None:
    """Follow a pickle's stack, by how deep and how large each value is where it is written out.

    A value that is used twice counts twice, as for who hashes it. Lists and dictionaries count as
    one, for they cannot be hashed.
    """
    stack: list[tuple[int, int] | None] = []  # None is a mark
    memo: dict[Any, tuple[int, int] | None] = {}
    for opcode, argument, _ in pickletools.genops(stream):
        name = opcode.name
        if name.endswith("PUT"):
            memo[argument] = stack[-1]
        elif name == "MEMOIZE":
            memo[len(memo)] = stack[-1]
        elif name.endswith("GET"):
            stack.append(memo[argument])
        elif name == "DUP":
            stack.append(stack[-1])
        else:
            taken = _taken(stack, opcode)
            size, depth = _FLAT
            if name not in _HOLDERS:
                size += sum(entry[0] for entry in taken)
                depth = max((entry[1] for entry in taken), default=0) + (name in _TUPLES)
            if size > _LARGEST or depth > _DEEPEST:
                raise Endless("nests its tuples without end")
            stack += [
                None if kind is pickletools.markobject else (size, depth)
                for kind in opcode.stack_after
            ]


def _taken(
    stack: list[tuple[int, int] | None], opcode: pickletools.OpcodeInfo
) -> list[tuple[int, int]]:
    """Take off the stack what an opcode takes, a mark and all above it included."""
    before = opcode.stack_before
    taken = []
    if pickletools.markobject in before:
        while (entry := stack.pop()) is not None:
            taken.append(entry)
        before = before[: before.index(pickletools.markobject)]
    for _ in before:
        entry = stack.pop()
        assert entry is not None, "a mark where a value should stand"
        taken.append(entry)
    return taken
