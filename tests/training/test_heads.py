"""The last layer of a network in float32, whatever the rest computes in."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from test_loop import NETWORK, Unplugged, assert_same, data, job, unplug_at, weights

from archscope.arch.network import Network
from archscope.arch.nodes import Act, Aux, Conv, Linear, Pool, Seq
from archscope.nn.build import build
from archscope.training.heads import in_float32
from archscope.training.loop import train

SIDE = Seq(Pool("global"), Linear(4))
MAIN = Seq(Conv(8, 3), Pool("global"), Linear(4))
TWO_HEADS = Network("two", Seq(Conv(8, 3), Aux(MAIN, SIDE)), (3, 8, 8))


def logits(network: Network, *, full: bool) -> list[torch.Tensor]:
    torch.manual_seed(0)
    model = build(network).train()
    if full:
        in_float32(model, network.classes)
    with torch.autocast("cpu", torch.bfloat16):
        found = model(torch.rand(64, 3, 8, 8))
    return list(found) if isinstance(found, tuple) else [found]


def test_logits_of_every_head_are_float32_under_autocast() -> None:
    assert [one.dtype for one in logits(TWO_HEADS, full=False)] == [torch.bfloat16] * 2
    found = logits(TWO_HEADS, full=True)
    assert [one.dtype for one in found] == [torch.float32] * 2
    # More than bfloat16 can tell apart: its 8 bits would round them to what they are.
    assert all((one != one.bfloat16().float()).float().mean() > 0.9 for one in found)


def test_other_layers_stay_as_they_are() -> None:
    model = build(replace(NETWORK, tree=Seq(Pool("global"), Linear(9), Linear(4))))
    keys = list(model.state_dict())
    in_float32(model, 4)
    kinds = [type(part).__name__ for part in model.modules() if isinstance(part, torch.nn.Linear)]
    assert kinds == ["Linear", "FullLinear"] and list(model.state_dict()) == keys


def test_where_a_convolution_tells_the_classes_apart_it_is_in_float32() -> None:
    """SqueezeNet's: there is no linear layer."""
    tree = Seq(Conv(4), Conv(8, 3), Conv(4, bias=True), Act(), Pool("global"))
    network = Network("squeezed", tree, (3, 8, 8))
    assert logits(network, full=False)[0].dtype == torch.bfloat16
    (found,) = logits(network, full=True)
    assert found.dtype == torch.float32 and (found != found.bfloat16().float()).any()
    model = build(network)
    in_float32(model, 4)
    kinds = [type(part).__name__ for part in model.modules() if isinstance(part, torch.nn.Conv2d)]
    assert kinds == ["Conv2d", "Conv2d", "FullConv"]


def test_in_fp32_it_changes_nothing(tmp_path: Path) -> None:
    one, other = job(epochs=1), replace(job(epochs=1), full_head=False)
    assert one.identity(data()) == other.identity(data())
    assert train(one, data()).metrics == train(other, data()).metrics


def test_a_training_begun_with_the_other_head_goes_on_with_it(tmp_path: Path) -> None:
    """Its trial has another key as well: see `archscope.sweep.plan.trial.Machine`."""
    old = replace(job(precision="bf16"), full_head=False)
    new = job(precision="bf16")
    assert old.identity(data()) != new.identity(data())
    whole = train(old, data(), folder=tmp_path / "whole").metrics
    assert whole != train(new, data()).metrics
    with pytest.raises(Unplugged):
        train(old, data(), folder=tmp_path / "cut", on_step=unplug_at(8))
    assert train(old, data(), folder=tmp_path / "cut").metrics == whole
    assert_same(weights(tmp_path / "cut"), weights(tmp_path / "whole"))
