"""Weights of a network as it is trained, given to its `-deploy`."""

import pytest
import torch

from archscope.arch.names import parse
from archscope.errors import ArchscopeError, UsageError
from archscope.explore.networks.export import export
from archscope.nn.build import build
from archscope.nn.probe import build_random
from archscope.nn.weights import fused
from archscope.nn.weights.load import load_weights
from archscope.nn.weights.theirs import to_timm

NAME = "repvgg_1_2_3_1_a0.125_b0.03125_g2"
INPUT = (3, 32, 32)


def trained(path, keys=lambda module: module.state_dict()):
    module = build_random(parse(NAME, input_shape=INPUT), seed=1).float().eval()
    torch.save(keys(module), path)
    return module


@pytest.mark.parametrize("keys", [to_timm, lambda module: {"model": module.state_dict()}])
def test_trained_weights_are_fused_for_the_deploy_form(tmp_path, keys):
    module = trained(tmp_path / "trained.pth", keys)
    found = export(
        f"{NAME}-deploy",
        "timm",
        tmp_path / "w.pth",
        weights=tmp_path / "trained.pth",
        input=INPUT,
    )
    assert f"holds the weights of {NAME}, which were fused" in found.notes[-1]
    one = build(parse(f"{NAME}-deploy", input_shape=INPUT)).eval()
    load_weights(one, tmp_path / "w.pth")
    images = torch.randn(3, *INPUT)
    with torch.no_grad():
        torch.testing.assert_close(one(images), module(images), rtol=1e-4, atol=1e-4)


def test_fused_weights_that_compute_something_else_are_refused(tmp_path, monkeypatch):
    trained(tmp_path / "trained.pth")
    right = fused.fuse
    monkeypatch.setattr(
        fused, "fuse", lambda *given: {key: 2 * value for key, value in right(*given).items()}
    )
    with pytest.raises(ArchscopeError, match="fused, must give its outputs"):
        export(
            *(f"{NAME}-deploy", "pt2", tmp_path / "w.pt2"),
            weights=tmp_path / "trained.pth",
            input=INPUT,
        )
    assert not (tmp_path / "w.pt2").exists()


def test_weights_of_another_network_are_refused(tmp_path):
    torch.save(build(parse("resnet20")).state_dict(), tmp_path / "other.pth")
    with pytest.raises(UsageError, match="the weights must be those of this network"):
        export(f"{NAME}-deploy", "pt2", weights=tmp_path / "other.pth", input=INPUT)
