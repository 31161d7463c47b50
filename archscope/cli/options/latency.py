"""Options of latency as a cost: which fitted model predicts it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from archscope.arch.times import LATENCY, parse_time_range
from archscope.cli.completion import devices, modes, one_of, precisions, some_of
from archscope.cli.options.declared import NETWORK, WHERE, option
from archscope.cli.output import note
from archscope.errors import UsageError, shown

if TYPE_CHECKING:
    from archscope.cost.workload import Mode
    from archscope.explore.latency.fitted import Asked, LatencyModel

LatencyOption = Annotated[
    str | None,
    option(
        "--latency",
        value="A:B",
        help="Range of the predicted time of one image, by the model of archscope bench --fit: "
        ":20ms, 5ms:20ms.",
    ),
]
TimesOption = Annotated[
    str | None,
    option(
        "--costs",
        value="LIST",
        complete=some_of(modes),
        help="latency (of one image), throughput, step (of training), with commas: predicted "
        "with an interval, by the models of archscope bench --fit --modes MODE.",
    ),
]
CostsOption = Annotated[
    str | None,
    option(
        "--costs",
        value="latency",
        complete=one_of(lambda: (LATENCY,)),
        help="latency: the predicted time of one image on this machine, with its interval, by "
        "the model of archscope bench --fit.",
    ),
]
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


LatencyThreadsOption = Annotated[
    int | None,
    option(
        "--latency-threads",
        value="N",
        panel=WHERE,
        help="CPU threads with which a cap as 20ms is to be kept; --threads is that of a training.",
        default="all processors",
        min=1,
        max=65_536,
    ),
]
LatencyPrecisionOption = Annotated[
    str,
    option(
        "--latency-precision",
        value="fp32|bf16|fp16",
        panel=WHERE,
        complete=one_of(precisions),
        help="Number format in which a cap as 20ms is to be kept.",
    ),
]
LatencyDeviceOption = Annotated[
    str,
    option(
        "--latency-device",
        value="NAME",
        panel=WHERE,
        complete=one_of(devices),
        help="Device on which a cap as 20ms is to be kept.",
    ),
]
MeasureOption = Annotated[
    int | None,
    option(
        "--measure",
        value="K",
        panel=NETWORK,
        help="Measure the first K answers by latency, and put them in the order that they have.",
        min=1,
        max=100,
    ),
]


def latency_range(text: str | None) -> dict[str, tuple[int, int | None]]:
    """The range of latency as one of a query's, in nanoseconds; none where none was written."""
    return {} if text is None else {LATENCY: parse_time_range(text)}


@dataclass(frozen=True)
class Setting:
    """What the user wrote of the model that predicts latency.

    `prefix` is how its options begin, where `--threads` and the like are those of trainings.
    """

    threads: int | None
    precision: str
    device: str
    file: Path | None
    prefix: str = "--"

    def models(self, costs: str | None) -> list[LatencyModel]:
        """The model of each mode that `--costs` names.

        Raises:
            UsageError, ArchscopeError: as `model`; and where a cost is named that is no mode.
        """
        if costs is None:
            self.refuse("--costs latency")
            return []
        from archscope.cost.workload import parse_modes
        from archscope.explore.latency.fitted import fitted_model

        named = parse_modes(costs, "--costs takes")
        return [fitted_model(self.asked(mode), self.file, note) for mode in named]

    def model(
        self, asked: bool, how: str = "--costs latency", *, fold: bool = False, now: bool = False
    ) -> LatencyModel | None:
        """The model of this setting; None where no latency is `asked` for, which `how` does.

        It says what it predicts where batch norm is to be folded. That of this machine is scaled to
        the machine's pace of `now`, which takes some seconds.

        Raises:
            UsageError: where an option of a model stands alone, or there is no such model.
            ArchscopeError: where its file is damaged.
        """
        if not asked:
            self.refuse(how)
            return None
        from archscope.explore.latency.fitted import fitted_model

        if fold:
            note(
                "archscope: --fold is for weights and memory; latency is that of layers not folded"
            )
        found = fitted_model(self.asked(), self.file, note)
        if not now or self.file is not None:
            return found
        from archscope.explore.clock.check import up_to_date

        return up_to_date(found, note)

    def model_if_any(self) -> LatencyModel | None:
        """The model of this setting; None where none is asked for, and this machine has none.

        Raises:
            UsageError, ArchscopeError: as `model`.
        """
        return self.model(not self.plain or self.asked().file.is_file())

    @property
    def plain(self) -> bool:
        """Whether no option of a model is given."""
        return replace(self, prefix="--") == Setting(None, "fp32", "cpu", None)

    def refuse(self, how: str) -> None:
        """Raise UsageError where an option of a model stands alone; `how` gives it a meaning."""
        if not self.plain:
            raise UsageError(
                f"{self.prefix}threads, {self.prefix}precision, {self.prefix}device and "
                f"--latency-model choose a model of latency; add {how}"
            )

    def kept(self, caps: Sequence[str]) -> LatencyModel | Asked | None:
        """By what a search keeps the caps; None where none of them is a time.

        Raises:
            UsageError, ArchscopeError: as `model`.
        """
        from archscope.explore.design.caps.read import any_time

        if not any_time(caps):
            self.refuse("--at-most 20ms")
            return None
        return self.asked() if self.file is None else self.model(True)

    def asked(self, mode: Mode = LATENCY) -> Asked:
        """The threads, precision and device, with every choice made.

        Raises:
            UsageError: for a device, precision or number that cannot be.
        """
        from archscope.explore.latency.fitted import asked_for

        return asked_for(self.threads, self.precision, self.device, mode)


def wants_latency(costs: str | None) -> bool:
    """Whether `--costs` asks for it.

    Raises:
        UsageError: where another cost is named.
    """
    if costs is not None and costs.strip().lower() != LATENCY:
        raise UsageError(
            f"--costs of a list takes latency, not {shown(costs)}; compare --costs takes "
            "throughput and step besides"
        )
    return costs is not None
