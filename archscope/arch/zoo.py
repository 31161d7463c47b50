"""The named networks of the papers and of torchvision: a list for reading, not the zoo's limits."""

from __future__ import annotations


def well_known() -> list[str]:
    """Canonical names, for listings and suggestions; any other template has a name besides."""
    return [
        *(f"resnet{depth}" for depth in (18, 34, 50, 101, 152, 200)),
        *("resnext26_32x4d", "resnext50_2x40d", "resnext50_4x24d", "resnext50_8x14d"),
        *("resnext50_32x4d", "resnext101_2x40d", "resnext101_4x24d", "resnext101_8x14d"),
        *("resnext101_32x4d", "resnext101_32x8d", "resnext101_64x4d", "resnext101_2x64d"),
        *("resnext101_1x100d", "resnext152_32x4d", "resnext200_32x4d"),
        *("resnet50-noshortcut", "resnext50_32x4d-noshortcut"),
        *("wide_resnet50_2", "wide_resnet101_2"),
        *("imagenet_wrn_18_1.5", "imagenet_wrn_18_2", "imagenet_wrn_18_3"),
        *("imagenet_wrn_34_1.5", "imagenet_wrn_34_2", "preresnet200"),
        *("inception_v3", "inception_v3-aux", "inception_v4", "inception_resnet_v2"),
        *("resnext29_1x64d", "resnext29_2x64d", "resnext29_4x64d", "resnext29_8x64d"),
        *("resnext29_16x64d", "resnext29_1x128d", "resnext29_1x192d", "resnext29_1x256d"),
        *("wrn_40_1", "wrn_40_2", "wrn_40_4", "wrn_40_8", "wrn_28_10", "wrn_28_12"),
        *("wrn_22_8", "wrn_22_10", "wrn_16_4", "wrn_16_8", "wrn_16_10", "wrn_52_1", "wrn_40_10"),
        *("wrn_16_4-drop0.3", "wrn_28_10-drop0.3", "wrn_52_1-drop0.3", "wrn_40_10-drop0.3"),
        *("wrn_16_4-drop0.4", "wrn_52_1-drop0.4", "wrn_16_8-drop0.4"),
        *("wrn_40_2-B(1,3,1)", "wrn_40_2-B(3,1)", "wrn_40_2-B(1,3)", "wrn_40_2-B(3,1,1)"),
        *("wrn_28_2", "wrn_22_2-B(3,1,3)", "wrn_40_2-l1", "wrn_40_2-l3", "wrn_40_2-l4"),
        *(f"resnet{depth}" for depth in (20, 32, 44, 56, 110, 1202)),
        *("preresnet110", "preresnet164", "preresnet1001"),
    ]
