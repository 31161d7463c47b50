"""`archscope verify-device`: does everything work on this machine's accelerator, and how fast?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from archscope.cli.completion import device_checks, devices, one_of, some_of
from archscope.cli.options.declared import WHERE, option
from archscope.cli.options.output import FormatOption, OutputOption
from archscope.cli.output import check_destination, note, print_result, resolve_format
from archscope.errors import ArchscopeError

DeviceArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="DEVICE",
        autocompletion=one_of(devices),
        help="cuda, cuda:1, mps or cpu; without it, the first accelerator.",
        show_default=False,
    ),
]
ChecksOption = Annotated[
    str | None,
    option(
        "--checks",
        value="LIST",
        complete=some_of(device_checks),
        help="Some of the checks: device, arithmetic, counts, resume-fp32, resume-bf16, sweep, "
        "waiting, errors, times, latency-model.",
        default="all",
    ),
]
RecordOption = Annotated[
    Path,
    option(
        "--record",
        value="FILE",
        panel=WHERE,
        help="Where everything that was seen is kept as JSON, failures included.",
    ),
]


def verify_device(
    device: DeviceArgument = None,
    checks: ChecksOption = None,
    record: RecordOption = Path("device.json"),
    format: FormatOption = None,
    output: OutputOption = None,
) -> None:
    """Show that everything here works on this machine's accelerator, and how fast.

    In under 8 minutes: a step's arithmetic and fvcore's counts on the device, trainings killed and
    resumed bit for bit in fp32 and bf16, a sweep of 8 trials one, two and four at a time, that no
    step waits for the host (CUDA), test errors of bf16 there against fp32 on the CPU, times, and a
    model of latency. Each check runs in a process of its own, so that one that fails stops no
    other. cpu is allowed, to see it work, and has three times as long.

    Exit codes: 0 no check failed, 1 one failed, 2 usage, or no accelerator.
    """
    from archscope.explore.device.verify import verify_device as run
    from archscope.files import reason, write_json

    resolve_format(format, output)
    check_destination(record, "--record")
    check_destination(output)
    chosen = () if checks is None else [word.strip() for word in checks.split(",")]
    found = run(device, checks=chosen, note=note)
    try:
        write_json(record, found.document())
    except OSError as error:
        print_result(found, format, output)
        raise ArchscopeError(
            f"{record} cannot be written ({reason(error)}): name another"
        ) from None
    print_result(found, format, output)
    note(f"Everything that was seen is in {record}.")
    raise typer.Exit(1 if found.failed else 0)
