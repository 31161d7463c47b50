"""Random networks of blocks that have several forms, small enough to build."""

from hypothesis import strategies as st

from archscope.arch import families


@st.composite
def bottleneck_networks(draw):
    """Figure 3: ResNeXts of ImageNet and CIFAR, pre-activation ones, with and without shortcuts."""
    residual = draw(st.booleans())
    scale = draw(st.sampled_from([1 / 16, 1 / 8]))
    cardinality, width = draw(st.integers(1, 5)), draw(st.sampled_from([16, 32, 48]))
    kind = draw(st.sampled_from(["imagenet", "cifar", "preactivation"]))
    if kind == "imagenet":
        blocks = draw(st.tuples(*[st.integers(1, 2)] * 4))
        return families.resnext(
            blocks, cardinality, width, classes=5, scale=scale, residual=residual
        )
    if kind == "cifar":
        depth = draw(st.sampled_from([11, 20]))
        return families.cifar_resnext(
            depth, cardinality, width, classes=5, scale=scale, residual=residual
        )
    return families.cifar_preresnet(11, "bottleneck", classes=5, scale=1 / 4, residual=residual)


@st.composite
def basic_networks(draw):
    """Figure 4: ResNets and Wide ResNets of two convolutions a block; with a number of paths."""
    residual = draw(st.booleans())
    paths = draw(st.sampled_from([1, 2, 4]))
    kind = draw(st.sampled_from(["imagenet", "cifar", "wide"]))
    if kind == "imagenet":
        blocks = draw(st.tuples(*[st.integers(1, 2)] * 4))
        return families.resnet_basic(blocks, classes=5, scale=1 / 8, residual=residual), paths
    if kind == "cifar":
        depth = draw(st.sampled_from([8, 14]))
        return families.cifar_resnet(depth, classes=5, scale=1 / 4, residual=residual), paths
    return families.wrn(10, 2, classes=5, scale=1 / 4, residual=residual), paths
