"""A pickle reader that runs nothing: arrays, bytes, str, numbers and containers, or a refusal.

Not even NumPy's own constructors are called. The few globals that a pickled array needs are
answered by inert stand-ins that collect what they are given, and an array is made of that only
where it is a plain one of numbers.
"""

from __future__ import annotations

import io
import math
import pickle
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from archscope.errors import shown

_LONGEST = 2**31 - 1  # of an array, along any axis
_ENTRIES = 1000  # of a dictionary; a batch has five
_DTYPES = frozenset(("b1", "u1", "u2", "u4", "u8", "i1", "i2", "i4", "i8", "f2", "f4", "f8"))


class Refused(Exception):
    """The pickle is damaged, or asks for more than data."""


def read_plain(content: bytes) -> Any:
    """Return what is pickled in `content`; str of Python 2 comes as bytes.

    Raises Refused for anything but NumPy arrays of numbers, bytes, str, numbers and containers.
    """
    try:
        return _finished(_Reader(io.BytesIO(content), encoding="bytes").load())
    except Refused:
        raise
    except Exception as error:  # a damaged pickle can fail in any way at all
        raise Refused(shown(str(error)) or type(error).__name__) from error


class _Global:
    """Stands in for a global; has no attributes that a pickle could set."""

    __slots__ = ()

    def __setstate__(self, state: Any) -> None:
        raise Refused("it alters a function")


class _Dtype:
    """Collects what a pickle says of an element type."""

    def __init__(self, code: Any) -> None:
        self.code = code.decode("latin-1") if isinstance(code, bytes) else code
        if not isinstance(self.code, str) or self.code not in _DTYPES:
            raise Refused("it has an array of something other than numbers")
        self.order = "="

    def __setstate__(self, state: Any) -> None:
        order = state[1]
        self.order = order.decode("latin-1") if isinstance(order, bytes) else order
        if self.order not in ("<", ">", "=", "|"):
            raise Refused("it has an array of an unknown byte order")

    def numpy(self) -> np.dtype[Any]:
        """Return the NumPy type: little or big endian as said, or the machine's own."""
        order = "=" if self.order == "|" else self.order
        return np.dtype(self.code).newbyteorder(order)  # type: ignore[arg-type]


class _Array:
    """Collects what a pickle says of an array."""

    def __init__(self) -> None:
        self.parts: tuple[Any, Any, Any, Any] | None = None

    def __setstate__(self, state: Any) -> None:
        _, shape, dtype, fortran, raw = state
        self.parts = (shape, dtype, "F" if fortran else "C", raw)

    def numpy(self) -> np.ndarray[Any, Any]:
        """Return the array, or raise Refused where the parts do not make one."""
        if self.parts is None:
            raise Refused("it has an array without content")
        shape, dtype, order, raw = self.parts
        plain = isinstance(raw, bytes | bytearray) and isinstance(dtype, _Dtype)
        if not plain or not all(type(n) is int and 0 <= n <= _LONGEST for n in shape):
            raise Refused("it has an array of something other than numbers")
        kind = dtype.numpy()
        if len(raw) != math.prod(shape) * kind.itemsize:
            raise Refused("it has an array of another size than its content")
        return np.frombuffer(raw, dtype=kind).reshape(shape, order="F" if order == "F" else "C")


class _ArrayType(_Global):
    pass


class _Reconstruct(_Global):
    def __call__(self, *_: Any) -> _Array:
        return _Array()


class _DtypeType(_Global):
    def __call__(self, code: Any, *_: Any) -> _Dtype:
        return _Dtype(code)


class _FromBuffer(_Global):
    def __call__(self, raw: Any, dtype: Any, shape: Any, order: Any) -> _Array:
        array = _Array()
        array.parts = (shape, dtype, order, raw)
        return array


class _Encode(_Global):
    """How Python 3 writes bytes in the older protocols."""

    def __call__(self, text: Any, encoding: Any) -> bytes:
        if not isinstance(text, str) or encoding not in ("latin1", b"latin1"):
            raise Refused("it encodes text")
        return text.encode("latin-1")


_GLOBALS: dict[tuple[str, str], _Global] = {
    ("numpy", "ndarray"): _ArrayType(),
    ("numpy", "dtype"): _DtypeType(),
    ("_codecs", "encode"): _Encode(),
    **{
        (f"numpy.{core}.{module}", name): stand_in
        for core in ("core", "_core")
        for module, name, stand_in in (
            ("multiarray", "_reconstruct", _Reconstruct()),
            ("numeric", "_frombuffer", _FromBuffer()),
        )
    },
}


class _Reader(pickle._Unpickler):
    """The reader in Python: the one in C makes room for any memo index that a pickle names."""

    stack: list[Any]
    pop_mark: Callable[[], list[Any]]

    def find_class(self, module: str, name: str) -> Any:
        try:
            return _GLOBALS[module, name]
        except KeyError:
            raise Refused(f"it asks for {shown(f'{module}.{name}')}") from None

    def _set_one(self) -> None:
        value, key = self.stack.pop(), self.stack.pop()
        self._fill([key, value])

    def _set_many(self) -> None:
        self._fill(self.pop_mark())

    def _make(self) -> None:
        items = self.pop_mark()
        self.stack.append({})
        self._fill(items)

    def _fill(self, items: list[Any]) -> None:
        """Put keys and values into the dictionary on the stack.

        Keys are hashed: one of 60 nested tuples takes for ever, as do many that were made to fall
        together.
        """
        target = self.stack[-1]
        if not isinstance(target, dict) or len(target) + len(items) // 2 > _ENTRIES:
            raise Refused("it has a dictionary of too many entries")
        for key, value in zip(items[::2], items[1::2], strict=True):
            if type(key) not in (bytes, str, int):
                raise Refused("it has a dictionary with other keys than text and whole numbers")
            target[key] = value

    def _refuse_set(self) -> None:
        raise Refused("it has a set")

    dispatch: ClassVar[dict[int, Any]] = {
        **pickle._Unpickler.dispatch,
        pickle.SETITEM[0]: _set_one,
        pickle.SETITEMS[0]: _set_many,
        pickle.DICT[0]: _make,
        pickle.EMPTY_SET[0]: _refuse_set,
        pickle.FROZENSET[0]: _refuse_set,
    }


def _finished(found: Any) -> Any:
    """Turn the collected arrays, at the top or as a dictionary's values, into NumPy's."""
    if isinstance(found, dict):
        return {key: _array(value) for key, value in found.items()}
    return _array(found)


def _array(value: Any) -> Any:
    return value.numpy() if isinstance(value, _Array) else value
