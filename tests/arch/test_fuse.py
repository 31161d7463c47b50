"""Branches that are added up, as one convolution: the trees."""

import numpy as np
import pytest

from archscope.arch import families
from archscope.arch.folding.fuse import Branch, Fusion, fused, fusions
from archscope.arch.names import parse
from archscope.arch.nodes import Act, Conv, Norm, Repeat, Seq, Shortcut, Sum
from archscope.cost import count
from archscope.errors import UsageError


def unit(kernel, label, stride=1, out=8, **more):
    conv = Conv(out, kernel, stride, label="conv", **more)
    return Seq(conv, Norm(label="bn"), label=label)


def test_three_branches_are_one_convolution():
    block = Seq(Sum(unit(3, "a"), unit(1, "b"), Norm(1e-3, label="c")), Act(), label="block")
    tree = Seq(Repeat(2, block, block, label="stage"))
    one = Conv(8, 3, bias=True, label="rbr_reparam")
    after = Seq(one, Act(), label="block")
    assert fused(tree) == Seq(Repeat(2, after, after, label="stage"))
    assert fused(fused(tree)) == fused(tree)
    branches = [
        (f"stage.{n}.block.a.conv", f"stage.{n}.block.a.bn", f"stage.{n}.block.b.conv")
        for n in (0, 1)
    ]
    assert fusions(tree) == {
        f"stage.{n}.block.rbr_reparam": Fusion(
            one,
            (
                Branch(conv, norm, 1e-5),
                Branch(small, f"stage.{n}.block.b.bn", 1e-5),
                Branch(None, f"stage.{n}.block.c", 1e-3),
            ),
        )
        for n, (conv, norm, small) in enumerate(branches)
    }


def test_a_labelled_sum_keeps_its_place():
    tree = Seq(Sum(unit((1, 5), "a", 2, groups=2), unit((3, 1), "b", 2, groups=2), label="both"))
    (place,) = fusions(tree)
    assert place == "both" and fused(tree) == Seq(Conv(8, (3, 5), 2, 2, bias=True, label="both"))


ALONE = {
    "other strides": Sum(unit(3, "a", 2), unit(1, "b")),
    "other groups": Sum(unit(3, "a", groups=2), unit(1, "b")),
    "other widths": Sum(unit(3, "a", out=4), unit(1, "b")),
    "an even kernel": Sum(unit(2, "a"), unit(1, "b")),
    "another padding": Sum(unit(3, "a", padding=0), unit(1, "b")),
    "an identity beside a stride": Sum(unit(3, "a", 2), Norm(label="b")),
    "no convolution": Sum(Norm(label="a"), Norm(label="b")),
    "a branch scaled": Sum(unit(3, "a"), unit(1, "b"), scales=(1, 0.5)),
    "an activation": Sum(unit(3, "a"), Seq(*unit(1, "b").children, Act(), label="c")),
    "layer norm": Sum(unit(3, "a"), Norm(kind="layer", label="b")),
    "no label": Sum(unit(3, "a"), Norm()),
    "a shortcut": Sum(unit(3, "a"), Shortcut(8, label="downsample")),
}


@pytest.mark.parametrize("tree", ALONE.values(), ids=ALONE)
def test_what_is_no_one_convolution_is_left_alone(tree):
    assert fused(Seq(tree)) == Seq(tree) and fusions(Seq(tree)) == {}


@pytest.mark.parametrize(
    "name", ["resnet50d", "res2net50_26w_4s", "inception_v3", "repvgg_a0-deploy"]
)
def test_networks_without_such_branches(name):
    assert fusions(parse(name).tree) == {}


def test_every_layer_of_repvgg_is_fused():
    network = parse("repvgg_b1g2")
    assert len(fusions(network.tree)) == 1 + 4 + 6 + 16 + 1
    deploy = parse("RepVGG-B1g2-deploy")
    assert deploy.tree == fused(network.tree) and deploy.design.numbers["deploy"] is True
    # The authors' table (RepVGG, Table 4) has 41.36 M parameters.
    assert round(count(deploy).params / 1e6, 2) == 41.36


def test_an_array_of_depths_is_counted_fused_too():
    depths = np.array([1, 2, 3, 5])
    every = count(families.repvgg((depths, 2, 3, 1), 0.25, 0.25, 2, deploy=True))
    single = [
        count(families.repvgg((n, 2, 3, 1), 0.25, 0.25, 2, deploy=True)) for n in (1, 2, 3, 5)
    ]
    assert every.macs.tolist() == [one.macs for one in single]
    with pytest.raises(UsageError, match="can only be counted"):
        fusions(families.repvgg((depths, 2, 3, 1), 0.25, 0.25).tree)
