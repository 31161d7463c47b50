"""archscope: choose and design convolutional networks under a budget.

Everything is loaded on first use: importing archscope imports no torch.

    import archscope as a

    net = a.network("resnext50_32x4d")
    a.count(net).macs
    a.solve_width(cardinality=32)
    a.inverse("wrn_28", "36.5M params").answers[0].designs[0]
    a.build(net)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from archscope.arch.families import (
        cifar_preresnet,
        cifar_resnet,
        cifar_resnext,
        inception_resnet_v2,
        inception_v3,
        inception_v4,
        preresnet,
        resnet_basic,
        resnext,
        wide_resnet,
        wrn,
    )
    from archscope.arch.names import parse as network
    from archscope.arch.papers.eq4 import solve_cardinality, solve_width
    from archscope.cost.formula import count
    from archscope.cost.memory import memory
    from archscope.explore.clock.bench import bench
    from archscope.explore.design.enumerate import enumerate_designs
    from archscope.explore.design.inverse import inverse
    from archscope.explore.networks.compare import compare
    from archscope.explore.networks.equivalence import equivalence
    from archscope.explore.networks.opened import open_network
    from archscope.explore.training.cifar_sweep import cifar_sweep, load_sweep
    from archscope.explore.training.report import report as write_report
    from archscope.explore.training.study import load_study, study
    from archscope.explore.training.train import train as train_network
    from archscope.nn.build import build
    from archscope.nn.weights import load_weights

_PLACES = {
    "bench": "archscope.explore.clock.bench:bench",
    "build": "archscope.nn.build:build",
    "cifar_preresnet": "archscope.arch.families:cifar_preresnet",
    "cifar_resnet": "archscope.arch.families:cifar_resnet",
    "cifar_resnext": "archscope.arch.families:cifar_resnext",
    "cifar_sweep": "archscope.explore.training.cifar_sweep:cifar_sweep",
    "compare": "archscope.explore.networks.compare:compare",
    "count": "archscope.cost.formula:count",
    "enumerate_designs": "archscope.explore.design.enumerate:enumerate_designs",
    "equivalence": "archscope.explore.networks.equivalence:equivalence",
    "inception_resnet_v2": "archscope.arch.families:inception_resnet_v2",
    "inception_v3": "archscope.arch.families:inception_v3",
    "inception_v4": "archscope.arch.families:inception_v4",
    "inverse": "archscope.explore.design.inverse:inverse",
    "load_study": "archscope.explore.training.study:load_study",
    "load_sweep": "archscope.explore.training.cifar_sweep:load_sweep",
    "load_weights": "archscope.nn.weights:load_weights",
    "memory": "archscope.cost.memory:memory",
    "network": "archscope.arch.names:parse",
    "open_network": "archscope.explore.networks.opened:open_network",
    "preresnet": "archscope.arch.families:preresnet",
    "resnet_basic": "archscope.arch.families:resnet_basic",
    "resnext": "archscope.arch.families:resnext",
    "solve_cardinality": "archscope.arch.papers.eq4:solve_cardinality",
    "solve_width": "archscope.arch.papers.eq4:solve_width",
    "study": "archscope.explore.training.study:study",
    "train_network": "archscope.explore.training.train:train",
    "wide_resnet": "archscope.arch.families:wide_resnet",
    "write_report": "archscope.explore.training.report:report",
    "wrn": "archscope.arch.families:wrn",
}

__all__ = [
    "bench",
    "build",
    "cifar_preresnet",
    "cifar_resnet",
    "cifar_resnext",
    "cifar_sweep",
    "compare",
    "count",
    "enumerate_designs",
    "equivalence",
    "inception_resnet_v2",
    "inception_v3",
    "inception_v4",
    "inverse",
    "load_study",
    "load_sweep",
    "load_weights",
    "memory",
    "network",
    "open_network",
    "preresnet",
    "resnet_basic",
    "resnext",
    "solve_cardinality",
    "solve_width",
    "study",
    "train_network",
    "wide_resnet",
    "write_report",
    "wrn",
]


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module 'archscope' has no attribute '{name}'")
    module, attribute = _PLACES[name].split(":")
    value = getattr(import_module(module), attribute)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_PLACES])
