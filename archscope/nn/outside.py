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
from archscope.arch.inputs import Input, Inputs, input_text
from archscope.arch.windows import Shape
from archscope.cost.example import arguments
from archscope.errors import ArchscopeError, UsageError, shown
from archscope.files import open_to_read, reading
from archscope.nn.guarded import held_to_weights, require, running, without_log
from archscope.nn.pickles import check_saved

IMAGENET: Shape = (3, 224, 224)
Module: TypeAlias = nn.Module
Make: TypeAlias = Callable[[], Module]
_CLASSES = ("num_classes", "n_classes")  # the usual names of a function's parameter


class Found(NamedTuple):
    """What an opener found."""

    source: str  # the package and its version, or what kind of file
    input: Input | None  # its own, or 3x224x224 where nothing tells it; None: it must be given
    make: Make
    asked: Callable[[], str] = str  # what must be given then


def open_timm(name: str, classes: int | None, input: Input | None = None) -> Found:
    """A model of timm, without pretrained weights; for images of `input`'s channels.

    Raises:
        UsageError: where timm is not installed or has no such model.
    """
    timm = require("timm")
    _check_known(name, timm.list_models(), f"timm {timm.__version__}", timm.is_model(name))
    with running(shown(f"timm:{name}")):
        config = timm.models.get_pretrained_cfg(name)
    options = {} if classes is None else {"num_classes": classes}
    own = IMAGENET if config is None else tuple(config.input_size)
    if isinstance(input, tuple) and len(input) == len(own) and input[0] != own[0]:
        options["in_chans"] = input[0]
    return Found(
        f"timm {timm.__version__}",
        own,
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
    from archscope.cost.onnx_file import read_input, read_names

    def refuse() -> nn.Module:
        raise UsageError(
            f"an ONNX file is counted, or timed by bench --engine onnxruntime, and not run: use "
            f"the network that {shown(str(path))} was made of"
        )

    source = f"onnx {onnx.__version__}"
    return Found(source, read_input(path), refuse, lambda: read_names(path))


def _open_exported(path: Path) -> Found:
    try:
        with (
            held_to_weights(),
            without_log("torch.export"),  # it warns with a traceback before it raises
            running(f"loading {shown(str(path))} with torch.export.load"),
        ):
            check_saved(path)
            program = torch.export.load(path)
    except ArchscopeError as error:
        raise UsageError(f"{error}; save it with torch.export.save") from None
    return Found("pt2", _inputs(program, shown(str(path))), lambda: _as_module(program))


def run_once(module: nn.Module, input: Input, what: str) -> Any:
    """What a module makes of its input, or of zeros, in eval mode.

    Raises:
        ArchscopeError: where it fails.
    """
    module.eval()
    try:
        with torch.no_grad(), running(f"{shown(what)} on an input of {input_text(input)}"):
            given, named = arguments(module, input)
            return module(*given, **named)
    except UsageError:
        raise
    except ArchscopeError as error:
        raise ArchscopeError(
            f"{error}; give what it takes by --input, or as tensors in Python"
        ) from error.__cause__


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
        word = None if is_network else _classes_word(found)
        if word is None:
            raise UsageError(
                f"a function is given its classes as num_classes or n_classes, and {shown(what)} "
                "takes neither; give it that parameter, or leave --classes out"
            )
        options[word] = classes
    return lambda: _made(
        what, (lambda: copy.deepcopy(found)) if is_network else lambda: found(**options)
    )


def _classes_word(function: Callable[..., Any]) -> str | None:
    """The parameter that takes the number of classes; None where there is none."""
    parameters = inspect.signature(function).parameters
    named = next((word for word in _CLASSES if word in parameters), None)
    takes_any = any(one.kind is one.VAR_KEYWORD for one in parameters.values())
    return named or (_CLASSES[0] if takes_any else None)


def _inputs(program: Any, name: str) -> Input:
    """What an exported program takes, without the batch.

    Raises:
        UsageError: where that is no tensors alone, or a fixed batch of several.
    """
    inputs = set(program.graph_signature.user_inputs)
    places = [node for node in program.graph.nodes if node.op == "placeholder"]
    tensors = [node.meta.get("val") for node in places if node.name in inputs]
    if not tensors or not all(isinstance(one, Tensor) and one.dim() for one in tensors):
        raise UsageError(
            f"a saved program is called with tensors alone, and {name} takes something else; count "
            "the module that it was made of"
        )
    fixed = [one.shape[0] for one in tensors if isinstance(one.shape[0], int)]
    if fixed and max(fixed) != 1:
        raise UsageError(
            f"a saved program takes one image at a time, and {name} takes {max(fixed)}; export it "
            "for one, or with a dynamic batch"
        )
    examples = program.example_inputs[0] if program.example_inputs else ()
    shapes = tuple(
        tuple(
            own if isinstance(own, int) else int(other)
            for own, other in zip(one.shape[1:], example.shape[1:], strict=True)
        )
        for one, example in zip(tensors, examples or tensors, strict=True)
    )
    if len(shapes) == 1 and tensors[0].is_floating_point():
        return shapes[0]
    return Inputs(shapes, tuple(str(one.dtype).removeprefix("torch.") for one in tensors))


def _as_module(program: Any) -> nn.Module:
    """The program's module; its mode was fixed at export, so asking for one changes nothing."""
    module = program.module()
    module.train = module.eval = lambda mode=True: module
    return module  # type: ignore[no-any-return]
