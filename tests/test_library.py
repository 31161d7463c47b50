"""The library's surface, as the docstring of the package shows it."""

import importlib
import inspect
import pkgutil

import pytest
from sweep_fixture import write_fake_sweep

import archscope as a
from archscope.arch.families import registry
from archscope.arch.nodes import Act, Conv, Linear, Pool, Seq
from archscope.cli.main import COMMANDS
from archscope.cost.clock import Timing
from archscope.errors import ArchscopeError, InfeasibleError, UsageError
from archscope.explore.clock.bench_result import Measured
from archscope.explore.networks.counters import compare_counters
from archscope.explore.networks.difference import difference

SMALL = (3, 16, 16)
NETWORK = a.network("resnext11_2x16d@0.25", input=SMALL)
QUICK = a.Setting(modes=("latency",), rounds=1)


@pytest.mark.parametrize("name", a.__all__)
def test_every_public_name_is_a_function_or_class_that_is_described(name):
    value = getattr(a, name)
    assert inspect.isfunction(value) or inspect.isclass(value)
    assert value.__module__.startswith("archscope.")
    assert len(inspect.getdoc(value)) > 30


def test_the_names_of_the_package_are_the_public_ones_alone():
    families = [family.name for family in registry.families()]
    assert dir(a) == sorted({*a.__all__, *families})
    assert a.__all__ == sorted(a.__all__)
    assert {command.replace("-", "_").replace(" ", "_") for command in COMMANDS} <= set(a.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        a.nothing  # noqa: B018


def test_no_room_has_the_name_of_a_function_which_importing_it_would_replace():
    rooms = {module.name for module in pkgutil.iter_modules(a.__path__)}
    assert {"training", "reporting"} < rooms and not rooms & set(a.__all__)


def test_the_library_speaks_the_commands_words():
    net = a.network("resnext50_32x4d")
    assert a.count(net).macs == 4_230_479_872
    assert a.solve_width(cardinality=32).name == "32x4d"
    frame = a.compare(["resnet20", net], counter="formula").to_frame()
    assert list(frame["name"]) == ["resnet20", "resnext50_32x4d"]
    assert list(frame["params"]) == [272_474, 25_028_904]
    assert sum(weight.numel() for weight in a.build("resnet20").parameters()) == 272_474


def document(function, **options):
    """What the function returns of a network, but for its name and template."""

    def call(network, **where):
        found = function(network, **options, **where).document()
        return {key: value for key, value in found.items() if key not in ("name", "template")}

    return call


def untimed(network):
    return Measured(network, "latency", 1, Timing((0.5,)), 1.0)


def timed(network, **where):
    found = a.bench(network, QUICK, extras=a.Extras(memory=False), note=str, **where)
    return [(one["input"], one["params"]) for one in found.document()["networks"]]


def exported(network, **where):
    request = a.export(network, "pt2", **where)
    return request.network.tree, request.network.input


def compared(function, **options):
    def call(network, **where):
        (one,) = function(network, **options, **where).document()["networks"]
        return {key: value for key, value in one.items() if key != "name"}

    return call


def split(network, **where):
    found = difference("resnet20", network, **where).document()
    return found["gap"], found["by_stage"], found["by_choice"]


def shapes(network, **where):
    state = a.build(network, **where).state_dict()
    return {key: tuple(weight.shape) for key, weight in state.items()}


CALLS = {
    "build": shapes,
    "count": document(a.count),
    "memory": document(a.memory),
    "show": document(a.show, layers=True),
    "compare": compared(a.compare),
    "compare_counters": compared(compare_counters, counters="formula,fvcore"),
    "difference": split,
    "equivalence": document(a.equivalence, rounds=0),
    "bench": timed,
    "export": exported,
}


@pytest.mark.parametrize("name", CALLS)
def test_a_name_a_network_and_a_tree_are_the_same_network(name, monkeypatch):
    clock = importlib.import_module("archscope.explore.clock.bench")
    monkeypatch.setattr(clock, "_timed", lambda networks, *_: map(untimed, networks))
    files = importlib.import_module("archscope.explore.networks.export")
    monkeypatch.setattr(files, "_export", lambda request, output: request)
    call = CALLS[name]
    by_name = call(NETWORK.name, input=SMALL)
    assert by_name
    assert by_name == call(NETWORK, input=SMALL)
    by_tree = call(NETWORK.tree, input=SMALL)
    if name == "difference":  # the choices are those of a family, and a tree has none
        assert by_tree == (*by_name[:2], None)
        return
    if name in ("show", "compare"):  # and what stands beside it is another of its family
        assert by_name.pop("nearest_published") and by_tree.pop("nearest_published") is None
    assert by_name == by_tree


def test_a_tree_needs_an_input_and_keeps_its_label():
    tree = Seq(Conv(8, 3), Act(), Pool("global"), Linear(10), label="mine")
    for function in (a.network, a.count, a.memory, a.build, a.show, a.compare, a.equivalence):
        with pytest.raises(UsageError, match=r"input=\(3, 224, 224\)"):
            function(tree)
    network = a.network(tree, input=(3, 8, 8))
    assert (network.name, network.input, network.tree) == ("mine", (3, 8, 8), tree)
    # 8 filters of 3x3x3 and 10 outputs of 8 channels with biases, by hand.
    assert a.count(tree, (3, 8, 8)).params == 8 * 27 + 10 * 9
    assert a.network(Linear(10), input=(3, 1, 1)).tree == Seq(Linear(10))


def test_what_goes_by_names_takes_a_network_that_a_name_makes(monkeypatch):
    by_name = a.enumerate("wrn_28").document()
    assert a.solve("wrn_28_10", "1M params", free="widen").document() == (
        a.solve(a.network("wrn_28_10"), "1M params", free="widen").document()
    )
    assert by_name["matches"] == 16
    assert a.enumerate(a.network("wrn_28_10")).document()["designs"][0]["network"] == "wrn_28_10"
    asked = []
    place = importlib.import_module("archscope.explore.training.train")
    monkeypatch.setattr(place, "conduct", lambda order, *_: asked.append(order) or 1 / 0)
    for network in ("wrn_16_1", a.network("wrn_16_1")):
        with pytest.raises(ZeroDivisionError):
            a.train(network, "shapes")
    assert asked[0].settings == asked[1].settings and asked[0].folder == asked[1].folder
    mine = a.network(NETWORK.tree, input=SMALL)
    for call in (a.train, a.enumerate, lambda network: a.solve(network, "1M params")):
        with pytest.raises(UsageError, match="goes by a network's name"):
            call(mine)
    with pytest.raises(UsageError, match="no name makes this tree"):
        a.train(NETWORK.tree)


def test_what_goes_by_names_keeps_a_networks_input_and_classes(tmp_path):
    small = (3, 160, 160)
    ask = {"free": ["width"], "nearest": 1}
    by_name = a.solve("resnext50_32x4d", "2GMACs", input=small, **ask).document()
    assert a.solve(a.network("resnext50_32x4d", input=small), "2GMACs", **ask).document() == by_name
    narrow = a.network("wrn_16_1", input=(3, 16, 16), classes=100)
    [row] = a.enumerate(narrow).rows()
    assert (row["params"], row["macs"]) == (a.count(narrow).params, a.count(narrow).macs)
    with pytest.raises(UsageError, match="wrn_16_1, wrn_16_2 differ; enumerate them one by one"):
        a.enumerate([narrow, "wrn_16_2"])
    out = tmp_path / "out"
    for network, rule in (
        (a.network("wrn_16_1", input=(3, 16, 16)), "with 3x32x32, not with 3x16x16"),
        (a.network("wrn_16_1", classes=100), "has 10 classes, not 100; give a network of as many"),
    ):
        with pytest.raises(UsageError, match=rule):
            a.train(network, "shapes", out=out)
    assert not out.exists()


def test_a_network_from_outside_is_counted_and_built_but_has_no_tree(tmp_path):
    file = tmp_path / "own.py"
    file.write_text("from torch import nn\n\n\ndef net():\n    return nn.Conv2d(3, 8, 3)\n")
    assert a.count(f"{file}:net", (3, 8, 8)).params == 8 * 27 + 8
    assert a.build(f"{file}:net").out_channels == 8
    assert a.show(f"{file}:net", input=(3, 8, 8)).document()["params"] == 8 * 27 + 8
    for function in (a.network, a.equivalence):
        with pytest.raises(UsageError, match="only archscope's own networks"):
            function(f"{file}:net")


def test_a_sweep_is_loaded_from_its_folder(tmp_path):
    folder = write_fake_sweep(tmp_path / "sweep", templates=("1x64d", "2x64d"), seeds=(1, 2))
    sweep = a.load_sweep(folder)
    frame = sweep.to_frame()
    assert list(frame["template"]) == ["1x64d", "1x64d", "2x64d", "2x64d"]
    assert set(frame["status"]) == {"done"}
    assert [(one.first, one.second) for one in sweep.verdicts()] == [("2x64d", "1x64d")]
    with pytest.raises(ArchscopeError, match="nothing"):
        a.load_sweep(tmp_path / "nothing")


def test_a_block_and_whole_networks_are_solved_by_one_function():
    """Table 2 of the ResNeXt paper; WRN-28-10 has 36.5M parameters (Wide ResNet, Table 4)."""
    table2 = a.solve(cardinality=[1, 2, 4, 8, 32])
    assert [one.width for one in table2.templates] == [64, 40, 24, 14, 4]
    assert a.solve(width=4, budget="70k").templates[0].cardinality == 32
    found = a.solve("wrn_28", "36.5M params and 5.2GMACs")
    assert found.answers[0].designs[0].values["widen"] == 10
    assert {limit.metric for limit in found.limits} == {"params", "macs"}
    with pytest.raises(InfeasibleError, match="wrn_28_1 with"):
        a.solve("wrn_28", [found.limits[0], "1 MACs"])
    with pytest.raises(UsageError, match="params can have one limit"):
        a.solve("wrn_28", [found.limits[0], "1k params"])
    same = a.solve("wrn_28", a.network("wrn_28_4"))
    assert same.answers[0].designs[0].values["widen"] == 4
    assert [limit.source for limit in same.limits] == ["wrn_28_4"] * 2
    with pytest.raises(UsageError, match="is designed to a budget; write --budget"):
        a.solve("wrn_28")


def test_networks_are_enumerated_from_the_library():
    query = a.Query(["wrn_28", "wrn_40"], {"widen": [4, 10]}, {"params": (8_000_000, 40_000_000)})
    listed = a.enumerate(query, a.Order("-params"))
    assert [row["network"] for row in listed.rows()] == ["wrn_28_10", "wrn_40_4"]
    assert list(listed.to_frame()["network"]) == ["wrn_28_10", "wrn_40_4"]
    assert len(a.enumerate("wrn_28")) == 16


def test_many_designs_are_counted_at_once_and_shown_in_short():
    import numpy as np

    many = a.count(a.resnext(cardinality=np.arange(1, 1001), width=4))
    assert many.params.shape == (1000,) and len(many.to_frame()) == 1000
    assert list(many.to_frame()["macs"]) == many.document()["macs"] == list(many.macs)
    shown = many._repr_html_()
    assert "1,000 designs" in shown and len(shown) < 3000 and len(repr(many)) < 200
