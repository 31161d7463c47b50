"""Options that several commands share: which task a network is for."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from archscope.errors import UsageError, shown

NETWORK_HELP = (
    "Networks, as resnet50; or from outside: timm:NAME, torchvision:NAME, "
    "python:package.module:function, file.py:function, FILE.pt2, FILE.onnx."
)
InputOption = Annotated[
    str | None,
    typer.Option(
        "--input",
        metavar="CxHxW",
        help="Input of one image.  [default: 3x224x224, CIFAR networks 3x32x32]",
        show_default=False,
    ),
]
ClassesOption = Annotated[
    int | None,
    typer.Option(
        "--classes",
        metavar="N",
        min=1,
        max=1_000_000_000,
        help="Outputs.  [default: 1000, CIFAR networks 10]",
        show_default=False,
    ),
]


def check_plot(plot: Path | None) -> None:
    """Check the extension of a `--plot FILE`.

    Raises:
        UsageError: where it is none of a figure.
    """
    if plot is not None and plot.suffix.lower() not in (".png", ".svg", ".pdf"):
        raise UsageError(
            f"--plot {shown(str(plot))} was asked for, but a plot is a .png, .svg or .pdf file; "
            "name one"
        )
