"""`archscope export`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from archscope.cli.options.task import ClassesOption, InputOption
from archscope.cli.output import FormatOption, note, print_result


class Target(StrEnum):
    """What a network is exported to."""

    onnx = "onnx"
    pt2 = "pt2"
    torchvision = "torchvision"
    safetensors = "safetensors"


def export(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A network, as resnext50_32x4d.")],
    to: Annotated[
        Target,
        typer.Option(
            help="onnx, pt2: the network; torchvision, safetensors: its weights (by torchvision's "
            "keys, by ours)."
        ),
    ],
    weights: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Weights: torchvision's or timm's .pth or .safetensors, or a sweep's checkpoint.  "
            "[default: drawn from --seed]",
            show_default=False,
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="The file to write.  [default: NAME.onnx, .pt2, .pth or .safetensors here]",
            show_default=False,
        ),
    ] = None,
    seed: Annotated[
        int, typer.Option(min=0, max=2**63 - 1, help="Of drawn weights, and of the check's images.")
    ] = 0,
    detection: Annotated[
        bool,
        typer.Option(
            "--detection",
            help="With torchvision: the backbone of its detection models (Faster R-CNN) alone.",
        ),
    ] = False,
    input_shape: InputOption = None,
    classes: ClassesOption = None,
    format: FormatOption = None,
) -> None:
    """Write a network for other programs, checked by running the file and comparing outputs.

    Where the outputs differ by more than rounding, no file is left and the exit code is 1.
    """
    from archscope.arch.quantities import parse_shape
    from archscope.explore.networks.export import export as export_network

    shape = None if input_shape is None else parse_shape(input_shape)
    exported = export_network(
        name,
        to.value,
        output,
        weights=weights,
        seed=seed,
        detection=detection,
        input=shape,
        classes=classes,
    )
    print_result(exported, format)
    note(f"wrote {exported.file}")
