"""Every counter that is installed, taken apart to the integer; and counters that lie."""

import pytest
import torch
from random_networks import EVERY, draw

from archscope.arch.families.registry import families
from archscope.arch.names import parse
from archscope.arch.network import Network
from archscope.arch.nodes import Act, Gate, Pool, Seq
from archscope.cost import counters as other_counters
from archscope.cost.conventions import CONVENTIONS, COUNTERS
from archscope.cost.counters import TOOLS, Tool, count_with
from archscope.cost.formula import count
from archscope.cost.tally import tally
from archscope.errors import UsageError
from archscope.explore.networks.counters import compare_counters
from archscope.nn.build import build

OURS = ("fvcore", "torch")  # always there
OPTIONAL = [name for name in TOOLS if name not in OURS]


def installed(name):
    if TOOLS[name].version is None:
        pytest.skip(f"{name} is not installed: pip install 'archscope[counters,deepspeed]'")
    return name


def residues(name, networks):
    """The counter's numbers that differ from its convention, with the network."""
    found = []
    for text, network in networks:
        sums = tally(network)
        report = count_with(TOOLS[name], build(network, init=False), network.input)
        expected = {
            (c.quantity, c.word): sum(c.parts(sums).values())
            for c in CONVENTIONS
            if c.counter == name
        }
        if report != expected:
            found.append((text, report, expected))
    return found


def drawn(seeds):
    for seed in seeds:
        one = draw(seed)
        if one.network.name.startswith("inception") or not tally(one.network).params:
            continue  # calflops asks a network without parameters for its first one
        yield one.text, one.network


@pytest.mark.parametrize("name", TOOLS)
def test_a_counter_counts_random_networks_as_its_convention_says(name):
    assert residues(installed(name), drawn(range(0, EVERY, 4))) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", TOOLS)
def test_a_counter_counts_many_random_networks_as_its_convention_says(name):
    seeds = [*(seed for seed in range(EVERY) if seed % 4), *range(EVERY, 6 * EVERY)]
    assert residues(installed(name), drawn(seeds)) == []


@pytest.mark.parametrize(
    "network",
    [
        "resnext29_8x64d@0.25",
        pytest.param("resnet18", marks=pytest.mark.slow),
        pytest.param("resnet50", marks=pytest.mark.slow),
        pytest.param("resnext50_32x4d", marks=pytest.mark.slow),
        pytest.param("wrn_28_10", marks=pytest.mark.slow),
        pytest.param("inception_v3", marks=pytest.mark.slow),
        pytest.param("inception_v3-aux", marks=pytest.mark.slow),
        pytest.param("preresnet110", marks=pytest.mark.slow),
        pytest.param("resnext29_8x64d", marks=pytest.mark.slow),
    ],
)
def test_nothing_is_left_unexplained(network):
    found = compare_counters([network])
    answers = found.networks[0].answers
    assert {answer.counter for answer in answers} == set(COUNTERS)
    assert all(answer.residue == 0 for answer in answers if answer.raw is not None)
    assert found.unexplained() is None
    here = [answer for answer in answers if answer.counter in ("formula", *OURS)]
    assert len(here) == 7 and not any(answer.problem for answer in here)


@pytest.mark.slow
@pytest.mark.parametrize("family", families(), ids=lambda family: family.name)
def test_nothing_is_left_unexplained_of_a_member_of_each_family(family):
    """The smallest that is known, at the smallest of these inputs that it takes."""
    smallest = min(family.names.known, key=lambda name: count(parse(name)).macs)
    for size in (33, 70, 299):  # odd ones, so that windows do not fit
        try:
            found = compare_counters([parse(smallest)], input=(3, size, size))
        except UsageError:
            continue
        assert found.unexplained() is None
        return
    raise AssertionError(f"{smallest} takes none of these inputs")


def report_of_thop(extra=0):
    """What thop should say of resnet20, by its convention."""

    def count(module, shape):
        sums = tally(parse("resnet20"))
        thop = {c.quantity: c for c in CONVENTIONS if c.counter == "thop"}
        macs = sum(thop["forward"].parts(sums).values())
        return {("params", "params"): sums.params, ("forward", "MACs"): macs + extra}

    return count


def put(monkeypatch, count, distribution="torch"):
    monkeypatch.setitem(other_counters.TOOLS, "thop", Tool(distribution, count))


def test_a_counter_that_is_off_by_one_leaves_a_residue(monkeypatch):
    put(monkeypatch, report_of_thop())
    assert compare_counters(["resnet20"], "thop").unexplained() is None
    put(monkeypatch, report_of_thop(extra=1))
    found = compare_counters(["resnet20"], "formula, THOP")
    rows = found.document()["networks"][0]["counters"]
    assert [row["residue"] for row in rows] == [0, 0, 0, 1, 0]
    (wrong,) = [row for row in rows if row["residue"]]
    assert wrong["raw"] == wrong["predicted"] + 1
    assert wrong["predicted"] == wrong["formula"] + sum(term["value"] for term in wrong["terms"])
    assert "thop's forward of resnet20" in found.unexplained()


def test_what_a_counter_leaves_out_though_it_counts_the_like_is_said(monkeypatch):
    """At 2x2: a gate's product and its sigmoid, of 12 and 3 elements."""
    tree = Seq(Gate(Seq(Pool("global"), Act("sigmoid"))))
    monkeypatch.setitem(
        other_counters.TOOLS,
        "ptflops",
        Tool("torch", lambda *_: {("params", "params"): 0, ("forward", "MACs"): 24}),
    )
    found = compare_counters([Network("gated", tree, (3, 2, 2))], "ptflops")
    assert found.unexplained() is None  # the pool, twice
    rows = found.document()["networks"][0]["counters"]
    assert [(one["name"], one["elements"]) for one in rows[1]["left_out"]] == [
        ("hardswish and sigmoids", 3),
        ("sums and products", 12),
    ]
    (table,) = found.tables()
    assert any(
        note.startswith("sums and products: left out, 12 elements: ") and "(ptflops)" in note
        for note in table.notes
    )


def test_a_counter_that_fails_has_a_row_that_says_so(monkeypatch):
    def fail(module, shape):
        raise RuntimeError("no such\noperator")

    put(monkeypatch, fail)
    found = compare_counters(["resnet20"], ["thop", "fvcore"])
    answer = found.networks[0].answers[-1]
    assert (answer.counter, answer.raw) == ("thop", None)
    assert answer.problem == "failed: RuntimeError: no such"
    assert "thop's count of resnet20" in found.unexplained()


def test_a_counter_that_is_not_installed_is_no_fault(monkeypatch):
    put(monkeypatch, report_of_thop(), distribution="archscope-has-no-such-package")
    found = compare_counters(["resnet20"], "thop")
    (answer,) = found.networks[0].answers
    assert answer.problem == "not installed: pip install 'archscope[counters]'"
    assert found.unexplained() is None and found.document()["networks"][0]["macs"] == 40_813_184


def test_what_a_counter_prints_patches_and_draws_is_undone(monkeypatch, capsys):
    relu, add = torch.nn.functional.relu, torch.Tensor.add
    module, shape = build(draw(0).network), draw(0).network.input

    def rude(copy, shape):
        print("hello")
        torch.nn.functional.relu = None
        torch.Tensor.add = None
        torch.rand(3)
        copy.anything = 1
        copy.train()
        raise RuntimeError("left as it is")

    state = torch.get_rng_state()
    with pytest.raises(RuntimeError, match="left as it is"):
        count_with(Tool("torch", rude), module, shape)
    assert torch.nn.functional.relu is relu and torch.Tensor.add is add
    assert "add" not in vars(torch.Tensor)
    assert torch.equal(torch.get_rng_state(), state)
    assert not hasattr(module, "anything")
    assert capsys.readouterr() == ("", "")


def test_a_number_that_is_not_whole_is_refused():
    with pytest.raises(ValueError, match="not a whole number"):
        other_counters._whole(1.5)
    assert other_counters._whole(2.0) == 2


@pytest.mark.parametrize("counters", ["fvcor", "", "fvcore,,torch", ["formula", "x"]])
def test_an_unknown_counter_is_one_sentence(counters):
    with pytest.raises(UsageError, match="name some of them"):
        compare_counters(["resnet20"], counters)


def test_too_little_memory_is_one_sentence(monkeypatch):
    monkeypatch.setattr("archscope.explore.networks.counters.available", lambda: 10**6)
    with pytest.raises(UsageError, match=r"need about .* MB for"):
        compare_counters(["resnet20"], "torch")
    assert compare_counters(["resnet20"], "formula").unexplained() is None
