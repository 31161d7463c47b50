"""The library's surface, as the docstring of the package shows it."""

import pytest
from sweep_fixture import write_fake_sweep

import archscope as a
from archscope.errors import ArchscopeError, InfeasibleError, UsageError


def test_the_names_of_the_package_are_there():
    for name in a.__all__:
        assert callable(getattr(a, name)), name
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        a.nothing  # noqa: B018


def test_the_library_speaks_the_commands_words():
    net = a.network("resnext50_32x4d")
    assert a.count(net).macs == 4_230_479_872
    assert a.solve_width(cardinality=32).name == "32x4d"
    frame = a.compare(["resnet20", net], counter="formula").to_frame()
    assert list(frame["name"]) == ["resnet20", "resnext50_32x4d"]
    assert list(frame["params"]) == [272_474, 25_028_904]
    assert sum(weight.numel() for weight in a.build(a.network("resnet20")).parameters()) == 272_474


def test_a_sweep_is_loaded_from_its_folder(tmp_path):
    folder = write_fake_sweep(tmp_path / "sweep", templates=("1x64d", "2x64d"), seeds=(1, 2))
    frame = a.load_sweep(folder).to_frame()
    assert list(frame["template"]) == ["1x64d", "1x64d", "2x64d", "2x64d"]
    assert set(frame["status"]) == {"done"}
    with pytest.raises(ArchscopeError, match="nothing"):
        a.load_sweep(tmp_path / "nothing")


def test_networks_are_solved_backwards_and_enumerated_from_the_library():
    """WRN-28-10 has 36.5M parameters (Wide ResNet, Table 4)."""
    from archscope.explore.design.enumerate import Order, Query

    found = a.inverse("wrn_28", "36.5M params and 5.2GMACs")
    assert found.answers[0].designs[0].values["widen"] == 10
    assert {limit.metric for limit in found.limits} == {"params", "macs"}
    with pytest.raises(InfeasibleError, match="wrn_28_1 with"):
        a.inverse("wrn_28", [found.limits[0], "1 MACs"])
    with pytest.raises(UsageError, match="limited twice"):
        a.inverse("wrn_28", [found.limits[0], "1k params"])
    query = Query(["wrn_28", "wrn_40"], {"widen": [4, 10]}, {"params": (8_000_000, 40_000_000)})
    listed = a.enumerate_designs(query, Order("-params"))
    assert [row["network"] for row in listed.rows()] == ["wrn_28_10", "wrn_40_4"]
    assert len(a.enumerate_designs("wrn_28")) == 16
