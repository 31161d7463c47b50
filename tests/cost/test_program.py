"""The program that a module runs and memory counts: order, buffers, overwriting, freeing."""

import weakref

import pytest
import torch

from archscope.arch.network import Network
from archscope.arch.nodes import (
    Act,
    Aux,
    Cat,
    Conv,
    Dropout,
    Linear,
    Norm,
    Pool,
    Repeat,
    Seq,
    Shortcut,
    Shuffle,
    Sum,
)
from archscope.cost.execution import execution
from archscope.cost.program import program
from archscope.cost.steps import Call, Layer, View
from archscope.nn.build import build


def network(*nodes):
    return Network("hand", Seq(*nodes), (3, 8, 8))


def lines(written):
    """Each step as (what it does, buffers read, buffer written)."""
    return [
        (
            type(step.node if isinstance(step.op, Layer) else step.op).__name__,
            step.reads,
            step.writes,
        )
        for step in written.steps
    ]


def test_a_residual_block_by_hand():
    body = Seq(Conv(5, 3), Norm(), Act(), Conv(5, 3), Norm())
    block = Seq(Sum(body, Shortcut(5)), Act())
    written = program(network(block))
    assert lines(written) == [
        ("Conv", (0,), 1),
        ("Norm", (1,), 2),
        ("Act", (2,), 2),
        ("Conv", (2,), 3),
        ("Norm", (3,), 4),
        ("Conv", (0,), 5),  # the projection
        ("Norm", (5,), 6),
        ("Add", (4, 6), 4),
        ("Act", (4,), 4),
    ]
    freed = [step.frees for step in written.steps]
    assert freed == [(), (1,), (), (2,), (3,), (0,), (5,), (6,), ()]
    assert written.output == 4


def test_a_module_overwrites_nothing_that_it_is_given():
    inner = Seq(Act(), Conv(3), Act(), label="inner")
    written = program(network(Conv(3), inner, Act()))
    assert lines(written) == [("Conv", (0,), 1), ("Call", (1,), 2), ("Act", (2,), 3)]
    call = written.steps[1].op
    assert isinstance(call, Call)
    assert lines(call.programs[0]) == [("Act", (0,), 1), ("Conv", (1,), 2), ("Act", (2,), 2)]


def test_dropout_keeps_what_it_reads():
    written = program(network(Conv(3), Dropout(0.5), Act()))
    assert lines(written) == [("Conv", (0,), 1), ("Dropout", (1,), 2), ("Act", (2,), 3)]
    # In eval mode it does nothing: ReLU still reads what the convolution wrote.
    assert [
        (one.reads, one.writes)
        for one in execution(network(Conv(3), Dropout(0.5), Act())).operations
    ] == [
        ((0,), 1),
        ((1,), 2),
    ]


def test_a_side_head_stands_first_and_runs_last():
    tree = Aux(Seq(Norm(label="main"), Dropout(0.5)), Seq(Dropout(0.5), Norm(label="side")))
    written = program(network(Conv(4), tree))
    assert [step.node.label for step in written.in_tree_order] == [
        *(None, None, "side"),  # convolution, dropout
        *("main", None, None),  # and the pair
    ]
    assert [step.side for step in written.steps] == [False, False, False, True, True, False]
    assert [type(step.node) for step in written.steps] == [Conv, Norm, Dropout, Dropout, Norm, Aux]
    module = build(network(Conv(4), tree))
    assert [name for name, _ in module.named_children()] == [
        *("conv", "dropout", "side", "main", "dropout1")
    ]
    order = []
    for name, part in module.named_children():
        part.register_forward_hook(lambda *_, name=name: order.append(name))
    module.train()(torch.randn(2, 3, 8, 8))
    assert order == ["conv", "main", "dropout1", "dropout", "side"]
    order.clear()
    module.eval()(torch.randn(2, 3, 8, 8))
    assert order == ["conv", "main", "dropout1"]


def test_views_of_what_linear_layers_give_and_take():
    written = program(network(Linear(4), Norm(), Sum(Linear(4), Conv(4), Seq())))
    forms = [step.op.form for step in written.steps if isinstance(step.op, View)]
    # Into the first linear layer, out to batch norm; into the second, and out beside a map.
    assert forms == ["flat", "map", "flat", "map"]
    assert len(execution(network(Linear(4), Norm())).sizes) == 3  # no buffer of their own


@pytest.mark.parametrize(("first", "rest"), [(Conv(4), Linear(4)), (Linear(4), Conv(4))])
def test_the_blocks_of_a_stage_may_change_between_linear_and_map(first, rest):
    torch.manual_seed(0)
    net = network(Conv(4, 8, padding=0, label="start"), Repeat(4, first, rest, label="stage"))
    module = build(net)
    x = torch.randn(2, 3, 8, 8)
    expected = module.start(x).flatten(1)
    for block in module.stage.children():
        (layer,) = block.children()
        expected = torch.nn.functional.linear(expected, layer.weight.flatten(1), layer.bias)
    assert torch.allclose(module(x).flatten(1), expected, atol=1e-6)
    assert [one.times for one in execution(net).operations] == [1, 1, 3]


def test_the_module_lets_a_value_go_after_its_last_use():
    branches = [
        Seq(Norm(label=f"n{index}"), Pool("max", 3, 1, 1, label=f"p{index}")) for index in (1, 2)
    ]
    module = build(network(Conv(4, label="start"), Cat(*branches), Conv(4, label="end"))).eval()
    outputs = {}

    def keep(part, given, output):
        outputs[part] = weakref.ref(output)

    alive = {}

    def look(part, given):
        alive[part] = {other for other, output in outputs.items() if output() is not None}

    for part in module.children():
        part.register_forward_hook(keep)
        part.register_forward_pre_hook(look)
    with torch.no_grad():
        module(torch.randn(1, 3, 8, 8))
    start, n1, p1, n2, p2, end = module.children()
    assert alive[p1] == {start, n1}
    assert alive[n2] == {start, p1}
    assert alive[p2] == {n2, p1}  # nobody reads the first layer's output any more
    assert alive[end] == set()  # only the concatenation's


def test_what_follows_a_shuffle_does_not_overwrite_its_input():
    """A shuffle of one group is a view of its input in torch."""
    tree = Seq(Sum(Seq(Shuffle(1), Act()), Seq()))
    module = build(Network("shuffled", tree, (2, 1, 1))).eval()
    image = torch.tensor([[-1.0, 2.0]]).reshape(1, 2, 1, 1)
    assert module(image).flatten().tolist() == [-1.0, 4.0]
