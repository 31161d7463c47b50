"""Memory in closed form, against hand sums and against what torch's own operations touch."""

import itertools
from dataclasses import replace
from fractions import Fraction
from typing import get_args

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils._python_dispatch import TorchDispatchMode

from archscope.arch import families
from archscope.arch.names import parse
from archscope.arch.network import Network
from archscope.arch.nodes import (
    Act,
    Activation,
    Aux,
    Cat,
    Conv,
    Dropout,
    Gain,
    Gate,
    Grow,
    Linear,
    Norm,
    Pool,
    Repeat,
    Seq,
    Shortcut,
    Shuffle,
    Split,
    Sum,
)
from archscope.arch.rebuild import rebuild
from archscope.cost.execution import execution
from archscope.cost.formula import count
from archscope.cost.memory import memory, peak_elements, training_bytes
from archscope.errors import UsageError
from archscope.nn.build import build


def network(*nodes, shape=(3, 8, 8)):
    return Network("hand", Seq(*nodes), shape)


class Touched(TorchDispatchMode):
    """The storages of floating-point tensors that each operation reads or writes, in order.

    All are kept, so that no address is used twice.
    """

    def __init__(self, module):
        super().__init__()
        state = [*module.parameters(), *module.buffers()]
        self.ignored = {tensor.untyped_storage().data_ptr() for tensor in state}
        self.kept, self.operations = {}, []

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        flat = torch.utils._pytree.tree_leaves((args, kwargs, result))
        touched = set()
        for tensor in flat:
            if isinstance(tensor, torch.Tensor) and tensor.is_floating_point():
                storage = tensor.untyped_storage()
                address = storage.data_ptr()
                if storage.nbytes() and address not in self.ignored:
                    self.kept[address] = storage
                    touched.add(address)
        self.operations.append(touched)
        return result


def measured_peak(net):
    """Bytes alive at once when each storage lives from its first to its last operation."""
    module = build(net).eval()
    image = torch.randn(1, *net.input)
    with torch.no_grad(), Touched(module) as touched:
        result = module(image)
    touched.operations.append({result.untyped_storage().data_ptr()})
    touched.operations.insert(0, {image.untyped_storage().data_ptr()})
    touched.kept.setdefault(image.untyped_storage().data_ptr(), image.untyped_storage())
    first, last = {}, {}
    for index, operation in enumerate(touched.operations):
        for address in operation:
            first.setdefault(address, index)
            last[address] = index
    sizes = {address: touched.kept[address].nbytes() for address in first}
    return max(
        sum(sizes[a] for a in first if first[a] <= index <= last[a])
        for index in range(len(touched.operations))
    )


def test_resnet50_by_hand():
    # Block 1 at 56x56: while its shortcut's batch norm runs, the body's output, the projection and
    # its normalised copy are alive, 256 channels each; the parameters are torchvision's.
    found = memory(parse("resnet50"))
    assert found.peak_activation_bytes == 4 * 3 * 256 * 56 * 56 == 9_633_792
    assert found.peak_at == "layer1.0.downsample.1"
    assert found.param_bytes == 4 * 25_557_032


def test_bytes_an_element_are_the_callers():
    half = memory(parse("resnet50"), element_bytes=2)
    assert half.peak_activation_bytes == 9_633_792 // 2
    assert half.param_bytes == 2 * 25_557_032
    assert "2 bytes an element" in half.document()["memory_convention"]
    with pytest.raises(UsageError, match="element_bytes must be at least 1, not 0"):
        memory(parse("resnet20"), element_bytes=0)


def test_arrays_are_refused():
    import numpy as np

    many = families.resnext(cardinality=np.array([1, 2]), width=np.array([64, 40]))
    with pytest.raises(UsageError, match="only be counted"):
        memory(many)


IMAGE = 3 * 8 * 8
WIDE = 5 * 8 * 8


@pytest.mark.parametrize(
    ("nodes", "elements"),
    [
        ((), IMAGE),  # nothing runs, the image is there
        ((Conv(5),), IMAGE + WIDE),
        ((Conv(5), Act()), IMAGE + WIDE),  # in place
        ((Act(),), 2 * IMAGE),  # not over the caller's image
        ((Conv(5), Act(), Act()), 2 * WIDE),  # a second ReLU is not in place
        ((Conv(5), Norm(), Act()), 2 * WIDE),
        ((Dropout(0.5), Conv(5)), IMAGE + WIDE),
        # The first branch is done, the second reads the image: all three are alive.
        ((Sum(Conv(5), Conv(5)),), IMAGE + 2 * WIDE),
        # The identity is needed until the sum, which has a buffer of its own then.
        ((Sum(Seq(), Conv(3)),), 3 * IMAGE),
        ((Sum(Conv(3), Seq()),), 2 * IMAGE),
        # Scaled: conv's output, its product, the image.
        ((Sum(Conv(3), Seq(), scales=(0.5, 1.0)),), 3 * IMAGE),
        ((Cat(Conv(5), Conv(5)),), 4 * WIDE),
        ((Conv(5), Pool("global"), Linear(10)), IMAGE + WIDE),
        ((Conv(5, label="a"), Seq(Act(), label="b")), 2 * WIDE),  # another module's output
        ((Aux(Conv(5), Conv(500)),), IMAGE + WIDE),  # the side head does not run
    ],
)
def test_small_trees_by_hand(nodes, elements):
    assert memory(network(*nodes)).peak_activation_bytes == 4 * elements
    if nodes:
        assert measured_peak(network(*nodes)) == 4 * elements


ONLY_LARGE = ("inception_v4", "inception_resnet_v2")
OF_OTHER_FAMILIES = (
    "mobilenet_v2_0.5",
    "mobilenet_v3_small",
    "efficientnet_b0",
    "efficientnet_v2_s",
    "mnasnet_0.5",
    "densenet_3_4_7_3_k8",
    "shufflenet_v2_x0_5",
    "convnext_1_1_3_1_w16",
    "regnetx_200mf",
    "regnety_200mf",
    "vgg11",
    "repvgg_a0",
    "squeezenet1_1",
    "googlenet",
    "seresnext50_32x4d",
    "res2net50_26w_4s",
)


@pytest.mark.parametrize(
    "name",
    [
        "resnet18",
        "resnext50_32x4d",
        "resnet50-noshortcut",
        "resnext29_3x64d@0.25",
        "wrn_16_2-drop0.3",
        "wrn_16_1-B(3,1,3)",
        "preresnet20",
        "preresnet29",
        "resnet20",
        "inception_v3_aux",
        pytest.param("inception_v4", marks=pytest.mark.slow),
        pytest.param("inception_resnet_v2", marks=pytest.mark.slow),
        *(pytest.param(name, marks=pytest.mark.slow) for name in OF_OTHER_FAMILIES),
    ],
)
def test_the_module_touches_as_much(name):
    side = 64 if name in OF_OTHER_FAMILIES else 107 if name in ONLY_LARGE else None
    net = parse(name, input_shape=(3, side, side) if side else None)
    assert memory(net).peak_activation_bytes == measured_peak(net)


def test_an_array_has_what_the_modules_of_its_designs_touch():
    import numpy as np

    designs = [(1, 1, 16), (2, 3, 48), (3, 4, 8)]  # blocks of the first stage, C, d
    first, cardinality, width = (np.array(column) for column in zip(*designs, strict=True))
    many = families.cifar_resnext(
        depth=(first, 1, 1), cardinality=cardinality, width=width, scale=Fraction(1, 4)
    )
    alone = [
        families.cifar_resnext(depth=(n, 1, 1), cardinality=c, width=d, scale=Fraction(1, 4))
        for n, c, d in designs
    ]
    assert (4 * peak_elements(many)).tolist() == [measured_peak(one) for one in alone]


BLOCK = Sum(Seq(Conv(6, 3), Norm(), Act(), Conv(6, 3), Norm()), Shortcut(6, label="down"))


def test_a_stage_of_many_blocks_is_listed_twice_and_counts_as_often():
    short = network(Repeat(2, BLOCK, BLOCK, label="stage"))
    long = network(Repeat(50, BLOCK, BLOCK, label="stage"))
    assert len(execution(short).operations) == len(execution(long).operations)
    assert memory(short).peak_activation_bytes == memory(long).peak_activation_bytes
    assert measured_peak(long) == memory(long).peak_activation_bytes
    assert max(op.times for op in execution(long).operations) == 49


def test_what_training_holds():
    # Conv 3 -> 5 of 1x1: 15 weights three times, and the output of two images.
    one = network(Conv(5), Act())
    assert training_bytes(one, batch=2) == 4 * (3 * 15 + 2 * WIDE)
    assert training_bytes(one, batch=2, states=2) == 4 * (4 * 15 + 2 * WIDE)  # of AdamW


@pytest.mark.parametrize("low", [False, True], ids=["fp32", "bf16"])
@pytest.mark.parametrize("name", ["wrn_16_2", "resnext11_4x64d@0.25"])
def test_what_training_holds_is_about_what_autograd_saves(name: str, low: bool):
    """Within 15 %: autograd keeps what its formulas need, and each storage once."""
    net, batch = parse(name), 2
    module = build(net).train()
    own = {tensor.untyped_storage().data_ptr() for tensor in module.parameters()}
    saved: dict[int, torch.Tensor] = {}

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        saved[tensor.untyped_storage().data_ptr()] = tensor
        return tensor

    x, y = torch.randn(batch, *net.input), torch.zeros(batch, dtype=torch.long)
    with (
        torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor),
        torch.autocast("cpu", dtype=torch.bfloat16, enabled=low),
    ):
        torch.nn.functional.cross_entropy(module(x).float(), y)
    # Weights that autocast made low are as many for any batch: only activations are compared.
    kept = sum(t.untyped_storage().nbytes() for p, t in saved.items() if p not in own)
    kept -= 2 * count(net).params if low else 0
    found = training_bytes(net, batch, element_bytes=2 if low else 4)
    assert found - 12 * count(net).params == pytest.approx(kept, rel=0.15)


LEAVES = st.one_of(
    st.builds(Conv, st.just(4), st.sampled_from([1, 3])),
    st.builds(Norm),
    st.builds(Gain),  # layer and group norm keep their means as well, which are not counted
    st.builds(Act, st.sampled_from(get_args(Activation))),
    st.just(Shuffle(2)),
    st.sampled_from([Split(Conv(2), Seq(Act())), Split(Conv(2, 3), Conv(2, 3), chain=True)]),
    st.just(Pool("max", 3, 1, 1)),
    st.builds(Dropout, st.just(0.5)),
)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda parts: Seq(*parts)),
        st.tuples(inner, inner).map(lambda parts: Sum(*parts)),
        st.tuples(inner, inner).map(lambda parts: Sum(*parts, scales=(0.5, 1.0))),
        st.tuples(inner, inner).map(lambda parts: Seq(Cat(*parts), Conv(4))),
        inner.map(Gate),
        inner.map(lambda part: Seq(Grow(2, Seq(Conv(4), part, Conv(1, 3))), Conv(4))),
        inner.map(lambda part: Gate(Seq(Pool("global"), Conv(4), Act("sigmoid"), part))),
        inner.map(lambda part: Repeat(3, part, part)),
    ),
    max_leaves=8,
)


def labelled(tree):
    """The tree with a name of its own for each stage: their blocks are all called 0, 1, 2."""
    numbers = itertools.count()

    def change(node):
        return replace(node, label=f"s{next(numbers)}") if isinstance(node, Repeat | Grow) else node

    return rebuild(tree, change)


@settings(max_examples=40, deadline=None)
@given(TREES)
def test_any_tree_touches_as_much_and_never_less_than_one_operation(tree):
    net = Network("random", Seq(labelled(tree)), (4, 5, 5))
    found, run = memory(net), execution(net)
    assert found.peak_activation_bytes == measured_peak(net)
    for operation in run.operations:
        together = sum(run.sizes[b] for b in {*operation.reads, operation.writes})
        assert found.peak_activation_bytes >= 4 * together
