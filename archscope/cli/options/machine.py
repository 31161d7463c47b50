"""What trains or is timed, and where: devices, processes, data, the folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from archscope.cli.completion import devices, one_of, precisions
from archscope.cli.options.declared import WHERE, option
from archscope.errors import UsageError, shown

if TYPE_CHECKING:
    from archscope.sweep.plan.slots import Ray, Resources

GpusOption = Annotated[
    int | None,
    option(
        "--gpus",
        value="N",
        panel=WHERE,
        help="GPUs to use; 0 for the CPU; without it, what there is.",
    ),
]


def _device(default: str | None = None) -> Any:
    return option(
        "--device",
        value="NAME",
        panel=WHERE,
        complete=one_of(devices),
        help="cpu, cuda (all GPUs, or as many as --gpus says; bench takes one, as cuda:0) or mps.",
        default=default,
    )


def _precision(default: str | None = None) -> Any:
    return option(
        "--precision",
        value="fp32|bf16|fp16",
        panel=WHERE,
        complete=one_of(precisions),
        help="Number format.",
        default=default,
    )


DEVICE, PRECISION = _device(), _precision()  # for a command that has a default of its own
DeviceOption = Annotated[str | None, _device("the best available")]
PrecisionOption = Annotated[str | None, _precision("the fastest that the device supports")]
ThreadsOption = Annotated[
    int | None,
    option(
        "--threads",
        value="N",
        panel=WHERE,
        help="CPU threads of each trial, or of what is timed or predicted.",
        default="1 a trial (long sweeps try more), else all processors",
    ),
]
WorkersOption = Annotated[
    int | None,
    option(
        "--workers",
        value="N",
        panel=WHERE,
        help="Trials at a time; without it, one for each GPU, or on the CPU one for each core. "
        "More than the GPUs share them.",
    ),
]
TrialsPerGpuOption = Annotated[
    int | None,
    option(
        "--trials-per-gpu",
        value="K",
        panel=WHERE,
        help="Trials at a time on each GPU, 1 without it; several small ones use more of the GPU.",
    ),
]
LoadersOption = Annotated[
    int | None,
    option(
        "--loaders",
        value="N",
        panel=WHERE,
        default="1 on a CPU, else a share of the cores, up to 8",
        help="Processes of each training that read images (folder); they do not change the result.",
    ),
]
CompileOption = Annotated[
    bool,
    option(
        "--compile",
        panel=WHERE,
        help="Compile each network with torch: some tens of seconds at a trial's start, for faster "
        "steps on a GPU. On a CPU it is seldom worth it.",
    ),
]
ExecutorOption = Annotated[
    str,
    option(
        "--executor",
        value="local|ray",
        panel=WHERE,
        complete=one_of(lambda: ("local", "ray")),
        help="local: processes of this machine. ray: tasks of a Ray cluster, whose nodes have "
        "archscope[ray] and need no shared folder.",
    ),
]
AddressOption = Annotated[
    str | None,
    option(
        "--address",
        value="HOST:PORT",
        panel=WHERE,
        default="$RAY_ADDRESS, else this machine alone",
        help="Ray cluster, as ray start --head prints it.",
    ),
]
DataDirOption = Annotated[
    Path | None,
    option(
        "--data-dir",
        value="DIR",
        panel=WHERE,
        help="Folder of the data set; it is downloaded there if missing.",
    ),
]
DataLabelOption = Annotated[
    str | None,
    option(
        "--data-label", value="TEXT", panel=WHERE, help="Name of the data in titles and records."
    ),
]
OfflineOption = Annotated[bool, option("--offline", panel=WHERE, help="Download nothing.")]
TensorboardOption = Annotated[
    bool,
    option(
        "--tensorboard",
        panel=WHERE,
        help="Write TensorBoard event files beside each trial's metrics.jsonl, after each epoch; "
        "needs archscope[tensorboard].",
    ),
]
OutOption = Annotated[
    Path | None,
    option(
        "--out",
        value="DIR",
        panel=WHERE,
        default="runs/COMMAND-..., named after what was asked",
        help="The folder to write; one that holds part of the same sweep is continued.",
    ),
]
WorkerOption = Annotated[
    Path | None,
    option(
        "--worker",
        value="DIR",
        panel=WHERE,
        help="Join the sweep in DIR, a shared folder, and train its plan beside other commands. "
        "Goes with --gpus, --device, --workers and --data-dir alone.",
    ),
]


def ray_cluster(executor: str, address: str | None) -> Ray | None:
    """The cluster that the options name, or None for this machine; UsageError for nonsense."""
    from archscope.sweep.plan.slots import Ray

    if executor not in ("local", "ray"):
        raise UsageError(f"--executor is local or ray, not {shown(executor)}")
    if executor == "ray":
        return Ray(address)
    if address is not None:
        raise UsageError(
            f"--address {shown(address)} names a Ray cluster, but the executor is local; add "
            "--executor ray, or leave out --address"
        )
    return None


def resources(
    executor: str, address: str | None, gpus: int | None, device: str | None, **asked: Any
) -> Resources:
    """What the options ask of the machine or cluster; `asked` holds the other `Resources`.

    Raises:
        UsageError: where they contradict each other, or the machine has no such device.
    """
    from archscope.sweep.plan.slots import Resources

    cluster = ray_cluster(executor, address)
    asked["compile"] = asked.get("compile") or None
    return Resources(gpus_of(gpus, device, cluster), ray=cluster, **asked)


def gpus_of(gpus: int | None, device: str | None, cluster: Ray | None) -> int | None:
    """The GPUs to use, as --gpus and --device say together; None where neither was given.

    Raises:
        UsageError: where they contradict each other, or the machine has no such device.
    """
    if device is None:
        return gpus
    if gpus is not None and (gpus == 0) != (device == "cpu"):
        raise UsageError(
            f"--device {shown(device)} and --gpus {gpus} contradict each other; give one of them"
        )
    from archscope.explore.training.train import on_device
    from archscope.training.devices import inventory

    there = on_device(device, None if cluster else inventory())
    return there if gpus is None else gpus
