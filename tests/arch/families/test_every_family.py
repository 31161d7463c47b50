"""What holds of every registered family, without naming one: a new family is covered unasked."""

import subprocess
import sys

import pytest

import archscope
from archscope.arch import families as package
from archscope.arch.families import registry
from archscope.arch.families.axis import Axis
from archscope.arch.families.family import family
from archscope.arch.families.spelling import Names
from archscope.arch.names import forms, parse, read, well_known
from archscope.arch.nodes import Conv, Seq
from archscope.errors import UsageError
from archscope.testing import check_family
from archscope.testing.family import TRIES

FAMILIES = registry.families()
each = pytest.mark.parametrize("one", FAMILIES, ids=lambda one: one.name)


@pytest.mark.parametrize("tries", [2, pytest.param(TRIES, marks=pytest.mark.slow)])
@each
def test_it_keeps_the_contract_of_families(one, tries):
    check_family(one, tries)


@each
def test_a_family_is_known_by_its_name_and_lists_members(one):
    assert registry.named(one.name) is one
    assert getattr(archscope, one.name) is one is getattr(package, one.name)
    assert one.name in dir(archscope) and one.__doc__ and one.form in forms()
    assert one.names.known and set(one.names.known) <= set(well_known())
    for name in one.names.known:
        assert (parse(name).name, parse(name).design.family) == (name, one)


@each
def test_what_a_question_leaves_open_is_what_the_name_does_not_say(one):
    """Every beginning of the form that may stand alone is read, with the rest open."""
    # A family's name may be that of its usual member too, as mobilenet_v2.
    reading = read(next(name for name in one.names.known if not read(name).opened))
    fields = [axis for axis in one.axes if f"{{{axis.word}}}" in one.names.form]
    assert reading.family is one
    assert all(axis.name in reading.numbers for axis in fields if axis.default is None)


def test_lists_begin_with_resnet_and_go_by_year():
    names = [one.name for one in FAMILIES]
    wanted = ["resnet", "preresnet", "resnext", "inception_v3", "inception_v4", "cifar_resnet"]
    assert names[0] == "resnet" and [name for name in names if name in wanted] == wanted
    assert well_known()[0] == "resnet50"
    undated = v()  # of no paper
    assert sorted([undated, *FAMILIES[:3]], key=registry._order)[-1] is undated


@each
def test_a_call_with_a_number_that_it_has_not_names_those_that_it_has(one):
    first = next(iter(one._signature.parameters))
    with pytest.raises(UsageError, match=rf"^{one.name} is called with {first}"):
        one(nothing=1)


def test_a_block_that_there_is_not_is_refused():
    for one in (archscope.preresnet, archscope.cifar_preresnet):
        with pytest.raises(UsageError, match="a block is basic or bottleneck, not foo"):
            one(block="foo")


def test_a_name_is_the_first_familys_that_takes_it():
    every = well_known()
    assert len(every) == len(set(every))


def v(form="mobile[_{width}]", **more):
    width = Axis("width", (1,), fractional=True, default=1)

    @family(Names(form, **more), width, Axis("rate", range(1, 9), default=1), classes=2)
    def mobile(width: float, rate: int = 1, *, classes: int) -> Seq:
        return Seq(Conv(int(width * 8), 3), Conv(classes))

    return mobile


def test_a_familys_name_may_be_a_members_too():
    """As `mobilenet_v2`: with its usual width, and as the family with that open."""
    mobile = v(aliases=("tiny_mobile_{width}",))
    assert mobile(1).name == "mobile" and mobile(0.5).name == "mobile_0.5"
    assert mobile.read("mobile").opened == ("width",)
    assert mobile.read("tiny_mobile_0.25").numbers == mobile.read("mobile_0.25").numbers
    assert mobile.read("mobile_x") is None


def test_numbers_may_be_a_list_for_each_stage():
    @family("any[_{widths}[_{group}]]", Axis("widths", range(8, 33), stages=3), Axis("group", (8,)))
    def anynet(widths: tuple[int, ...], group: int, *, classes: int) -> Seq:
        return Seq(*(Conv(width, 3) for width in widths), Conv(classes))

    network = anynet((8, 16, 24), 8)
    assert network.name == "any_8_16_24_8"
    reading = anynet.read("any_8_16_24_8")
    assert reading.numbers == network.design.numbers == {"widths": (8, 16, 24), "group": 8}
    with pytest.raises(UsageError, match="this network has 3 stages, not 2; give 3 numbers"):
        anynet((8, 16), 8)


def test_the_input_may_follow_from_a_number():
    @family(
        "sized[_{side}]", Axis("side", range(32, 65)), input=lambda n: (3, n["side"], n["side"])
    )
    def sized(side: int, *, classes: int) -> Seq:
        return Seq(Conv(classes))

    assert sized(48).input == (3, 48, 48)
    assert sized.network({"side": 48}, input_shape=(3, 9, 9)).input == (3, 9, 9)


@pytest.mark.parametrize(
    ("command", "files"),
    [
        ("archscope.solve_width(cardinality=32)", set()),
        ("archscope.network('resnext50_32x4d')", {"residual.resnext"}),
        ("archscope.network('wrn_28_10')", {"residual.wrn"}),
    ],
)
def test_only_the_files_that_a_name_needs_are_imported(command, files):
    code = f"import archscope, sys; {command}; print(*sorted(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    declared = {
        module.removeprefix("archscope.arch.families.")
        for module in run.stdout.split()
        if any(one.function.__module__ == module for one in FAMILIES)
    }
    assert declared == files
