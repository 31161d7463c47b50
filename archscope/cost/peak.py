"""What a device can do at its best, measured: arithmetic and memory bandwidth, for a roofline.

torch is imported on use. The CUDA and MPS halves follow torch's documentation and have not run on
such a device yet.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from archscope.cost.clock import Timing, interleaved

if TYPE_CHECKING:
    import torch

# Sides of the square matrices, and numbers in each of the three vectors: far beyond any cache.
_MATRIX = {"cpu": 2048, "other": 8192}
_VECTOR = {"cpu": 2**25, "other": 2**28}
_FP32 = 4  # bytes
METHOD = (
    "the best of {rounds} interleaved rounds of a square matrix product of {side} in {precision}, "
    "and of a copy and a triad (a = b + s*c) of {megabytes} MB vectors"
)


@dataclass(frozen=True)
class Peak:
    """A device's limits: floating-point operations a second (2 a multiply-add), bytes a second."""

    flops: float
    bandwidth: float
    method: str = ""

    @property
    def ridge(self) -> float:
        """The operations a byte above which arithmetic is the limit, and below which memory."""
        return self.flops / self.bandwidth

    def document(self) -> dict[str, Any]:
        """The limits as a JSON object."""
        return {**asdict(self), "ridge": self.ridge}


def measure_peak(device: str, precision: str, *, rounds: int = 7) -> Peak:
    """Measure a device with the threads that torch has now, in "fp32", "bf16" or "fp16"."""
    import torch

    from archscope.cost.workload import dtype_of, wait_for

    kind = "cpu" if device == "cpu" else "other"
    side, length = _MATRIX[kind], _VECTOR[kind]
    wait = wait_for(device)
    dtype = dtype_of(precision)
    left, right, product = (torch.ones(side, side, device=device, dtype=dtype) for _ in range(3))
    a, b, c = (torch.ones(length, device=device) for _ in range(3))
    calls: dict[str, Callable[[], torch.Tensor]] = {
        "product": lambda: torch.mm(left, right, out=product),
        "copy": lambda: a.copy_(b),
        "triad": lambda: torch.add(b, c, alpha=3.0, out=a),
    }

    def waited(call: Callable[[], torch.Tensor]) -> Callable[[], None]:
        def run() -> None:
            call()
            wait()

        return run

    with torch.inference_mode():
        timings = interleaved({name: waited(call) for name, call in calls.items()}, rounds=rounds)
    method = METHOD.format(
        rounds=rounds, side=side, precision=precision, megabytes=_FP32 * length // 10**6
    )
    return peak_of(timings, side, _FP32 * length, method)


def peak_of(timings: Mapping[str, Timing], side: int, vector_bytes: int, method: str) -> Peak:
    """The limits that the fastest rounds show; a copy moves two vectors and a triad three."""
    best = {name: min(timing.seconds) for name, timing in timings.items()}
    bandwidth = max(2 * vector_bytes / best["copy"], 3 * vector_bytes / best["triad"])
    return Peak(2 * side**3 / best["product"], bandwidth, method)
