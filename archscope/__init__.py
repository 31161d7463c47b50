"""archscope: choose and design convolutional networks under a budget.

Everything is loaded on first use: importing archscope imports no torch. A command's function has
the command's name; where a network is meant, each takes a name, a `Network`, or a tree of
`archscope.arch.nodes` with its `input`.

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
    from archscope.arch.network import Network
    from archscope.arch.papers.eq4 import Block, solve_cardinality, solve_width
    from archscope.errors import ArchscopeError, InfeasibleError, UsageError
    from archscope.explore.clock.bench import Extras, Setting, bench
    from archscope.explore.design.enumerate import Order, Query
    from archscope.explore.design.enumerate import enumerate_designs as enumerate
    from archscope.explore.design.solve import solve
    from archscope.explore.networks.audit import audit
    from archscope.explore.networks.compare import compare
    from archscope.explore.networks.equivalence import equivalence
    from archscope.explore.networks.export import export
    from archscope.explore.networks.listing import list_networks as list
    from archscope.explore.networks.listing import show
    from archscope.explore.networks.opened import open_network
    from archscope.explore.networks.opened import own_network as network
    from archscope.explore.networks.readings import build, count, memory
    from archscope.explore.training.cifar_sweep import cifar_sweep, load_sweep
    from archscope.explore.training.images_from import Source
    from archscope.explore.training.report import report
    from archscope.explore.training.run_plan import Console
    from archscope.explore.training.status import status
    from archscope.explore.training.study import load_study, study
    from archscope.explore.training.train import train
    from archscope.explore.training.verify_resume import verify_resume
    from archscope.nn.weights import load_weights
    from archscope.sweep.plan.slots import Resources

_PLACES = {
    "ArchscopeError": "archscope.errors:ArchscopeError",
    "Block": "archscope.arch.papers.eq4:Block",
    "Console": "archscope.explore.training.run_plan:Console",
    "Extras": "archscope.explore.clock.bench:Extras",
    "InfeasibleError": "archscope.errors:InfeasibleError",
    "Network": "archscope.arch.network:Network",
    "Order": "archscope.explore.design.enumerate:Order",
    "Query": "archscope.explore.design.enumerate:Query",
    "Resources": "archscope.sweep.plan.slots:Resources",
    "Setting": "archscope.explore.clock.bench:Setting",
    "Source": "archscope.explore.training.images_from:Source",
    "UsageError": "archscope.errors:UsageError",
    "audit": "archscope.explore.networks.audit:audit",
    "bench": "archscope.explore.clock.bench:bench",
    "build": "archscope.explore.networks.readings:build",
    "cifar_preresnet": "archscope.arch.families:cifar_preresnet",
    "cifar_resnet": "archscope.arch.families:cifar_resnet",
    "cifar_resnext": "archscope.arch.families:cifar_resnext",
    "cifar_sweep": "archscope.explore.training.cifar_sweep:cifar_sweep",
    "compare": "archscope.explore.networks.compare:compare",
    "count": "archscope.explore.networks.readings:count",
    "enumerate": "archscope.explore.design.enumerate:enumerate_designs",
    "equivalence": "archscope.explore.networks.equivalence:equivalence",
    "export": "archscope.explore.networks.export:export",
    "inception_resnet_v2": "archscope.arch.families:inception_resnet_v2",
    "inception_v3": "archscope.arch.families:inception_v3",
    "inception_v4": "archscope.arch.families:inception_v4",
    "list": "archscope.explore.networks.listing:list_networks",
    "load_study": "archscope.explore.training.study:load_study",
    "load_sweep": "archscope.explore.training.cifar_sweep:load_sweep",
    "load_weights": "archscope.nn.weights:load_weights",
    "memory": "archscope.explore.networks.readings:memory",
    "network": "archscope.explore.networks.opened:own_network",
    "open_network": "archscope.explore.networks.opened:open_network",
    "preresnet": "archscope.arch.families:preresnet",
    "report": "archscope.explore.training.report:report",
    "resnet_basic": "archscope.arch.families:resnet_basic",
    "resnext": "archscope.arch.families:resnext",
    "show": "archscope.explore.networks.listing:show",
    "solve": "archscope.explore.design.solve:solve",
    "solve_cardinality": "archscope.arch.papers.eq4:solve_cardinality",
    "solve_width": "archscope.arch.papers.eq4:solve_width",
    "status": "archscope.explore.training.status:status",
    "study": "archscope.explore.training.study:study",
    "train": "archscope.explore.training.train:train",
    "verify_resume": "archscope.explore.training.verify_resume:verify_resume",
    "wide_resnet": "archscope.arch.families:wide_resnet",
    "wrn": "archscope.arch.families:wrn",
}

__all__ = [
    "ArchscopeError",
    "Block",
    "Console",
    "Extras",
    "InfeasibleError",
    "Network",
    "Order",
    "Query",
    "Resources",
    "Setting",
    "Source",
    "UsageError",
    "audit",
    "bench",
    "build",
    "cifar_preresnet",
    "cifar_resnet",
    "cifar_resnext",
    "cifar_sweep",
    "compare",
    "count",
    "enumerate",
    "equivalence",
    "export",
    "inception_resnet_v2",
    "inception_v3",
    "inception_v4",
    "list",
    "load_study",
    "load_sweep",
    "load_weights",
    "memory",
    "network",
    "open_network",
    "preresnet",
    "report",
    "resnet_basic",
    "resnext",
    "show",
    "solve",
    "solve_cardinality",
    "solve_width",
    "status",
    "study",
    "train",
    "verify_resume",
    "wide_resnet",
    "wrn",
]


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module 'archscope' has no attribute '{name}'")
    module, attribute = _PLACES[name].split(":")
    value = getattr(import_module(module), attribute)
    globals()[name] = value
    return value


def __dir__() -> Sequence[str]:
    return __all__
