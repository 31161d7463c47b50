"""The training loop: the same code for every device, and for a CPU one thread or many.

The data lie on the device as uint8 and are augmented there, a batch at a time (images in folders
are read by processes of their own, `archscope.data.batches.files`); the network runs in
channels_last under autocast, its last layer in float32; loss and error stay on the device until an
epoch ends, so that no step waits for the host. An epoch draws everything random (order,
augmentation, dropout, drop path) from generators seeded by (seed, epoch), and a checkpoint within
an epoch keeps their state and the sums so far: a run that is taken up again is the same run, bit
for bit, on the same machine, threads and precision.

Nothing global is set: threads and malloc are the caller's (see `devices.tune_malloc`).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from archscope.cost.workload import AUXILIARY, dtype_of, place
from archscope.data.batches.feed import Device, Feed, feed
from archscope.data.dataset import Dataset
from archscope.nn.build import build
from archscope.training import randomness
from archscope.training.checkpoint import Checkpoint, Folder, Line
from archscope.training.drop_path import add_drop_path
from archscope.training.heads import in_float32
from archscope.training.job import Job, Outcome, Paused, Stopped, check, outcome
from archscope.training.measure import batch_measures, totals
from archscope.training.optimizer import optimizer
from archscope.training.recipe import learning_rate, steps_of

__all__ = ["Job", "Outcome", "Paused", "Stopped", "train"]

OnEpoch = Callable[[Line], None]
OnStep = Callable[[int, int], None]


def train(
    job: Job,
    dataset: Dataset,
    *,
    folder: Path | None = None,
    on_epoch: OnEpoch | None = None,
    on_step: OnStep | None = None,
    before_saving: Callable[[], None] | None = None,
    on_note: Callable[[str], None] | None = None,
    until: int | None = None,
) -> Outcome:
    """Train a network, and test it after each epoch: on the whole test set, if not told otherwise.

    Where the dataset has a validation part, that is what each epoch is judged on, and the test set
    is used after the last epoch alone. A side head's loss (`Aux`) is added in training, times 0.4.

    Args:
        job: what to train, and where.
        dataset: images (N, C, H, W) of the network's input, or files; labels below its classes.
        folder: keeps metrics.jsonl and a checkpoint an epoch; a run in it is taken up again.
        on_epoch: called with an epoch's line of metrics.jsonl once it is kept.
        on_step: called with (images done, images in all) of the running epoch, also between the
            batches of its test; may raise, to interrupt. `Stopped` has the state kept first, to
            the step; after anything else the run is taken up where it was last kept.
        before_saving: called before anything is written to `folder`; may raise, to prevent it.
        on_note: called with a sentence for people, where `folder` was found damaged.
        until: epochs after which it pauses. The learning rate is that of the whole recipe all the
            same: what goes on later is the training that was never paused, bit for bit.

    Raises:
        Paused: after `until` epochs, unless they are all.
        UsageError: where the data do not fit the network or the recipe.
        ArchscopeError: where `folder` holds another training.
    """
    check(job.network, job.recipe, dataset)
    device = torch.device(job.device)
    keeper = Folder(folder, job.identity(dataset)) if folder else None
    with randomness.apart(device):
        run = _Run(job, dataset, device)
        if keeper:
            _take_up(run, keeper, on_note)
        while len(run.history) < job.recipe.epochs:
            if until is not None and len(run.history) >= until:
                raise Paused
            try:
                line = run.epoch(len(run.history) + 1, on_step)
            except Stopped:
                if keeper:
                    _call(before_saving)
                    keeper.save_part(run.history, run.state(within=True))
                raise
            if line is None:
                break
            run.history.append(line)
            if keeper:
                _call(before_saving)
                keeper.save(run.history, run.state())
            _call(on_epoch, line)
    return outcome(run.history, job.recipe.epochs)


def _take_up(run: _Run, keeper: Folder, on_note: Callable[[str], None] | None) -> None:
    found = keeper.open()
    for note in keeper.notes:
        _call(on_note, note)
    if found:
        run.restore(found)


def _call(callback: Callable[..., None] | None, *arguments: Any) -> None:
    if callback:
        callback(*arguments)


@dataclass
class _Part:
    """An epoch as far as it has come.

    Attributes:
        measured: of each batch, loss and errors on the device, and its images.
        seconds: how long that took.
        random: the state of the generators (dropout draws from them); None at an epoch's start.
    """

    measured: list[tuple[Tensor, int]] = field(default_factory=list)
    seconds: float = 0.0
    random: dict[str, Tensor] | None = None


class _Run:
    """A job on its device: the network, the optimizer, and the epochs done."""

    def __init__(self, job: Job, dataset: Dataset, device: torch.device) -> None:
        self.job = job
        self.device = device
        self.history: list[Line] = []
        self.part = _Part()
        side = job.network.input[1]
        to = Device(device, side, dataset.view.test_crop or side, job.loaders)
        self.train_data = feed(dataset.train, dataset, to)
        self.test_data = feed(dataset.test, dataset, to)
        part = dataset.test_part
        self.part_data = self.test_data if part is None else feed(part, dataset, to)
        held = dataset.validation
        self.validation_data = None if held is None else feed(held, dataset, to)
        listed = dataset.listed
        self.listed = None if listed is None else torch.from_numpy(listed).to(device)
        torch.manual_seed(job.seed)
        self.model = build(job.network)
        place(self.model, str(device))
        if job.full_head and job.precision != "fp32":
            in_float32(self.model, job.network.classes)
        if job.recipe.drop_path:
            add_drop_path(self.model, job.recipe.drop_path)
        self.compiled: Callable[[Tensor], Any] = self.model
        if job.compile:
            # A process trains one network after another, and torch gives up compiling (for good,
            # and silently) what has met eight of them: forget the others.
            torch.compiler.reset()
            # Whole batches of training alone: each other shape would be compiled again, in vain.
            self.compiled = torch.compile(self.model, dynamic=False)
        self.optimizer = optimizer(self.model, job.recipe, device)
        scaled = job.precision == "fp16"
        self.scaler = torch.amp.GradScaler(device.type, enabled=scaled)  # idle unless fp16

    def state(self, *, within: bool = False) -> dict[str, Any]:
        """Return what a checkpoint keeps beside the history, after an epoch or within one."""
        state = {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "scaler": self.scaler.state_dict(),
        }
        if within:
            values, images = zip(*self.part.measured, strict=True)
            state["part"] = {
                "values": torch.stack(values).cpu(),
                "images": list(images),
                "seconds": self.part.seconds,
                "random": randomness.state(self.device),
            }
        return state

    def restore(self, found: Checkpoint) -> None:
        """Take up the run of a checkpoint."""
        self.history = list(found.history)
        self.model.load_state_dict(found.state["model"])
        self.optimizer.load_state_dict(found.state["optimizer"])
        self.scaler.load_state_dict(found.state["scaler"])
        if part := found.state.get("part"):
            values = part["values"].to(self.device).unbind()
            measured = list(zip(values, part["images"], strict=True))
            self.part = _Part(measured, part["seconds"], part["random"])

    def epoch(self, number: int, on_step: OnStep | None) -> Line | None:
        """Train an epoch (counted from 1), or what is left of it, and test; None if it diverged."""
        started = time.perf_counter() - self.part.seconds
        if self.part.random is None:
            torch.manual_seed(randomness.epoch_seed(self.job.seed, number))  # for dropout
        else:
            randomness.set_state(self.device, self.part.random)
        try:
            line = self._epoch(number, on_step, started)
        except Stopped:
            self.part.seconds = time.perf_counter() - started
            raise
        self.part = _Part()
        return line

    def _epoch(self, number: int, on_step: OnStep | None, started: float) -> Line | None:
        self._train_pass(number, on_step)
        trained = totals(self.part.measured)
        middle = time.perf_counter()
        judged = self._judged(number, on_step) if math.isfinite(trained.loss) else {}
        if not judged or not all(map(math.isfinite, judged.values())):
            return None
        seen = steps_of(len(self.train_data), self.job.recipe.batch)[1]
        return {
            "epoch": number,
            "train_loss": trained.loss,
            "train_error": trained.error,
            **judged,
            "lr": self.optimizer.param_groups[0]["lr"],  # of the last step
            "images_per_second": round(seen / (middle - started), 1),
            "seconds": round(time.perf_counter() - started, 3),
        }

    def _judged(self, number: int, on_step: OnStep | None) -> Line:
        """Test after an epoch; where there are validation images, on the test set only at last.

        Where the test set has a part for it, epochs before the last are judged on that.
        """
        judged: Line = {}
        last = number == self.job.recipe.epochs
        if self.validation_data is not None:
            judged |= totals(self._test_pass(self.validation_data, on_step)).line("validation")
        if self.validation_data is None or last:
            data = self.test_data if last else self.part_data
            judged |= totals(self._test_pass(data, on_step, self.listed)).line("test")
        return judged

    def _train_pass(self, number: int, on_step: OnStep | None) -> None:
        """Train on each batch of an epoch that is left; `self.part` takes what they measured."""
        recipe, seed = self.job.recipe, self.job.seed
        steps, total = steps_of(len(self.train_data), recipe.batch)
        batches = self.train_data.epoch(
            seed, number, recipe.batch, recipe.augmentation, self._dtype()
        )
        self.model.train()
        smoothing = recipe.label_smoothing or 0.0
        measured = self.part.measured
        done = sum(images for _, images in measured)
        # The batches before are made and left: what is drawn for them is a function of the epoch.
        for step, (x, y) in enumerate(islice(batches, len(measured), None), len(measured)):
            lr = learning_rate(recipe, number - 1 + (step + 0.5) / steps)
            for group in self.optimizer.param_groups:
                group["lr"] = lr
            logits, *sides = self._forward(x)
            loss = functional.cross_entropy(logits, y, label_smoothing=smoothing)
            for side in sides:
                side_loss = functional.cross_entropy(side, y, label_smoothing=smoothing)
                loss = loss + AUXILIARY * side_loss
            torch.autograd.backward(self.scaler.scale(loss))
            self.scaler.step(self.optimizer)
            self.scaler.update()
            self.optimizer.zero_grad()
            done += len(y)
            measured.append((batch_measures(loss.detach(), logits.detach(), y), len(y)))
            _call(on_step, done, total)

    @torch.inference_mode()
    def _test_pass(
        self, data: Feed, on_step: OnStep | None, listed: Tensor | None = None
    ) -> Iterator[tuple[Tensor, int]]:
        self.model.eval()
        total = steps_of(len(self.train_data), self.job.recipe.batch)[1]
        for number, (x, y) in enumerate(data.once(self._dtype())):
            if number:
                _call(on_step, total, total)
            logits = self._forward(x)[0]
            yield batch_measures(functional.cross_entropy(logits, y), logits, y, listed), len(y)

    def _dtype(self) -> torch.dtype:
        return dtype_of(self.job.precision)

    def _forward(self, x: Tensor) -> list[Tensor]:
        """Return the logits, (N, classes) float32: in training those of side heads as well."""
        low = self.job.precision != "fp32"
        whole = self.model.training and len(x) == self.job.recipe.batch
        with torch.autocast(self.device.type, dtype=self._dtype(), enabled=low):
            heads = (self.compiled if whole else self.model)(x)
        outputs = heads if isinstance(heads, tuple) else (heads,)
        return [logits.float().flatten(1) for logits in outputs]  # SqueezeNet's: (N, classes, 1, 1)
