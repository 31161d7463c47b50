"""Beside torchvision's and timm's own networks (make test-torchvision)."""

import pytest
import torch

from archscope.arch.names import parse
from archscope.arch.papers.published_tables import published_tables
from archscope.cost import count
from archscope.errors import ArchscopeError
from archscope.explore.networks.compare import compare
from archscope.explore.networks.export import export
from archscope.explore.networks.opened import open_network
from archscope.nn.build import build
from archscope.nn.weights.load import from_torchvision, load_weights
from archscope.nn.weights.theirs import to_torchvision

pytestmark = pytest.mark.torchvision
REASON = "torchvision and timm are extras: make test-torchvision"
torchvision = pytest.importorskip("torchvision", reason=REASON)
timm = pytest.importorskip("timm", reason=REASON)

NAMES = [
    *("resnet18", "resnet50", "resnet101", "resnext50_32x4d", "resnext101_32x8d"),
    *("wide_resnet50_2", "inception_v3"),
]
TIMM = [*NAMES, "inception_v4", "inception_resnet_v2"]


def theirs(name, package="torchvision"):
    """Their model with weights whose batch norms are no identities, in double precision."""
    torch.manual_seed(0)
    options = {"aux_logits": False, "init_weights": False} if name == "inception_v3" else {}
    if package == "timm":
        model = timm.create_model(name, pretrained=False)
    else:
        model = torchvision.models.get_model(name, weights=None, **options)
    for part in model.modules():
        if isinstance(part, torch.nn.BatchNorm2d):
            part.running_mean.uniform_(-0.5, 0.5)
            part.running_var.uniform_(0.5, 1.5)
            torch.nn.init.uniform_(part.weight, 0.5, 1.0)
            torch.nn.init.uniform_(part.bias, -0.5, 0.5)
    return model.double().eval()


def images(name):
    return torch.randn(2, 3, *((97, 101) if "inception" in name else (65, 97)), dtype=torch.float64)


def assert_same_outputs(ours, model, x):
    """To about the last digit: sums may run in another order."""
    with torch.no_grad():
        one, other = ours(x), model(x)
    assert other.abs().max() > 0
    assert (one - other).abs().max() <= 1e-12 * other.abs().max()


@pytest.mark.parametrize("name", NAMES)
def test_our_module_is_torchvisions(name):
    model, ours = theirs(name), build(parse(name), init=False).double().eval()
    assert list(ours.state_dict()) == list(model.state_dict())
    params = sum(weight.numel() for weight in model.parameters())
    assert count(parse(name)).params == params
    from_torchvision(ours, model.state_dict())
    assert_same_outputs(ours, model, images(name))
    model.load_state_dict(to_torchvision(ours), strict=True)


@pytest.mark.parametrize("name", NAMES)
def test_compare_counts_torchvisions_network_as_ours(name):
    """And as torchvision's metadata has it: parameters, and 10^9 multiply-adds to 3 places."""
    ours, other = compare([name, f"torchvision:{name}"]).document()["networks"]
    aux = (
        27_161_264 - 23_834_568 if name == "inception_v3" else 0
    )  # torchvision's has the side head
    for key in ("macs", "activations", "classes", "input", "fvcore_by_operator"):
        assert ours[key] == other[key], key
    assert other["params"] - ours["params"] == aux
    meta = next(iter(torchvision.models.get_model_weights(name))).meta
    assert (other["params"], round(other["macs"] / 1e9, 3)) == (meta["num_params"], meta["_ops"])
    assert other["source"] == f"torchvision {torchvision.__version__}"


@pytest.mark.parametrize("name", ["regnet_y_400mf", "mobilenet_v3_small", "efficientnet_b1"])
def test_networks_that_are_not_ours_are_counted_as_published(name):
    (other,) = compare([f"torchvision:{name}"]).document()["networks"]
    weights = torchvision.models.get_model_weights(name)
    published = {entry.meta["_ops"] for entry in weights}
    assert round(other["macs"] / 1e9, 3) in published
    assert other["params"] == weights.DEFAULT.meta["num_params"]


def test_timms_networks_have_timms_inputs():
    (small, inception) = compare(["timm:resnext50_32x4d", "timm:inception_v4"]).networks
    assert small.count.macs == 4_230_479_872 and small.count.params == 25_028_904
    assert inception.network.input == (3, 299, 299) and inception.count.params == 42_679_816
    assert inception.count.macs == count(parse("inception_v4")).macs
    (ten,) = compare(["timm:resnet18"], classes=10).document()["networks"]
    assert (ten["params"], ten["classes"]) == (11_181_642, 10)  # 11,689,512 - 990 * 513


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("timm:resnet50x", "did you mean resnet50"),
        ("timm:hf-hub:timm/resnet50", "has no model 'hf-hub"),  # would be downloaded
        ("timm:", "has no model ''; name one of"),
        ("timm:resnet50.bogus", "Invalid pretrained tag"),
        ("torchvision:resnext50", "did you mean resnext50_32x4d"),
        ("torchvision:fasterrcnn_resnet50_fpn", "classification"),
    ],
)
def test_models_that_they_lack_are_refused(text, rule):
    with pytest.raises(ArchscopeError, match=rule):
        open_network(text)


@pytest.mark.parametrize("name", TIMM)
@pytest.mark.parametrize("kind", ["pth", "safetensors"])
def test_timms_weights_load(name, kind, tmp_path):
    library = pytest.importorskip("safetensors.torch")
    model, path = theirs(name, "timm"), tmp_path / f"weights.{kind}"
    if kind == "pth":
        torch.save({"state_dict": model.state_dict(), "epoch": 1}, path)
    else:
        library.save_file(model.state_dict(), path)
    ours = build(parse(name)).double().eval()
    load_weights(ours, path)
    assert_same_outputs(ours, model, images(name))


@pytest.mark.parametrize("name", ["resnet18", "resnet50", "resnext50_32x4d", "resnext101_32x8d"])
@pytest.mark.parametrize("norm", [torch.nn.BatchNorm2d, None], ids=["learning", "frozen"])
def test_a_backbone_loads_into_faster_rcnn(name, norm):
    detection = torchvision.models.detection
    norm = norm or torchvision.ops.FrozenBatchNorm2d
    backbone = detection.backbone_utils.resnet_fpn_backbone(
        backbone_name=name, weights=None, norm_layer=norm
    )
    model = detection.FasterRCNN(backbone, num_classes=91).double().eval()
    ours = build(parse(name)).double().eval()
    from_torchvision(ours, theirs(name).state_dict())
    missing, unexpected = model.load_state_dict(
        to_torchvision(ours, detector="fasterrcnn"), strict=False
    )
    assert not unexpected and missing
    assert not [key for key in missing if key.startswith("backbone.body.")]
    x = images(name)
    with torch.no_grad():
        maps = list(model.backbone.body(x).values())
        for index, found in enumerate(maps):
            expected = run_to(ours, f"layer{index + 1}", x)
            assert (expected - found).abs().max() <= 1e-12 * found.abs().max()


def run_to(module, name, x):
    kept = []
    handle = module.get_submodule(name).register_forward_hook(
        lambda *call: kept.append(call[2].clone())
    )
    module(x)
    handle.remove()
    return kept[0]


def test_faster_rcnn_by_its_own_function_takes_the_export(tmp_path):
    found = export("resnet50", "torchvision", tmp_path / "body.pth", detection=True)
    assert "Faster R-CNN on resnet50" in found.check.against and found.check.difference >= 0
    model = torchvision.models.detection.fasterrcnn_resnet50_fpn(
        weights=None, weights_backbone=None
    )
    state = torch.load(found.file, weights_only=True)
    missing, unexpected = model.load_state_dict(state, strict=False)
    assert not unexpected and not [key for key in missing if key.startswith("backbone.body.")]


@pytest.mark.parametrize(
    "name", ["resnet18", "resnext50_32x4d", "inception_v3", "inception_v3-aux"]
)
def test_an_export_runs_in_torchvisions_own_model(name, tmp_path):
    torch.save(theirs(name.removesuffix("-aux")).float().state_dict(), tmp_path / "w.pth")
    weights = None if name.endswith("-aux") else tmp_path / "w.pth"
    found = export(name, "torchvision", tmp_path / "net.pth", weights=weights)
    plain = name.removesuffix("-aux")
    assert found.check.against == f"torchvision {torchvision.__version__}'s {plain}"
    assert found.check.difference <= 1e-5 * found.check.largest


def test_a_network_without_a_function_there_is_read_again_by_ours(tmp_path):
    found = export("resnext50_2x40d", "torchvision", tmp_path / "net.pth")
    assert found.check.against.startswith("archscope from the file's weights")
    model = torchvision.models.ResNet(
        torchvision.models.resnet.Bottleneck, [3, 4, 6, 3], groups=2, width_per_group=40
    )
    model.load_state_dict(torch.load(found.file, weights_only=True), strict=True)


def weights_of(row):
    """The metadata behind a row of the published tables, and the size that its images have."""
    weights = torchvision.models.get_model_weights(row["row"])[row["weights"]]
    return weights.meta, weights.transforms().crop_size[0]


TABLE = published_tables("torchvision")[0]["rows"]


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row['network']} {row['weights']}")
def test_a_published_row_is_what_the_weights_metadata_say(row):
    meta, size = weights_of(row)
    accuracy = meta["_metrics"]["ImageNet-1K"]["acc@1"]
    assert (row["error"], row["recipe"]) == (pytest.approx(100 - accuracy), meta["recipe"])
    assert row.get("input", 224) == size
    assert row.get("params", f"{meta['num_params']:,}") == f"{meta['num_params']:,}"
    assert row.get("macs", f"{meta['_ops']}G") == f"{meta['_ops']}G"


def test_no_network_or_weights_of_a_family_of_ours_are_left_out():
    transformers = ("maxvit", "swin", "vit")
    known = {
        (name, member.name)
        for name in torchvision.models.list_models(module=torchvision.models)
        for member in torchvision.models.get_model_weights(name)
        if not name.startswith(transformers) and member.name != "IMAGENET1K_FEATURES"
    }
    assert {(row["row"], row["weights"]) for row in TABLE} == known
