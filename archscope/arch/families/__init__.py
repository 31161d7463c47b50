"""The families: each in a file, declared beside the function that makes its trees.

`scale` multiplies stem, widths and outputs, but not the cardinality (for proxies); `residual=False`
takes the shortcuts away (the ResNeXt paper's ablation). Cardinality, width, widen and the blocks of
a stage may be arrays of designs, which can be counted.

Every family is an attribute here: `families.resnext`, imported when it is asked for.
"""

from importlib import import_module
from typing import Any


def __getattr__(name: str) -> Any:
    if not name.startswith("_"):
        registry = import_module("archscope.arch.families.registry")
        if found := registry.named(name):
            return found
    raise AttributeError(f"there is no family named '{name}'")
