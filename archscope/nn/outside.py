"""Networks from outside: timm's, torchvision's, a user's own function, a saved program.

Each opener gives a `Found`: where the network comes from, its input, and a function that makes the
module. Nothing is downloaded (no pretrained weights), and nothing is imported from the working
directory: a user's module is found as an installed one is, a user's file is loaded alone.
"""

from __future__ import annotations

import copy
import difflib
import inspect
import sys
from collections.abc import Callable, Iterable
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple, TypeAlias

import torch
from torch import Tensor, nn

from archscope.arch.families.own import load
from archscope.arch.windows import Shape
from archscope.errors import ArchscopeError, UsageError, shown
from archscope.files import open_to_read, reading
from archscope.nn.guarded import held_to_weights, require, running

IMAGENET: Shape = (3, 224, 224)
Module: TypeAlias = nn.Module
Make: TypeAlias = Callable[[], Module]


class Found(NamedTuple):
    """What an opener found."""

    source: str  # the package and its version, or what kind of file
    input: Shape | None  # its own, or 3x224x224 where nothing tells it; None: it must be given
    make: Make


def open_timm(name: str, classes: int | None) -> Found:
    """A model of timm, without pretrained weights.

    Raises:
        UsageError: where timm is not installed or has no such model.
    """
    timm = require("timm")
    _check_known(name, timm.list_models(), f"timm {timm.__version__}", timm.is_model(name))
    with running(shown(f"timm:{name}")):
        config = timm.models.get_pretrained_cfg(name)
    options = {} if classes is None else {"num_classes": classes}
    return Found(
        f"timm {timm.__version__}",
        IMAGENET if config is None else tuple(config.input_size),
        lambda: _made(f"timm:{name}", lambda: timm.create_model(name, pretrained=False, **options)),
    )


def open_torchvision(name: str, classes: int | None) -> Found:
    """A classification model of torchvision, without weights; its input is that of its weights.

    Raises:
        UsageError: where torchvision is not installed or has no such model.
    """
    models = require("torchvision").models
    version = f"torchvision {sys.modules['torchvision'].__version__}"
    known = models.list_models(module=models)
    _check_known(name, known, f"{version} (its classification models)", name in known)
    options = {} if classes is None else {"num_classes": classes}
    if name in ("googlenet", "inception_v3"):
        options["init_weights"] = False  # takes a minute, and warns
    crop = models.get_model_weights(name).DEFAULT.transforms.keywords.get("crop_size", 224)
    return Found(
        version,
        (3, crop, crop),
        lambda: _made(
            f"torchvision:{name}", lambda: models.get_model(name, weights=None, **options)
        ),
    )


def open_python(place: str, factory: str, classes: int | None) -> Found:
    """The factory of an installed module `package.module`, or of one on PYTHONPATH.

    Raises:
        UsageError: where there is no such module or no such function in it.
        ArchscopeError: where importing it fails.
    """
    what = f"python:{place}:{factory}"
    with running(f"importing {place}"):
        try:
            module = import_module(place)
        except ModuleNotFoundError as error:
            if error.name is None or not f"{place}.".startswith(f"{error.name}."):
                raise
            raise UsageError(
                f"Python finds no module '{error.name}' for {shown(what)} (the working "
                "directory is not searched); install it, name its folder in PYTHONPATH, or "
                "write file.py:factory"
            ) from None
    return Found("python", IMAGENET, _factory(what, module, factory, classes))


def open_source(path: Path, factory: str, classes: int | None) -> Found:
    """The factory of a Python file, which is loaded alone: its folder is not searched for others.

    Raises:
        UsageError: where there is no such file or no such function in it.
        ArchscopeError: where running it fails.
    """
    what = f"{path}:{factory}"
    module = load(path)
    return Found("file", IMAGENET, _factory(what, module, factory, classes))


def open_saved(path: Path, classes: int | None) -> Found:
    """A program saved by `torch.export.save`, or an ONNX file, with the input it was saved for.

    The former is a program: open those alone that you trust. Pickles in it are held to tensors.
    The latter can be counted, not run.

    Raises:
        UsageError: where the file is none, or does not take images one at a time.
    """
    name = shown(str(path))
    with reading(name, "give the path of a saved network", error=UsageError):
        open_to_read(path).close()
    if classes is not None:
        raise UsageError(
            f"a saved network keeps its classes, so {name} cannot have {classes}; leave "
            "--classes out"
        )
    return _open_onnx(path) if path.suffix.lower() == ".onnx" else _open_exported(path)


def _open_onnx(path: Path) -> Found:
    onnx = require("onnx")
    from archscope.cost.onnx_file import read_input

    def refuse() -> nn.Module:
        raise UsageError(
            f"an ONNX file can only be counted here, so {shown(str(path))} is not run; use "
            "the network that it was made of, or compare"
        )

    return Found(f"onnx {onnx.__version__}", read_input(path), refuse)


def _open_exported(path: Path) -> Found:
    try:
        with held_to_weights(), running(f"loading {shown(str(path))} with torch.export.load"):
            program = torch.export.load(path)
    except ArchscopeError as error:
        raise UsageError(f"{error}; save it with torch.export.save") from None
    image = _image(program)
    if image is None:
        raise UsageError(
            f"{shown(str(path))} does not take one image at a time; export it for one input "
            "of 1 x C x H x W, or with a dynamic batch"
        )
    return Found("pt2", image, lambda: _as_module(program))


def run_once(module: nn.Module, shape: Shape, what: str) -> Any:
    """What a module makes of one image of zeros, in eval mode.

    Raises:
        ArchscopeError: where it fails.
    """
    module.eval()
    size = "x".join(map(str, shape))
    with torch.no_grad(), running(f"{shown(what)} on an input of {size}"):
        return module(torch.zeros(1, *shape))


def outputs_of(result: Any) -> int | None:
    """The number of classes, where a network's result is (1, classes)."""
    return result.shape[1] if isinstance(result, Tensor) and result.dim() == 2 else None


def _check_known(name: str, known: Iterable[str], where: str, is_known: bool) -> None:
    if not is_known:
        names = list(known)
        longer = [entry for entry in names if name and entry.startswith(name)]
        near = longer[:3] or difflib.get_close_matches(name, names, n=3)
        hint = f"; did you mean {' or '.join(near)}?" if near else "; name one of its list_models()"
        raise UsageError(f"{where} has no model '{shown(name)}'{hint}")


def _made(what: str, make: Callable[[], Any]) -> nn.Module:
    with running(shown(what)):
        module = make()
    if not isinstance(module, nn.Module):
        raise UsageError(
            f"a network is a torch.nn.Module, but {shown(what)} returned "
            f"{_article(type(module).__name__)}; return one"
        )
    return module


def _article(noun: str) -> str:
    return f"{'an' if noun[0].lower() in 'aeiou' else 'a'} {noun}"


def _factory(what: str, module: ModuleType, name: str, classes: int | None) -> Make:
    """What makes the network: a function, a class, or a module that is copied."""
    found = getattr(module, name, None)
    is_network = isinstance(found, nn.Module)
    if not callable(found):
        names = [key for key, value in vars(module).items() if callable(value)]
        near = difflib.get_close_matches(name, names, n=1)
        raise UsageError(
            f"there is no function '{shown(name)}' for {shown(what)}; "
            + (f"did you mean {near[0]}?" if near else "name one that returns a torch.nn.Module")
        )
    options = {}
    if classes is not None:
        if is_network or "num_classes" not in inspect.signature(found).parameters:
            raise UsageError(
                f"{shown(what)} takes no num_classes, so it cannot have {classes} classes; "
                "give it that parameter, or leave --classes out"
            )
        options["num_classes"] = classes
    return lambda: _made(
        what, (lambda: copy.deepcopy(found)) if is_network else lambda: found(**options)
    )


def _image(program: Any) -> Shape | None:
    """The (channels, height, width) that an exported program takes one at a time, or None."""
    inputs = set(program.graph_signature.user_inputs)
    shapes = [
        tuple(getattr(node.meta.get("val"), "shape", ()))
        for node in program.graph.nodes
        if node.op == "placeholder" and node.name in inputs
    ]
    if len(shapes) != 1 or len(shapes[0]) != 4 or _fixed_batch(shapes[0][0]):
        return None
    example = program.example_inputs[0][0].shape if program.example_inputs else (1, *IMAGENET)
    channels, height, width = (
        own if isinstance(own, int) else int(other)
        for own, other in zip(shapes[0][1:], example[1:], strict=True)
    )
    return channels, height, width


def _fixed_batch(size: Any) -> bool:
    return isinstance(size, int) and size != 1


def _as_module(program: Any) -> nn.Module:
    """The program's module; its mode was fixed at export, so asking for one changes nothing."""
    module = program.module()
    module.train = module.eval = lambda mode=True: module
    return module  # type: ignore[no-any-return]
