import pytest

from archscope.arch.names import parse, well_known
from archscope.arch.papers.published import _entries, published_errors


def test_every_published_network_has_its_canonical_name():
    for name in {entry.network for entry in _entries()}:
        assert parse(name).name == name


def test_no_cell_of_a_table_stands_twice():
    cells = [(entry.network, entry.dataset, entry.source) for entry in _entries()]
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


def test_errors_of_inception_are_those_of_its_input():
    assert published_errors(parse("inception_v3", input_shape=(3, 224, 224))) == []


def test_all_networks_of_the_new_tables_are_listed():
    listed = set(well_known())
    missing = {
        entry.network
        for entry in _entries()
        if "Figure 7" not in entry.source and entry.network not in listed
    }
    assert missing == set()
