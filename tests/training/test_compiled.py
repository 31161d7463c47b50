"""Training with torch.compile: a real compiler, so slow."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from test_loop import Unplugged, assert_same, data, job, short, unplug_at, weights

from archscope.arch.network import Network
from archscope.arch.nodes import Act, Conv, Linear, Norm, Pool, Seq
from archscope.training.job import Job
from archscope.training.loop import train


def compiled() -> Job:
    return replace(job(epochs=2, lr=0.3), compile=True)


def widened(channels: int) -> Network:
    tree = Seq(Conv(channels, 3), Norm(), Act(), Pool("global"), Linear(4))
    return Network(f"tiny{channels}", tree, (3, 8, 8))


@pytest.mark.slow
def test_compiled_it_is_the_same_training_but_for_rounding(tmp_path: Path) -> None:
    # 170 images in batches of 32: the last batch, of 10, is not compiled for.
    calls = torch._dynamo.utils.counters
    calls.clear()
    ours = train(compiled(), data(170), folder=tmp_path / "compiled").metrics
    assert calls["stats"]["unique_graphs"] == 1
    plain = train(replace(compiled(), compile=False), data(170), folder=tmp_path / "plain").metrics
    for name in ("train_loss", "test_loss"):
        assert ours["per_epoch"][name] == pytest.approx(plain["per_epoch"][name], rel=0.05)
    keys = weights(tmp_path / "compiled")["model"].keys()
    assert keys == weights(tmp_path / "plain")["model"].keys()


@pytest.mark.slow
def test_compiled_it_is_taken_up_again_bit_for_bit(tmp_path: Path) -> None:
    whole = train(compiled(), data(), folder=tmp_path / "whole")
    with pytest.raises(Unplugged):
        train(compiled(), data(), folder=tmp_path / "cut", on_step=unplug_at(8))
    assert train(compiled(), data(), folder=tmp_path / "cut").metrics == whole.metrics
    assert_same(weights(tmp_path / "cut"), weights(tmp_path / "whole"))


@pytest.mark.slow
def test_a_process_compiles_its_ninth_network_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    # Without generating code: which frames torch compiles does not depend on that.
    compile_ = torch.compile
    monkeypatch.setattr(torch, "compile", lambda m, **how: compile_(m, backend="eager", **how))
    for number in range(10):
        torch._dynamo.utils.counters.clear()
        it = replace(compiled(), network=widened(8 + number), recipe=short(1))
        train(it, data(64))
        assert torch._dynamo.utils.counters["stats"]["unique_graphs"] == 1


def test_compiled_is_another_training() -> None:
    one, other = compiled(), replace(compiled(), compile=False)
    assert one.identity(data()) != other.identity(data())
