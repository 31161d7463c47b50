"""The networks on which a machine is measured: drawn from all families, some of them known."""

from __future__ import annotations

from archscope.arch.families.registry import families
from archscope.arch.names import parse
from archscope.arch.network import Network
from archscope.errors import InfeasibleError, UsageError
from archscope.explore.design.collect import Order
from archscope.explore.design.enumerate import enumerate_designs
from archscope.explore.design.enumeration import Query

MACS = (5_000_000, 1_000_000_000)  # of the networks that are drawn
MOST_PARAMS = 25_000_000
_EACH = 4  # of a family
_SIDES = (96, 128, 160, 192, 224)  # of images, where the family's own is larger than those of CIFAR
_KNOWN = (
    *("alexnet", "googlenet", "squeezenet1_1", "resnet18", "resnet50", "resnext50_32x4d"),
    *("mobilenet_v2", "efficientnet_b0", "densenet121", "regnet_y_400mf"),
)


def drawn_networks(each: int = _EACH, seed: int = 101, *, known: bool = True) -> list[Network]:
    """So many networks of every family with free numbers, of several sizes of images.

    Each is as likely as any other of its family with `MACS` multiply-adds and `MOST_PARAMS`.

    Args:
        each: of a family; fewer where there are no more.
        seed: of the draw.
        known: whether some that have names follow.
    """
    found: list[Network] = []
    for family in families():
        if family.axes:
            found += _of_family(family.name, each, seed)
    names = {(one.name, one.input) for one in found}
    others = [parse(name) for name in _KNOWN] if known else []
    return [*found, *(one for one in others if (one.name, one.input) not in names)]


def _of_family(name: str, each: int, seed: int) -> list[Network]:
    query = Query([name], ranges={"macs": MACS, "params": (0, MOST_PARAMS)})
    with_sides = Query([name], {"resolution": list(_SIDES)}, query.ranges)
    for one in (query,) if name.startswith(("cifar_", "wrn")) else (with_sides, query):
        try:
            drawn = enumerate_designs(one, Order(sample=each, seed=seed))
        except (UsageError, InfeasibleError):
            continue  # no image of these sizes, or no network as small
        return [drawn.network(index) for index in range(len(drawn))]
    return []
