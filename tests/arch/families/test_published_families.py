"""Families of the field against published numbers, and against fvcore."""

import pytest

from archscope.arch.families import registry
from archscope.arch.names import parse, read
from archscope.arch.shape import walk
from archscope.cost import count
from archscope.cost.fvcore import count_activations_with_fvcore, count_with_fvcore
from archscope.errors import UsageError
from archscope.nn.build import build

# torchvision 0.29.1's networks, counted with fvcore 0.1.5 (multiply-adds and activations of
# convolutions and linear layers); its own num_params agree.
TORCHVISION = [
    ("regnet_x_400mf", 5495976, 413812608, 3174632),
    ("regnet_x_3_2gf", 15296552, 3176621952, 11367432),
    ("regnet_y_400mf", 4344144, 401842848, 3892496),
    ("regnet_y_16gf", 83590140, 15911510272, 23041228),
    ("efficientnet_b0", 5288548, 385814752, 6748036),
    ("efficientnet_b3", 12233232, 1827141392, 23831296),
    ("efficientnet_v2_s", 21458488, 8365617152, 35766624),
    ("mobilenet_v2", 3504872, 300774272, 6679112),
    ("mobilenet_v3_small", 2542856, 56510400, 1417680),
    ("mnasnet1_0", 4383312, 314415872, 5457640),
    ("convnext_tiny", 28589128, 4455531264, 13435624),
    ("densenet121", 7978856, 2834161664, 6900200),
    ("densenet161", 28681000, 7727907072, 11064808),
    ("shufflenet_v2_x1_0", 2278604, 144907992, 1951200),
    ("vgg16", 138357544, 15470264320, 13556712),
    ("vgg16_bn", 138365992, 15470264320, 13556712),
    ("squeezenet1_0", 1248424, 818924576, 4346248),
    ("googlenet", 6624904, 1498376192, 3227160),
    ("alexnet", 61100840, 714188480, 494184),
]
# pycls 5719de64, dev/model_complexity.json: multiply-adds with an addition for each output that has
# a bias, and activations with those of max pools (there are none here).
PYCLS = [
    ("RegNetX-200MF", 2684792, 199040872, 2164056),
    ("RegNetX-600MF", 6196040, 600891112, 3975096),
    ("RegNetX-4.0GF", 22118248, 3964499816, 12201608),
    ("RegNetX-32GF", 107811560, 31735930792, 36302160),
    ("RegNetY-200MF", 3162996, 199519076, 2168052),
    ("RegNetY-800MF", 6263168, 797183328, 5249888),
    ("RegNetY-12GF", 51822544, 12092395504, 21384496),
    ("efficientnet_b0", 5288548, 385825092, 6748036),
    ("EN-B2", 9109994, 993578282, 13832834),
    ("EN-B5", 30389784, 10266426072, 98857400),
]
# Parameters alone: num_params of torchvision's weights; timm's of the last five.
PARAMS = {
    "mobilenet_v3_large": 5483032,
    "mnasnet0_5": 2218512,
    "mnasnet0_75": 3170208,
    "mnasnet1_3": 6282256,
    "efficientnet_b1": 7794184,
    "efficientnet_b2": 9109994,
    "efficientnet_b4": 19341616,
    "efficientnet_b5": 30389784,
    "efficientnet_b6": 43040704,
    "efficientnet_b7": 66347960,
    "efficientnet_v2_m": 54139356,
    "efficientnet_v2_l": 118515272,
    "shufflenet_v2_x0_5": 1366792,
    "shufflenet_v2_x1_5": 3503624,
    "shufflenet_v2_x2_0": 7393996,
    "convnext_small": 50223688,
    "convnext_base": 88591464,
    "convnext_large": 197767336,
    "densenet169": 14149480,
    "densenet201": 20013928,
    "regnet_x_800mf": 7259656,
    "regnet_x_1_6gf": 9190136,
    "regnet_x_8gf": 39572648,
    "regnet_x_16gf": 54278536,
    "regnet_y_1_6gf": 11202430,
    "regnet_y_3_2gf": 19436338,
    "regnet_y_8gf": 39381472,
    "regnet_y_32gf": 145046770,
    "regnet_y_128gf": 644812894,
    "vgg11": 132863336,
    "vgg19_bn": 143678248,
    "squeezenet1_1": 1235496,
    "googlenet-aux": 13004888,
    "seresnet50": 28088024,
    "seresnext50_32x4d": 27559896,
    "regnetx_004": 5157512,
    "regnetx_064": 26209256,
    "regnety_040": 20646656,
}
# timm 1.0.31's own count of its model of the same name (Res2Net: 26w_4s where it says no width).
TIMM = {
    "mnasnet_a1": 3887038,
    "mnasnet_a1_0.75": 2912278,
    "mnasnet_a1_1.4": 6105992,
    "res2net50_26w_4s": 25699120,
    "res2net50_48w_2s": 25287304,
    "res2net50_14w_8s": 25059816,
    "res2net50_26w_6s": 37051448,
    "res2net50_26w_8s": 48403776,
    "res2net101_26w_4s": 45206688,
    "res2next50": 24671464,
    "res2net50d": 25718352,
    "res2net101d": 45225920,
    "resnet18d": 11708744,
    "resnet26d": 16014408,
    "resnet26t": 16011872,
    "resnet34d": 21816904,
    "resnet50d": 25576264,
    "resnet50t": 25573728,
    "resnet101d": 44568392,
    "resnet152d": 60212040,
    "resnet200d": 64693064,
    "resnext50d_32x4d": 25048136,
    "seresnext26d_32x4d": 16809512,
    "seresnext26t_32x4d": 16806976,
    "seresnext101d_32x8d": 93588280,
    "seresnet152d": 66841080,
    "repvgg_a0": 9108968,
    "repvgg_a1": 14092264,
    "repvgg_a2": 28210600,
    "repvgg_b0": 15817960,
    "repvgg_b1": 57415016,
    "repvgg_b1g4": 39966056,
    "repvgg_b2": 89022376,
    "repvgg_b2g4": 61758376,
    "repvgg_b3": 123085288,
    "repvgg_b3g4": 83825128,
    "repvgg_d2se": 133334836,
    "senet154": 115088984,
}
# Its multiply-adds and activations, by fvcore 0.1.5.
SENET154 = (20688363520, 38687384)


@pytest.mark.parametrize(("name", "params", "macs", "activations"), TORCHVISION)
def test_a_network_costs_what_torchvisions_does(name, params, macs, activations):
    network = parse(name)
    cost = count(network)
    assert (network.name, cost.params, cost.macs, cost.activations) == (
        *(name, params, macs),
        activations,
    )


@pytest.mark.parametrize(("name", "params", "flops", "activations"), PYCLS)
def test_a_network_costs_what_pycls_says_by_its_own_rule(name, params, flops, activations):
    network = parse(name)
    cost = count(network)
    biased = sum(
        visit.times * visit.output[0] * visit.output[1] * visit.output[2]
        for visit in walk(network.tree, network.input)
        if getattr(visit.node, "bias", False)
    )
    assert (cost.params, cost.macs + biased, cost.activations) == (params, flops, activations)


def test_resnext_50_is_an_anynet_but_for_its_stem():
    """As pycls configures X-50-32x4d: bottleneck ratio 2 (BOT_MULS 0.5), group widths 4 to 32."""
    ours = count(parse("anynet_3_4_6_3_w_256_512_1024_2048_g_4_8_16_32_b_2")).params
    stem, theirs = 3 * 32 * 9 + 2 * 32, 3 * 64 * 49 + 2 * 64
    reading = 128 + 256  # the first block's 1x1 and projection, from 32 and from 64 channels
    assert 25028904 - ours == theirs - stem + 32 * reading


def test_senet154_costs_what_timms_does():
    cost = count(parse("senet154"))
    assert (cost.macs, cost.activations) == SENET154


@pytest.mark.parametrize(
    ("cardinality", "width", "splits", "printed"),
    # Table 4 of the Res2Net paper, in millions.
    [(6, 24, 4, 24.3), (8, 25, 4, 33.8), (6, 24, 6, 36.7)],
)
def test_res2next_29_is_as_large_as_its_paper_prints(cardinality, width, splits, printed):
    """Summed by hand: all parts have a convolution in the first block, in others all but one."""
    total, w_in = 3 * 64 * 9 + 2 * 64, 64
    for stage in range(3):
        group, out = cardinality * width * 2**stage, 256 * 2**stage
        part = 9 * group * width * 2**stage + 2 * group
        total += w_in * out + 2 * out + (3 * splits - 2) * part
        total += (w_in + 5 * out) * group * splits + 3 * 2 * (group * splits + out)
        w_in = out
    total += 1024 * 10 + 10
    name = f"res2next29_{cardinality}c_{width}w_{splits}s"
    assert count(parse(name)).params == total and round(total / 1e6, 1) == printed


@pytest.mark.parametrize(
    ("small", "large"), [("cifar_resnet50d", "resnet50d"), ("cifar_seresnet50d", "seresnet50d")]
)
def test_resnet_d_for_small_images_is_less_strided(small, large):
    """The same weights: a stem of three 3x3 that keeps the size, and no max pool."""
    assert count(parse(small)).params == count(parse(large, classes=10)).params
    sizes = [visit.output[1] for visit in walk(parse(small).tree, (3, 32, 32))]
    assert sizes[0] == 32 and 4 in sizes and 2 not in sizes


@pytest.mark.parametrize(("name", "params"), [*PARAMS.items(), *TIMM.items()])
def test_a_network_has_the_published_parameters(name, params):
    assert count(parse(name)).params == params


@pytest.mark.parametrize(
    ("spelled", "name"),
    [
        ("regnet_x_400mf", "regnet_x_400mf"),
        ("RegNetX-400MF", "regnetx_400mf"),
        ("regnetx_004", "regnetx_400mf"),
        ("RegNetX-800MF", "regnet_x_800mf"),  # both rules give one network: torchvision's name
        ("regnetx_16_56_35.73_2.28_16", "regnet_x_800mf"),
        ("MobileNetV2-0.5", "mobilenet_v2_0.5"),
        ("mobilenetv3_large", "mobilenet_v3_large"),
        ("EfficientNet-B0", "efficientnet_b0"),
        ("efficientnet_1_1_224", "efficientnet_b0"),
        ("mnasnet_1", "mnasnet1_0"),
        ("vgg_2_2_3_3_3_w64", "vgg16"),
        ("cifar_vgg16-bn", "cifar_vgg16_bn"),
        ("DenseNet-121", "densenet121"),
        ("SE-ResNet-50", "seresnet50"),
        ("seresnext50_1x64d", "seresnet50"),
        ("convnext_3_3_9_3_w96", "convnext_tiny"),
        ("cifar_regnet_x_400mf", "cifar_regnet_x_400mf"),
        ("Res2Net-50-26w-4s", "res2net50_26w_4s"),
        ("res2net50", "res2net50_26w_4s"),
        ("res2net50d_26w_4s", "res2net50d"),
        ("res2next50_8c_4w_4s", "res2next50"),
        ("cifar_res2net50", "cifar_res2net50_26w_4s"),
        ("ResNet50-D", "resnet50d"),
        ("SE-ResNet-50-D", "seresnet50d"),
        ("RepVGG-A0", "repvgg_a0"),
        ("repvgg_a0_fused", "repvgg_a0-deploy"),
        ("repvgg_4_6_16_1_a2_b4_g4", "repvgg_b1g4"),
        ("resnext50-d-32x4d", "resnext50d_32x4d"),
        ("cifar_SE-ResNet-50", "cifar_seresnet50"),
        ("SENet-154", "senet154"),
        ("senet_3_8_36_3_64x4d", "senet154"),
        ("Res2NeXt-29-6c-24w-4s", "res2next29_6c_24w_4s"),
        ("res2net_11_11_11_24w_4s", "res2net_11_11_11_24w_4s"),  # 101 layers, but three stages
    ],
)
def test_other_spellings_are_understood(spelled, name):
    assert parse(spelled).name == name


def test_where_two_sources_of_a_name_differ_the_spelling_decides():
    ours, theirs = count(parse("regnet_x_400mf")), count(parse("RegNetX-400MF"))
    assert (ours.params, theirs.params) == (5495976, 5157512)


SMALL = (
    *("mobilenet_v2_0.1", "cifar_mobilenet_v3_large_0.25", "mobilenet_v3_small_0.25"),
    *("cifar_mnasnet_0.2", "efficientnet_0.25_0.3_64", "cifar_shufflenet_v2_24_128"),
    *("cifar_regnetx_200mf", "regnety_6_24_36_2.5_8", "cifar_anynet_1_1_2_1_w_16_24_32_40_g_8"),
    *("cifar_vgg_1_1_1_1_2_w8_bn", "cifar_vgg_1_1_1_1_1_w8", "squeezenet1_1"),
    *("densenet_2_2_2_2_k8", "cifar_densenet_2_3_2_2_k4", "convnext_1_2_1_1_w16", "alexnet"),
    *("cifar_convnext_1_1_2_1_w16", "seresnext_1_2_1_1_4x4d", "cifar_seresnext_1_2_1_1_4x4d"),
    *("res2net_1_2_1_1d_4w_3s", "cifar_res2next_1_2_1_1_2c_3w_2s", "resnet_1_1_1_1t"),
    *("cifar_repvgg_1_2_3_1_a0.25_b0.25_g2", "repvgg_se_1_2_1_1_a0.25_b0.25-deploy"),
    *("cifar_alexnet", "cifar_squeezenet1_1", "cifar_googlenet-aux", "senet_1_2_1_1_4x4d"),
    *("cifar_resnet_1_1_1_1d", "cifar_seresnet_1_2_1_1t", "res2next_1_2_1_2c_3w_3s"),
    "anynet_1_2_1_1_w_16_24_32_40_g_8_4_4_8_b_1_2_1_4",
)
# Of a family that another of them shows, too.
AGAIN = {
    *("mobilenet_v3_small_0.25", "squeezenet1_1", "densenet_2_2_2_2_k8", "convnext_1_2_1_1_w16"),
    *("alexnet", "seresnext_1_2_1_1_4x4d", "resnet_1_1_1_1t", "cifar_seresnet_1_2_1_1t"),
    *("res2next_1_2_1_2c_3w_3s", "anynet_1_2_1_1_w_16_24_32_40_g_8_4_4_8_b_1_2_1_4"),
    *("cifar_repvgg_1_2_3_1_a0.25_b0.25_g2", "cifar_vgg_1_1_1_1_1_w8"),
}
FIRST = {one: one.names.known[0] for one in registry.families()}
LARGE = sorted(FIRST.values())
SEEN = {read(name).family for name in SMALL if name.startswith("cifar_")}
CIFAR = sorted(f"cifar_{FIRST[one]}" for one in FIRST if one.names.cifar and one not in SEEN)


@pytest.mark.parametrize(
    "name",
    [
        *(name for name in SMALL if name not in AGAIN),
        *(
            pytest.param(name, marks=pytest.mark.slow)
            for name in (*(one for one in SMALL if one in AGAIN), *LARGE, *CIFAR)
        ),
    ],
)
def test_fvcore_counts_the_built_network_as_the_formula_does(name):
    network = parse(name)
    cost = count(network)
    if name in LARGE and (cost.params > 3 * 10**7 or cost.macs > 3 * 10**9):
        pytest.skip("takes long")
    module = build(network, init=False)
    measured = count_with_fvcore(module, network.input)
    activations = count_activations_with_fvcore(module, network.input)
    assert (cost.params, cost.macs, cost.activations) == (
        *(measured.params, measured.macs),
        activations,
    )


@pytest.mark.parametrize("name", [name for name in SMALL if name.startswith("cifar_")])
def test_a_form_for_small_images_ends_in_a_map_of_its_size(name):
    """The classifier reads the mean of a map, not of one place: of 4x4, by the usual rule."""
    network = parse(name)
    sizes = [visit.output[1:] for visit in walk(network.tree, network.input)]
    assert network.input == (3, 32, 32) and network.classes == 10
    last = next(size for size in reversed(sizes) if size != (1, 1))
    usual = {"vgg": 2, "alexnet": 2, "squeezenet": 8, "googlenet": 8}  # AlexNet pools those four
    side = next((size for family, size in usual.items() if name.startswith(f"cifar_{family}")), 4)
    assert last == (side, side)


def test_alexnet_for_small_images_is_that_of_yangs_collection():
    """Convolutions with bias of 64 to 256 channels, and one dense layer: 2.47 M by its README."""
    shapes = ((3, 64, 11), (64, 192, 5), (192, 384, 3), (384, 256, 3), (256, 256, 3))
    params = sum(k * k * w_in * out + out for w_in, out, k in shapes) + 256 * 10 + 10
    assert count(parse("cifar_alexnet")).params == params and round(params / 1e6, 2) == 2.47


def test_googlenet_for_small_images_differs_in_the_stem_alone():
    """Kuangliu's: its stem of 3x3 makes the 192 channels that the published one makes."""
    small = count(parse("cifar_googlenet")).params
    large = count(parse("googlenet", classes=10)).params
    stem = 3 * 64 * 49 + 64 * 64 + 64 * 192 * 9 + 2 * (64 + 64 + 192)
    assert large - small == stem - (3 * 192 * 9 + 2 * 192)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("mobilenet_v2@0.5", "mobilenet_v2 networks take no suffix like '@0.5'"),
        ("cifar_seresnet20", "there is no network named 'cifar_seresnet20'"),
        ("regnetx_10_24_36_1_8", "wm must be at least 1.01, not 1"),
        ("mobilenet_v5", "did you mean mobilenet_v2"),
        ("res2net51_26w_4s", "or one of the ImageNet depths 26, 50, 101"),
        ("repvgg_1_1_1_1_a0.01_b1", "leaves it no channel; use 1/64 at least"),
        ("repvgg_1_1_1_1_a0.3_b1_g4", "must divide its widths 19, 38, 76, 512, not 4"),
        ("repvgg_a4", "did you mean repvgg_a"),
        ("cifar_resnext29t_8x64d", "did you mean resnext29_8x64d"),
        ("res2net50_26w_4s@0.25", "width 26 of a split at scale 0.25 is 6.5"),
    ],
)
def test_what_is_no_member_is_told_with_the_rule(name, says):
    with pytest.raises(UsageError, match=says):
        parse(name)
