"""Files of weights: what loads, and what is refused without being executed."""

import argparse
import os
import pickle
import zipfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from archscope.arch.names import parse
from archscope.errors import UsageError
from archscope.nn.build import build
from archscope.nn.weights.checkpoints import find_weights
from archscope.nn.weights.load import load_weights


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
        lambda state: {"net": {f"module.{key}": value for key, value in state.items()}, "acc": 94},
        lambda state: {"model_state": state, "cfg": "text"},
        lambda state: {"checkpoint": {"model_state_dict": state}, "rng": {"cpu": torch.zeros(9)}},
        lambda state: {"unheard_of": state, "epoch": 3},
        lambda state: {  # Lightning's, with the loss's own weight beside
            "state_dict": {"loss.weight": torch.ones(3)}
            | {f"model.backbone.{key}": value for key, value in state.items()},
            "hyper_parameters": {"lr": 0.1},
        },
        lambda state: {  # torch's AveragedModel, alone
            "model_ema": {"n_averaged": torch.tensor(7)}
            | {f"module.module.{key}": value for key, value in state.items()}
        },
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
    for prefix in ("", "module.", "_orig_mod.model."):
        library.save_file({prefix + key: x for key, x in network.state_dict().items()}, path)
        module = bare()
        load_weights(module, path)
        assert_same(module, network)
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(UsageError, match="is damaged"):
        load_weights(module, path)


def test_of_several_weights_those_that_were_trained_are_taken_and_told(network, tmp_path):
    path, module = tmp_path / "weights.pth", bare()
    trained = network.state_dict()
    averaged = {f"module.{key}": torch.ones_like(value) for key, value in trained.items()}
    torch.save({"ema": {"shadow": averaged}, "state_dict_ema": averaged, "net": trained}, path)
    found = load_weights(module, path)
    assert_same(module, network)
    assert found.key == "net" and len(found.notes("w.pth")) == 1
    assert "'net' in w.pth" in found.notes("w.pth")[0]
    assert found.notes("w.pth")[0].endswith("state_dict_ema, ema.shadow")
    found = load_weights(module, path, "ema.shadow")
    assert torch.equal(module.state_dict()["fc.weight"], torch.ones(10, 64))
    assert found.key == "ema.shadow" and not found.notes("w.pth")
    with pytest.raises(
        UsageError, match=r"under 'nett' in .*; name one of ema\.shadow, state_dict"
    ):
        load_weights(module, path, "nett")
    torch.save({"student": trained, "teacher": averaged}, path)
    with pytest.raises(UsageError, match="name one with --weights-key: student, teacher"):
        load_weights(module, path)
    torch.save(trained, path)
    with pytest.raises(UsageError, match="leave --weights-key out"):
        load_weights(module, path, "net")


def test_a_network_whose_own_keys_begin_like_a_wrapper_keeps_them():
    state = {"backbone.x": torch.zeros(1), "model.y": torch.zeros(1)}
    for wrapped in (state, {f"module.{key}": value for key, value in state.items()}):
        assert find_weights(wrapped, [list(state)], "w.pth").state == state


def test_buffers_of_counters_are_left_out_and_told(network, tmp_path):
    path, module, state = tmp_path / "weights.pth", bare(), network.state_dict()
    counted = {name: torch.zeros(1) for name in ("total_ops", "conv1.total_params", "fc.total_ops")}
    torch.save({f"module.{key}": value for key, value in {**state, **counted}.items()}, path)
    found = load_weights(module, path)
    assert_same(module, network)
    (note,) = found.notes("w.pth")
    assert note == (
        "3 entries of w.pth are no weights of the network and were left out: total_ops, "
        "total_params"
    )


@pytest.mark.parametrize("zipped", [True, False])
def test_plain_data_beside_weights_is_read_and_nothing_else(network, tmp_path, zipped):
    path, mark, module = tmp_path / "weights.pth", tmp_path / "pwned", bare()
    options = argparse.Namespace(lr=0.1, folder=Path("/data"), more=SimpleNamespace(seed=3))
    numbers = {"best": np.float64(70.1), "epoch": np.int64(3), "curve": np.arange(4.0)}
    document = {"model": network.state_dict(), "args": options, **numbers}
    torch.save(document, path, _use_new_zipfile_serialization=zipped)
    before = set(torch.serialization.get_safe_globals())
    load_weights(module, path)
    assert_same(module, network)
    assert set(torch.serialization.get_safe_globals()) == before
    for hostile in (argparse.Namespace(x=Evil(mark)), np.array([Evil(mark)], dtype=object)):
        torch.save({**document, "args": hostile}, path, _use_new_zipfile_serialization=zipped)
        with pytest.raises(UsageError, match=r"asks for posix\.system"):
            load_weights(bare(), path)
    assert not mark.exists()


def nested_key(levels):
    """A pickle of {key: None} whose key is a tuple of itself twice, so many levels deep."""
    twice = pickle.BINPUT + b"\0" + pickle.BINGET + b"\0"
    key = pickle.EMPTY_TUPLE + (twice + pickle.TUPLE2) * levels
    return pickle.PROTO + b"\2" + pickle.EMPTY_DICT + key + pickle.NONE + pickle.SETITEM + b"."


@pytest.mark.parametrize("zipped", [True, False])
def test_a_key_that_would_hash_for_ever_is_refused(zipped, tmp_path):
    path = tmp_path / "weights.pth"
    torch.save({}, path, _use_new_zipfile_serialization=zipped)
    content = pickle.dumps({}, protocol=2)
    for levels, rule in ((3, "holds no state dict"), (60, "nests its tuples without end")):
        changed = tmp_path / "changed.pth"
        if zipped:
            with zipfile.ZipFile(path) as old, zipfile.ZipFile(changed, "w") as new:
                for name in old.namelist():
                    is_pickle = name.endswith(".pkl")
                    new.writestr(name, nested_key(levels) if is_pickle else old.read(name))
        else:
            assert content in path.read_bytes()
            changed.write_bytes(path.read_bytes().replace(content, nested_key(levels)))
        with pytest.raises(UsageError, match=rule):
            load_weights(bare(), changed)


def test_tuples_within_tuples_alone_are_no_reason_to_refuse(network, tmp_path):
    """A file's depth is that of one tuple: many beside each other do not add up."""
    path, module = tmp_path / "weights.pth", bare()
    shapes = {(index, (index, (3, 3))): [index] * 100 for index in range(500)}
    torch.save({"model": network.state_dict(), "shapes": shapes}, path)
    load_weights(module, path)
    assert_same(module, network)


@pytest.mark.parametrize("in_zip", [True, False])
def test_a_malicious_pickle_is_refused_and_not_run(in_zip, tmp_path):
    path, mark = tmp_path / "evil.pth", tmp_path / "pwned"
    if in_zip:
        torch.save({"fc.weight": Evil(mark)}, path)
        rule = r"asks for posix\.system"
    else:
        path.write_bytes(pickle.dumps({"fc.weight": Evil(mark)}))
        rule = "asks for more than data"
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
def test_a_damaged_file_is_one_sentence(network, change, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = Path("weights.pth")
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
