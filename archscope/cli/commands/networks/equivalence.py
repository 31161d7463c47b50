"""`archscope equivalence`."""

from __future__ import annotations

from typing import Annotated

from archscope.cli.options.declared import option
from archscope.cli.options.networks import (
    ClassesOption,
    InputOption,
    OwnNetworkArgument,
    network_in,
)
from archscope.cli.options.output import (
    DiagramOption,
    FigureWidthOption,
    FormatOption,
    NoTitleOption,
    OutputOption,
    check_plot,
    figure_style,
)
from archscope.cli.output import note, print_result, resolve_format, save_with
from archscope.errors import ArchscopeError


def equivalence(
    name: OwnNetworkArgument,
    input_shape: InputOption = None,
    classes: ClassesOption = None,
    paths: Annotated[
        int | None,
        option(
            "--paths",
            value="N",
            help="Paths of a basic block (Figure 4).",
            default="32, or the most below that fit",
            min=1,
        ),
    ] = None,
    batch: Annotated[
        int, option("--batch", value="N", help="Images compared, and timed.", min=2, max=100_000)
    ] = 2,
    seed: Annotated[
        int, option("--seed", value="S", help="Of weights and images.", min=0, max=2**31)
    ] = 0,
    rounds: Annotated[
        int | None,
        option(
            "--rounds",
            value="N",
            help="Timed rounds; 0: no timing.",
            default="what takes half a minute",
            min=0,
            max=100_000,
        ),
    ] = None,
    diagram: DiagramOption = None,
    figure_width: FigureWidthOption = None,
    no_title: NoTitleOption = False,
    format: FormatOption = None,
    output: OutputOption = None,
) -> None:
    """Show that a block's forms are one network: Figures 3 and 4 of the ResNeXt paper, or RepVGG's.

    Rewrites the network from grouped convolutions (c) to early concatenation (b) to aggregated
    paths (a) and back, carries the weights over, and compares each form with (c): parameters,
    FLOPs (multiply-adds), activations, time; outputs, gradients and running statistics in float64,
    which must be equal to 1e-10, or to what rounding explains. Networks of basic blocks (resnet18)
    are shown as in Figure 4; of
    RepVGG (repvgg_a0) the branches that are trained and the one 3x3 that they are in eval mode.

    Exit codes: 0 equivalent, 1 not equivalent, 2 usage.
    """
    from archscope.arch.quantities import parse_shape
    from archscope.explore.forms.equivalence import check_diagram
    from archscope.explore.forms.equivalence import equivalence as compare_forms

    shape = None if input_shape is None else parse_shape(input_shape)
    resolve_format(format, output)
    check_plot(diagram, "--diagram")
    style = figure_style(figure_width, no_title, diagram is not None, "--diagram")
    network = network_in(name)
    if diagram is not None:
        check_diagram(network, shape, style, paths)
    result = compare_forms(
        network,
        input=shape,
        classes=classes,
        paths=paths,
        batch=batch,
        seed=seed,
        rounds=rounds,
        note=note,
    )
    if diagram is not None:
        drawn = result.draw(diagram.suffix.lower(), style)
        save_with(lambda file: file.write(drawn), diagram, "--diagram")
    print_result(result, format, output)
    if result.failures:
        raise ArchscopeError(
            f"the forms of {result.network.name} are not equivalent: {'; '.join(result.failures)}"
        )
