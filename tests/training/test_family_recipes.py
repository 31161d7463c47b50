"""The recipes of the families: their numbers, what they compute, and which network has which."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from test_loop import PLAIN, data, weights
from torch.nn import functional

from archscope.arch.names import parse
from archscope.data.batches.augment import epoch_order
from archscope.errors import UsageError
from archscope.nn.build import build
from archscope.sweep.plan import settings as asked
from archscope.sweep.plan import training as single
from archscope.sweep.plan.plan import Plan
from archscope.sweep.plan.reading import read
from archscope.sweep.plan.trial import trial_key
from archscope.training.job import Job
from archscope.training.loop import train
from archscope.training.optimizer import optimizer
from archscope.training.recipe import RECIPES, Recipe, learning_rate, of_family, recipe

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*/sweep.json"))


def test_convnext_is_trained_as_its_table_5_says() -> None:
    it = recipe("convnext")
    chosen = it.adamw
    assert it.sgd is None and chosen is not None and it.optimizer is chosen
    assert (it.epochs, chosen.weight_decay, chosen.beta1, chosen.beta2) == (300, 0.05, 0.9, 0.999)
    assert (it.label_smoothing, it.drop_path, chosen.decay_on) == (0.1, 0.1, "weights")
    assert chosen.lr == pytest.approx(4e-3 * 128 / 4096) and it.batch == 128
    rates = [learning_rate(it, at) for at in (0, 10, 20, 160, 300)]  # of 20 epochs that rise
    assert rates == pytest.approx([0, chosen.lr / 2, chosen.lr, chosen.lr / 2, 0], abs=1e-12)


def test_regnet_is_trained_as_pycls_trains_it() -> None:
    it = recipe("regnet")
    assert (it.epochs, it.optimizer.weight_decay, it.label_smoothing) == (100, 5e-5, None)
    assert learning_rate(it, 5) == pytest.approx(0.8 * 128 / 1024)


def test_the_recipes_for_image_folders_differ_in_the_crops_alone() -> None:
    for name in ("regnet", "efficientnet", "shufflenet", "convnext"):
        small, large = recipe(name).to_dict(), recipe(f"{name}-imagenet").to_dict()
        assert {key for key in small if small[key] != large[key]} == {"name", "augmentation"}
        assert large["augmentation"] == {"pad": 0, "padding": "zeros", "flip": True, "area": 0.08}


def test_the_cosine_is_torchs() -> None:
    it = recipe("proxy", schedule="cosine", epochs=40, lr=0.4, warmup=0.25)
    weight = torch.nn.Parameter(torch.zeros(1))
    sgd = torch.optim.SGD([weight], lr=0.4)
    theirs = torch.optim.lr_scheduler.CosineAnnealingLR(sgd, T_max=30)
    for epoch in range(10, 40):
        assert learning_rate(it, epoch) == pytest.approx(sgd.param_groups[0]["lr"], rel=1e-9)
        sgd.step()
        theirs.step()
    assert [learning_rate(it, at) for at in (0, 5)] == [0, 0.2]


def smoothed(logits: torch.Tensor, label: int, part: float) -> torch.Tensor:
    """Szegedy et al., section 7: the label with 1 - part, and `part` spread over all classes."""
    target = torch.full((len(logits),), part / len(logits))
    target[label] += 1 - part
    return -(target * torch.log_softmax(logits, 0)).sum()


def test_label_smoothing_is_that_of_the_paper_and_of_torch() -> None:
    logits = torch.randn(9, 4)
    labels = torch.arange(9) % 4
    ours = torch.stack([smoothed(x, int(y), 0.1) for x, y in zip(logits, labels, strict=True)])
    theirs = functional.cross_entropy(logits, labels, label_smoothing=0.1)
    torch.testing.assert_close(ours.mean(), theirs)


def test_a_recipe_computes_what_the_common_loop_computes(tmp_path: Path) -> None:
    """Torch's AdamW unfused, and the loss written out; tested without smoothing."""
    plan = recipe("convnext", epochs=2, batch=32, lr=0.01, drop_path=0, pad=0, flip=False)
    dataset, seed = data(96), 5
    outcome = train(Job(PLAIN, plan, seed), dataset, folder=tmp_path)
    torch.manual_seed(seed)
    model = build(PLAIN).train()
    groups = [
        {"params": [p for p in model.parameters() if p.ndim > 1], "weight_decay": 0.05},
        {"params": [p for p in model.parameters() if p.ndim == 1], "weight_decay": 0.0},
    ]
    adamw = torch.optim.AdamW(groups, lr=1.0, betas=(0.9, 0.999), fused=False, foreach=False)
    losses: list[float] = []
    for step in range(6):
        epoch, place = divmod(step, 3)
        order = epoch_order(96, seed, epoch + 1)[32 * place : 32 * place + 32].tolist()
        for group in adamw.param_groups:
            group["lr"] = learning_rate(plan, (step + 0.5) / 3)
        x = torch.from_numpy((dataset.train.images[order] - 110.0) / 60.0).float()
        pairs = zip(model(x), dataset.train.labels[order], strict=True)
        loss = torch.stack([smoothed(logits, int(label), 0.1) for logits, label in pairs]).mean()
        adamw.zero_grad()
        loss.backward()
        adamw.step()
        losses.append(loss.item())
    means = [sum(losses[:3]) / 3, sum(losses[3:]) / 3]
    assert outcome.metrics["per_epoch"]["train_loss"] == pytest.approx(means, rel=1e-3)
    trained = weights(tmp_path)["model"]
    for key, value in model.state_dict().items():
        torch.testing.assert_close(trained[key], value, rtol=1e-3, atol=1e-3)
    model.eval()
    x = torch.from_numpy((dataset.test.images - 110.0) / 60.0).float()
    plain = functional.cross_entropy(model(x), torch.from_numpy(dataset.test.labels))
    assert outcome.metrics["per_epoch"]["test_loss"][-1] == pytest.approx(plain.item(), rel=1e-2)


def test_weight_decay_is_on_convolutions_and_linear_layers_alone() -> None:
    """As ConvNeXt's authors have it: not on biases, norms, nor the learned scale of a block."""
    model = build(parse("cifar_convnext_1_1_1_1_w16"), init=False)
    decayed, spared = optimizer(model, recipe("convnext"), torch.device("cpu")).param_groups
    names = {id(p): name for name, p in model.named_parameters()}
    spared_names = {names[id(p)] for p in spared["params"]}
    dims = {name: p.squeeze().ndim for name, p in model.named_parameters()}
    assert spared_names == {name for name, dim in dims.items() if dim == 1}
    assert (decayed["weight_decay"], spared["weight_decay"]) == (0.05, 0.0)
    assert len(decayed["params"]) + len(spared["params"]) == len(dims)


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_is_read_as_it_is_written(name: str) -> None:
    document = json.loads(json.dumps(recipe(name).to_dict()))
    assert read(Recipe, document, "recipe") == recipe(name)


def test_what_a_recipe_does_not_use_is_not_written() -> None:
    """So the trials of folders that were begun before have the keys that they had."""
    old = {"name", "epochs", "batch", "sgd", "schedule", "augmentation"}
    assert set(recipe("wrn", label_smoothing=0.0, drop_path=0).to_dict()) == old
    new = set(recipe("convnext").to_dict()) - old
    assert new == {"adamw", "label_smoothing", "drop_path"}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.parent.name)
def test_the_trials_of_the_examples_have_their_keys(path: Path) -> None:
    plan = Plan.from_document(json.loads(path.read_text("utf-8")))
    for trial in plan.trials[:3]:
        assert trial_key(trial.entry, plan.conditions, trial.seed) == trial.key


@pytest.mark.parametrize(
    ("networks", "files", "name"),
    [
        (("cifar_convnext_tiny", "cifar_convnext_1_1_2_1_w16"), False, "convnext"),
        (("convnext_tiny",), True, "convnext-imagenet"),
        (("cifar_regnet_x_400mf", "cifar_anynet_1_1_2_1_w_16_24_32_40_g_8"), False, "regnet"),
        (("wrn_28_10",), False, "wrn"),
        (("resnext50_32x4d",), True, "resnext-imagenet"),
        (("cifar_densenet121",), False, "densenet"),
    ],
)
def test_a_family_has_its_recipe(networks: tuple[str, ...], files: bool, name: str) -> None:
    assert of_family([parse(one) for one in networks], files=files) == name


@pytest.mark.parametrize(
    ("networks", "files", "says"),
    [
        (
            ("cifar_googlenet",),
            False,
            "no recipe of cifar_googlenet's family is known for 32x32",
        ),
        (("densenet121",), True, "densenet121's family is known for image folders"),
        (("wrn_16_1", "cifar_convnext_tiny"), False, "have convnext, wrn: name one of these"),
    ],
)
def test_where_there_is_not_one_recipe_it_is_said(
    networks: tuple[str, ...], files: bool, says: str
) -> None:
    with pytest.raises(UsageError, match=says):
        of_family([parse(one) for one in networks], files=files)


def test_a_family_of_ones_own_has_the_recipe_that_it_names_or_none() -> None:
    network = parse("cifar_convnext_tiny")
    assert network.design is not None
    mine = replace(network.design.family, place="mine.py")
    own = replace(network, design=network.design._replace(family=mine))
    assert of_family([own]) == "convnext"
    none = replace(network, design=network.design._replace(family=replace(mine, recipe="")))
    with pytest.raises(UsageError, match="no recipe of"):
        of_family([none])


def test_a_plan_names_the_recipe_that_the_family_has() -> None:
    chosen = single.settings("cifar_convnext_tiny", recipe="family", drop_path=0.3, epochs=3)
    assert chosen.recipe == recipe("convnext", drop_path=0.3, epochs=3)
    assert asked.settings("paper", recipe="family").recipe == recipe("resnext")
    swept = asked.settings("quick", recipe="family", templates="cifar_convnext_1_1_1_1_w16")
    assert swept.recipe == recipe("convnext", batch=32)  # not the preset's learning rate of SGD
    assert asked.settings("quick", recipe="regnet").recipe == recipe("regnet", batch=32, lr=0.1)


@pytest.mark.parametrize(
    "bad",
    [
        {"label_smoothing": 1.0},
        {"label_smoothing": -0.1},
        {"label_smoothing": float("nan")},
        {"drop_path": 1.0},
        {"drop_path": -1},
        {"beta1": 1.0},
        {"beta2": -0.5},
        {"lr": 0.0},
        {"weight_decay": float("inf")},
    ],
)
def test_a_number_out_of_range_is_refused_by_name(bad: dict[str, float]) -> None:
    with pytest.raises(UsageError, match=rf"^{next(iter(bad))} .*, not .*: give "):
        recipe("convnext", **bad)


def test_what_the_optimizer_has_not_is_refused() -> None:
    with pytest.raises(UsageError, match='the recipe convnext has no "momentum": give any of'):
        recipe("convnext", momentum=0.9)
