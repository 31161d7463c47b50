"""The peak of the activations of many designs at once, and a plan that needs no more."""

from itertools import permutations

import numpy as np
import pytest
from microcontroller.planner import Buffer, alive, arena

from archscope.arch import families
from archscope.arch.arrays import TooLarge
from archscope.arch.families.registry import families as registered
from archscope.arch.names import parse
from archscope.arch.network import Network
from archscope.arch.nodes import Act, Cat, Conv, Gate, Grow, Norm, Pool, Repeat, Seq, Shortcut, Sum
from archscope.cost import count
from archscope.cost import execution as execution_module
from archscope.cost.execution import execution
from archscope.cost.formula import count_box
from archscope.cost.memory import memory, peak_elements, peak_of_box
from archscope.cost.stored import Storage
from archscope.errors import UsageError
from archscope.testing.family import members

ARRAYS = {
    "resnext": {"cardinality": [1, 2, 64], "width": [4, 64, 1], "blocks": (2, 3, 1, 1)},
    "resnext_depth": {"blocks": (np.array([1, 2, 9]), 1, np.array([3, 1, 1]), 2)},
    "wrn": {"depth": (2, 2, 2), "widen": [1, 2, 5]},  # of 1 the first block has no projection
    "wrn_depth": {"depth": (1, 1, 1), "block": (3,), "widen": [1, 2, 5]},  # there it needs more
    "densenet": {"blocks": (1, 2, 1, np.array([1, 2, 4])), "growth": [8, 4, 12]},
    "densenet_depth": {
        "blocks": ([1, 2, 9], [3, 1, 1], [2, 5, 1], [4, 1, 2]),
        "growth": [8, 4, 12],
    },
    "shufflenet_v2": {"width": [24, 48, 116]},
    "vgg": {"blocks": (1, 1, 2, 2, 2), "width": [8, 16, 64]},
    "convnext": {"blocks": (1, 1, np.array([1, 2, 3]), 1), "width": [16, 48, 96]},
}


@pytest.mark.parametrize("name", ARRAYS)
def test_an_array_has_the_peaks_of_its_designs(name):
    own = getattr(families, name.removesuffix("_depth"))
    numbers = {key: as_arrays(value) for key, value in ARRAYS[name].items()}
    alone = [
        own(**{key: chosen(value, index) for key, value in numbers.items()}) for index in range(3)
    ]
    peaks = [memory(one, element_bytes=1).peak_activation_bytes for one in alone]
    assert peak_elements(own(**numbers)).tolist() == peaks
    assert [peak_elements(one) for one in alone] == peaks


def test_blocks_and_expansions_of_one_stand_among_others():
    rows = [(n, e, w) for n in (1, 2, 3) for e in (1, 2) for w in (16, 32)]
    n, e, w = (np.array(one) for one in zip(*rows, strict=True))
    many = peak_elements(families.mobilenet_v2(**stages(n, e, w)))
    assert many.tolist() == [peak_elements(families.mobilenet_v2(**stages(*one))) for one in rows]


def stages(blocks, expansion, width):
    """The first two stages as said; the second begins with a shortcut where it is 16 wide."""
    depths, expansions = (1, blocks, 1, blocks, 1, 1, 1), (1, expansion, 2, expansion, 1, 1, 1)
    return {"depth": depths, "expansion": expansions, "channels": (16, width, *[width] * 5)}


@pytest.mark.parametrize(
    "behind", [[Act()], [Act(label="relu")], [Shortcut(8, label="same"), Act()]], ids=len
)
def test_behind_a_stage_that_is_missing_what_is_before_is_overwritten(behind):
    def made(*stages):
        tree = Seq(Conv(8, 3), *stages, *behind, Pool("global"))
        return Network("own", tree, (3, 8, 8))

    def stage(blocks):
        return Repeat(blocks, Conv(8, 3), Conv(8, 3))

    many = made(stage(np.array([0, 1, 2])), stage(np.array([0, 0, 0])))
    peaks = [peak_elements(made(*several)) for several in ([], [stage(1)], [stage(2)])]
    assert peak_elements(many).tolist() == peaks


BODY = Seq(Norm(), Act(), Conv(3), Norm(), Act(), Conv(3, 3))


@pytest.mark.parametrize(
    ("behind", "programs"),
    [
        ([Conv(2)], 3),  # of what is before, of what grows, and of what is behind
        ([Act()], 1 + 40),  # overwrites what has grown: each number by itself
    ],
    ids=["conv", "relu"],
)
def test_what_grows_any_number_of_times_has_one_program(behind, programs, monkeypatch):
    def made(times):
        return Network("own", Seq(Conv(4), Grow(times, BODY), *behind), (3, 8, 8))

    times, seen = np.arange(1, 41), []
    own = execution_module.execution_of
    monkeypatch.setattr(execution_module, "execution_of", lambda *a: seen.append(a) or own(*a))
    peaks = peak_elements(made(times)).tolist()
    assert peaks == [peak_elements(made(int(one))) for one in times]
    assert len(seen) == programs


def test_a_box_counts_as_its_designs_one_by_one():
    axes = {"blocks": (1, 2), "expansion": (1, 2, 3), "width": (16, 24, 32)}
    places = np.meshgrid(*axes.values(), indexing="ij")
    along = np.meshgrid(*axes.values(), indexing="ij", sparse=True)
    box = families.mobilenet_v2(**stages(*along))
    flat = families.mobilenet_v2(**stages(*(one.reshape(-1) for one in places)))
    one_by_one, at_once = count(flat), count_box(box)
    for cost in ("params", "macs", "activations"):
        whole = np.broadcast_to(getattr(at_once, cost), places[0].shape)
        assert whole.reshape(-1).tolist() == getattr(one_by_one, cost).tolist()
    peaks = np.broadcast_to(peak_of_box(box), places[0].shape)
    assert peaks.reshape(-1).tolist() == [
        peak_elements(families.mobilenet_v2(**stages(*map(int, row))))
        for row in zip(*(one.reshape(-1) for one in places), strict=True)
    ]


def as_arrays(value):
    if isinstance(value, tuple):
        return tuple(map(as_arrays, value))
    return np.array(value) if isinstance(value, list) else value


def chosen(value, index):
    if isinstance(value, tuple):
        return tuple(chosen(one, index) for one in value)
    return int(value[index]) if isinstance(value, np.ndarray) else value


def test_the_side_of_the_image_may_be_an_array():
    one = families.resnet(blocks=(1, 1, 1, 1))
    sides = np.array([32, 33, 224])
    many = Network("many", one.tree, (3, sides, sides))
    alone = [Network("one", one.tree, (3, int(side), int(side))) for side in sides]
    assert peak_elements(many).tolist() == [peak_elements(each) for each in alone]


def test_maps_that_do_not_fit_64_bits_are_refused():
    wide = np.array([2**40])
    with pytest.raises(TooLarge, match=r"more than 2\^53 elements"):
        peak_elements(Network("wide", Seq(Conv(wide)), (3, 2**10, 2**10)))


@pytest.mark.slow
@pytest.mark.parametrize("own", registered(), ids=lambda own: own.name)
def test_memory_never_falls_where_no_cost_does(own):
    """What the search relies on: `Axis.monotone`."""
    for network in members(own, 5, 4):
        numbers = network.design.numbers
        for axis in own.axes:
            if not axis.monotone("memory") or numbers[axis.name] is None:
                continue
            values = sorted({*(axis.sought or axis.box)[:3], *(axis.sought or axis.box)[-2:]})
            peaks = []
            for value in values:
                each = (value,) * axis.stages if axis.stages else value
                try:
                    peaks.append(peak_elements(own.network({**numbers, axis.name: each})))
                except UsageError:
                    continue
            assert peaks == sorted(peaks), (network.name, axis.word)


BLOCK = Sum(Seq(Conv(6, 3), Norm(), Act(), Conv(6)), Shortcut(6, label="down"))
SMALL = [
    (Conv(5), Norm(), Act(), Conv(7, 3, 2)),
    (Repeat(1, BLOCK, BLOCK, label="stage"), Conv(2)),
    (Conv(4), Cat(Conv(3), Conv(5, 3), Pool("max", 3, 1, 1)), Conv(2)),
    (Conv(4), Gate(Seq(Pool("global"), Conv(4), Act("sigmoid"))), Conv(9)),
    (Sum(Conv(3), Seq(Conv(8), Conv(3))), Conv(1)),
]


@pytest.mark.parametrize("nodes", SMALL, ids=range(len(SMALL)))
def test_the_best_plan_of_an_arena_needs_the_peak_and_no_more(nodes):
    """Every order of placing the buffers at their lowest free offset; the smallest arena."""
    network = Network("small", Seq(*nodes), (3, 8, 8))
    held = buffers(execution(network))
    assert len(held) <= 8
    assert min(map(arena, permutations(held))) == alive(held) == peak_elements(network)


PLANNED = (
    *("resnet18", "resnet50", "resnext50_32x4d", "resnet50-noshortcut", "seresnext50_32x4d"),
    *("res2net50_26w_4s", "preresnet20", "resnet20", "wrn_16_2", "inception_v3", "googlenet"),
    *("mobilenet_v2", "mobilenet_v2_0.5", "mobilenet_v3_small", "mnasnet_0.5", "efficientnet_b0"),
    *("efficientnet_v2_s", "shufflenet_v2_x0_5", "regnetx_200mf", "regnety_200mf", "repvgg_a0"),
    *("densenet_3_4_7_3_k8", "convnext_1_1_3_1_w16", "vgg11", "squeezenet1_1"),
)


@pytest.mark.slow
def test_a_planner_that_places_the_largest_first_needs_the_peak_or_little_more():
    """As runtimes for microcontrollers plan; that is not always the best plan, but never less."""
    more = {}
    for name in PLANNED:
        for fold in (False, True):
            network = Storage(fold=fold).held(parse(name))
            order = sorted(buffers(execution(network)), key=lambda buffer: -buffer.size)
            more[name, fold] = arena(order) / peak_elements(network)
    assert min(more.values()) == 1 and max(more.values()) <= 1.25
    assert sum(one == 1 for one in more.values()) > 0.85 * len(more)


def buffers(run):
    """Each buffer of a program, alive from the first operation that touches it to the last."""
    first, last = {0: 0}, {0: 0}
    for time, operation in enumerate(run.operations):
        for buffer in (*operation.reads, operation.writes):
            first.setdefault(buffer, time)
            last[buffer] = time
    last[run.operations[-1].writes] = len(run.operations)
    return [Buffer(run.sizes[one], first[one], last[one]) for one in first]
