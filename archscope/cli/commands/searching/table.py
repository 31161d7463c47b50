"""`archscope table ...`: tables of trained designs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from archscope.cli.commands.training.outcome import check_output
from archscope.cli.options.caps import AtMostOption
from archscope.cli.options.declared import WHAT, WHERE, option
from archscope.cli.options.machine import (
    DataDirOption,
    DataLabelOption,
    DeviceOption,
    GpusOption,
    OfflineOption,
    PrecisionOption,
    ThreadsOption,
    WorkersOption,
    resources,
)
from archscope.cli.options.output import FormatOption, OutputOption
from archscope.cli.options.search import METHOD_NAMES
from archscope.cli.options.searching import (
    SpaceArgument,
    TableArgument,
    TableBatchOption,
    TableEpochsOption,
    TableLrOption,
    TableRecipeOption,
    TableSamplesOption,
    TableSeedsOption,
    TestSamplesOption,
    feasible_set,
)
from archscope.cli.options.spaces import (
    ActivationsOption,
    AxisOption,
    CardinalityOption,
    DeepeningOption,
    DepthOption,
    MacsOption,
    Numbers,
    ParamsOption,
    ScaleOption,
    WidenOption,
    WidthOption,
    ranges_of,
)
from archscope.cli.options.training import DATASET
from archscope.cli.output import note, print_result


def make(
    space: SpaceArgument,
    out: Annotated[
        Path,
        option("--out", value="FILE", panel=WHERE, help="The file to write: NAME.csv.gz, or .csv."),
    ],
    n: Annotated[int, option("--n", value="N", panel=WHAT, help="Designs to draw.", min=1)] = 200,
    seed: Annotated[int, option("--seed", value="S", panel=WHAT, help="Of the draw.", min=0)] = 1,
    first: Annotated[
        int | None,
        option(
            "--first",
            value="K",
            panel=WHAT,
            help="Train only the first K designs of the draw: a fair sample of it, which a larger "
            "K continues.",
            min=1,
        ),
    ] = None,
    known: Annotated[
        Path | None,
        option(
            "--known",
            value="FILE",
            panel=WHAT,
            help="A table whose rows are taken over where they are of this draw and trained alike, "
            "of a design all its seeds or none; the others are trained.",
        ),
    ] = None,
    at_most: AtMostOption = None,
    params: ParamsOption = None,
    macs: MacsOption = None,
    activations: ActivationsOption = None,
    cardinality: CardinalityOption = None,
    width: WidthOption = None,
    depth: DepthOption = None,
    widen: WidenOption = None,
    deepening: DeepeningOption = None,
    scale: ScaleOption = None,
    axis: AxisOption = None,
    dataset: Annotated[str, DATASET] = "cifar10",
    samples: TableSamplesOption = None,
    test_samples: TestSamplesOption = None,
    recipe: TableRecipeOption = None,
    seeds: TableSeedsOption = None,
    epochs: TableEpochsOption = None,
    batch: TableBatchOption = None,
    lr: TableLrOption = None,
    precision: PrecisionOption = None,
    gpus: GpusOption = None,
    device: DeviceOption = None,
    workers: WorkersOption = None,
    threads: ThreadsOption = None,
    data_dir: DataDirOption = None,
    data_label: DataLabelOption = None,
    offline: OfflineOption = False,
    format: FormatOption = None,
    output: OutputOption = None,
) -> None:
    """Train designs drawn uniformly inside a budget, and keep every epoch's error in one file.

    Each is trained from --seeds seeds, by default on 5,000 images for 5 epochs, in batches of 32
    at a learning rate of 0.1; folders of images, and --recipe, have both from the recipe. Several
    families have equal shares of the designs. The trials stand beside the file in a sweep's
    folder, NAME.sweep: interrupted in any way, the same command continues, and status shows how
    far it is.

      archscope table make wrn,cifar_regnetx --at-most 250kparams --n 200 --out designs.csv.gz

    Exit codes: 0 done, 1 failure, 2 usage, 3 some trainings failed or diverged, 4 infeasible, 75
    preempted (SIGUSR1), 130 or 143 interrupted (SIGINT, SIGTERM).
    """
    from archscope.explore.searching.table_make import table_make
    from archscope.explore.training.images_from import Source
    from archscope.explore.training.run_plan import Console

    check_output(format, output)
    numbers = Numbers(cardinality, width, depth, widen, deepening, scale, axis)
    result = table_make(
        feasible_set(space, at_most, ranges_of(params, macs, activations), numbers),
        out,
        n=n,
        seed=seed,
        first=first,
        known=known,
        dataset=dataset,
        resources=resources(
            *("local", None, gpus, device), workers=workers, threads=threads, precision=precision
        ),
        source=Source(data_dir, data_label, offline),
        console=Console(note=note),
        command=["archscope", *sys.argv[1:]],
        samples=samples,
        test_samples=test_samples,
        recipe=recipe,
        seeds=seeds,
        epochs=epochs,
        batch=batch,
        lr=lr,
    )
    print_result(result, format, output)
    note(f"Written: {out}.")
    raise typer.Exit(result.exit_code)


def show(
    file: TableArgument = None, format: FormatOption = None, output: OutputOption = None
) -> None:
    """Show what a table of trained designs holds: how it was made, and its designs, best first."""
    from archscope.explore.searching.table import SHIPPED
    from archscope.explore.searching.table_show import table_show

    print_result(table_show(file or SHIPPED), format, output)


def replay(
    file: TableArgument = None,
    method: Annotated[
        str,
        option(
            "--method",
            value="NAME",
            complete=METHOD_NAMES,
            help="halving, random or one-epoch, as search has them; or FILE.py:NAME, a function "
            "of your own.",
        ),
    ] = "halving",
    repeats: Annotated[
        int | None,
        option(
            "--repeats",
            value="N",
            default="10000, of a method of your own 500",
            help="Replays of each budget, 1000000 at most.",
            min=2,
        ),
    ] = None,
    seed: Annotated[int, option("--seed", value="S", help="Of the draws.", min=0)] = 1,
    format: FormatOption = None,
    output: OutputOption = None,
) -> None:
    """Show what a search method would have found on a table, by the training that it spends.

    How many designs go on, and after how many epochs, is chosen on one half of the designs, and
    what is shown is of the other.
    A method of your own takes known.networks, known.train(network, epochs) and known.left, and
    returns the network that it found: see docs/search.md.

      archscope table replay --method random
      archscope table replay designs.csv.gz --method mine.py:search
    """
    from archscope.explore.searching.table import SHIPPED
    from archscope.explore.searching.table_replay import table_replay

    result = table_replay(file or SHIPPED, method=method, repeats=repeats, seed=seed)
    print_result(result, format, output)


def verify(
    file: TableArgument = None,
    rows: Annotated[
        int, option("--rows", value="N", panel=WHAT, help="Rows to train again.", min=1)
    ] = 5,
    seed: Annotated[int, option("--seed", value="S", panel=WHAT, help="Of their draw.", min=0)] = 1,
    data_dir: DataDirOption = None,
    offline: OfflineOption = False,
    out: Annotated[
        Path | None,
        option(
            "--out",
            value="DIR",
            panel=WHERE,
            default="NAME.verify beside the file",
            help="The folder of the trainings.",
        ),
    ] = None,
    format: FormatOption = None,
    output: OutputOption = None,
) -> None:
    """Train some rows of a table again and compare every epoch's error, to the last bit.

    On another machine or other versions last bits may differ; then it says what is other. The same
    command again continues.

    Exit codes: 0 all equal, 1 some differ, 2 usage, 75 preempted (SIGUSR1), 130 or 143 interrupted
    (SIGINT, SIGTERM).
    """
    from archscope.explore.searching.table import SHIPPED
    from archscope.explore.searching.table_verify import table_verify
    from archscope.explore.training.images_from import Source
    from archscope.explore.training.run_plan import Console

    check_output(format, output)
    result = table_verify(
        file or SHIPPED,
        rows=rows,
        seed=seed,
        out=out,
        source=Source(data_dir, None, offline),
        console=Console(note=note),
    )
    print_result(result, format, output)
    raise typer.Exit(result.exit_code)
