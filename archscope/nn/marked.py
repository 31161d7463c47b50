"""How long each piece of a network takes, while the network runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate, pairwise
from typing import Any

from torch import nn

from archscope.cost.latency.pieces import Piece
from archscope.nn.build import Scope


class Marked:
    """A module that tells, when it is called, how long each of its pieces took.

    Where a piece ends the clock is read, which takes a microsecond or two of the next piece.

    Args:
        module: of the network, in eval mode, on its device.
        cut: its pieces.
        run: calls it once on images, and waits.
        clock: seconds that only go forward.
        wait: until the device has done all that was asked of it.
    """

    def __init__(
        self,
        module: nn.Module,
        cut: Sequence[Piece],
        run: Callable[[], None],
        clock: Callable[[], float],
        wait: Callable[[], None],
    ) -> None:
        self._module, self._run, self._clock, self._wait = module, run, clock, wait
        layers = self._in_order()
        ends = list(accumulate(sum(one.visit is not None for one in piece) for piece in cut))
        assert ends[-1] == len(layers), "the module runs other layers than its program"
        self._last = [layers[end - 1] for end in ends[:-1]]
        self._marks: list[float] = []

    def __call__(self) -> list[float]:
        """Run it; returns the seconds of each piece."""
        hooks = [one.register_forward_hook(self._mark) for one in self._last]
        self._marks = []
        try:
            self._wait()
            self._marks.append(self._clock())
            self._run()
            self._marks.append(self._clock())
        finally:
            for hook in hooks:
                hook.remove()
        return [after - before for before, after in pairwise(self._marks)]

    def _mark(self, *_: Any) -> None:
        self._wait()
        self._marks.append(self._clock())

    def _in_order(self) -> list[nn.Module]:
        """The modules of the leaves, as they run in eval mode."""
        ran: list[nn.Module] = []

        def note(module: nn.Module, *_: Any) -> None:
            ran.append(module)

        leaves = (Scope, nn.Dropout)
        every = [one for one in self._module.modules() if not isinstance(one, leaves)]
        hooks = [one.register_forward_hook(note) for one in every]
        self._run()
        for hook in hooks:
            hook.remove()
        return ran
