"""`solve`: the numbers that keep a budget, of a block or of a whole network."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypedDict, Unpack, overload

from archscope.arch.papers.eq4 import Rounding
from archscope.arch.quantities import parse_budget
from archscope.explore.design.templates.bottleneck import BlockOptions, Solution, solve_block

if TYPE_CHECKING:
    from archscope.arch.network import Network
    from archscope.arch.windows import Shape
    from archscope.explore.design.answer import Inverse
    from archscope.explore.design.limits import Limit
    from archscope.explore.design.scaling.solve import RuleOptions, Scalings
    from archscope.explore.design.templates.solve import KindOptions, Templates
    from archscope.explore.latency.fitted import LatencyModel


class NetworkOptions(TypedDict, total=False):
    """What may be asked of a whole network: see `solve`."""

    cardinality: int | Sequence[int]
    width: int | Sequence[int]
    depth: int | Sequence[int | Sequence[int]]
    widen: float | Sequence[float]
    deepening: int | Sequence[int]
    scale: float | Sequence[float]
    free: Sequence[str]
    rounding: Rounding
    nearest: int
    tolerance: float
    classes: int
    input: Shape
    resolution: Sequence[int]
    at_most: str | Limit | Sequence[str | Limit]
    flash: str
    sram: str
    fold: bool
    maximise: str
    all: bool
    latency: LatencyModel


@overload
def solve(
    network: None = None, budget: str | int | None = None, **options: Unpack[BlockOptions]
) -> Solution: ...
@overload
def solve(
    network: None = None, budget: str | int | None = None, **options: Unpack[KindOptions]
) -> Templates: ...
@overload
def solve(
    network: str | Network,
    budget: str | Limit | Network | Sequence[str | Limit | Network] | None = None,
    **options: Unpack[NetworkOptions],
) -> Inverse: ...
@overload
def solve(
    network: str | Network,
    budget: str | Limit | Network | Sequence[str | Limit | Network],
    **options: Unpack[RuleOptions],
) -> Scalings: ...
def solve(
    network: Any = None, budget: Any = None, **options: Any
) -> Solution | Templates | Inverse | Scalings:
    """Solve for the numbers of a network that keep a budget: Eq. 4 for a block, or a whole network.

        a.solve(cardinality=[1, 2, 4, 8, 32])  # Table 2 of the ResNeXt paper
        a.solve(cardinality=32, budget="70k").templates[0].name
        a.solve(block="res2net", splits=[2, 4, 8])  # any block, by its tree
        a.solve("resnext50", "4.1GMACs", cardinality=32).answers[0].designs[0]
        a.solve("wrn_28", ["36.5M params", "5.2GMACs"])
        a.solve("resnext101", a.network("resnet152"))  # its params and multiply-adds
        a.solve("mobilenet_v2", at_most=["5M params", "256kB memory:int8"], maximise="macs")
        a.solve("efficientnet_b0", "1GMACs", rule="all")  # by scaling rules, side by side

    Args:
        network: whose numbers are sought, as `resnext50`, `wrn_28`; without it those of one block.
        budget: of a block's convolutions, a number of parameters or text as `70k`. Of a network
            `4.1GMACs`, `25M params`, `as resnet50`, a network, or several of these.
        options: of both, `cardinality` and `width` (numbers that are asked for; a block without
            either has the cardinalities of Table 2) and `rounding`
            (`nearest`, `floor`, `ceil`, or K for multiples of K). Of a block, `reference`, the
            template whose budget is kept without one, and `block`, its size. `block` may also be
            the name of one (`res2net`, `se`, `inverted`, `dense`, ...), or a function from a width
            to a tree; then `splits`, and the size as `w_in`, `w_out`, `kernel` and `resolution`.
            Of a network, `depth`, `widen`, `deepening` and `scale`, as `cardinality`; `free`, the
            words of what is sought; `nearest`, how many designs; `tolerance`, the largest relative
            deviation; `classes` and `input`, where not the family's own, or `resolution`, its
            heights; `all`, whether degenerate designs stand in their place, not last. `at_most`,
            caps that no design passes: `5M params`, `1MB weights:int8`, `256kB memory:int8`,
            `flash` and `sram` the same of bytes, `1MB:int8`; `fold`, whether batch norm is folded
            into the convolutions; `maximise`, the cost by which the largest come first;
            `latency`, a fitted model, where a cap or the budget is a time, as `20ms`.
            `rule` scales the network as it is: `compound`, `dwr`, `width`,
            `depth`, `resolution`, `all`, or `ScalingRule`s.

    Returns:
        the templates; of a network the designs nearest to the budget, or the largest within the
        caps, each with its exact costs, and the proof that none is better; or the network by each
        rule.

    Raises:
        UsageError: for a word or number that cannot be, or where nothing or too much is sought.
        InfeasibleError: where there is no answer; it says what comes nearest.
    """
    if network is None:
        return _block(budget, **options)
    if "rule" not in options:
        return _network(network, _limits(budget), **options)
    from archscope.explore.design.limits import all_limits
    from archscope.explore.design.scaling.solve import scale_named

    return scale_named(network, all_limits(_limits(budget)), **options)


def _limits(budget: Any) -> list[str | Limit]:
    from archscope.arch.network import Network  # a block alone needs none of these
    from archscope.explore.design.limits import of_network

    limits: list[str | Limit] = []
    for one in [] if budget is None else _listed(budget):
        limits += of_network(one) if isinstance(one, Network) else [one]
    return limits


def _block(
    budget: str | int | None,
    *,
    cardinality: int | Sequence[int] = (),
    width: int | Sequence[int] = (),
    **options: Any,
) -> Solution | Templates:
    size = parse_budget(budget) if isinstance(budget, str) else budget
    cardinalities, widths = _listed(cardinality), _listed(width)
    if isinstance(options.get("block"), str) or callable(options.get("block")):
        from archscope.explore.design.templates.solve import solve_kind

        numbers = {"cardinality": cardinalities, "width": widths}
        numbers["splits"] = _listed(options.pop("splits", ()))
        return solve_kind(options.pop("block"), numbers, budget=size, **options)
    return solve_block(cardinalities=cardinalities, widths=widths, budget=size, **options)


def _network(
    network: str | Network,
    limits: Sequence[str | Limit],
    *,
    free: Sequence[str] = (),
    rounding: Rounding = "nearest",
    nearest: int = 5,
    tolerance: float | None = None,
    classes: int | None = None,
    input: Shape | None = None,
    at_most: str | Limit | Sequence[str | Limit] = (),
    flash: str | None = None,
    sram: str | None = None,
    fold: bool = False,
    maximise: str | None = None,
    all: bool = False,
    latency: LatencyModel | None = None,
    **given: Any,
) -> Inverse:
    from archscope.explore.design.caps.read import cost_named, read_caps
    from archscope.explore.design.inverse import Options, inverse
    from archscope.explore.networks.opened import named

    if latency is not None:
        from archscope.explore.latency.fitted import check_models

        check_models(latency)
    asked = named(network, "a design")
    shape = input or asked.input
    limits = [*limits, *read_caps(at_most, flash, sram, shape)]
    return inverse(
        asked.name,
        limits,
        given={word: _listed(values) for word, values in given.items()},
        free=[free] if isinstance(free, str) else free,
        options=Options(
            *(rounding, nearest, tolerance, classes or asked.classes, shape),
            maximise=None if maximise is None else cost_named(maximise),
            every=all,
            latency=latency,
            fold=fold,
        ),
    )


def _listed(value: Any) -> list[Any]:
    alone = isinstance(value, str) or not isinstance(value, Iterable)
    return [value] if alone else list(value)
