"""archscope: choose and design convolutional networks under a budget.

Everything is loaded on first use: importing archscope imports no torch. A command's function has
the command's name; where a network is meant, each takes a name, a `Network`, or a tree of
`archscope.arch.nodes` with its `input`. Besides the names below, every family is one:
`archscope.resnext`, `archscope.wrn`.

    import archscope as a

    net = a.network("resnext50_32x4d")
    a.count(net).macs
    a.compare(["resnet50", net])
    a.solve(cardinality=[1, 2, 4, 8, 32])
    a.solve("wrn_28", "36.5M params").answers[0].designs[0]
    a.build(net)

What a command's function returns has `document()` (JSON), `tables()`, `to_frame()` (pandas), and is
shown as a table in a notebook.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from archscope.arch.families.axis import Axis
    from archscope.arch.families.family import Family, family
    from archscope.arch.families.spelling import Names
    from archscope.arch.network import Network
    from archscope.arch.nodes import (
        Act,
        Aux,
        Cat,
        Conv,
        Dropout,
        Gain,
        Gate,
        Grow,
        Linear,
        Norm,
        Pool,
        Repeat,
        Seq,
        Shortcut,
        Shuffle,
        Split,
        Sum,
    )
    from archscope.arch.papers.eq4 import Block, solve_cardinality, solve_width
    from archscope.errors import ArchscopeError, InfeasibleError, UsageError
    from archscope.explore.clock.bench import Extras, Setting, bench
    from archscope.explore.design.enumerate import Order, Query
    from archscope.explore.design.enumerate import enumerate_designs as enumerate
    from archscope.explore.design.scaling.rules import ScalingRule
    from archscope.explore.design.solve import solve
    from archscope.explore.device.verify import verify_device
    from archscope.explore.forms.equivalence import equivalence
    from archscope.explore.latency.fitted import LatencyModel, latency_model
    from archscope.explore.networks.audit import audit
    from archscope.explore.networks.compare import compare
    from archscope.explore.networks.export import export
    from archscope.explore.networks.listing import list_networks as list
    from archscope.explore.networks.opened import open_network
    from archscope.explore.networks.opened import own_network as network
    from archscope.explore.networks.readings import build, count, memory
    from archscope.explore.networks.show import show
    from archscope.explore.searching.feasible import FeasibleSet
    from archscope.explore.searching.search import Goal, search
    from archscope.explore.searching.table_make import table_make
    from archscope.explore.searching.table_replay import table_replay
    from archscope.explore.searching.table_show import table_show
    from archscope.explore.searching.table_verify import table_verify
    from archscope.explore.training.cifar_sweep import cifar_sweep, load_sweep
    from archscope.explore.training.decide import decide
    from archscope.explore.training.images_from import Source
    from archscope.explore.training.report import report
    from archscope.explore.training.run_plan import Console
    from archscope.explore.training.status import status
    from archscope.explore.training.study import load_study, study
    from archscope.explore.training.train import train
    from archscope.explore.training.until_decided import Stopping
    from archscope.explore.training.verify_resume import verify_resume
    from archscope.explore.workbench.serve import ui
    from archscope.nn.weights.load import load_weights
    from archscope.reporting.judge.sequential import SequentialTest
    from archscope.sweep.plan.slots import Resources

_PLACES = {
    "Act": "archscope.arch.nodes:Act",
    "ArchscopeError": "archscope.errors:ArchscopeError",
    "Aux": "archscope.arch.nodes:Aux",
    "Axis": "archscope.arch.families.axis:Axis",
    "Block": "archscope.arch.papers.eq4:Block",
    "Cat": "archscope.arch.nodes:Cat",
    "Console": "archscope.explore.training.run_plan:Console",
    "Conv": "archscope.arch.nodes:Conv",
    "Dropout": "archscope.arch.nodes:Dropout",
    "Extras": "archscope.explore.clock.bench:Extras",
    "Family": "archscope.arch.families.family:Family",
    "FeasibleSet": "archscope.explore.searching.feasible:FeasibleSet",
    "Gain": "archscope.arch.nodes:Gain",
    "Gate": "archscope.arch.nodes:Gate",
    "Grow": "archscope.arch.nodes:Grow",
    "Goal": "archscope.explore.searching.search:Goal",
    "InfeasibleError": "archscope.errors:InfeasibleError",
    "LatencyModel": "archscope.explore.latency.fitted:LatencyModel",
    "Linear": "archscope.arch.nodes:Linear",
    "Names": "archscope.arch.families.spelling:Names",
    "Network": "archscope.arch.network:Network",
    "Norm": "archscope.arch.nodes:Norm",
    "Order": "archscope.explore.design.enumerate:Order",
    "Pool": "archscope.arch.nodes:Pool",
    "Query": "archscope.explore.design.enumerate:Query",
    "Repeat": "archscope.arch.nodes:Repeat",
    "Resources": "archscope.sweep.plan.slots:Resources",
    "ScalingRule": "archscope.explore.design.scaling.rules:ScalingRule",
    "Seq": "archscope.arch.nodes:Seq",
    "SequentialTest": "archscope.reporting.judge.sequential:SequentialTest",
    "Setting": "archscope.explore.clock.bench:Setting",
    "Shortcut": "archscope.arch.nodes:Shortcut",
    "Shuffle": "archscope.arch.nodes:Shuffle",
    "Source": "archscope.explore.training.images_from:Source",
    "Split": "archscope.arch.nodes:Split",
    "Stopping": "archscope.explore.training.until_decided:Stopping",
    "Sum": "archscope.arch.nodes:Sum",
    "UsageError": "archscope.errors:UsageError",
    "audit": "archscope.explore.networks.audit:audit",
    "bench": "archscope.explore.clock.bench:bench",
    "build": "archscope.explore.networks.readings:build",
    "cifar_sweep": "archscope.explore.training.cifar_sweep:cifar_sweep",
    "compare": "archscope.explore.networks.compare:compare",
    "count": "archscope.explore.networks.readings:count",
    "decide": "archscope.explore.training.decide:decide",
    "enumerate": "archscope.explore.design.enumerate:enumerate_designs",
    "equivalence": "archscope.explore.forms.equivalence:equivalence",
    "export": "archscope.explore.networks.export:export",
    "family": "archscope.arch.families.family:family",
    "latency_model": "archscope.explore.latency.fitted:latency_model",
    "list": "archscope.explore.networks.listing:list_networks",
    "load_study": "archscope.explore.training.study:load_study",
    "load_sweep": "archscope.explore.training.cifar_sweep:load_sweep",
    "load_weights": "archscope.nn.weights.load:load_weights",
    "memory": "archscope.explore.networks.readings:memory",
    "network": "archscope.explore.networks.opened:own_network",
    "open_network": "archscope.explore.networks.opened:open_network",
    "report": "archscope.explore.training.report:report",
    "search": "archscope.explore.searching.search:search",
    "show": "archscope.explore.networks.show:show",
    "solve": "archscope.explore.design.solve:solve",
    "solve_cardinality": "archscope.arch.papers.eq4:solve_cardinality",
    "solve_width": "archscope.arch.papers.eq4:solve_width",
    "status": "archscope.explore.training.status:status",
    "study": "archscope.explore.training.study:study",
    "table_make": "archscope.explore.searching.table_make:table_make",
    "table_replay": "archscope.explore.searching.table_replay:table_replay",
    "table_show": "archscope.explore.searching.table_show:table_show",
    "table_verify": "archscope.explore.searching.table_verify:table_verify",
    "train": "archscope.explore.training.train:train",
    "ui": "archscope.explore.workbench.serve:ui",
    "verify_device": "archscope.explore.device.verify:verify_device",
    "verify_resume": "archscope.explore.training.verify_resume:verify_resume",
}

__all__ = [
    "Act",
    "ArchscopeError",
    "Aux",
    "Axis",
    "Block",
    "Cat",
    "Console",
    "Conv",
    "Dropout",
    "Extras",
    "Family",
    "FeasibleSet",
    "Gain",
    "Gate",
    "Goal",
    "Grow",
    "InfeasibleError",
    "LatencyModel",
    "Linear",
    "Names",
    "Network",
    "Norm",
    "Order",
    "Pool",
    "Query",
    "Repeat",
    "Resources",
    "ScalingRule",
    "Seq",
    "SequentialTest",
    "Setting",
    "Shortcut",
    "Shuffle",
    "Source",
    "Split",
    "Stopping",
    "Sum",
    "UsageError",
    "audit",
    "bench",
    "build",
    "cifar_sweep",
    "compare",
    "count",
    "decide",
    "enumerate",
    "equivalence",
    "export",
    "family",
    "latency_model",
    "list",
    "load_study",
    "load_sweep",
    "load_weights",
    "memory",
    "network",
    "open_network",
    "report",
    "search",
    "show",
    "solve",
    "solve_cardinality",
    "solve_width",
    "status",
    "study",
    "table_make",
    "table_replay",
    "table_show",
    "table_verify",
    "train",
    "ui",
    "verify_device",
    "verify_resume",
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


def __dir__() -> Sequence[str]:
    registry = import_module("archscope.arch.families.registry")
    return sorted({*__all__, *(family.name for family in registry.families())})
