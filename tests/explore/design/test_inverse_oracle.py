"""Inverse design against counting every design of a box, one at a time, for every family."""

from fractions import Fraction

from design_spaces import HALVES, SCALES, designs, questions, space_of
from hypothesis import strategies as st
from properties import examples

from archscope.cost import count
from archscope.errors import InfeasibleError
from archscope.explore.design.inverse import Options, inverse
from archscope.explore.design.limits import METRICS, Limit


def nearest(everything, limits, rule):
    """Of all designs those that the rule admits, the nearest first."""
    rows = []
    for values, network, costs in everything:
        off = [Fraction(costs[one.metric] - one.value, one.value) for one in limits]
        admitted = {"nearest": True, "floor": max(off) <= 0, "ceil": min(off) >= 0}[rule]
        if admitted:
            distance = max(map(abs, off))
            rows.append((distance, *costs.values(), *values.values(), network.name))
    return sorted(rows)


@st.composite
def limits_of(draw, everything):
    """Limits around the costs of one of the designs."""
    at = draw(st.sampled_from(everything))[2]
    metrics = draw(st.lists(st.sampled_from(METRICS), min_size=1, unique=True))
    factors = st.sampled_from([1, 1, 2, 0.5]) | st.floats(1e-6, 3)
    return [Limit(one, max(1, int(at[one] * draw(factors)))) for one in sorted(metrics)]


@examples(
    8,
    120,
    st.data(),
    questions(),
    st.sampled_from(["nearest", "floor", "ceil"]),
    st.integers(1, 6),
)
def test_nothing_in_a_small_box_is_nearer(data, question, rule, number):
    name, asked, space = question
    everything = list(designs(space))
    limits = data.draw(limits_of(everything))
    feasible = nearest(everything, limits, "floor" if rule == "nearest" else rule)
    try:
        options = Options(rule, number)
        found = inverse(name, limits, given=asked, free=list(asked), options=options)
    except InfeasibleError as error:
        named = nearest(everything, limits, "nearest")[0]
        assert not feasible
        assert f" {named[-1]} with " in str(error) and "\n" not in str(error)
        for one in limits:
            cost = named[1 + METRICS.index(one.metric)]
            assert f"{cost:,} {one.metric}" in str(error)
        return
    assert feasible
    rows = [
        (
            *(one.deviation, *one.costs.values()),
            *(*(one.values[axis] for axis in space.axes), space.name(one.values)),
        )
        for one in found.answers[0].designs
    ]
    assert rows == nearest(everything, limits, rule)[:number]


@examples(
    *(4, 60), st.data(), st.sampled_from(METRICS), st.integers(0, 25),
    st.sampled_from([
        ("resnext_1_1_1_1_1x1d", "width", 1), ("resnext50_32x4d", "cardinality", 1),
        ("cifar_resnext29_2x3d", "depth", 1), ("wrn_16_1", "widen", 1),
        ("wrn_10_1", "deepening", 1), ("resnet18", "widen", Fraction(1, 2)),
        ("preresnet18", "depth3", 1), ("wrn_16_2", "depth2", 1), ("wrn_40_1-B(3,1)", "depth", 1),
        ("resnet20@0.25", "depth", 1), ("resnext29_2x16d@0.25", "width", 4),
        ("cifar_preresnet20", "depth", 1),
    ]),
)  # fmt: skip
def test_nothing_beyond_a_derived_box_is_nearer(data, metric, position, kind):
    """The box that the program makes itself, against one that is larger and gone through."""
    name, axis, step = kind
    wide = [max(1, step) + one * step for one in range(60)]
    whole = [int(one) if one == int(one) else one for one in wide]
    space = space_of(name, {axis: [whole] if axis == "depth" else whole})
    everything = list(designs(space))
    low, high = (everything[position + one][2][metric] for one in (0, 1))
    value = data.draw(st.integers(low, high))
    rule = data.draw(st.sampled_from(["nearest", "floor", "ceil"]))
    number = data.draw(st.integers(1, 3))
    limits = [Limit(metric, value)]
    found = inverse(name, limits, free=[axis], options=Options(rule, number))
    got = [(one.deviation, one.values[axis]) for one in found.answers[0].designs]
    place = 4 + list(space.axes).index(axis)
    assert got == [(row[0], row[place]) for row in nearest(everything, limits, rule)[:number]]


@examples(
    *(2, 24), st.data(),
    st.sampled_from([
        ("resnext_1_1_1_1", {}, {"cardinality": 12, "width": 12}),
        ("wrn", {"scale": [Fraction(1)]}, {"depth": 8, "widen": 5, "deepening": 5}),
        ("wrn_10_1-B(3,1)", {}, {"depth1": 8, "depth2": 8, "depth3": 8}),
        ("cifar_preresnet20", {}, {"depth1": 8, "depth2": 8, "depth3": 8}),
        ("resnet_1_1_1_1", {"depth": [[1], [1], [1, 2, 3], [1]]}, {"widen": HALVES, "depth": 0}),
        ("resnet20", {"scale": SCALES}, {"depth": 40, "scale": 0}),
    ]),
)  # fmt: skip
def test_nothing_beyond_a_derived_box_of_several_numbers_is_nearer(data, kind):
    name, given_values, most = kind
    wide = {
        axis: end if isinstance(end, list) else list(range(1, end + 1))
        for axis, end in most.items()
        if end
    }
    wide = {axis: [one] if axis == "depth" else one for axis, one in wide.items()}
    everything = list(designs(space_of(name, {**given_values, **wide})))
    cheap = sorted(everything, key=lambda one: one[2]["macs"])[:12]
    at = data.draw(st.sampled_from(cheap))[2]
    metrics = data.draw(st.lists(st.sampled_from(METRICS), min_size=1, unique=True))
    limits = [Limit(one, at[one] + data.draw(st.integers(0, at[one] // 20))) for one in metrics]
    rule = data.draw(st.sampled_from(["nearest", "floor", "ceil"]))
    found = inverse(name, limits, given=given_values, free=list(most), options=Options(rule))
    best_one, *_ = found.answers[0].designs
    expected, *_ = nearest(everything, limits, rule)
    assert best_one.deviation <= expected[0]
    costs = count(found.answers[0].space.network(best_one.values))
    assert best_one.costs == {metric: getattr(costs, metric) for metric in METRICS}
