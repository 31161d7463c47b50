"""Short names in figures."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archscope.reporting.facts.short_names import LONGEST, shared_sentences, short_names


@pytest.mark.parametrize(
    ("names", "short", "sentence"),
    [
        (
            ["cifar_resnext29_1x64d@0.125", "cifar_resnext29_4x24d@0.125-noshortcut"],
            ["1x64d", "4x24d-noshortcut"],
            ["Names leave out what all share: cifar_resnext29, @0.125."],
        ),
        (
            ["cifar_resnext29_1x64d@0.125", "cifar_resnext29_1x64d@0.25"],
            ["@0.125", "@0.25"],
            ["Names leave out what all share: cifar_resnext29_1x64d."],
        ),
        (["1x64d", "8x64d"], ["1x64d", "8x64d"], []),
        (["wrn_28_10", "wrn_40_4"], ["wrn_28_10", "wrn_40_4"], []),
        (["cifar_resnext29_1x64d@0.125"], ["cifar_resnext29_1x64d@0.125"], []),
        (  # nothing would be left of the first
            ["imagenet_resnet_50", "imagenet_resnet_50-noshortcut"],
            ["imagenet_resnet_50", "imagenet_resnet_50-noshortcut"],
            [],
        ),
        (  # what is left would be the same
            ["cifar_resnet_20_2_20", "cifar_resnet_2_20"],
            ["cifar_resnet_20_2_20", "cifar_resnet_2_20"],
            [],
        ),
    ],
)
def test_what_all_names_share_is_left_out(names, short, sentence):
    assert list(short_names(names).values()) == short
    assert shared_sentences(names) == sentence


words = st.sampled_from(["cifar", "resnext29", "1x64d", "B(3,1,3)", "4x24d", "28", "10"])
name = st.lists(words, min_size=1, max_size=5).map("_".join)


@given(st.lists(name, min_size=1, max_size=6, unique=True))
def test_short_names_tell_networks_apart(names):
    short = short_names(names)
    assert list(short) == names and len(set(short.values())) == len(names)
    assert all(short.values()) and all(len(s) <= len(n) for n, s in short.items())
    if max(map(len, names)) <= LONGEST:
        assert all(s == n for n, s in short.items())
    assert bool(shared_sentences(names)) == any(s != n for n, s in short.items())
