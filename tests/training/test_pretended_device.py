"""What a GPU would stumble over, seen without one: tensors that have a device and no values.

On torch's meta device whatever reads a value (the host would wait there) or mixes devices raises;
a whole training step can run on it. torch's fake tensors pretend to be on CUDA, with its autocast,
but torch without CUDA cannot run autograd on them: they show a test pass.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode

from archscope.arch.names import parse
from archscope.data.batches.augmentation import Augmentation
from archscope.data.dataset import Dataset, DatasetInfo, Split
from archscope.training import loop
from archscope.training.job import Job
from archscope.training.on_device import watched_steps
from archscope.training.recipe import recipe

NETWORK = parse("cifar_resnext11_2x64d@0.0625")
CUDA = torch.device("cuda:0")


def data() -> Dataset:
    def split(images: int) -> Split:
        labels = np.arange(images, dtype=np.int64) % 10
        return Split(np.zeros((images, 3, 32, 32), np.uint8), labels)

    info = DatasetInfo("made", "made", None, 10, "sha256:0", True)
    ones = (1.0, 1.0, 1.0)
    return Dataset(info, split(80), split(40), ones, ones, listed=np.array([1, 3]))


def job(device: str, precision: Any = "fp32", **changes: Any) -> Job:
    return Job(NETWORK, recipe("proxy", epochs=1, batch=32, **changes), 1, device, precision)


def on_meta(monkeypatch: pytest.MonkeyPatch, **changes: Any) -> loop._Run:
    monkeypatch.setattr(loop.torch, "autocast", lambda *_, **__: nullcontext())  # unknown to meta
    one = job("meta", **changes)
    padded = Augmentation(4, "zeros", True)
    one = replace(one, recipe=replace(one.recipe, augmentation=padded))
    return loop._Run(one, data(), torch.device("meta"))


@pytest.mark.parametrize("changes", [{}, {"label_smoothing": 0.1, "drop_path": 0.2}])
def test_a_step_and_a_test_read_no_value_and_mix_no_devices(
    monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any]
) -> None:
    run = on_meta(monkeypatch, **changes)
    seen: list[int] = []
    run._train_pass(1, lambda done, total: seen.append(done))
    tested = list(run._test_pass(run.test_data, None, run.listed))
    assert seen == [32, 64, 80] and len(tested) == 1
    assert {values.device.type for values, _ in [*run.part.measured, *tested]} == {"meta"}


@pytest.mark.parametrize("place", ["value", "device"])
def test_a_step_that_does_is_noticed(monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    run = on_meta(monkeypatch)

    def measures(loss: torch.Tensor, *_: Any) -> Any:
        return loss.item() if place == "value" else loss + torch.zeros(1)

    monkeypatch.setattr(loop, "batch_measures", measures)
    with pytest.raises(RuntimeError, match="meta"):
        run._train_pass(1, None)


class Fed:
    """40 images that lie on the pretended device."""

    def __len__(self) -> int:
        return 40

    def once(self, dtype: torch.dtype) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        for _ in range(2):
            x = torch.zeros(20, 3, 32, 32, dtype=dtype, device=CUDA)
            yield x, torch.zeros(20, dtype=torch.int64, device=CUDA)


def placed(model: torch.nn.Module, mode: FakeTensorMode) -> torch.nn.Module:
    """The module with weights that pretend to lie on CUDA: `Module.to` cannot make them."""
    for part in model.modules():
        for kept in (part._parameters, part._buffers):
            for name, value in kept.items():
                if value is None:
                    continue
                fake = mode.from_tensor(value.detach()).to(CUDA)
                kept[name] = torch.nn.Parameter(fake, False) if kept is part._parameters else fake
    return model


@pytest.mark.parametrize("stays", ["nothing", "a weight"])
@pytest.mark.parametrize("precision", ["fp32", "bf16", "fp16"])
def test_a_test_pass_on_a_pretended_gpu(
    monkeypatch: pytest.MonkeyPatch, precision: str, stays: str
) -> None:
    monkeypatch.setattr("torch.cuda.amp.common.amp_definitely_not_available", lambda: False)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: True)
    run = loop._Run(job("cpu", precision), data(), torch.device("cpu"))
    own = dict(run.model.named_parameters())["fc.weight"]
    kinds = set()
    run.model.get_submodule("fc").register_forward_pre_hook(lambda _, x: kinds.add(x[0].dtype))
    with FakeTensorMode(allow_non_fake_inputs=True) as mode:
        placed(run.model, mode)
        run.device = CUDA
        if stays == "a weight":
            run.model.get_submodule("fc")._parameters["weight"] = mode.from_tensor(own)
            with pytest.raises(RuntimeError, match="device"):
                list(run._test_pass(Fed(), None))
            return
        found = list(run._test_pass(Fed(), None))
    low = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
    assert kinds == {low[precision]}
    assert [(values.device, values.shape, values.dtype, n) for values, n in found] == [
        (CUDA, (2,), torch.float32, 20)
    ] * 2


def test_watching_begins_after_a_first_step_and_ends_with_the_last() -> None:
    modes: list[str] = []
    assert watched_steps(job("cpu"), data(), modes.append) == 2
    # Three steps, then the test's one batch, which tells nothing; at last it is as it was.
    assert modes == ["error", "error", "default", "default"]


def test_watching_ends_where_a_step_waits() -> None:
    modes: list[str] = []

    def switch(mode: str) -> None:
        modes.append(mode)
        if mode == "error":
            raise RuntimeError("called a synchronizing CUDA operation")

    with pytest.raises(RuntimeError, match="synchronizing"):
        watched_steps(job("cpu"), data(), switch)
    assert modes == ["error", "default"]
