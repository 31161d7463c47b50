"""The tables that sources print of their networks: a file of rows for each source, `data/`.

A row has what its source prints of one network: counts as printed, the top-1 error on ImageNet-1K.
`published_counts` reads the counts, `published` the errors.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from archscope.documents import json_value

PAPERS = {
    "resnext": "ResNeXt, arXiv 1611.05431",
    "wrn": "Wide ResNet, arXiv 1605.07146",
    "senet": "Squeeze-and-Excitation, arXiv 1709.01507; its networks: hujie-frank/SENet 0262d43d, "
    "README.md",
    "efficientnet": "EfficientNet, arXiv 1905.11946",
    "mobilenet": "MobileNetV3, arXiv 1905.02244; tensorflow/models 0ba83cf0, "
    "research/slim/nets/mobilenet/README.md (V2, arXiv 1801.04381, and V3)",
    "mnasnet": "MnasNet, arXiv 1807.11626; tensorflow/tpu 009812fb, "
    "models/official/mnasnet/README.md",
    "convnext": "facebookresearch/ConvNeXt 048efcea, README.md (arXiv 2201.03545)",
    "res2net": "Res2Net/Res2Net-PretrainedModels 0a10785c, README.md (arXiv 1904.01169)",
    "mmpretrain": "open-mmlab/mmpretrain, configs/repvgg/README.md (09352a81; RepVGG, arXiv "
    "2101.03697) and configs/res2net/README.md (0e862f0c)",
    "pycls": "facebookresearch/pycls, MODEL_ZOO.md (1caf15bb) and dev/model_complexity.json "
    "(4449e4af) (RegNet, arXiv 2003.13678)",
    "torchvision": "torchvision 0.29.1, num_params, _ops and acc@1 of the weights' metadata",
    "keras": "keras-team/keras-io 01b6d6c4, templates/api/applications/index.md",
    "timm": "huggingface/pytorch-image-models 7479d451, "
    "results/benchmark-infer-amp-nhwc-pt240-cu124-rtx4090.csv, and 0173a139, "
    "results/results-imagenet.csv",
}


@cache
def published_tables(paper: str) -> list[dict[str, Any]]:
    """The tables of a source (a key of `PAPERS`), each with its `rows`.

    A table has its name, `table`; of how it counts, `terms` (by quantity, the names of what it
    counts besides), `block` (a repeated block of that stage, not the network), `within` (how
    exactly a figure was read); and the `recipe` of its errors. A row has the `row` as printed and
    our name of the `network`; `params`, `macs` and `activations` as printed; `error` in %; its
    `input` size, where that is not the network's own; `because`, by quantity: a `rule` that says
    why the number is another than ours, or what is known of one that is `unexplained`. `terms` and
    `recipe` may stand with a row, too.
    """
    path = Path(__file__).with_name("data") / f"{paper}.json"
    document: dict[str, Any] = json_value(path.read_text(encoding="utf-8"))
    tables: list[dict[str, Any]] = document["tables"]
    return tables


def square(size: int | None) -> tuple[int, int, int] | None:
    """The input of a row: images of `size` pixels squared."""
    return None if size is None else (3, size, size)
