"""Options of latency as a cost: which fitted model predicts it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from archscope.cli.options.declared import WHERE, option
from archscope.cli.output import note
from archscope.errors import UsageError, shown

if TYPE_CHECKING:
    from archscope.explore.latency.fitted import LatencyModel

LATENCY = "latency"
LatencyModelOption = Annotated[
    Path | None,
    option(
        "--latency-model",
        value="FILE",
        panel=WHERE,
        help="A fitted model, of another machine too.",
        default="that of this machine, in the cache",
    ),
]


def model_of(
    costs: str | None, threads: int | None, precision: str, device: str, file: Path | None
) -> LatencyModel | None:
    """The model that the options name; None where no latency is asked for.

    Raises:
        UsageError: where another cost is named, an option of a model stands alone, or there is no
            such model.
        ArchscopeError: where its file is damaged.
    """
    if costs is None:
        if threads is not None or file is not None or (precision, device) != ("fp32", "cpu"):
            raise UsageError(
                "--threads, --precision, --device and --latency-model choose a model of latency; "
                "add --costs latency"
            )
        return None
    if costs.strip().lower() != LATENCY:
        raise UsageError(f"--costs takes latency, not {shown(costs)}; the others are always shown")
    from archscope.explore.latency.fitted import asked_for, fitted_model

    return fitted_model(asked_for(threads, precision, device), file, note)
