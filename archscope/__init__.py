"""archscope: choose and design convolutional networks under a budget.

Everything is loaded on first use: importing archscope imports no torch. Besides the names below,
every family is one: `archscope.resnext`, `archscope.wrn`.

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
    from archscope.arch.families.axis import Axis
    from archscope.arch.families.family import Family, family
    from archscope.arch.families.spelling import Names
    from archscope.arch.names import parse as network
    from archscope.arch.nodes import (
        Act,
        Aux,
        Cat,
        Conv,
        Dropout,
        Linear,
        Norm,
        Pool,
        Repeat,
        Seq,
        Shortcut,
        Sum,
    )
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
    "Act": "archscope.arch.nodes:Act",
    "Aux": "archscope.arch.nodes:Aux",
    "Axis": "archscope.arch.families.axis:Axis",
    "bench": "archscope.explore.clock.bench:bench",
    "build": "archscope.nn.build:build",
    "Cat": "archscope.arch.nodes:Cat",
    "cifar_sweep": "archscope.explore.training.cifar_sweep:cifar_sweep",
    "compare": "archscope.explore.networks.compare:compare",
    "Conv": "archscope.arch.nodes:Conv",
    "count": "archscope.cost.formula:count",
    "Dropout": "archscope.arch.nodes:Dropout",
    "enumerate_designs": "archscope.explore.design.enumerate:enumerate_designs",
    "equivalence": "archscope.explore.networks.equivalence:equivalence",
    "Family": "archscope.arch.families.family:Family",
    "family": "archscope.arch.families.family:family",
    "inverse": "archscope.explore.design.inverse:inverse",
    "Linear": "archscope.arch.nodes:Linear",
    "load_study": "archscope.explore.training.study:load_study",
    "load_sweep": "archscope.explore.training.cifar_sweep:load_sweep",
    "load_weights": "archscope.nn.weights:load_weights",
    "memory": "archscope.cost.memory:memory",
    "Names": "archscope.arch.families.spelling:Names",
    "network": "archscope.arch.names:parse",
    "Norm": "archscope.arch.nodes:Norm",
    "open_network": "archscope.explore.networks.opened:open_network",
    "Pool": "archscope.arch.nodes:Pool",
    "Repeat": "archscope.arch.nodes:Repeat",
    "Seq": "archscope.arch.nodes:Seq",
    "Shortcut": "archscope.arch.nodes:Shortcut",
    "solve_cardinality": "archscope.arch.papers.eq4:solve_cardinality",
    "solve_width": "archscope.arch.papers.eq4:solve_width",
    "study": "archscope.explore.training.study:study",
    "Sum": "archscope.arch.nodes:Sum",
    "train_network": "archscope.explore.training.train:train",
    "write_report": "archscope.explore.training.report:report",
}

__all__ = [
    "Act",
    "Aux",
    "Axis",
    "Cat",
    "Conv",
    "Dropout",
    "Family",
    "Linear",
    "Names",
    "Norm",
    "Pool",
    "Repeat",
    "Seq",
    "Shortcut",
    "Sum",
    "bench",
    "build",
    "cifar_sweep",
    "compare",
    "count",
    "enumerate_designs",
    "equivalence",
    "family",
    "inverse",
    "load_study",
    "load_sweep",
    "load_weights",
    "memory",
    "network",
    "open_network",
    "solve_cardinality",
    "solve_width",
    "study",
    "train_network",
    "write_report",
]


def __getattr__(name: str) -> Any:
    if name in _PLACES:
        module, attribute = _PLACES[name].split(":")
        value = getattr(import_module(module), attribute)
    else:
        registry = import_module("archscope.arch.families.registry")
        value = None if name.startswith("_") else registry.named(name)
        if value is None:
            raise AttributeError(f"module 'archscope' has no attribute '{name}'")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    registry = import_module("archscope.arch.families.registry")
    return sorted({*globals(), *_PLACES, *(family.name for family in registry.families())})
