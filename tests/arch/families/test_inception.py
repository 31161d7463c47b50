"""The Inception networks against torchvision's and timm's numbers and the papers' figures."""

import pytest

from archscope.arch import families
from archscope.arch.names import parse
from archscope.arch.network import stages
from archscope.arch.nodes import Aux, Norm, Pool, Sum
from archscope.arch.rebuild import rebuild
from archscope.arch.shape import walk
from archscope.cost import count
from archscope.cost.formula import count_stages
from archscope.errors import UsageError

NAMES = ["inception_v3", "inception_v3-aux", "inception_v4", "inception_resnet_v2"]


@pytest.mark.parametrize(
    ("name", "params"),
    # num_params of torchvision 0.29 (with the auxiliary head) and of timm 1.0.31.
    [
        ("inception_v3", 23_834_568),
        ("inception_v3-aux", 27_161_264),
        ("inception_v4", 42_679_816),
        ("inception_resnet_v2", 55_843_464),
    ],
)
def test_parameters_as_published(name, params):
    assert count(parse(name)).params == params


def test_multiply_adds_of_inception_v3_are_torchvisions():
    """_ops of torchvision's weights: 5.713 G, without the side head, which eval does not run."""
    for name in ("inception_v3", "inception_v3-aux"):
        assert round(count(parse(name)).macs / 1e9, 3) == 5.713


@pytest.mark.parametrize(
    ("name", "sizes"),
    # Rethinking the Inception Architecture, Table 1; Inception-v4, Figures 3 to 9 and 14.
    [
        ("inception_v3", [(64, 147), (192, 71), (288, 35), (768, 17), (2048, 8)]),
        ("inception_v4", [(64, 147), (192, 71), (384, 35), (1024, 17), (1536, 8)]),
        ("inception_resnet_v2", [(64, 147), (192, 71), (320, 35), (1088, 17), (1536, 8)]),
    ],
)
def test_rows_of_table_1_are_the_grids(name, sizes):
    rows = stages(parse(name))
    assert [row.name for row in rows] == ["conv1", "conv2", "conv3", "conv4", "conv5", "head"]
    assert [row.output[:2] for row in rows[:-1]] == sizes


@pytest.mark.parametrize("name", NAMES)
def test_rows_add_up_to_the_whole(name):
    network = parse(name)
    rows, whole = count_stages(network), count(network)
    for key in ("params", "macs", "activations"):
        assert sum(getattr(cost, key) for _, cost in rows) == getattr(whole, key)


def test_the_side_head_is_a_row_that_costs_parameters_only():
    rows = {stage.name: (stage, cost) for stage, cost in count_stages(parse("inception_v3-aux"))}
    assert list(rows) == ["conv1", "conv2", "conv3", "conv4", "aux", "conv5", "head"]
    stage, cost = rows["aux"]
    assert stage.input == stage.output == (768, 17, 17)
    assert (cost.params, cost.macs, cost.activations) == (27_161_264 - 23_834_568, 0, 0)


def test_residual_branches_are_scaled_as_the_paper_says():
    scales = []

    def collect(node):
        scales.extend([node.scales] if isinstance(node, Sum) else [])
        return node

    network = parse("inception_resnet_v2")
    rebuild(network.tree, collect)
    # A stage holds its block twice: as the first and as the one that repeats.
    assert scales == [(0.17, 1.0)] * 2 + [(0.1, 1.0)] * 2 + [(0.2, 1.0)] * 2 + [(1.0, 1.0)]


@pytest.mark.parametrize("name", NAMES)
def test_batch_norm_and_average_pools_are_the_authors(name):
    visits = list(walk(parse(name).tree, (3, 299, 299)))
    assert {visit.node.eps for visit in visits if isinstance(visit.node, Norm)} == {1e-3}
    pools = [v.node for v in visits if isinstance(v.node, Pool) and v.node.kind == "avg"]
    # TF-slim leaves the padding out of the mean; torchvision's port of v3 does not.
    assert {pool.count_include_pad for pool in pools} == {name.startswith("inception_v3")}


@pytest.mark.parametrize(
    ("spelled", "canonical"),
    [
        ("Inception-v3", "inception_v3"),
        ("InceptionV3-aux", "inception_v3-aux"),
        ("imagenet_inception_v4", "inception_v4"),
        ("Inception-ResNet-v2", "inception_resnet_v2"),
        ("inception_resnetv2", "inception_resnet_v2"),
    ],
)
def test_spellings(spelled, canonical):
    network = parse(spelled, classes=5000)
    assert (network.name, network.input, network.classes) == (canonical, (3, 299, 299), 5000)
    assert parse(network.name, classes=5000) == network


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("inception_v3@0.5", "no suffix like '@0.5'; leave it out"),
        ("inception_v4-aux", "no suffix like '-aux'; leave it out"),
        ("inception_resnet_v2-noshortcut", "leave it out"),
        ("cifar_inception_v3-aux", "leave -aux or cifar_ out"),
        ("inception_v5", "did you mean inception_v"),
        ("resnet50-aux", "no suffix like '-aux'; leave it out"),
    ],
)
def test_wrong_names_are_one_sentence(name, rule):
    with pytest.raises(UsageError, match=rule):
        parse(name)


@pytest.mark.parametrize("name", ["inception_v3", "inception_v4", "inception_resnet_v2"])
def test_the_smallest_input_is_75(name):
    assert parse(name, input_shape=(3, 75, 75)).classes == 1000
    with pytest.raises(UsageError, match="use a larger input"):
        parse(name, input_shape=(3, 74, 74))


@pytest.mark.parametrize("name", ["inception_v3", "inception_v4", "inception_resnet_v2"])
def test_for_small_images_the_strides_of_the_stem_alone_are_left_out(name):
    """Weiaicunzai's forms: the weights are of the same shapes."""
    small, large = parse(f"cifar_{name}"), parse(name, classes=10)
    assert count(small).params == count(large).params
    sizes = {visit.output[1] for visit in walk(small.tree, small.input)}
    assert sizes - {32} == {30, 14, 6, 1}


def test_without_the_side_head_there_is_no_aux_node():
    found = {
        aux: any(isinstance(node, Aux) for node in families.inception_v3(aux=aux).tree.children)
        for aux in (False, True)
    }
    assert found == {False: False, True: True}
