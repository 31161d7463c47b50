"""Stochastic depth: what a layer does, which branches have one, what stays as it is."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import torch
from random_networks import EVERY, draw
from test_loop import Unplugged, assert_same, data, stop_after, unplug_at, weights

from archscope.arch.names import parse
from archscope.arch.network import Network
from archscope.arch.nodes import Conv, Linear, Node, Norm, Pool, Repeat, Seq, Shortcut, Sum
from archscope.cost import count
from archscope.cost.fvcore import count_with_fvcore
from archscope.errors import UsageError
from archscope.nn.build import build
from archscope.training.drop_path import DropPath, add_drop_path
from archscope.training.job import Job, Stopped, check
from archscope.training.loop import train
from archscope.training.recipe import recipe

BODY = Seq(Conv(8, 3, label="conv"), Norm(label="bn"))
BLOCK = Sum(BODY, Shortcut(8, label="down"))


def network(*blocks: Node) -> Network:
    head = Pool("global"), Linear(4, label="fc")
    return Network("residual", Seq(Conv(8, 3, label="stem"), *blocks, *head), (3, 8, 8))


STAGE = network(Repeat(3, BLOCK, BLOCK, label="layer"))


def rates(module: torch.nn.Module) -> list[float]:
    return [part.p for part in module.modules() if isinstance(part, DropPath)]


@pytest.mark.parametrize("shape", [(6, 3, 5, 5), (6, 3)])
def test_each_image_is_left_out_or_divided_by_what_is_kept(shape: tuple[int, ...]) -> None:
    """The arithmetic of torchvision's stochastic_depth, mode "row", bit for bit."""
    layer, x = DropPath(0.4), torch.randn(shape)
    torch.manual_seed(3)
    found = layer(x)
    torch.manual_seed(3)
    drawn = torch.empty((6, *(1 for _ in shape[1:]))).bernoulli_(1 - 0.4)
    assert torch.equal(found, x * drawn.div_(1 - 0.4))
    gone = [not image.any() for image in found]
    assert any(gone) and not all(gone)
    assert torch.equal(layer.eval()(x), x)


def test_it_keeps_the_mean_and_draws_for_each_image_by_itself() -> None:
    torch.manual_seed(0)
    kept = DropPath(0.3)(torch.ones(20_000, 1, 1, 1)).flatten() > 0
    deviation = (0.3 * 0.7 / 20_000) ** 0.5
    assert abs(kept.double().mean().item() - 0.7) < 5 * deviation
    pairs = (kept[::2] & kept[1::2]).double().mean().item()  # 0.49 where neighbours are independent
    assert abs(pairs - 0.49) < 5 * (0.49 * 0.51 / 10_000) ** 0.5
    assert DropPath(0.3)(torch.ones(20_000, 1)).mean().item() == pytest.approx(1, abs=5 * deviation)


@pytest.mark.parametrize("first", [True, False])
def test_a_network_adds_to_its_shortcut_what_is_left_of_the_residual(first: bool) -> None:
    block = BLOCK if first else Sum(Seq(), BODY)
    module = build(network(Repeat(3, block, block, label="layer"))).train()
    plain = copy.deepcopy(module)
    add_drop_path(module, 0.5)
    assert rates(module) == [0, 0.25, 0.5]
    x = torch.randn(16, 3, 8, 8)
    torch.manual_seed(1)
    found = module(x)
    torch.manual_seed(1)
    y = plain.stem(x)
    for index, p in enumerate((0, 0.25, 0.5)):
        part = getattr(plain.layer, str(index))
        kept = torch.empty(16, 1, 1, 1).bernoulli_(1 - p) / (1 - p) if p else 1
        y = y + part.bn(part.conv(y)) * kept
    torch.testing.assert_close(found, plain.fc(y.mean((2, 3))))


def test_in_eval_mode_keys_and_counts_nothing_is_changed() -> None:
    module = build(STAGE).eval()
    plain, keys, x = copy.deepcopy(module), list(module.state_dict()), torch.randn(2, 3, 8, 8)
    add_drop_path(module, 0.9)
    assert torch.equal(module(x), plain(x)) and list(module.state_dict()) == keys
    assert repr(STAGE.tree) == repr(network(Repeat(3, BLOCK, BLOCK, label="layer")).tree)
    measured, cost = count_with_fvcore(module, STAGE.input), count(STAGE)
    assert (measured.params, measured.macs) == (cost.params, cost.macs)


@pytest.mark.parametrize(
    ("name", "blocks"),
    [
        ("cifar_convnext_1_2_1_1_w16", 5),
        ("cifar_mobilenet_v2", 10),  # Table 2: all blocks of a row but its first
        ("resnet20", 9),
        ("resnext29_2x4d", 9),
        ("preresnet20", 9),
        ("cifar_vgg_1_1_1_1_1_w8", 0),
    ],
)
def test_every_residual_block_has_one_at_a_rate_that_rises_in_equal_steps(
    name: str, blocks: int
) -> None:
    module = build(parse(name), init=False)
    add_drop_path(module, 0.2)
    assert rates(module) == pytest.approx([0.2 * index / (blocks - 1) for index in range(blocks)])


def test_a_single_block_is_left_out_at_the_rate() -> None:
    module = build(network(BLOCK))
    add_drop_path(module, 0.2)
    assert rates(module) == [0.2]


@pytest.mark.parametrize(
    ("sum_", "residual"),
    [
        (Sum(BODY, Seq()), 0),
        (Sum(Seq(), BODY), 1),
        (Sum(BODY, BODY, Shortcut(8)), 0),
        (Sum(BODY, BODY), None),
        (Sum(Seq(), Seq()), None),
        (Sum(Seq(), BODY, BODY), None),
        (Sum(BODY), None),
        (Sum(Seq()), None),
    ],
)
def test_what_a_block_adds_to_its_shortcut(sum_: Sum, residual: int | None) -> None:
    assert sum_.residual == residual


@pytest.mark.parametrize(
    "seeds", [range(0, EVERY, 6), pytest.param(range(EVERY), marks=pytest.mark.slow)], ids=str
)
def test_a_network_that_nobody_chose_trains_with_it_and_tests_as_without(seeds: range) -> None:
    for seed in seeds:
        drawn = draw(seed)
        if "Aux(" in repr(drawn.network.tree) or "inception" in drawn.network.name:
            continue  # side heads amid a network cannot be trained
        module, x = build(drawn.network), torch.randn(2, *drawn.network.input)
        plain = copy.deepcopy(module).eval()
        add_drop_path(module, 0.5)
        assert torch.equal(module.eval()(x), plain(x)), drawn.text
        module.train()(x).square().sum().backward()


def test_sums_that_are_no_residual_blocks_have_none() -> None:
    """Paths side by side, as RepVGG's; and of a block of several paths the sum of them has one."""
    paths = Seq(Conv(8, 3, label="a")), Seq(Conv(8, label="b"))
    module = build(network(Sum(*paths)))
    add_drop_path(module, 0.2)
    assert rates(module) == []
    module = build(network(Sum(*paths, Seq()))).train()
    plain = copy.deepcopy(module)
    add_drop_path(module, 1 - 1e-9)
    x = torch.randn(4, 3, 8, 8)
    torch.testing.assert_close(module(x), plain.fc(plain.stem(x).mean((2, 3))))


def test_a_network_without_residual_blocks_is_refused() -> None:
    chosen = recipe("proxy", batch=32, drop_path=0.1)
    straight = network(BODY)
    with pytest.raises(UsageError, match=r"residual has none: give --drop-path 0"):
        check(straight, chosen, data())
    check(straight, recipe("proxy", batch=32, drop_path=0), data())
    check(STAGE, chosen, data())


@pytest.mark.parametrize("precision", ["fp32", pytest.param("bf16", marks=pytest.mark.slow)])
@pytest.mark.parametrize("how", ["kill -9", "stopped"])
def test_an_interrupted_run_is_the_same_run(how: str, precision: str, tmp_path: Path) -> None:
    """Metrics, weights, both means of AdamW, and what is left out of the images that follow."""
    chosen = recipe("convnext", epochs=3, batch=32, lr=0.01, drop_path=0.5, pad=1)
    job = Job(STAGE, chosen, 4, precision=precision)
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    expected = train(job, data(), folder=whole)
    error = Unplugged if how == "kill -9" else Stopped
    with pytest.raises(error):
        train(job, data(), folder=cut, on_step=(unplug_at if error is Unplugged else stop_after)(9))
    torch.manual_seed(99)
    assert train(job, data(), folder=cut).metrics == expected.metrics
    assert_same(weights(cut), weights(whole))


def test_what_is_left_out_is_a_function_of_the_seed() -> None:
    def errors(seed: int, drop_path: float) -> list[float]:
        chosen = recipe("proxy", epochs=1, batch=32, drop_path=drop_path, pad=1)
        return train(Job(STAGE, chosen, seed), data()).metrics["per_epoch"]["train_loss"]

    first = errors(0, 0.5)
    torch.rand(5)
    assert errors(0, 0.5) == first
    assert first != errors(0, 0.0) and first != errors(1, 0.5)
