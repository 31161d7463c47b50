import numpy as np
import pytest

from archscope.arch.nodes import Conv, Norm, Repeat, Seq, Shortcut, Sum
from archscope.arch.rebuild import rebuild
from archscope.errors import UsageError


def test_trees_of_equal_content_are_equal_and_hash_alike():
    one = Seq(Conv(64, 3, label="conv1"), Sum(Seq(Norm()), Shortcut(64, 2)))
    other = Seq(Conv(64, 3, label="conv1"), Sum(Seq(Norm()), Shortcut(64, 2)))
    assert one == other and hash(one) == hash(other)
    assert one != Seq(Conv(64, 3, label="conv2"), Sum(Seq(Norm()), Shortcut(64, 2)))
    assert Seq() != Sum(Seq())


def test_arrays_of_designs_refuse_hash_and_equality():
    one, other = (Seq(Repeat(np.array([1, 2]), Conv(8), Conv(8))) for _ in range(2))
    with pytest.raises(UsageError, match="can only be counted"):
        hash(one)
    with pytest.raises(UsageError, match="can only be counted"):
        assert one == other


def test_rebuild_changes_leaves_and_keeps_the_rest_of_the_tree():
    tree = Seq(Repeat(2, Sum(Conv(8), Seq(), scales=(0.5, 1.0), label="s"), Conv(8), label="l"))

    def widen(node):
        return Conv(2 * node.out, label=node.label) if isinstance(node, Conv) else node

    wide = rebuild(tree, widen)
    assert wide == Seq(
        Repeat(2, Sum(Conv(16), Seq(), scales=(0.5, 1.0), label="s"), Conv(16), label="l")
    )
    assert rebuild(tree, lambda node: node) is tree


def test_a_sum_needs_a_branch_and_a_scale_for_each():
    with pytest.raises(UsageError, match="at least one branch"):
        Sum()
    with pytest.raises(UsageError, match="a scale for each"):
        Sum(Conv(1), scales=(1.0, 2.0))
