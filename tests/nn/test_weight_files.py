"""Files of weights: what loads, and what is refused without being executed."""

import os
import pickle
import zipfile

import pytest
import torch

from archscope.arch.names import parse
from archscope.errors import UsageError
from archscope.nn.build import build
from archscope.nn.weights import load_weights


class Evil:
    """Runs a command where a pickle of it is read without limits."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.system, (f"touch {self.path}",)


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(5)
    return build(parse("resnet20"))


def bare():
    torch.manual_seed(6)
    return build(parse("resnet20"))


def assert_same(one, other):
    own, state = one.state_dict(), other.state_dict()
    assert own.keys() == state.keys() and all(torch.equal(own[key], state[key]) for key in own)


@pytest.mark.parametrize(
    "wrap",
    [
        lambda state: state,
        lambda state: {"state_dict": state, "epoch": 3},  # timm's training script
        lambda state: {"model": state, "optimizer": {}},  # torchvision's references
        lambda state: {"schema": "x", "state": {"model": state, "scaler": {}}},  # a sweep's
        lambda state: {f"module.{key}": value for key, value in state.items()},
        lambda state: {"model": {f"_orig_mod.{key}": value for key, value in state.items()}},
        lambda state: {f"module._orig_mod.{key}": value for key, value in state.items()},
    ],
)
def test_state_dicts_load_however_they_are_wrapped(network, wrap, tmp_path):
    path = tmp_path / "weights.pth"
    torch.save(wrap(network.state_dict()), path)
    module = bare()
    load_weights(module, path)
    assert_same(module, network)


def test_files_of_the_format_before_zip_load(network, tmp_path):
    path = tmp_path / "old.pth"
    torch.save(network.state_dict(), path, _use_new_zipfile_serialization=False)
    assert not zipfile.is_zipfile(path)
    module = bare()
    load_weights(module, path)
    assert_same(module, network)


@pytest.mark.torchvision
def test_safetensors_load_and_a_damaged_one_is_refused(network, tmp_path):
    library = pytest.importorskip("safetensors.torch", reason="safetensors is an extra")
    path = tmp_path / "weights.safetensors"
    library.save_file(network.state_dict(), path)
    module = bare()
    load_weights(module, path)
    assert_same(module, network)
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(UsageError, match="is damaged"):
        load_weights(module, path)


@pytest.mark.parametrize("in_zip", [True, False])
def test_a_malicious_pickle_is_refused_and_not_run(in_zip, tmp_path):
    path, mark = tmp_path / "evil.pth", tmp_path / "pwned"
    if in_zip:
        torch.save({"fc.weight": Evil(mark)}, path)
        rule = r"it asks for posix\.system"
    else:
        path.write_bytes(pickle.dumps({"fc.weight": Evil(mark)}))
        rule = "weights are only tensors"
    with pytest.raises(UsageError, match=rule) as caught:
        load_weights(bare(), path)
    assert not mark.exists()
    assert "\n" not in str(caught.value)


def damaged(network, path, change):
    torch.save(network.state_dict(), path)
    content = bytearray(path.read_bytes())
    path.write_bytes(change(content))


def flip(content):
    content[len(content) // 2] ^= 1  # within the numbers, which torch reads without a checksum
    return content


@pytest.mark.parametrize(
    "change",
    [
        lambda content: content[: len(content) // 2],
        lambda content: content[:3],
        lambda content: b"",
        lambda content: b"hello",
        flip,
    ],
)
def test_a_damaged_file_is_one_sentence(network, change, tmp_path):
    path = tmp_path / "weights.pth"
    damaged(network, path, change)
    with pytest.raises(UsageError, match="damaged") as caught:
        load_weights(bare(), path)
    assert "\n" not in str(caught.value) and ". " not in str(caught.value)


def test_what_holds_no_weights_of_this_network_is_one_sentence(network, tmp_path):
    path = tmp_path / "weights.pth"
    circle = {}
    circle["model"] = circle
    for found in ([1, 2], {}, {"a": 3}, {1: torch.zeros(1)}, circle):
        torch.save(found, path)
        with pytest.raises(UsageError, match="holds no state dict"):
            load_weights(bare(), path)
    torch.save(network.state_dict(), path)
    with pytest.raises(UsageError, match=r"lacks 'layer1\.3\.bn1\.bias'"):
        load_weights(build(parse("resnet32")), path)
    with pytest.raises(UsageError, match=r"'fc.weight' has shape \[10, 64\]"):
        load_weights(build(parse("resnet20", classes=7)), path)
    with pytest.raises(UsageError, match=r"the weights .* cannot be read"):
        load_weights(bare(), tmp_path / "nothing.pth")
    with pytest.raises(UsageError, match=r"the weights .* cannot be read"):
        load_weights(bare(), tmp_path)
