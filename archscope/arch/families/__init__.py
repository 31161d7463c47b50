"""The families: each in a file, declared beside the function that makes its trees.

`scale` multiplies stem, widths and outputs, but not the cardinality (for proxies); `residual=False`
takes the shortcuts away (the ResNeXt paper's ablation). Cardinality, width, widen and the blocks of
a stage may be arrays of designs, which can be counted.

Every family is an attribute here: `families.resnext`, imported when it is asked for.
"""

from importlib import import_module
from pathlib import Path
from typing import Any


def __getattr__(name: str) -> Any:
    # A file of this folder is no family: it is imported as any module is.
    if not name.startswith("_") and not Path(__file__).with_name(f"{name}.py").is_file():
        registry = import_module("archscope.arch.families.registry")
        if found := registry.named(name):
            return found
    raise AttributeError(f"there is no family named '{name}'")
