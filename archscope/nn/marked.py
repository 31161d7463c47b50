"""How long each piece of a network takes, while the network runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import accumulate, pairwise
from typing import Any

from torch import nn
from torch.optim.optimizer import register_optimizer_step_pre_hook

from archscope.cost.latency.pieces import Piece
from archscope.nn.build import Scope


class Marked:
    """A module that tells, when it is called, how long each of its pieces took.

    Where a piece ends the clock is read, which takes a microsecond or two of the next piece.

    Args:
        module: of the network, on its device, in the mode in which it runs.
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
        self._ends = [layers[end - 1] for end in ends]
        self._marks: list[float] = []
        self._params = [sum(int(one.params) for one in piece) for piece in cut]

    def __call__(self) -> list[float]:
        """Run it; returns the seconds of each piece."""
        hooks = [one.register_forward_hook(self._mark) for one in self._ends[:-1]]
        self._marks = []
        try:
            self._mark()
            self._run()
            self._marks.append(self._clock())
        finally:
            for hook in hooks:
                hook.remove()
        return [after - before for before, after in pairwise(self._marks)]

    def _mark(self, *_: Any) -> None:
        self._marks.append(self._now())

    def _now(self) -> float:
        self._wait()
        return self._clock()

    def _in_order(self) -> list[nn.Module]:
        """The modules of the leaves, as they run in eval mode."""
        ran: list[nn.Module] = []

        def note(module: nn.Module, *_: Any) -> None:
            ran.append(module)

        leaves = (Scope, nn.Dropout)
        every = [one for one in self._module.modules() if not isinstance(one, leaves)]
        hooks = [one.register_forward_hook(note) for one in every]
        training = self._module.training
        self._module.eval()  # what only a training runs is in no piece
        self._run()
        self._module.train(training)
        for hook in hooks:
            hook.remove()
        return ran


class MarkedStep(Marked):
    """The same of a training step: a piece's forward and backward pass, and its part of the update.

    The backward pass of a piece begins where the gradient of its output is there. The loss is in
    the last piece; the update, which is one call for all weights, is divided as these are.
    """

    def __call__(self) -> list[float]:
        """Run it; returns the seconds of each piece."""
        forward: list[float] = []
        backward: list[tuple[int, float]] = []

        def output(number: int, _: nn.Module, __: Any, out: Any) -> None:
            forward.append(self._now())
            if out.requires_grad:
                out.register_hook(lambda _: backward.append((number, self._now())))

        def update(*_: Any) -> None:
            backward.append((len(self._ends), self._now()))

        hooks = [
            one.register_forward_hook(partial(output, number))
            for number, one in enumerate(self._ends)
        ]
        hooks.append(register_optimizer_step_pre_hook(update))
        try:
            start = self._now()
            self._run()
            end = self._now()
        finally:
            for hook in hooks:
                hook.remove()
        times = [after - before for before, after in pairwise([start, *forward])]
        times[-1] += backward[0][1] - forward[-1]  # the loss
        for (number, before), (_, after) in pairwise(backward):
            times[number] += after - before
        of_one = (end - backward[-1][1]) / sum(self._params)
        return [one + of_one * own for one, own in zip(times, self._params, strict=True)]
