"""Small design spaces of every family, and all their designs counted one at a time."""

from fractions import Fraction
from itertools import product

from hypothesis import reject
from hypothesis import strategies as st

from archscope.cost import count
from archscope.errors import UsageError
from archscope.explore.design.limits import METRICS
from archscope.explore.design.question import read_base

HALVES = [1, Fraction(3, 2), 2, Fraction(5, 2), 3]
NUMBERS = list(range(1, 7))
# A name as the user writes it, and the words of its numbers; `stages` is a depth for each of three.
SPACES = {
    "resnext": {"depth": NUMBERS[:2], "cardinality": NUMBERS, "width": NUMBERS},
    "resnext50": {"cardinality": NUMBERS, "width": NUMBERS},
    "resnext_3_4_7_3_2x4d": {"depth3": NUMBERS, "width": NUMBERS},
    "wide_resnet": {"depth": NUMBERS[:2], "widen": NUMBERS},
    "resnet18": {"depth": NUMBERS[:3]},
    "imagenet_wrn": {"depth": NUMBERS[:2], "widen": HALVES},
    "preresnet-basic": {"depth": NUMBERS[:3]},
    "preresnet50": {"depth2": NUMBERS, "depth3": NUMBERS},
    "cifar_resnext": {"depth": NUMBERS, "cardinality": NUMBERS, "width": NUMBERS},
    "resnext29_8x64d-noshortcut": {"stages": NUMBERS[:3], "width": NUMBERS},
    "cifar_resnet": {"depth": NUMBERS},
    "resnet_2_1_3": {"stages": NUMBERS[:4]},
    "cifar_preresnet-basic": {"depth": NUMBERS},
    "cifar_preresnet-bottleneck": {"stages": NUMBERS[:4]},
    "wrn": {"depth": NUMBERS, "widen": NUMBERS, "deepening": NUMBERS[:4]},
    "wrn_16-drop0.3": {"widen": HALVES, "deepening": NUMBERS[:4]},
    "wrn_16-B(3,1,3)": {"stages": NUMBERS[:3], "widen": NUMBERS[:4]},
}
SCALES = [Fraction(one, 4) for one in (1, 3, 4)]


@st.composite
def questions(draw, names=tuple(SPACES)):
    """A name, the values given of each of its words, and its space with those."""
    name = draw(st.sampled_from(names))
    values = {}
    for word, numbers in SPACES[name].items():
        parts = [draw(_parts(numbers)) for _ in range(3 if word == "stages" else 1)]
        if word in ("depth", "stages"):
            values["depth"] = parts
        else:
            values[word] = parts[0]
    if draw(st.integers(0, 3)) == 0:
        values["scale"] = SCALES
    try:
        return name, values, space_of(name, values)
    except UsageError:
        reject()  # dropout in blocks of one convolution: there is no such design


def space_of(name, values):
    """The space of a name with the values given of its words."""
    base = read_base(name).by_stage(values)
    return base.space(base.given(values))


def designs(space):
    """(numbers, network, costs) of every design of a space, counted one at a time."""
    for numbers in product(*space.axes.values()):
        values = dict(zip(space.axes, numbers, strict=True))
        try:
            network = space.network(values)
        except UsageError:
            continue  # a width that is not whole, or dropout without a place
        cost = count(network)
        yield values, network, {metric: getattr(cost, metric) for metric in METRICS}


def _parts(numbers):
    ends = st.tuples(*[st.integers(0, len(numbers) - 1)] * 2).map(sorted)
    return ends.map(lambda pair: list(numbers[pair[0] : min(pair[1], pair[0] + 2) + 1]))
