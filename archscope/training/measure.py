"""What a pass over images measures: loss and errors, on the device until the pass ends."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import torch
from torch import Tensor

from archscope.training.checkpoint import Line


class Totals(NamedTuple):
    """A pass over images: mean loss, error in %, error among the listed classes alone."""

    loss: float
    error: float
    listed: float | None = None

    def line(self, name: str) -> Line:
        """Return the pass as fields of a line of metrics.jsonl."""
        fields = {f"{name}_loss": self.loss, f"{name}_error": self.error}
        return fields if self.listed is None else {**fields, f"{name}_error_listed": self.listed}


def batch_measures(
    loss: Tensor, logits: Tensor, labels: Tensor, listed: Tensor | None = None
) -> Tensor:
    """Return (2 or 3,) float32 on the device: the mean loss, the wrong answers (among `listed`)."""
    values = [loss, (logits.argmax(1) != labels).sum().float()]
    if listed is not None:
        values.append((listed[logits[:, listed].argmax(1)] != labels).sum().float())
    return torch.stack(values)


def totals(measured: Iterable[tuple[Tensor, int]]) -> Totals:
    """Add up a pass, which runs here; the device is waited for at its end."""
    values, images = zip(*measured, strict=True)
    counts = torch.tensor(images, dtype=torch.float64)
    losses, *wrong = torch.stack(values).cpu().double().unbind(1)
    total = counts.sum()
    return Totals(
        (losses @ counts / total).item(), *((100 * w.sum() / total).item() for w in wrong)
    )
