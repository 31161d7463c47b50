"""Exports: what is written computes the same, and what does not is not written."""

import json
import math
import sys
import zipfile

import pytest
import torch

from archscope.arch.names import parse
from archscope.errors import ArchscopeError, UsageError
from archscope.explore.networks.export import export
from archscope.nn import export as nn_export
from archscope.nn.build import build
from archscope.nn.weights.load import load_weights

SMALL = "shufflenet_v2_x0_5"  # of 1.4 million parameters, with a layer `fc`


def weights_file(name, path, change=None):
    """Weights whose batch norms are no identities: a wrong one would show."""
    torch.manual_seed(1)
    module = build(parse(name)).eval()
    for key, value in module.state_dict().items():
        if "bn" in key and value.is_floating_point():
            value.uniform_(0.5, 1.5)
    if change:
        change(module)
    torch.save(module.state_dict(), path)
    return module


def written(name, kind, folder, **options):
    return export(name, kind, folder / "file", **options)


@pytest.mark.slow
def test_a_program_runs_by_itself_with_any_batch(tmp_path):
    module = weights_file("resnet20", tmp_path / "weights.pth")
    found = written("resnet20", "pt2", tmp_path, weights=tmp_path / "weights.pth")
    assert found.check.difference <= 1e-6 * found.check.largest and found.check.largest > 0
    with found.file.open("rb") as stream:
        program = torch.export.load(stream).module()
    images = torch.randn(5, 3, 32, 32)
    assert torch.allclose(program(images), module(images), atol=1e-5)
    with zipfile.ZipFile(found.file) as archive:  # nothing of where it was made
        assert not any(b"nn/build.py" in archive.read(name) for name in archive.namelist())


@pytest.mark.slow
def test_weights_by_torchvisions_keys(tmp_path):
    module = weights_file("resnet18", tmp_path / "weights.pth")
    options = {"weights": tmp_path / "weights.pth", "input": (3, 64, 64)}
    found = written("resnet18", "torchvision", tmp_path, **options)
    state = torch.load(found.file, weights_only=True)
    own = module.state_dict()
    assert list(state) == list(own) and all(torch.equal(state[key], own[key]) for key in own)
    assert found.size == found.file.stat().st_size and found.check.difference == 0
    body = written("resnet18", "torchvision", tmp_path, detection=True, **options)
    state = torch.load(body.file, weights_only=True)
    assert {key.removeprefix("backbone.body.") for key in state} == {
        key for key in own if not key.startswith("fc.")
    }
    assert "a backbone for detection, fasterrcnn" in body.tables()[0].title
    assert (body.document()["detection"], body.document()["detector"]) == (True, "fasterrcnn")


@pytest.mark.slow
def test_of_several_weights_the_result_says_which(tmp_path):
    file = tmp_path / "weights.pth"
    module = weights_file("resnet20", file)
    state = module.state_dict()
    averaged = {**state, "fc.bias": state["fc.bias"] + 9}
    torch.save({"state_dict": state, "state_dict_ema": averaged}, file)
    found = written("resnet20", "pt2", tmp_path, weights=file)
    assert found.document()["weights_key"] == "state_dict"
    assert found.document()["notes"] == [found.notes[0]] and "state_dict_ema" in found.notes[0]
    assert "(state_dict)" in found.tables()[0].rows[3]["value"]
    other = written("resnet20", "pt2", tmp_path, weights=file, weights_key="state_dict_ema")
    assert other.document()["weights_key"] == "state_dict_ema" and not other.notes
    assert other.check.largest != found.check.largest
    with pytest.raises(UsageError, match="give --weights as well"):
        written("resnet20", "pt2", tmp_path, weights_key="state_dict_ema")


def test_a_seed_is_the_same_weights_again(tmp_path):
    states = []
    for seed in (3, 3, 4):
        found = written(SMALL, "torchvision", tmp_path, seed=seed, input=(3, 32, 32))
        states.append(torch.load(found.file, weights_only=True)["fc.weight"])
    assert torch.equal(states[0], states[1]) and not torch.equal(states[0], states[2])


@pytest.mark.slow
def test_what_computes_something_else_is_not_kept(tmp_path, monkeypatch):
    other = weights_file("resnet20", tmp_path / "weights.pth").train()
    (tmp_path / "file").write_text("before")

    def wrong(asked):
        return right(nn_export.Export(asked.name, other.eval(), asked.kind, asked.images))

    right = nn_export._pt2
    monkeypatch.setattr(nn_export, "_pt2", wrong)
    with pytest.raises(ArchscopeError, match="outputs differ by up to") as caught:
        written("resnet20", "pt2", tmp_path)
    assert caught.value.exit_code == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "weights.pth"]
    assert (tmp_path / "file").read_text() == "before"

    monkeypatch.setattr(nn_export.Export, "content", lambda asked: b"no program")
    with pytest.raises(ArchscopeError, match="read and run again, failed with"):
        written("resnet20", "pt2", tmp_path)
    assert (tmp_path / "file").read_text() == "before"


def test_a_weight_that_differs_by_a_bit_is_seen(tmp_path, monkeypatch):
    whole = nn_export.Export.content

    def wrong(asked):
        bias = asked.module.get_parameter("fc.bias")
        with torch.no_grad():
            bias[0] = math.nextafter(float(bias[0]), 1) + 1e-45
        content = whole(asked)
        with torch.no_grad():
            bias[0] = 0
        return content

    monkeypatch.setattr(nn_export.Export, "content", wrong)
    with pytest.raises(ArchscopeError, match="a weight of the file is not the network's"):
        written(SMALL, "torchvision", tmp_path, input=(3, 32, 32))
    assert list(tmp_path.iterdir()) == []


def test_weights_that_are_no_numbers_are_not_exported(tmp_path):
    path = tmp_path / "weights.pth"
    weights_file(SMALL, path, lambda module: module.fc.bias.data.fill_(math.nan))
    with pytest.raises(ArchscopeError, match="not all finite numbers"):
        written(SMALL, "torchvision", tmp_path, weights=path, input=(3, 32, 32))
    assert [entry.name for entry in tmp_path.iterdir()] == ["weights.pth"]


def test_a_file_of_that_name_is_replaced_only_where_it_is_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    asked = {"input": (3, 32, 32)}
    assert export(SMALL, "torchvision", **asked).file.name == f"{SMALL}.pth"
    with pytest.raises(UsageError, match=r"shufflenet_v2_x0_5.pth exists already; add --output"):
        export(SMALL, "torchvision", **asked)
    again = export(SMALL, "torchvision", tmp_path / f"{SMALL}.pth", **asked)
    assert again.size > 4 * 1_300_000
    for place in (tmp_path, tmp_path / "nowhere" / "x.pth"):
        with pytest.raises(UsageError, match="name a file in an existing folder"):
            export(SMALL, "torchvision", place, **asked)


@pytest.mark.parametrize(
    ("name", "kind", "options", "rule"),
    [
        ("timm:resnet50", "pt2", {}, "only archscope's own networks"),
        ("resnet51", "pt2", {}, "6n\\+2"),
        (
            "resnet18",
            "tflite",
            {},
            "an export is to onnx, pt2, torchvision, timm, safetensors, not",
        ),
        ("resnet18", "pt2", {"detection": True}, "use --to torchvision"),
        ("resnet20", "torchvision", {}, "no counterpart"),
        ("inception_v3", "torchvision", {"detection": True}, "built on its resnets"),
    ],
)
def test_what_cannot_be_exported_is_one_sentence(name, kind, options, rule, tmp_path):
    with pytest.raises(UsageError, match=rule):
        written(name, kind, tmp_path, **options)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("kind", "package", "extra"),
    [("onnx", "onnxscript", "onnx"), ("safetensors", "safetensors.torch", "safetensors")],
)
def test_a_missing_package_names_its_extra(kind, package, extra, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(UsageError, match=rf"archscope\[{extra}\]"):
        written("resnet20", kind, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.torchvision
def test_safetensors_hold_the_weights_to_the_bit(tmp_path):
    pytest.importorskip("safetensors", reason="safetensors is an extra")
    module = weights_file("wrn_16_1", tmp_path / "weights.pth")
    target = tmp_path / "wrn.safetensors"
    found = export("wrn_16_1", "safetensors", target, weights=tmp_path / "weights.pth")
    assert found.check.difference == 0
    other = build(parse("wrn_16_1"))
    load_weights(other, target)
    own, state = module.state_dict(), other.state_dict()
    assert all(torch.equal(own[key], state[key]) for key in own)


@pytest.mark.torchvision
@pytest.mark.parametrize("name", ["resnet20", "wrn_16_2-B(3,1,3)", "inception_v3"])
def test_onnx_runs_by_itself_with_any_batch_and_is_counted(name, tmp_path):
    pytest.importorskip("onnxscript", reason="onnx is an extra")
    runtime = pytest.importorskip("onnxruntime", reason="onnx is an extra")
    from archscope.explore.networks.compare import compare

    shape = (3, 75, 75) if "inception" in name else (3, 32, 32)
    module = weights_file(name, tmp_path / "weights.pth")
    target = tmp_path / "net.onnx"
    found = export(name, "onnx", target, weights=tmp_path / "weights.pth", input=shape)
    assert found.check.against.startswith("onnxruntime ")
    assert 0 < found.check.difference <= 1e-4 * found.check.largest
    session = runtime.InferenceSession(str(target), providers=["CPUExecutionProvider"])
    images = torch.randn(5, *shape)
    (output,) = session.run(None, {"input": images.numpy()})
    with torch.no_grad():
        expected = module.eval()(images)
    assert (torch.from_numpy(output) - expected).abs().max() <= 1e-4 * expected.abs().max()
    assert b"nn/build.py" not in target.read_bytes()
    ours, theirs = compare([found.request.network, str(target)]).document()["networks"]
    assert theirs["source"].startswith("onnx ") and theirs["counted_by"] == ["onnx"]
    for key in ("macs", "activations", "classes", "input"):
        assert theirs[key] == ours[key], key
    assert theirs["fvcore_flops"] is None and theirs["params"] < ours["params"]


@pytest.mark.torchvision
def test_onnx_without_its_runtime_says_that_it_was_not_run(tmp_path, monkeypatch):
    pytest.importorskip("onnxscript", reason="onnx is an extra")
    monkeypatch.setattr("archscope.nn.export_check.find_spec", lambda name: None)
    found = written("resnet20", "onnx", tmp_path)
    assert found.document()["checked_against"] is None and found.file.exists()
    assert any("not run: onnxruntime" in str(row["value"]) for row in found.tables()[0].rows)


def test_the_command_prints_what_it_wrote(tmp_path):
    from typer.testing import CliRunner

    from archscope.cli import app

    target = tmp_path / "net.pth"
    asked = ["export", SMALL, "--to", "torchvision", "--output", str(target)]
    asked += ["--input", "3x32x32", "--classes", "7", "--seed", "2"]
    result = CliRunner().invoke(app, [*asked, "--format", "json"])
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert document["schema"] == "archscope.export/1" and document["largest_difference"] == 0
    assert (document["classes"], document["input"]) == (7, [3, 32, 32])
    assert result.stderr == f"wrote {target}\n" and document["bytes"] == target.stat().st_size
    shown = CliRunner().invoke(app, asked).stdout
    for words in ("random, drawn from seed 2", "largest difference", str(target)):
        assert words in shown
    rows = CliRunner().invoke(app, [*asked, "--format", "csv"]).stdout.splitlines()
    assert len(rows) == 2 and rows[0].startswith("name,input,classes,to")
    refused = CliRunner().invoke(app, [*asked, "--weights", str(target), "--classes", "9"])
    assert refused.exit_code == 2 and "has shape [7, 1024]" in refused.stderr
