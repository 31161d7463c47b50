"""Every family trains on 32x32 images: one step of a tiny training."""

import math

import numpy as np
import pytest

from archscope.arch.families import registry
from archscope.arch.names import parse
from archscope.arch.network import Network
from archscope.arch.nodes import Conv, Seq
from archscope.data.dataset import Dataset, DatasetInfo, Split
from archscope.errors import UsageError
from archscope.training.job import check
from archscope.training.loop import Job, train
from archscope.training.recipe import recipe

# Their networks for 32x32 images are families of their own.
WITHOUT = {"resnet", "resnet_basic", "resnext", "wide_resnet", "preresnet"}
NAMES = sorted(f"cifar_{one.names.known[0]}" for one in registry.families() if one.names.cifar)


def noise(images: int) -> Split:
    draw = np.random.default_rng(images)
    pixels = draw.integers(0, 256, (images, 3, 32, 32)).astype(np.uint8)
    return Split(pixels, draw.integers(0, 10, images))


@pytest.mark.parametrize(
    "name",
    ["cifar_squeezenet1_1", *(pytest.param(name, marks=pytest.mark.slow) for name in NAMES)],
)
def test_a_network_for_small_images_trains(name: str) -> None:
    info = DatasetInfo("noise", "noise", None, 10, "sha256:0", False)
    dataset = Dataset(info, noise(2), noise(3), (128.0,) * 3, (64.0,) * 3)
    chosen = recipe("proxy", epochs=1, batch=2, lr=1e-3)
    done = train(Job(parse(name), chosen, 0), dataset)
    assert done.status == "done" and math.isfinite(done.metrics["per_epoch"]["test_loss"][0])


def test_a_network_that_ends_in_a_map_is_refused() -> None:
    network = Network("map", Seq(Conv(10, 3)), (3, 32, 32))
    info = DatasetInfo("noise", "noise", None, 10, "sha256:0", False)
    dataset = Dataset(info, noise(2), noise(3), (128.0,) * 3, (64.0,) * 3)
    with pytest.raises(UsageError, match=r"ends in 10x32x32: end its tree with Pool"):
        check(network, recipe("proxy", batch=2), dataset)


def test_every_family_has_a_form_for_small_images() -> None:
    sized = [one for one in registry.families() if not callable(one.input)]
    small = {one.name for one in registry.families() if one.names.cifar}
    small |= {one.name for one in sized if one.input == (3, 32, 32)}
    assert {one.name for one in registry.families()} - small == WITHOUT
