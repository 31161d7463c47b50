"""A network by its text: one of ours by name, or one from outside."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archscope.arch.names import is_own, parse
from archscope.arch.network import Network
from archscope.arch.shape import Shape
from archscope.errors import UsageError, shown

if TYPE_CHECKING:
    from archscope.nn.outside import Found, Make

_PACKAGES = ("timm", "torchvision", "python")
_FILE = re.compile(r"(.+\.py)(?::(\w+))?|.+\.(?:pt2|onnx)", flags=re.DOTALL)


@dataclass(frozen=True)
class Outside:
    """A network that is no tree of ours: it can be built, run and traced, not rewritten.

    Attributes:
        name: as it was asked for, `timm:resnext50_32x4d`.
        source: `timm 1.0.31`, `torchvision 0.29.1`, `python`, `file`, `pt2` or `onnx`.
        input: (channels, height, width).
        module: makes the `torch.nn.Module`; ArchscopeError where that fails.
    """

    name: str
    source: str
    input: Shape
    module: Make


def open_network(
    text: str, classes: int | None = None, input_shape: Shape | None = None
) -> Network | Outside:
    """The network that `text` names.

    Args:
        text: a name of ours (`resnext50_32x4d`), or `timm:NAME`, `torchvision:NAME`,
            `python:package.module:function`, `file.py:function`, `FILE.pt2`, `FILE.onnx`. A
            function (or class) takes no arguments and returns a `torch.nn.Module`; a member of a
            family that the file declares, as `file.py:plainnet_8_32`, is a name of ours.
        classes: outputs, where not its own; a function is given it as `num_classes`.
        input_shape: (channels, height, width), where not its own; 3x224x224 where nothing tells it.

    Raises:
        UsageError: where there is no such network, package, file or function.
        ArchscopeError: where a user's own code fails.
    """
    if not is_outside(text):
        return parse(text, classes, input_shape)
    found = _open(text, classes)
    return Outside(text, found.source, input_shape or found.input, found.make)


def is_outside(text: str) -> bool:
    """Whether the text names a network from outside, not one of ours.

    A file that declares families is run, for the names of their members are ours.

    Raises:
        UsageError, ArchscopeError: where such a file fails.
    """
    if text.partition(":")[0] in _PACKAGES:
        return True
    return _FILE.fullmatch(text) is not None and not is_own(text)


def refuse_outside(networks: Sequence[Any], what: str, fix: str) -> None:
    """Refuse networks from outside, before anything of theirs is run.

    Raises:
        UsageError: that `what` was asked for, which needs a tree, and the `fix`.
    """
    for entry in networks:
        if isinstance(entry, Outside) or (isinstance(entry, str) and is_outside(entry)):
            name = entry if isinstance(entry, str) else entry.name
            raise UsageError(
                f"{shown(name)} was to be {what}, but that reads archscope's own networks alone; "
                f"{fix}"
            )


def _open(text: str, classes: int | None) -> Found:
    from archscope.nn import outside

    kind, _, rest = text.partition(":")
    if kind == "timm":
        return outside.open_timm(rest, classes)
    if kind == "torchvision":
        return outside.open_torchvision(rest, classes)
    if kind == "python":
        place, _, function = rest.partition(":")
        if not all(map(str.isidentifier, (*place.split("."), function))):
            raise UsageError(
                f"network '{shown(text)}' was asked for, but a function of a module is written "
                "python:package.module:function"
            )
        return outside.open_python(place, function, classes)
    found = _FILE.fullmatch(text)
    assert found is not None
    path, function = Path(found[1] or text), found[2]
    if path.suffix != ".py":
        return outside.open_saved(path, classes)
    if function is None:
        raise UsageError(
            f"network '{shown(text)}' was asked for, but a file may hold several; name the "
            "function that makes it, as file.py:function"
        )
    return outside.open_source(path, function, classes)
