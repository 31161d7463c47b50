"""`archscope audit`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from archscope.cli.options.declared import option
from archscope.cli.options.output import FormatOption, OutputOption
from archscope.cli.output import print_result
from archscope.errors import ArchscopeError


class Paper(StrEnum):
    """Whose counts."""

    resnext = "resnext"
    wrn = "wrn"
    senet = "senet"
    efficientnet = "efficientnet"
    mobilenet = "mobilenet"
    mnasnet = "mnasnet"
    convnext = "convnext"
    res2net = "res2net"
    mmpretrain = "mmpretrain"
    pycls = "pycls"
    torchvision = "torchvision"
    keras = "keras"
    timm = "timm"
    all = "all"


def audit(
    paper: Annotated[
        Paper,
        option("--paper", help="One paper's or project's tables, or all."),
    ] = Paper.all,
    explain: Annotated[
        bool, option("--explain", help="Show the check that each verdict rests on.")
    ] = False,
    format: FormatOption = None,
    output: OutputOption = None,
) -> None:
    """Check every count printed in the papers against ours: equal as rounded, or explained.

    Also those of projects: pycls, torchvision, Keras, timm. An explanation is a rule that is
    checked, such as batch norm left out. The exit code is 1 where a published number is neither
    equal nor explained, nor known to be without an explanation.
    """
    from archscope.explore.networks.audit import audit as audit_counts

    found = audit_counts(paper.value, explain=explain)
    print_result(found, format, output)
    if wrong := found.wrong:
        first = wrong[0].row()
        raise ArchscopeError(
            f"published counts neither equal to ours nor explained: {len(wrong)} of "
            f"{len(found.findings)}, the first {first['network']} in {first['table']} "
            f"({first['published']}, ours {first['ours']:,}); please report this as a defect "
            "of archscope"
        )
