"""What is timed: one forward pass, or one training step, of a module that is handed in.

The module runs as it trains here: in channels_last (see `place`), with fp32 parameters,
under autocast where the precision is not fp32 (a training's last layer is in fp32 all the same, see
`archscope.training.heads`). torch is imported on use. The CUDA and MPS halves
follow torch's documentation and have not run on such a device yet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal, cast

from archscope.errors import UsageError, shown

if TYPE_CHECKING:
    import torch
    from torch import nn

Mode = Literal["latency", "throughput", "step"]
MODES: tuple[Mode, ...] = ("latency", "throughput", "step")
MODE_HELP = {
    "latency": "one image, eval mode",
    "throughput": "forward pass of a batch, eval mode",
    "step": "forward, backward and SGD with momentum",
}
_CHANNELS_AT_ONCE = 16  # with AVX-512; 8 with AVX2
_MOST_COMPILED = 10_000
AUXILIARY = 0.4  # weight of a side head's loss in training, as torchvision's programs have it


def parse_modes(text: str, takes: str = "the modes are") -> tuple[Mode, ...]:
    """`latency,step` -> the modes, in their usual order; `takes` begins the sentence of an error.

    Raises:
        UsageError: for a word that is none.
    """
    words = {word.strip().lower() for word in text.split(",")}
    if not words <= set(MODES):
        raise UsageError(
            f"{takes} {', '.join(MODES)}, not '{shown(text)}'; name some of these, with commas"
        )
    return tuple(mode for mode in MODES if mode in words)


@contextmanager
def compiling() -> Iterator[None]:
    """While it lasts torch compiles each network and shape that it meets, however many there are.

    Else it stops after eight, for good and silently.
    """
    import torch

    torch.compiler.reset()
    many = {"recompile_limit": _MOST_COMPILED, "accumulated_recompile_limit": _MOST_COMPILED}
    with torch._dynamo.config.patch(many):
        yield


def compiled(module: nn.Module) -> nn.Module:
    """A module compiled by torch at its first run with each shape."""
    import torch

    found: Any = torch.compile(module, dynamic=False)
    return cast("nn.Module", found)


def dtype_of(precision: str) -> torch.dtype:
    """torch's type for "fp32", "bf16" or "fp16"."""
    import torch

    return {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}[precision]


def wait_for(device: str) -> Callable[[], None]:
    """What waits until the device has done all that was asked of it."""
    import torch

    if device.startswith("cuda"):
        return lambda: torch.cuda.synchronize(device)
    return torch.mps.synchronize if device == "mps" else lambda: None


def most_allocated(device: str) -> int:
    """The most bytes that this process had allocated on a CUDA device at once."""
    import torch

    return int(torch.cuda.max_memory_allocated(device))


def threads() -> int:
    """The processor threads that torch uses for an operation."""
    import torch

    return torch.get_num_threads()


def batch_of(mode: Mode, batch: int) -> int:
    """The images of one call: latency takes one at a time."""
    return 1 if mode == "latency" else batch


@contextmanager
def measuring(threads: int | None) -> Iterator[None]:
    """torch with so many threads and a generator of its own; afterwards it is as it was."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(threads or before)
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            yield
    finally:
        torch.set_num_threads(before)


def place(module: nn.Module, device: str) -> None:
    """Put a module on its device, as it trains and is timed: in channels_last.

    On a CPU all but the convolutions of which oneDNN miscomputes the gradient there: 1x1, with a
    stride and fewer channels than it takes at once. It writes past its buffer (oneDNN issue 6035,
    open; torch 2.13 and 2.14), so that gradients are wrong, or the process is killed.
    """
    import torch

    module.to(device)
    module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    for part in module.modules() if torch.device(device).type == "cpu" else ():
        if (
            isinstance(part, torch.nn.Conv2d)
            and part.kernel_size == (1, 1)
            and part.stride != (1, 1)
            and part.in_channels // part.groups < _CHANNELS_AT_ONCE
        ):
            part.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
            part.register_forward_pre_hook(_contiguous)


def _contiguous(_: nn.Module, inputs: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
    import torch

    # `contiguous()` would leave a single channel with the strides of channels_last.
    return tuple(x.clone(memory_format=torch.contiguous_format) for x in inputs)


def workload(
    module: nn.Module, mode: Mode, images: Sequence[int], precision: str, device: str
) -> Callable[[], None]:
    """A call that runs `module` once on random images (N, C, H, W) and waits for the device.

    Sets the module's mode for all calls that follow. A step has a learning rate of 0: the weights
    stay what they are, and with them the time of a step.
    """
    import torch

    kind = device.partition(":")[0]
    x = torch.randn(*images, device=device).to(memory_format=torch.channels_last)
    wait = wait_for(device)
    autocast = torch.autocast(kind, dtype=dtype_of(precision), enabled=precision != "fp32")
    module.train(mode == "step")
    if mode == "step":
        return _step(module, x, autocast, wait)

    def forward() -> None:
        with torch.inference_mode(), autocast:
            module(x)
        wait()

    return forward


def _step(
    module: nn.Module, x: torch.Tensor, autocast: torch.autocast, wait: Callable[[], None]
) -> Callable[[], None]:
    import torch
    from torch.nn import functional

    fused = x.device.type in ("cpu", "cuda")
    optimizer = torch.optim.SGD(module.parameters(), lr=0.0, momentum=0.9, fused=fused)
    labels = torch.zeros(len(x), dtype=torch.int64, device=x.device)

    def loss_of(logits: torch.Tensor) -> torch.Tensor:
        if logits.ndim != 2:
            raise UsageError(
                "a training step needs one score a class, images x classes; the output here is of "
                f"{'×'.join(map(str, logits.shape))}: time it with --modes latency,throughput"
            )
        return functional.cross_entropy(logits.float(), labels)

    def step() -> None:
        with autocast:
            outputs = module(x)
        main, *sides = outputs if isinstance(outputs, tuple) else (outputs,)
        loss = loss_of(main)
        for side in sides:
            loss = loss + AUXILIARY * loss_of(side)
        torch.autograd.backward(loss)
        optimizer.step()
        optimizer.zero_grad()
        wait()

    return step
