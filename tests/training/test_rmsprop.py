"""RMSProp and a learning rate that falls by a factor every so many epochs: the mobile families."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import torch
from test_drop_path import STAGE
from test_loop import Unplugged, assert_same, data, stop_after, unplug_at, weights

from archscope.arch.families.registry import families
from archscope.arch.names import parse
from archscope.errors import UsageError
from archscope.nn.build import build
from archscope.sweep.plan import settings as asked
from archscope.training.job import Job
from archscope.training.loop import Stopped, train
from archscope.training.optimizer import optimizer
from archscope.training.parts import Recipe, RmsProp, Schedule, Sgd
from archscope.training.recipe import RECIPES, learning_rate, of_family, recipe


def test_efficientnet_and_mnasnet_are_trained_as_their_papers_say() -> None:
    """RMSProp of 0.9 and 0.9, 0.256 for 4,096 images, times 0.97 every 2.4 epochs, decay 1e-5."""
    for name, drop_path in (("efficientnet", 0.2), ("mnasnet", None)):
        it = recipe(name)
        chosen = it.rmsprop
        assert it.optimizer is chosen and chosen is not None
        assert (chosen.alpha, chosen.momentum, chosen.weight_decay) == (0.9, 0.9, 1e-5)
        assert (it.epochs, it.batch, it.label_smoothing, it.drop_path) == (350, 128, 0.1, drop_path)
        peak = 0.256 * 128 / 4096
        rates = [learning_rate(it, at) for at in (2.5, 7.1, 7.3, 24.1)]  # of 5 that rise
        assert rates == pytest.approx([peak / 2, peak * 0.97**2, peak * 0.97**3, peak * 0.97**10])


def test_mobilenets_are_trained_as_the_programs_say() -> None:
    two, three = recipe("mobilenet-v2"), recipe("mobilenet-v3")
    assert learning_rate(two, 0) == pytest.approx(0.045 * 128 / 96)
    assert learning_rate(two, 5.1) == pytest.approx(0.06 * 0.98**2)
    assert two.optimizer.weight_decay == 4e-5
    assert round(two.epochs * 1_281_167 / 768, -4) == 700_000  # steps of 8 x 96 images
    assert learning_rate(three, 4.1) == pytest.approx(0.064 * 128 / 1024 * 0.973**2)


@pytest.mark.parametrize("every", [1, 2, 30])
def test_the_drops_are_torchs(every: int) -> None:
    schedule = Schedule("exponential", factor=0.973, every=every)
    it = Recipe("mine", 40, sgd=Sgd(lr=0.4), schedule=schedule)
    sgd = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.4)
    theirs = torch.optim.lr_scheduler.StepLR(sgd, every, 0.973)
    for epoch in range(40):
        assert learning_rate(it, epoch) == pytest.approx(sgd.param_groups[0]["lr"], rel=1e-9)
        assert learning_rate(it, epoch + 0.99) == learning_rate(it, epoch)
        sgd.step()
        theirs.step()


def test_a_shorter_training_ends_at_the_same_rate() -> None:
    long, short = recipe("efficientnet"), recipe("efficientnet", epochs=35)
    for part in (0.01, 0.3, 0.999):
        assert learning_rate(short, 35 * part) == pytest.approx(learning_rate(long, 350 * part))
    assert recipe("efficientnet", epochs=35, every=2.4).schedule.every == 2.4
    assert recipe("efficientnet", schedule="cosine").schedule.every is None


def test_a_step_is_the_formula() -> None:
    """v = a v + (1 - a) g^2, m = momentum m + g / (sqrt(v) + eps), w = w - lr m; decay is in g."""
    model = build(parse("cifar_mobilenet_v2_0.1"))
    mine = copy.deepcopy(model)
    chosen = RmsProp(lr=0.02, weight_decay=0.3)
    plan = Recipe("mine", 1, sgd=None, rmsprop=chosen)
    theirs = optimizer(model, plan, torch.device("cpu"))
    pairs = list(zip(model.named_parameters(), mine.parameters(), strict=True))
    squares = [torch.zeros_like(w) for _, w in pairs]
    moves = [torch.zeros_like(w) for _, w in pairs]
    for _ in range(3):
        for place, ((_, param), w) in enumerate(pairs):
            g = torch.randn_like(w)
            param.grad = g.clone()
            if w.ndim > 1:
                g = g + 0.3 * w.detach()
            squares[place] = 0.9 * squares[place] + 0.1 * g**2
            moves[place] = 0.9 * moves[place] + g / (squares[place].sqrt() + 0.0316)
            w.data -= 0.02 * moves[place]
        theirs.step()
    for (name, param), w in pairs:
        torch.testing.assert_close(param, w, msg=name)


@pytest.mark.parametrize("how", ["kill -9", "stopped"])
def test_an_interrupted_run_is_the_same_run(how: str, tmp_path: Path) -> None:
    chosen = recipe("efficientnet", epochs=3, batch=32, lr=0.01, drop_path=0.5, pad=1)
    job = Job(STAGE, chosen, 4)
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    expected = train(job, data(), folder=whole)
    error = Unplugged if how == "kill -9" else Stopped
    with pytest.raises(error):
        train(job, data(), folder=cut, on_step=(unplug_at if error is Unplugged else stop_after)(9))
    torch.manual_seed(99)
    assert train(job, data(), folder=cut).metrics == expected.metrics
    assert_same(weights(cut), weights(whole))


def test_a_preset_leaves_it_its_learning_rate() -> None:
    swept = asked.settings("quick", recipe="family", templates="cifar_mobilenet_v2").recipe
    assert swept == recipe("mobilenet-v2", batch=32)  # not the preset's learning rate of SGD


def test_each_family_with_a_recipe_is_one_that_there_is() -> None:
    found = {family.recipe for family in families()} - {""}
    assert len(found) > 10 and found <= set(RECIPES)


def test_a_family_of_ones_own_may_name_a_recipe(tmp_path: Path) -> None:
    own = tmp_path / "own.py"
    text = (Path(__file__).parents[2] / "examples" / "own_family.py").read_text("utf-8")
    own.write_text(text.replace("channels=1,", 'channels=1, recipe="vgg",'))
    assert of_family([parse(f"{own}:plainnet_2_32")]) == "vgg"


@pytest.mark.parametrize(
    ("networks", "files", "name"),
    [
        ("resnet20 preresnet110 resnet50", False, "resnet"),
        ("resnet18", True, "resnet-imagenet"),
        ("seresnext50_32x4d res2net50_26w_4s resnext50_32x4d", True, "resnext-imagenet"),
        ("efficientnet_b0 efficientnet_v2_s", True, "efficientnet-imagenet"),
        ("cifar_mobilenet_v3_large cifar_mobilenet_v3_small", False, "mobilenet-v3"),
        ("mnasnet1_0", True, "mnasnet-imagenet"),
        ("cifar_vgg11 cifar_vgg16_bn alexnet", False, "vgg"),
    ],
)
def test_a_family_has_its_recipe(networks: str, files: bool, name: str) -> None:
    assert of_family([parse(one) for one in networks.split()], files=files) == name


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ({"alpha": 1.0}, r"alpha lies in \[0, 1\), not 1.0"),
        ({"momentum": -1}, r"momentum lies in \[0, 1\)"),
        ({"eps": 0.0}, "eps is above 0"),
        ({"every": 0}, "every is epochs above 0, for an exponential schedule, not 0: give 2.4"),
        ({"every": float("inf")}, "every is epochs above 0"),
        ({"schedule": "cosine", "every": 2}, "every is epochs above 0, for an exponential"),
        ({"nesterov": True}, 'the recipe mnasnet has no "nesterov"'),
    ],
)
def test_a_number_out_of_range_is_refused(bad: dict[str, object], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        recipe("mnasnet", **bad)


def test_there_is_one_optimizer() -> None:
    with pytest.raises(UsageError, match="the optimizer is one of sgd, adamw and rmsprop, not 2"):
        Recipe("mine", 1, rmsprop=RmsProp())
