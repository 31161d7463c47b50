"""Times that the papers published, with their sources: what `archscope bench --paper` repeats."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PublishedTime:
    """What a paper gives for a network.

    Attributes:
        network: its name here.
        group: how the paper calls its kind; empty where it names none.
        seconds: of a mini-batch; None where only the ratio is stated.
        ratio: its time to that of the first network; None where neither is stated.
    """

    network: str
    group: str = ""
    seconds: float | None = None
    ratio: float | None = None


@dataclass(frozen=True)
class TimingExample:
    """A comparison of a paper: training steps of some networks, times relative to the first's.

    `batch` is what one device took there; `cpu_batch` and `quick_batch` what a processor can do.
    """

    name: str
    times: tuple[PublishedTime, ...]
    source: str
    setting: str
    batch: int
    cpu_batch: int
    quick_batch: int


EXAMPLES = {
    "resnext": TimingExample(
        name="resnext",
        times=(
            PublishedTime("resnet101", "", 0.70, 1.0),
            PublishedTime("resnext101_32x4d", "", 0.95, 0.95 / 0.70),
            PublishedTime("resnext101_64x4d", "", 1.7, 1.7 / 0.70),
        ),
        source="ResNeXt paper (arXiv 1611.05431), section 5.1",
        setting="a mini-batch of 256 images on 8 NVIDIA M40 GPUs",
        batch=32,
        cpu_batch=8,
        quick_batch=2,
    ),
    # The text states two speeds against ResNet-1001; the bars of the figure have no ratio in it.
    "wrn": TimingExample(
        name="wrn",
        times=(
            PublishedTime("preresnet1001", "thin", None, 1.0),
            PublishedTime("preresnet164", "thin"),
            PublishedTime("wrn_40_4", "wide", None, 1 / 8),
            PublishedTime("wrn_16_10", "wide"),
            PublishedTime("wrn_28_10", "wide", None, 1 / 1.6),
        ),
        source="Wide ResNet paper (arXiv 1605.07146), Figure 4 and the text about it",
        setting="a mini-batch of 32 images on an NVIDIA Titan X (cuDNN v5)",
        batch=32,
        cpu_batch=32,
        quick_batch=4,
    ),
}
