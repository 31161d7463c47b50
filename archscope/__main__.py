"""`archscope` and `python -m archscope`: Ctrl-C and too little memory end them in a sentence.

From the first import on, which takes a while: so nothing is imported before `main`.
"""

from __future__ import annotations

import sys
from typing import Any

# What libraries say that cannot be loaded whole.
_SIGNS = ("alloc", "memory", "map segment", "start new thread", "without exception set")
# Address space (bytes) below which these end the process themselves.
_NEEDS = {"numpy": 100 * 2**20, "torch": 680 * 2**20}


def main() -> None:
    """Run the command line."""
    space = _space()
    try:
        if space is not None:
            sys.meta_path.insert(0, _Guard(space))
        from archscope.cli.main import main as run

        run()
    except KeyboardInterrupt:
        _end("interrupted", 130)
    except (MemoryError, ImportError, OSError, RuntimeError, SystemError) as error:
        if not _lacks_memory(error):
            raise
        limit = "" if space is None else f" (ulimit -v allows {space // 1024:,} kB)"
        _end(f"The memory did not suffice{limit}: raise the limit, or ask for less.", 1)


def _lacks_memory(error: BaseException) -> bool:
    said = str(error).lower()
    return isinstance(error, MemoryError) or any(sign in said for sign in _SIGNS)


def _space() -> int | None:
    """How much address space there may be (`ulimit -v`); None where that is not limited."""
    try:
        import resource
    except ImportError:  # not a POSIX system
        return None
    soft = resource.getrlimit(resource.RLIMIT_AS)[0]
    return None if soft == resource.RLIM_INFINITY else soft


class _Guard:
    """Refuses to look for a library that `space` bytes are too few for."""

    def __init__(self, space: int) -> None:
        self._space = space

    def find_spec(self, name: str, *_: Any) -> None:
        """Find nothing; raise `MemoryError` where it would be in vain."""
        if self._space < _NEEDS.get(name, 0):
            raise MemoryError(name)


def _end(text: str, code: int) -> None:
    if sys.stderr is not None:
        print(f"archscope: {text}", file=sys.stderr)
    sys.exit(code)


if __name__ == "__main__":
    main()
