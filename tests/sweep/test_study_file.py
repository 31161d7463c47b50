from __future__ import annotations

import pytest

from archscope.cost import count
from archscope.errors import UsageError
from archscope.sweep.plan import settings
from archscope.sweep.study_file import read_study, study_names

GOOD = """schema = "archscope.study/1"
name = "mine"
title = "Mine"
source = "nobody"
question = "Is it so?"
measures = ["error (%)", "params"]
rows = [
    { label = "a", network = "resnet20", published = [8.75, "0.27M"], train = "1x64d" },
    { label = "b", network = "wrn_16_4-B(3,1,3)", published = [5.0, "-"] },
]
pairs = [["a", "b"]]

[presets.quick]
dataset = "shapes"
epochs = 2

[presets.own]
use = "network"
seeds = "1,5"
"""

# The studies that issue and papers ask for, by the tables and figures of both.
RESNEXT = {f"resnext-table{n}" for n in range(1, 9)} | {f"resnext-fig{n}" for n in (5, 6, 7)}
WRN = {f"wrn-table{n}" for n in range(2, 10)} | {"wrn-fig2", "wrn-fig4"}


@pytest.fixture
def own(tmp_path):
    def write(text=GOOD):
        path = tmp_path / "own.toml"
        path.write_text(text)
        return str(path)

    return write


def test_every_experiment_of_the_papers_is_a_study():
    assert set(study_names()) == RESNEXT | WRN | {"resnext-residual", "resnext-timing"}


@pytest.mark.parametrize("name", study_names())
def test_a_built_in_study_names_networks_and_presets_that_exist(name):
    study = read_study(name)
    assert study.name == name
    for row in study.rows:
        network = study.network(row)
        assert network is None or count(network).params > 0
    for preset in study.presets:
        planned = settings(study.base(preset), **study.settings(preset))
        assert set(planned.subjects.templates) == set(study.templates(preset).values())


def test_published_cells_are_those_of_the_papers():
    table4 = {row.label: row.published for row in read_study("resnext-table4").rows}
    assert table4["ResNeXt-101 64x4d"] == (20.4, 5.3)
    table5 = {row.label: row.published for row in read_study("wrn-table5").rows}
    assert table5["WRN-28-10"] == ("36.5M", 4.0, 19.25)
    assert table5["pre-activation ResNet-110"] == ("1.7M", 6.37, None)
    table6 = read_study("resnext-table6")
    assert table6.network(table6.rows[0]).classes == 5000


def test_a_file_of_ones_own_is_read(own):
    study = read_study(own())
    assert study.rows[1].published == (5.0, None)
    assert study.templates("quick") == {"a": "1x64d"}
    assert study.templates("own") == {"a": "resnet20", "b": "wrn_16_4-b(3,1,3)"}
    assert study.settings("own") == {"seeds": "1,5", "templates": ("resnet20", "wrn_16_4-b(3,1,3)")}
    assert (study.base("quick"), study.base("own")) == ("quick", "proxy")
    with pytest.raises(UsageError, match="it has quick, own"):
        study.templates("paper")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("study/1", "study/9", "line 1: schema must be"),
        ('title = "Mine"', "title = 3", "line 3: title must be a text"),
        ('question = "Is it so?"\n', "", "question must be a text"),
        ('source = "nobody"', 'sourze = "nobody"', "line 4: sourze is unknown"),
        ('measures = ["error (%)", "params"]', "measures = []", "line 6: measures must be"),
        ('network = "resnet20"', 'network = "resnet21"', "line 8: network names no network"),
        ('network = "wrn_16_4-B(3,1,3)"', "x = 1", "line 9: x is unknown"),
        (', published = [5.0, "-"]', "", "line 9: published must be 2 numbers or texts"),
        ('train = "1x64d"', 'train = "7x"', "line 8: train names no network"),
        ('label = "b"', 'label = "a"', "line 7: rows name 'a' twice"),
        ('["a", "b"]', '["a", "c"]', "line 11: pairs name 'c'"),
        ('["a", "b"]', '["a"]', "line 11: pairs must be"),
        ("epochs = 2", "epoch = 2", "line 15: epoch is unknown"),
        ('use = "network"', 'use = "all"', 'line 18: use can only be "network"'),
        ("[presets.own]", "[presets.none]", "line 17: presets.none means no training"),
        ('name = "mine"', "name = ", "this is no TOML: .*line 2"),
        ('name = "mine"', 'name = "x/../y"', "line 2: name must be a plain word"),
        ('"params"]', '"error (%)"]', "line 6: measures must be different"),
        ('"params"]', '"network"]', "line 6: measures must be different"),
        ("8.75", "nan", "line 8: published must be 2 numbers"),
        ("epochs = 2", 'epochs = "2"', "line 15: epochs cannot be '2'"),
        ("epochs = 2", "scale = inf", "line 15: scale cannot be inf"),
        ("epochs = 2", 'recipe = ["x"]', "line 15: recipe cannot be"),
        ('seeds = "1,5"', "seeds = [1.5]", "line 19: seeds cannot be"),
    ],
)
def test_a_file_that_breaks_a_rule_is_told_with_line_and_key(own, old, new, said):
    assert GOOD.count(old) >= 1
    with pytest.raises(UsageError, match=said):
        read_study(own(GOOD.replace(old, new, 1)))


def test_unknown_studies_and_unreadable_files_are_told(tmp_path):
    with pytest.raises(UsageError, match=r"there is no study 'resnext-tabel3'.*resnext-table3"):
        read_study("resnext-tabel3")
    with pytest.raises(UsageError, match=r"none\.toml cannot be read: No such file"):
        read_study(str(tmp_path / "none.toml"))
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="not UTF-8"):
        read_study(str(tmp_path / "bytes.toml"))
