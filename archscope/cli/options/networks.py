"""Networks on the command line: every kind of name, their input and their classes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from archscope.cli.completion import networks, one_of
from archscope.cli.options.declared import TASK, option
from archscope.errors import UsageError, shown

_KINDS = (
    "as resnet50 (archscope list has more), timm:NAME, torchvision:NAME, "
    "python:package.module:function, FILE.py:function, FILE.pt2, FILE.onnx"
)
NetworkArgument = Annotated[
    str,
    typer.Argument(
        metavar="NETWORK", help=f"A network, {_KINDS}.", autocompletion=one_of(networks)
    ),
]
OwnNetworkArgument = Annotated[
    str,
    typer.Argument(
        metavar="NETWORK",
        help="A network of archscope's, as resnet50 (archscope list has more), or FILE.py:NAME of "
        "a family of your own.",
        autocompletion=one_of(networks),
    ),
]
_SEVERAL = f"Networks, {_KINDS}; @FILE (@-: standard input) has one a line, or is a CSV of "
_SEVERAL += "archscope enumerate."
NetworksArgument = Annotated[
    list[str],
    typer.Argument(metavar="NETWORK...", help=_SEVERAL, autocompletion=one_of(networks)),
]
AnyNetworksArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="NETWORK...",
        help=_SEVERAL,
        autocompletion=one_of(networks),
        show_default=False,
    ),
]
InputOption = Annotated[
    str | None,
    option(
        "--input",
        value="CxHxW",
        panel=TASK,
        help="Input of one image; from outside also 10, or several, 3x32x32,10; of designs a "
        "range of sides, 96:224:16.",
        default="its own: 3x224x224, for CIFAR 3x32x32",
    ),
]
ClassesOption = Annotated[
    int | None,
    option(
        "--classes",
        value="N",
        panel=TASK,
        help="Outputs; 0 of timm's networks: none, but features.",
        default="its own: 1000, of CIFAR networks 10",
        min=0,
        max=1_000_000_000,
    ),
]
WeightsOption = Annotated[
    Path | None,
    option(
        "--weights",
        value="FILE",
        help="Weights: torchvision's or timm's .pth or .safetensors, a training program's or a "
        "sweep's checkpoint; nothing in it is executed.",
        default="drawn from --seed",
    ),
]
WeightsKeyOption = Annotated[
    str | None,
    option(
        "--weights-key",
        value="KEY",
        help="Which weights of the FILE: state_dict_ema; a dot leads one below: ema.shadow.",
        default="those that were trained, not their averages",
    ),
]


def networks_in(given: Sequence[str]) -> list[str]:
    """The networks that were named, those of each `@FILE` in its place.

    Raises:
        UsageError: where such a file cannot be read, or names nothing.
    """
    named: list[str] = []
    for text in given:
        if text.startswith("@"):
            from archscope.explore.networks.name_list import read_names

            named += read_names(text[1:])
        else:
            named.append(text)
    return named


def network_in(given: str) -> str:
    """The one network that was named, by itself or by an `@FILE` that holds one name.

    Raises:
        UsageError: where it holds more, and as `networks_in` does.
    """
    named = networks_in([given])
    if len(named) != 1:
        raise UsageError(
            f"this command takes one network, but {shown(given)} names {len(named)}; give "
            f"one of them, as {shown(named[0])}"
        )
    return named[0]
