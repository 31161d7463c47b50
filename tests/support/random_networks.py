"""Random networks of every family, and random trees of every node: a seed gives the same again.

Small ones, so that a thousand can be built and traced. `draw(seed).text` says how to make one.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from functools import partial
from typing import get_args

from archscope.arch import families
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
    Node,
    Norm,
    Pool,
    Repeat,
    Seq,
    Shortcut,
    Shuffle,
    Split,
    Sum,
)
from archscope.arch.shape import output_shape
from archscope.arch.windows import Shape
from archscope.errors import UsageError

LARGEST = 4096  # elements of an activation in a random tree


@dataclass(frozen=True)
class Drawn:
    """A network, and how it was drawn."""

    seed: int
    text: str
    network: Network


def draw(seed: int) -> Drawn:
    """The network of a seed. Seeds count through the kinds: `EVERY` in a row have them all."""
    rng = random.Random(seed)
    kind = KINDS[seed % len(KINDS)]
    while True:
        try:
            network, text = kind(rng)
            output_shape(network.tree, network.input)
        except UsageError:  # a scale that makes a width not whole, a window larger than its input
            continue
        return Drawn(seed, f"seed {seed}: {text} at {network.input}", network)


def family(make: str, numbers, shape, rng: random.Random) -> tuple[Network, str]:
    """A call of a family with the numbers that `numbers` draws, at the input that `shape` draws."""
    given = {"classes": rng.randint(1, 20), **numbers(rng)}
    if "inception" not in make:
        given["residual"] = rng.random() < 0.8
        given["scale"] = rng.choice([1, 1, 0.25, 0.5, 1.5])
    network = replace(getattr(families, make)(**given), input=shape(rng))
    return network, f"{make}(**{given})"


def small(rng: random.Random) -> Shape:
    return rng.randint(1, 4), rng.randint(5, 19), rng.randint(5, 19)


def imagenet(rng: random.Random) -> Shape:
    return rng.randint(1, 4), rng.randint(17, 49), rng.randint(17, 49)


def inception(rng: random.Random) -> Shape:
    return rng.randint(1, 4), rng.randint(75, 85), rng.randint(75, 85)


def stages(rng: random.Random) -> tuple[int, ...]:
    return tuple(rng.randint(1, 2) for _ in range(4))


def resnext_numbers(rng: random.Random) -> dict:
    return {"blocks": stages(rng), "cardinality": rng.randint(1, 9), "width": rng.randint(1, 8)}


def res2net_numbers(rng: random.Random) -> dict:
    variant = rng.choice(["", "d", "t"])
    return {**resnext_numbers(rng), "splits": rng.randint(1, 4), "variant": variant}


def basic_numbers(rng: random.Random) -> dict:
    return {"blocks": stages(rng), "widen": 1, "variant": rng.choice(["", "d"])}


def imagenet_wrn_numbers(rng: random.Random) -> dict:
    return {"blocks": stages(rng), "widen": rng.choice([1.25, 1.5, 2])}


def cifar_resnext_numbers(rng: random.Random) -> dict:
    depth = rng.choice([11, 20])
    return {"depth": depth, "cardinality": rng.randint(1, 9), "width": rng.randint(1, 9)}


def cifar_resnet_numbers(rng: random.Random) -> dict:
    return {"depth": rng.choice([8, 14, 20])}


def wrn_numbers(rng: random.Random) -> dict:
    given: dict = {"depth": rng.choice([10, 16, 22]), "widen": rng.choice([1, 1, 2, 3, 1.5])}
    if rng.random() < 0.3:
        given["deepening"] = rng.choice([1, 2, 3])
    elif rng.random() < 0.7:
        given["block"] = tuple(rng.choice([1, 3, 5]) for _ in range(rng.randint(1, 4)))
    if rng.random() < 0.4:
        given["dropout"] = rng.choice([0.3, 0.4])
    return given


def preresnet_numbers(rng: random.Random) -> dict:
    return {"blocks": stages(rng), "block": rng.choice(["basic", "bottleneck"])}


def cifar_preresnet_numbers(rng: random.Random) -> dict:
    return rng.choice([{"depth": 8}, {"depth": 14}, {"depth": 11}, {"depth": 20, "block": "basic"}])


def v3_numbers(rng: random.Random) -> dict:
    return {"aux": False}


def other_inception(rng: random.Random) -> tuple[Network, str]:
    # The auxiliary head (a 5x5 convolution behind a 5x5 pool of stride 3) needs the usual 299x299.
    def larger(rng):
        return rng.randint(1, 4), rng.randint(299, 303), rng.randint(299, 303)

    choices = [
        partial(family, "inception_v3", lambda rng: {"aux": True}, larger),
        partial(family, "inception_v4", lambda rng: {}, inception),
        partial(family, "inception_resnet_v2", lambda rng: {}, inception),
    ]
    return rng.choice(choices)(rng)


def tree(rng: random.Random) -> tuple[Network, str]:
    """A tree of any nodes on a small input."""
    shape = small(rng)
    made = Trees(rng).sequence(shape, 3)
    return Network("random_tree", made, shape), repr(made)


class Trees:
    """Draws nodes that fit their input. Labels are words that automatic names could take too."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.labels = 0

    def sequence(self, shape: Shape, depth: int, label: str | None = None) -> Seq:
        parts: list[Node] = []
        for _ in range(self.rng.randint(1, 5)):
            part = self.node(shape, depth)
            shape = output_shape(part, shape)
            parts.append(part)
        if self.rng.random() < 0.4:
            parts += [Pool("global"), Linear(self.rng.randint(1, 9), label=self.label())]
        return Seq(*parts, label=label)

    def node(self, shape: Shape, depth: int) -> Node:
        leaves = [self.conv, self.conv, self.pool, self.plain, self.plain, self.linear]
        combined = [self.sum, self.sum, self.cat, self.repeat, self.aux, self.inner, self.shortcut]
        combined += [self.gate, self.split, self.grow]
        while True:
            makers = leaves if depth == 0 or self.rng.random() < 0.4 else combined
            node = self.rng.choice(makers)(shape, depth - 1)
            try:
                channels, height, width = output_shape(node, shape)
            except UsageError:
                continue
            if channels * height * width <= LARGEST:
                return node

    def conv(self, shape: Shape, depth: int) -> Conv:
        rng = self.rng
        groups = rng.choice([n for n in range(1, shape[0] + 1) if shape[0] % n == 0])
        kernel = rng.choice([1, 2, 3, 5, (1, 3), (3, 1), (2, 5)])
        padding = rng.choice([None, None, 0, 1, (0, 2)])
        stride, out = rng.choice([1, 1, 2, 3]), groups * rng.randint(1, 5)
        bias = rng.random() < 0.4
        return Conv(out, kernel, stride, groups, padding, bias, label=self.label())

    def pool(self, shape: Shape, depth: int) -> Pool:
        rng = self.rng
        kernel = rng.choice([1, 2, 3, 5])
        if rng.random() < 0.2:
            return rng.choice([Pool("global"), Pool("adaptive", rng.randint(1, 4))])
        padding = rng.randint(0, kernel // 2)
        kind, whole = rng.choice(["max", "avg"]), rng.random() < 0.5
        stride, ceil = rng.choice([1, 2, 3]), rng.random() < 0.3
        return Pool(kind, kernel, stride, padding, whole, ceil, label=self.label())

    def plain(self, shape: Shape, depth: int = 0) -> Node:
        label, kind = self.label(), self.rng.choice(get_args(Activation))
        groups = self.rng.choice([n for n in range(1, shape[0] + 1) if shape[0] % n == 0])
        choices = [Norm(label=label), Norm(), Act(label=label), Act(kind), Act(kind, label=label)]
        choices.append(Norm(1e-6, "layer", label=label))
        if shape[0] * shape[1] * shape[2] > groups:  # torch refuses groups of one number
            choices.append(Norm(kind="group", groups=groups))
        return self.rng.choice([*choices, Dropout(0.3), Shuffle(groups, label=label), Gain(0.5)])

    def linear(self, shape: Shape, depth: int) -> Linear:
        return Linear(self.rng.randint(1, 9), self.rng.random() < 0.6, label=self.label())

    def inner(self, shape: Shape, depth: int) -> Seq:
        return self.sequence(shape, depth, self.label())

    def shortcut(self, shape: Shape, depth: int) -> Shortcut:
        rng = self.rng
        out = rng.choice([shape[0], rng.randint(1, 8)])
        stride, norm, pooled = rng.choice([1, 2]), rng.random() < 0.5, rng.random() < 0.3
        return Shortcut(out, stride, norm, pooled, label=self.label(always=True))

    def sum(self, shape: Shape, depth: int) -> Sum:
        rng = self.rng
        out, stride = rng.randint(1, 8), rng.choice([1, 2])
        if rng.random() < 0.2:  # (N, C) beside (N, C, 1, 1)
            branches = [Linear(out), Seq(Pool("global"), Conv(out)), Seq(Linear(out, False), Act())]
        elif rng.random() < 0.5:
            branches = [self.same(shape, depth), Seq(), self.same(shape, depth)]
        else:
            projection = Shortcut(out, stride, rng.random() < 0.5, label=self.label(always=True))
            branches = [Seq(Conv(out, 3, stride), Norm()), projection, Conv(out, 5, stride)]
        branches = rng.sample(branches, rng.randint(1, 3))
        scales = tuple(rng.choice([1, 0.17, 2.0]) for _ in branches)
        return Sum(*branches, scales=rng.choice([None, scales]), label=self.label())

    def cat(self, shape: Shape, depth: int) -> Cat:
        rng, stride = self.rng, self.rng.choice([1, 2])
        if rng.random() < 0.2:
            branches = [Linear(rng.randint(1, 4)), Pool("global"), Seq(Linear(3), Norm())]
        else:
            branches = [
                Conv(rng.randint(1, 4), rng.choice([1, 3, (5, 1)]), stride, label=self.label()),
                Pool(rng.choice(["max", "avg"]), 3, stride, 1),
                Seq(Conv(rng.randint(1, 4), 3, stride), Norm(), Act()),
                *([Seq(), self.same(shape, depth)] if stride == 1 else []),
            ]
        return Cat(*rng.sample(branches, rng.randint(1, 3)), label=self.label())

    def repeat(self, shape: Shape, depth: int) -> Repeat:
        first = self.node(shape, max(depth, 0))
        rest = self.same(output_shape(first, shape), depth)
        return Repeat(self.rng.randint(1, 4), first, rest, label=self.label(always=True))

    def gate(self, shape: Shape, depth: int) -> Gate:
        """A number a channel, from (N, C) or (N, C, 1, 1), or one an element."""
        channels, inner = shape[0], self.rng.randint(1, 4)
        pooled = [Pool("global"), Conv(inner, bias=True), Act(), Conv(channels, bias=True)]
        dense = [Linear(inner), Act("silu"), Linear(channels), Act("hardsigmoid")]
        branches = [Seq(*pooled, Act("sigmoid")), Seq(*dense), self.same(shape, depth), Seq()]
        return Gate(self.rng.choice(branches), label=self.label())

    def grow(self, shape: Shape, depth: int) -> Grow:
        rng = self.rng
        body = rng.choice([Conv(rng.randint(1, 3), 3), Seq(Norm(), Act(), Conv(2), Conv(1, 3))])
        return Grow(rng.randint(1, 4), body, label=self.label(always=True))

    def split(self, shape: Shape, depth: int) -> Node:
        rng, (channels, *size) = self.rng, shape
        numbers = [n for n in range(2, channels + 1) if channels % n == 0]
        if not numbers:
            return self.conv(shape, depth)
        number = rng.choice(numbers[:3])
        part = (channels // number, *size)
        chain = rng.random() < 0.5
        branches = [rng.choice([Seq(), self.same(part, depth)]) for _ in range(number)]
        if not chain and rng.random() < 0.5:
            branches[0] = Conv(rng.randint(1, 4), 3)
        return Split(*branches, chain=chain, label=self.label())

    def aux(self, shape: Shape, depth: int) -> Aux:
        side = self.sequence(shape, 0, self.label())
        return Aux(self.sequence(shape, max(depth, 0)), side, label=self.label())

    def same(self, shape: Shape, depth: int) -> Node:
        """A node that keeps the shape of its input."""
        rng, (channels, height, width) = self.rng, shape
        groups = rng.choice([n for n in range(1, channels + 1) if channels % n == 0])
        conv = Conv(channels, rng.choice([1, 3, (3, 5)]), groups=groups, bias=rng.random() < 0.3)
        choices = [conv, conv, self.plain(shape), Pool(rng.choice(["max", "avg"]), 3, 1, 1)]
        if (height, width) == (1, 1):
            choices += [Linear(channels), Pool("global")]
        if channels > 1:
            choices.append(Cat(Conv(1, 3), Conv(channels - 1)))
        if depth > 0:
            inner = Seq(self.same(shape, depth - 1), self.same(shape, depth - 1))
            choices += [inner, Sum(self.same(shape, depth - 1), Seq()), Seq(conv, Norm(), Act())]
        return rng.choice(choices)

    def label(self, always: bool = False) -> str | None:
        """A word that stands once in the tree: labels must differ, and some look automatic."""
        if not always and self.rng.random() < 0.6:
            return None
        self.labels += 1
        number = self.labels if self.labels > 1 else ""
        return f"{self.rng.choice(['conv', 'norm', 'act', 'pool', 'linear', 'part'])}{number}"


KINDS = (
    *(partial(family, "resnext", resnext_numbers, imagenet),) * 4,
    partial(family, "res2net", res2net_numbers, imagenet),
    *(partial(family, "resnet_basic", basic_numbers, imagenet),) * 2,
    *(partial(family, "resnet_basic", imagenet_wrn_numbers, imagenet),) * 3,
    *(partial(family, "cifar_resnext", cifar_resnext_numbers, small),) * 4,
    *(partial(family, "cifar_resnet", cifar_resnet_numbers, small),) * 2,
    *(partial(family, "wrn", wrn_numbers, small),) * 6,
    *(partial(family, "preresnet", preresnet_numbers, imagenet),) * 3,
    *(partial(family, "cifar_preresnet", cifar_preresnet_numbers, small),) * 3,
    partial(family, "inception_v3", v3_numbers, inception),
    other_inception,
    *(tree,) * 20,
)
EVERY = len(KINDS)
