"""`archscope export`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

from archscope.cli.options.declared import option
from archscope.cli.options.networks import (
    ClassesOption,
    InputOption,
    OwnNetworkArgument,
    WeightsKeyOption,
    WeightsOption,
    network_in,
)
from archscope.cli.options.output import FormatOption
from archscope.cli.output import note, print_result


class Target(StrEnum):
    """What a network is exported to."""

    onnx = "onnx"
    pt2 = "pt2"
    torchvision = "torchvision"
    timm = "timm"
    safetensors = "safetensors"


class Detector(StrEnum):
    """A detector of torchvision's."""

    fasterrcnn = "fasterrcnn"
    ssd = "ssd"
    ssdlite = "ssdlite"


def export(
    name: OwnNetworkArgument,
    to: Annotated[
        Target,
        option(
            "--to",
            help="onnx, pt2: the network; torchvision, timm, safetensors: its weights (by their "
            "keys, by ours).",
        ),
    ],
    weights: WeightsOption = None,
    weights_key: WeightsKeyOption = None,
    output: Annotated[
        Path | None,
        option(
            "--output",
            value="FILE",
            help="The file to write.",
            default="NAME.onnx, .pt2, .pth or .safetensors here",
        ),
    ] = None,
    seed: Annotated[
        int,
        option(
            "--seed",
            value="S",
            help="Of drawn weights, and of the check's images.",
            min=0,
            max=2**63 - 1,
        ),
    ] = 0,
    detection: Annotated[
        bool,
        option(
            "--detection",
            help="With torchvision: only what its detector takes of the network.",
        ),
    ] = False,
    detector: Annotated[
        Detector | None,
        option(
            "--detector",
            value="KIND",
            help="The same, of this kind: fasterrcnn (and all on a pyramid), ssd, ssdlite.",
            default="fasterrcnn, of VGG ssd",
        ),
    ] = None,
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
        network_in(name),
        to.value,
        output,
        weights=weights,
        weights_key=weights_key,
        seed=seed,
        detection=detection,
        detector=detector.value if detector else None,
        input=shape,
        classes=classes,
    )
    print_result(exported, format)
    for line in exported.notes:
        note(line)
    note(f"wrote {exported.file}")
