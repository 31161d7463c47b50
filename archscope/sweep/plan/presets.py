"""The presets of `cifar-sweep`, and Figure 7's templates."""

from __future__ import annotations

from typing import Any

# ResNeXt paper, Figure 7 (ResNeXt-29 on CIFAR-10): all thirteen networks, 1x64d on both curves.
FIGURE7 = tuple(f"{c}x64d" for c in (1, 2, 3, 4, 6, 8, 16)) + tuple(
    f"1x{width}d" for width in (96, 128, 160, 192, 256, 384)
)
# Four on each curve, about equal in parameters pair by pair.
FOUR_AND_FOUR = tuple(f"{c}x64d" for c in (1, 2, 4, 8)) + tuple(f"1x{w}d" for w in (96, 160, 256))

SINGLE = "train"  # what sweep.json has as its preset where `archscope train` wrote it

PRESETS: dict[str, dict[str, Any]] = {
    # The paper's experiment: Figure 7 with its recipe. 130 trainings of 300 epochs.
    "paper": {
        "dataset": "cifar10",
        "samples": None,
        "depth": 29,
        "scale": 1.0,
        "templates": FIGURE7,
        "seeds": 10,
        "recipe": "resnext",
        "epochs": 300,
    },
    # Half the widths, a short schedule: planned for under an hour on one data-centre GPU, by
    # arithmetic (3.6e16 multiply-adds at 30 % of an A100's bf16 peak is 13 minutes; small
    # convolutions reach less). Not verified on a GPU.
    "proxy": {
        "dataset": "cifar10",
        "samples": None,
        "depth": 29,
        "scale": 0.5,
        "templates": FOUR_AND_FOUR,
        "seeds": 3,
        "recipe": "proxy",
        "epochs": 15,
    },
    # The demo on built-in data: 10 trainings, 120 seconds of one AVX512_BF16 core (measured), so
    # about a minute on two of them and two or three on slow ones. Small batches, as there are few
    # images: with 128 the networks do not get far in three epochs.
    "quick": {
        "dataset": "shapes",
        "samples": 2500,
        "depth": 11,
        "scale": 0.125,
        "templates": ("1x64d", "2x64d", "4x64d", "1x96d", "1x160d"),
        "seeds": 2,
        "recipe": "proxy",
        "epochs": 3,
        "batch": 32,
        "lr": 0.1,
    },
}
