import pytest

from archscope.arch.names import parse, well_known
from archscope.arch.papers.published import _entries, published_errors


def test_every_published_network_has_its_canonical_name():
    for name in {entry.network for entry in _entries()}:
        assert parse(name).name == name


def test_no_cell_of_a_table_stands_twice():
    cells = [(entry.network, entry.dataset, entry.source, entry.input) for entry in _entries()]
    assert len(cells) == len(set(cells))


@pytest.mark.parametrize(
    ("name", "classes", "error"),
    # Read off the papers: Wide ResNet, Tables 2, 3, 5, 7; ResNeXt, Tables 4 and 5.
    [
        ("wrn_22_2-B(3,1,3)", 10, 5.78),
        ("wrn_40_2", 10, 5.43),
        ("preresnet1001", 100, 22.71),
        ("imagenet_wrn_34_2", 1000, 23.39),
        ("preresnet200", 1000, 21.7),
        ("inception_resnet_v2", 1000, 19.9),
    ],
)
def test_published_errors(name, classes, error):
    leading = published_errors(parse(name, classes=classes))[0]
    assert leading.error == error  # whitened data (Table 4) never leads


@pytest.mark.parametrize(
    ("name", "size", "found"),
    # torchvision's acc@1 of its two weights; pycls's MODEL_ZOO.md; the papers' and READMEs' tables.
    [
        ("regnet_x_400mf", 224, [100 - 72.834, 100 - 74.864]),
        ("regnetx_400mf", 224, [27.3]),
        ("regnet_y_16gf", 224, [19.6, 100 - 80.424, 100 - 82.886, 100 - 83.976]),
        ("regnet_y_16gf", 384, [100 - 86.012]),
        ("efficientnet_b2", 260, [100 - 80.1, 23.4]),
        ("efficientnet_b2", 288, [100 - 80.608]),
        ("mobilenet_v2", 224, [100 - 71.8, 100 - 71.878, 100 - 72.154, 100 - 72.976]),
        ("mobilenet_v2_0.35", 96, [100 - 45.5]),
        ("mobilenet_v3_small", 224, [100 - 67.4, 100 - 67.668]),  # slim's row is of another network
        ("convnext_base", 384, [100 - 85.1, 100 - 86.8]),
        ("densenet161", 224, [22.2, 100 - 77.138]),
        ("seresnext50_32x4d", 224, [21.10, 20.97, 100 - 79.910]),
        ("seresnet50", 224, [100 - 77.028]),  # SENet's own has its stride elsewhere
        ("resnet50d", 224, [100 - 77.16, 100 - 79.078]),
        ("resnet18d", 288, [100 - 73.794]),
        ("mnasnet_a1", 224, [100 - 75.2, 100 - 75.45]),
        ("res2net50_26w_8s", 224, [20.80]),
        ("repvgg_b1g4", 224, [100 - 77.58]),
        ("repvgg_b1g4-deploy", 224, [100 - 77.58]),  # fused it computes the same
    ],
)
def test_errors_of_the_fields_families(name, size, found):
    errors = published_errors(parse(name, input_shape=(3, size, size)))
    assert [entry.error for entry in errors] == pytest.approx(found)


def test_torchvisions_errors_come_with_their_recipe():
    old, new = published_errors(parse("regnet_x_400mf"))
    assert (old.source, new.source) == (
        "torchvision 0.29.1, IMAGENET1K_V1",
        "torchvision 0.29.1, IMAGENET1K_V2",
    )
    assert old.recipe.endswith("#small-models") and new.recipe.endswith("#new-recipe-with-fixres")
    (pretrained,) = published_errors(parse("convnext_xlarge"))
    assert pretrained.recipe == "pre-trained on ImageNet-22K"


def test_errors_of_inception_are_those_of_its_input():
    assert published_errors(parse("inception_v3", input_shape=(3, 224, 224))) == []


def test_all_networks_of_the_new_tables_are_listed():
    listed = set(well_known())
    missing = {
        entry.network
        for entry in _entries()
        if "Figure 7" not in entry.source and entry.network.removesuffix("-timm") not in listed
    }
    assert missing == set()
