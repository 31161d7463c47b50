"""Hard caps: the largest designs within them, against every design counted one at a time."""

from fractions import Fraction

import pytest
from design_spaces import designs, questions
from hypothesis import strategies as st
from properties import examples

from archscope.arch.quantities import COSTS, STORED
from archscope.cost import count
from archscope.cost.memory import memory
from archscope.cost.stored import Storage
from archscope.errors import InfeasibleError
from archscope.explore.design.caps.layers import MOST_LAYERS, layers
from archscope.explore.design.inverse import Options, inverse
from archscope.explore.design.limits import Limit

COUNTED = (*COSTS, *STORED)
QUICK = ("resnext50", "wrn", "cifar_resnext", "imagenet_wrn", "cifar_resnet")


@st.composite
def capped(draw):
    """A question, all its designs with every cost, and caps that some of them keep."""
    name, values, space = draw(questions(QUICK))
    some = {"resolution": [32, 64]} if draw(st.booleans()) and "cifar" not in name else {}
    chosen = draw(st.lists(st.sampled_from(COUNTED), min_size=1, max_size=3, unique=True))
    fold = draw(st.booleans())
    format = ("int8" if fold else "fp16") if {"weights", "memory"} & set(chosen) else "fp32"
    storage = Storage(format, format, fold)
    every = []
    for numbers, network, costs in designs(space):
        for side in some.get("resolution", [None]):
            shaped = network
            if side:
                own, given_ = network.design
                shaped = own.network(given_, input_shape=(3, side, side))
                costs = counted(shaped)
            need = memory(storage.held(shaped), element_bytes=storage.sizes["memory"])
            sides = {"resolution": side} if side else {}
            weights = storage.weight_bytes(shaped, costs["params"])
            stored = {"weights": weights, "memory": need.peak_activation_bytes}
            every.append(({**numbers, **sides}, shaped, {**costs, **stored}))
    caps = {}
    for cost in chosen:
        found = sorted(one[2][cost] for one in every)
        caps[cost] = draw(st.sampled_from(found)) - draw(st.integers(0, 1))
    return name, {**values, **some}, every, caps, storage


def counted(network):
    cost = count(network)
    return {"params": cost.params, "macs": cost.macs, "activations": cost.activations}


def limits(caps, storage):
    return [
        Limit(cost, value, hard=True, format=storage.formats.get(cost))
        for cost, value in caps.items()
    ]


def largest(every, caps, cost):
    """The designs within the caps, the largest first, and of those cheaper ones."""
    inside = [one for one in every if all(one[2][name] <= most for name, most in caps.items())]
    if cost is None and inside:
        shares = {c: max(Fraction(one[2][c], caps[c]) for one in inside) for c in caps}
        cost = max((c for c in COUNTED if c in caps), key=lambda c: shares[c])
    return cost, sorted(inside, key=lambda one: -one[2][cost])


@examples(6, 24, capped(), st.sampled_from([None, *COUNTED]), st.booleans())
def test_the_largest_are_those_of_all_counted_one_by_one(drawn, cost, all_):
    name, given_, every, caps, storage = drawn
    cost, inside = largest(every, caps, cost)
    free = list(given_)
    options = Options(nearest=4, maximise=cost, every=all_, fold=storage.fold)
    if not inside:
        with pytest.raises(InfeasibleError) as refused:
            inverse(name, limits(caps, storage), given=given_, free=free, options=options)
        closest = min(max(Fraction(c[n], caps[n]) for n in caps) for _, _, c in every)
        binds = [
            max(caps, key=lambda n: Fraction(c[n], caps[n]))
            for _, _, c in every
            if max(Fraction(c[n], caps[n]) for n in caps) == closest
        ]
        assert any(f"{one} binds" in str(refused.value) for one in binds)
        return
    if not all_:
        inside.sort(key=lambda one: poor(*one[:2]))
    found = inverse(name, limits(caps, storage), given=given_, free=free, options=options)
    assert found.maximised == cost
    rows = found.document()["answers"][0]["designs"]
    assert [row[cost] for row in rows] == [one[2][cost] for one in inside[:4]]
    listed = [[one for one in inside if one[2][cost] == row[cost]] for row in rows]
    for row, alike in zip(rows, listed, strict=True):
        costs = {key: row[key] for key in COUNTED}
        assert costs in [one[2] for one in alike]
        assert row["network"] in [one[1].name for one in alike]


def poor(numbers, network):
    """Whether a design comes after all others."""
    return numbers.get("width") == 1 or layers(network) > MOST_LAYERS
