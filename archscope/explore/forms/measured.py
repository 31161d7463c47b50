"""The forms of a network as they are built: counted by fvcore, and timed side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from archscope.arch.network import Network
from archscope.cost.clock import Timing, interleaved
from archscope.errors import UsageError, plural
from archscope.explore.forms.result import Built
from archscope.nn.free_memory import available

if TYPE_CHECKING:
    from archscope.cost.workload import Mode as Timed

Note = Callable[[str], None]
# How long the clock runs where no rounds were asked for: seconds for each kind of pass.
_SECONDS, _LEAST_ROUNDS, _MOST_ROUNDS = 15.0, 3, 30
FORWARD: Mapping[str, Timed] = {"forward": "throughput"}
PASSES: Mapping[str, Timed] = {**FORWARD, "training_step": "step"}


def check_memory(network: Network, params: int, kept: int, batch: int) -> None:
    """Refuse what would take the machine down; the numbers are near what was measured.

    Args:
        network: whose forms are compared.
        params: of the largest form.
        kept: elements of an image that a pass keeps for the one back.
        batch: images.

    Raises:
        UsageError: where they do not fit.
    """
    need, free = 8 * (12 * params + batch * kept), available()
    if need > free:
        raise UsageError(
            f"comparing the forms of {network.name} on {plural(batch, 'image')} "
            f"needs about {need // 10**6:,} MB, and this machine has {free // 10**6:,} "
            "MB free; use a smaller --input, --batch or network"
        )


def built(module: Any, network: Network) -> Built:
    """What fvcore counts of a module."""
    from archscope.cost.fvcore import count_activations_with_fvcore, count_with_fvcore

    counted = count_with_fvcore(module, network.input)
    activations = count_activations_with_fvcore(module, network.input)
    return Built(counted.params, counted.macs, activations)


def timed(
    modules: Mapping[str, Any],
    images: tuple[int, ...],
    rounds: int | None,
    note: Note,
    kinds: Mapping[str, Timed] = PASSES,
) -> dict[str, dict[str, Timing]]:
    """The seconds of a forward pass and of a training step of each form; empty without rounds."""
    from archscope.cost.workload import place, workload

    found: dict[str, dict[str, Timing]] = {form: {} for form in modules}
    for module in modules.values():
        place(module, "cpu")
    for kind, mode in kinds.items() if rounds != 0 else ():
        said = kind.replace("_", " ")
        note(f"warm-up of a {said} of each form in float32")
        calls = {
            form: workload(module, mode, images, "fp32", "cpu") for form, module in modules.items()
        }
        clocked = interleaved(calls, rounds=1)
        once = sum(timing.median for timing in clocked.values())
        # On a busy machine a round may take minutes: then the first one is all there is.
        least = _LEAST_ROUNDS if once < _SECONDS else 1
        number = rounds or max(least, min(_MOST_ROUNDS, int(_SECONDS / once)))
        note(f"timed rounds of a {said}: {number}, about {number * once:.0f} s")
        if number > 1:
            clocked = interleaved(calls, rounds=number, warmup=0)
        for form, timing in clocked.items():
            found[form][kind] = timing
    return found
