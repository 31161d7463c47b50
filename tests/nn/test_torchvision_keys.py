"""Families whose labels are not torchvision's keys; beside torchvision itself in `*_live.py`."""

import gzip
import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from archscope.arch.families import registry
from archscope.arch.families.keys import Keys
from archscope.arch.names import parse
from archscope.arch.nodes import Linear, Seq
from archscope.errors import UsageError
from archscope.nn.build import build
from archscope.nn.weights.load import from_torchvision, load_weights
from archscope.nn.weights.theirs import state_of, to_torchvision

# Made by make_torchvision_keys.py beside this file, where torchvision is installed.
KEPT = json.loads(
    gzip.decompress(Path(__file__).with_name("torchvision_keys.json.gz").read_bytes())
)["families"]
SMALL = [
    *("mobilenet_v2_0.1", "mobilenet_v3_small_0.25", "mnasnet_0.2", "efficientnet_0.25_0.3_64"),
    *("regnety_6_24_36_2.5_8", "densenet_2_2_2_2_k8", "convnext_1_2_1_1_w16", "shufflenet_v2_24"),
    *("squeezenet1_1", "googlenet-aux"),
]


def drawn(name):
    """A module none of whose weights are equal."""
    torch.manual_seed(0)
    module = build(parse(name), init=False)
    for value in module.state_dict().values():
        value.copy_(torch.rand(value.shape) + 0.5 if value.is_floating_point() else 3)
    return module.eval()


def on_meta(name):
    with torch.device("meta"):
        return build(parse(name), init=False)


@pytest.mark.parametrize("name", KEPT)
def test_keys_and_shapes_are_torchvisions(name):
    module = on_meta("googlenet-aux" if name == "googlenet" else name)
    found = {key: list(value.shape) for key, value in state_of(module, "torchvision").state.items()}
    assert found == KEPT[name]


def test_the_keys_of_every_family_that_declares_them_are_kept():
    declared = {one.name for one in registry.families() if one.torchvision}
    kept = {parse(name).design.family.name for name in KEPT}
    # As regnetx and mobilenet_v3_small have them; in test_weights.py.
    besides = {"anynet", "mobilenet_v3_large", "inception_v3"}
    assert declared - besides == kept


@pytest.mark.parametrize("name", SMALL)
def test_weights_go_to_torchvision_and_back(name):
    one, other = drawn(name), build(parse(name)).eval()
    from_torchvision(other, to_torchvision(one))
    own, found = one.state_dict(), other.state_dict()
    assert all(torch.equal(own[key], found[key]) for key in own)


def test_a_file_by_either_keys_loads(tmp_path):
    module = drawn("convnext_1_2_1_1_w16")
    for index, state in enumerate((module.state_dict(), to_torchvision(module))):
        path = tmp_path / f"{index}.pth"
        torch.save(state, path)
        other = build(parse("convnext_1_2_1_1_w16")).eval()
        load_weights(other, path)
        x = torch.ones(1, 3, 64, 64)
        assert torch.equal(module(x), other(x))


def test_torchvisions_keys_are_found_in_what_a_training_program_wrote(tmp_path):
    """Below a key, behind prefixes, beside a loss's own weights and another network's."""
    module, other = drawn("mobilenet_v2_0.1"), build(parse("mobilenet_v2_0.1")).eval()
    state = {f"module.model.{key}": value for key, value in to_torchvision(module).items()}
    held = {"model": {"other": torch.ones(1)}, "best": {**state, "loss.weight": torch.ones(2)}}
    torch.save(held, tmp_path / "w.pth")
    found = load_weights(other, tmp_path / "w.pth")
    assert (found.key, found.left_out) == ("best", ("loss.weight",))
    x = torch.ones(1, 3, 64, 64)
    assert torch.equal(module(x), other(x))


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (lambda state: state.pop("features.0.0.weight"), "lacks 'features.0.0.weight'"),
        (lambda state: state.update({"conv1.weight": torch.ones(1)}), "adds 'conv1.weight'"),
        (
            lambda state: state.update({"classifier.1.bias": torch.ones(5)}),
            r"'classifier.1.bias' has shape \[5\], not \[1000\]",
        ),
    ],
)
def test_loading_is_strict_in_torchvisions_own_words(change, rule):
    module = drawn("mobilenet_v2_0.1")
    state = to_torchvision(module)
    change(state)
    with pytest.raises(UsageError, match=rule):
        from_torchvision(module, state)


def test_densenets_published_files_name_layers_with_a_dot():
    """torchvision 0.2's `norm.1`, in the files that it still gives out, without counters."""
    one, other = drawn("densenet_2_2_2_2_k8"), build(parse("densenet_2_2_2_2_k8")).eval()
    parts = {"norm1": "norm.1", "norm2": "norm.2", "conv1": "conv.1", "conv2": "conv.2"}
    state = {}
    for key, value in to_torchvision(one).items():
        head, layer, rest = key.rpartition("denselayer")
        for new, old in parts.items():
            rest = rest.replace(f".{new}.", f".{old}.") if layer else rest
        if not key.endswith("num_batches_tracked"):
            state[head + layer + rest] = value
    assert "features.denseblock1.denselayer1.norm.1.weight" in state
    from_torchvision(other, state)
    x = torch.ones(1, 3, 64, 64)
    assert torch.equal(one(x), other(x))


def test_googlenets_side_heads_may_be_left_over():
    whole, main = drawn("googlenet-aux"), build(parse("googlenet")).eval()
    from_torchvision(main, to_torchvision(whole))
    x = torch.ones(1, 3, 64, 64)
    assert torch.equal(whole(x), main(x))
    with pytest.raises(UsageError, match=r"lacks 'aux1\."):
        from_torchvision(whole, to_torchvision(main))


def test_mnasnets_say_the_version_that_torchvision_asks_for(tmp_path):
    torch.save(to_torchvision(drawn("mnasnet_0.2")), tmp_path / "m.pth")
    state = torch.load(tmp_path / "m.pth", weights_only=True)
    assert state._metadata[""] == {"version": 2}


@pytest.mark.parametrize("name", ["cifar_mobilenet_v2_0.1", "cifar_inception_v3", "seresnet50"])
def test_forms_and_families_that_torchvision_lacks_are_refused(name):
    with pytest.raises(UsageError, match="no counterpart"):
        to_torchvision(on_meta(name))


def test_a_tree_that_is_no_longer_its_familys_has_no_counterpart():
    network = parse("mobilenet_v2_0.1")
    tree = Seq(*network.tree.children[:-1], Linear(10, label="other"))
    with pytest.raises(UsageError, match="no counterpart"):
        to_torchvision(build(replace(network, tree=tree), init=False))


def test_places_are_counted_under_what_stands_before_them():
    keys = Keys(
        {r"(conv|act)\d*": r"f.[\g<0>]", r"b(\d)\.(\d)\.(\w+)": r"f.[b\1].n[\2+1].[\3]", "fc": "c"}
    )
    ours = ["conv1.weight", "conv1.bias", "act", "b1.0.x.weight", "b1.0.y", "b1.3.y.weight"]
    ours += ["b2.0.y.weight", "fc.bias", "fc2.bias"]
    assert keys.named(ours) == {
        "conv1.weight": "f.0.weight",
        "conv1.bias": "f.0.bias",
        "act": "f.1",
        "b1.0.x.weight": "f.2.n1.0.weight",
        "b1.0.y": "f.2.n1.1",
        "b1.3.y.weight": "f.2.n2.0.weight",
        "b2.0.y.weight": "f.3.n1.0.weight",
        "fc.bias": "c.bias",
    }
