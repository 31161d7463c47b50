"""Names as papers and other programs spell them: what they mean, and what is said of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archscope.arch.names import parse
from archscope.cost.formula import count
from archscope.errors import UsageError

SPELLED = {
    "ResNeXt-50 (32x4d)": "resnext50_32x4d",
    "ResNeXt-29, 8×64d": "resnext29_8x64d",
    "SE-ResNeXt-50 (32x4d)": "seresnext50_32x4d",
    "SE-ResNet-18": "seresnet18",
    "R-50-1x64d": "resnet50",
    "R-56_nds_1gpu": "resnet56",
    "X-101-32x4d_dds_8gpu": "resnext101_32x4d",
    "EN-B0_dds_8gpu": "efficientnet_b0",
    "RegNetX-400MF_dds_8gpu": "regnetx_400mf",
    "RegNetY-4GF": "regnety_4.0gf",
    "resnet50.tv_in1k": "resnet50",
    "regnetx_004.pycls_in1k": "regnetx_400mf",
    "convnext_base.fb_in22k_ft_in1k_384": "convnext_base",
    "efficientnet_b5.sw_in12k": "efficientnet_b5-timm",
    "cifar_ConvNeXt-T": "cifar_convnext_tiny",
    "ConvNeXt-XL": "convnext_xlarge",
    "DenseNet-161 (k=48)": "densenet161",
    "DenseNet-BC-121 (k = 24)": "densenet_6_12_24_16_k24",
    "MobileNetV3-Large 1.0": "mobilenet_v3_large",
    "MobileNetV3-S 0.75": "mobilenet_v3_small_0.75",
    "0.75 MobileNetV2": "mobilenet_v2_0.75",
    "MobileNetV2 1.4×": "mobilenet_v2_1.4",
    "MnasNet-B1": "mnasnet1_0",
    "MnasNet-A1": "mnasnet_a1",
    "semnasnet_075.rmsp_in1k": "mnasnet_a1_0.75",
    "ResNet-D-50": "resnet50d",
    "SE-ResNeXt-101": "seresnext101_32x4d",
    "cifar_SE-ResNeXt-50": "cifar_seresnext50_32x4d",
    "ShuffleNetV2 1.0x": "shufflenet_v2_x1_0",
    "ShuffleNet V2 0.5×": "shufflenet_v2_x0_5",
    "SqueezeNet v1.1": "squeezenet1_1",
    "Res2Net-50-26w4s": "res2net50_26w_4s",
    "Res2Net-101 (26w×4s)": "res2net101_26w_4s",
    "VGG-D": "vgg16",
    "VGG-16 (BN)": "vgg16_bn",
    "ResNet50-vd": "resnet50d",
    "ResNet-50 v1.5": "resnet50",
    "Inception-v1": "googlenet",
    "SENet-154": "senet154",
    "Res2NeXt-29, 6c×24w×4s": "res2next29_6c_24w_4s",
}


@pytest.mark.parametrize(("spelled", "name"), SPELLED.items())
def test_a_spelling_of_elsewhere_is_ours(spelled: str, name: str) -> None:
    assert parse(spelled).name == name
    assert parse(spelled) == parse(name)


@pytest.mark.parametrize(
    ("spelled", "says"),
    [
        ("RegNetX-400MF", "torchvision's regnet_x_400mf is another network"),
        ("regnetx_004", "torchvision's regnet_x_400mf is another network"),
        ("EN-B2", "torchvision's efficientnet_b2 takes 288x288"),
        ("EN-B5_dds_8gpu", "'dds_8gpu' is how pycls trains the network"),
        ("EN-B5", "eps of 1e-5 in its batch norms; that of torchvision's efficientnet_b5 is 1e-3"),
        ("mobilenetv3_large_100", "is timm's, with an eps of 1e-5"),
        ("SE-ResNeXt-50", "of the SE paper's Table 2, of the template 32x4d"),
        ("R-50", "Detectron's is resnet50-stride1x1"),
        ("resnet50.tv_in1k", "'tv_in1k' names weights of timm's, not another network"),
    ],
)
def test_what_another_means_by_a_name_is_said(spelled: str, says: str) -> None:
    assert says in "; ".join(parse(spelled).notes)


@pytest.mark.parametrize(
    "name", ["regnet_x_400mf", "RegNetX-3.2GF", "regnetx_032", "R-50-1x64d", "EN-B0", "resnet50"]
)
def test_where_all_mean_the_same_nothing_is_said(name: str) -> None:
    assert parse(name).notes == ()


@pytest.mark.parametrize(
    ("spelled", "params"),
    # pycls, dev/model_complexity.json; timm 1.0.31, by building them.
    [
        *[("EN-B2", 9_109_994), ("EN-B5", 30_389_784), ("RegNetX-4.0GF", 22_118_248)],
        *[("seresnet18", 11_779_624), ("seresnet34", 21_960_416)],
    ],
)
def test_they_are_as_large_as_their_programs_say(spelled: str, params: int) -> None:
    assert count(parse(spelled)).params == params


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("EN-B9", "efficientnet_b7"),
        ("X-50-32x4", "resnext50_32x4d"),
        ("convnext_tinny.fb_in1k", "convnext_tiny"),
        ("MobileNetV3-Lrge 1.0", "mobilenet_v3_large"),
        ("seresnet19", "seresnet18"),
    ],
)
def test_a_typo_is_suggested_its_own_family_first(typed: str, meant: str) -> None:
    with pytest.raises(UsageError, match=f"did you mean {meant}[ ?]"):
        parse(typed)


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("X-50", "X-50 says no template; write it with one, as X-50-32x4d"),
        ("legacy_senet154", "pooling of legacy_senet154; write senet154, or timm:legacy_senet154"),
        ("SE-Res2NeXt-29, 6c×24w×4s", "write res2next29_6c_24w_4s, which is without"),
    ],
)
def test_what_no_family_has_is_said(typed: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        parse(typed)


@given(
    st.sampled_from(list(SPELLED)),
    st.integers(0, 40),
    st.sampled_from(["", "0", "9" * 11, "x", "(", ")", "×", ".", "_", "-", " ", "\n", "１"]),
)
def test_any_change_of_one_is_a_network_or_one_sentence(name: str, at: int, by: str) -> None:
    try:
        network = parse(name[:at] + by + name[at + 1 :])
    except UsageError as error:
        assert "\n" not in str(error)
    else:
        assert parse(network.name) == network
