"""Limits on what a network may cost: numbers with units, or those of another network."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from archscope.arch.families.axis import COSTS
from archscope.arch.names import parse
from archscope.arch.network import Network
from archscope.arch.quantities import MOST_COST, parse_limit
from archscope.arch.windows import Shape
from archscope.cost.formula import count
from archscope.errors import UsageError, shown

METRICS = COSTS
_KEPT = ("params", "macs")  # of another network: what the papers keep when they compare
_AS = re.compile(
    r"(?:as\s+)?(?:(\d{1,4}(?:\.\d{1,4})?)\s*[x*×]\s*)?"
    r"((?:[^:]+\.py:)?[^:]+?)(?::([a-z, ]+))?",
    re.I,
)


@dataclass(frozen=True)
class Limit:
    """`metric` shall be `value`; `source` is the network that it was taken from, if any."""

    metric: str
    value: int
    source: str | None = None


def all_limits(
    entries: str | Sequence[str | Limit], input_shape: Shape | None = None
) -> list[Limit]:
    """Limits as they are or as text: `4.1GMACs`, `25M params and 4.1GMACs`, `as resnet50`.

    Raises:
        UsageError: for what is no limit, where a cost is limited twice, or there is none at all.
    """
    limits: list[Limit] = []
    for entry in [entries] if isinstance(entries, str) else entries:
        if isinstance(entry, Limit):
            limits.append(entry)
            continue
        for part in re.split(r"\s+and\s+|;", entry.strip()):
            if re.match(r"as\s", part, re.I):
                limits += _of_network(part, input_shape)
            else:
                limits.append(Limit(*parse_limit(part)))
    metrics = [limit.metric for limit in limits]
    twice = [metric for metric in METRICS if metrics.count(metric) > 1]
    if twice:
        raise UsageError(
            f"{twice[0]} can have one limit, not several; drop one, or name the cost to take "
            "from a network, as resnet50:macs"
        )
    if not limits:
        raise UsageError(
            "a network is designed to a budget; write --budget 4.1GMACs, --budget '25M "
            "params', or --as resnet50"
        )
    return sorted(limits, key=lambda limit: METRICS.index(limit.metric))


def read_limits(
    budgets: Sequence[str], like: Sequence[str] = (), input_shape: Shape | None = None
) -> list[Limit]:
    """The limits of `budgets`, as `all_limits` reads them, and of other networks.

    `like` holds `resnet50`, `2x resnet101:macs`: another network gives its params and macs, or what
    follows the colon.

    Raises:
        UsageError: as `all_limits`.
    """
    others = [limit for text in like for limit in _of_network(text, input_shape)]
    return all_limits([*budgets, *others], input_shape)


def _of_network(text: str, input_shape: Shape | None) -> list[Limit]:
    found = _AS.fullmatch(text.strip())
    if found is None:
        raise UsageError(
            f"--as takes a network, not '{shown(text)}'; write --as resnet50, or --as '2x "
            "resnet101:macs'"
        )
    metrics = [part.strip().lower() for part in (found[3] or ",".join(_KEPT)).split(",")]
    unknown = [metric for metric in metrics if metric not in METRICS]
    if unknown:
        raise UsageError(
            f"the costs of '{shown(found[2])}' are params, macs and activations, not "
            f"'{shown(unknown[0])}'; write resnet50:macs"
        )
    network = parse(found[2], input_shape=input_shape)
    return of_network(network, metrics, found[1] or "1")


def of_network(network: Network, metrics: Sequence[str] = _KEPT, times: str = "1") -> list[Limit]:
    """What a network costs, as limits on others: each of the `metrics`, so many times.

    Raises:
        UsageError: where that is less than 1 or more than a budget can be.
    """
    cost = count(network)
    factor = Fraction(times)
    source = network.name if factor == 1 else f"{times} times {network.name}"
    limits = [Limit(m, round(factor * getattr(cost, m)), source) for m in dict.fromkeys(metrics)]
    for limit in limits:
        if not 1 <= limit.value <= MOST_COST:
            raise UsageError(
                f"a network's budget is 1 to 10T, but {limit.metric} as {source} is "
                f"{limit.value:,}; take another network or factor"
            )
    return limits
