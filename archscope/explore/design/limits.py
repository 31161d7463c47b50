"""Limits on what a network may cost: numbers with units, or those of another network."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from archscope.arch.families.own import place_of
from archscope.arch.quantities import COSTS, MOST_COST, STORED, parse_cap
from archscope.arch.times import LATENCY, parse_time
from archscope.arch.windows import Shape
from archscope.cost.memory import FORMATS
from archscope.errors import UsageError, shown
from archscope.explore.networks.opened import Given, is_outside

METRICS = COSTS
CAPPED = (*COSTS, *STORED, LATENCY)
_KEPT = ("params", "macs")  # of another network: what the papers keep when they compare
_AS = re.compile(r"(?:(\d{1,4}(?:\.\d{1,4})?)\s*[x*×]\s*)?(.*[^\s:].*)", re.I | re.DOTALL)


def check_costs(costs: Iterable[str]) -> None:
    """Raise UsageError where one of these is no cost that has a range."""
    for cost in costs:
        if cost not in CAPPED:
            raise UsageError(
                f"a range is of {', '.join(CAPPED)}, not '{shown(cost)}'; name one of them"
            )


def unit(cost: str) -> str:
    """What stands between a number and its cost: nothing, or ` bytes of`."""
    return " bytes of" if cost in STORED else ""


@dataclass(frozen=True)
class Limit:
    """What a design shall cost.

    Attributes:
        metric: the cost; of the bytes of `weights` and `memory`, those of `format`; of the
            predicted `latency` nanoseconds.
        value: its number.
        source: the network that it was taken from, if any.
        hard: whether it is a cap, which no design may pass; else the nearest is sought.
        format: in which numbers are stored: fp32, fp16, bf16 or int8; None where it counts.
    """

    metric: str
    value: int
    source: str | None = None
    hard: bool = False
    format: str | None = None


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
                limits.append(read_limit(part))
    metrics = [limit.metric for limit in limits]
    twice = [metric for metric in CAPPED if metrics.count(metric) > 1]
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
    return sorted(limits, key=lambda limit: CAPPED.index(limit.metric))


def format_named(text: str | None) -> str:
    """The format in which numbers are stored; fp32 where nothing says it.

    Raises:
        UsageError: where it is none.
    """
    format = "fp32" if text is None else text.strip().lower()
    if format not in FORMATS:
        raise UsageError(
            f"numbers are stored as {', '.join(FORMATS)}, not as '{shown(format)}'; write 1MB:int8"
        )
    return format


def read_limit(text: str) -> Limit:
    """One limit, as `4.1GMACs` or `1MB weights:int8`."""
    if (time := parse_time(text)) is not None:
        return Limit(LATENCY, time)
    cost, value, format = parse_cap(text)
    return Limit(cost, value, format=format_named(format) if cost in STORED else None)


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
    found = _AS.fullmatch(re.sub(r"^as\s+", "", text.strip(), flags=re.I))
    if found is None:
        raise UsageError(
            f"--as takes a network, not '{shown(text)}'; write --as resnet50, or --as '2x "
            "resnet101:macs'"
        )
    name, metrics = _costs_of(found[2])
    return of_network(name, metrics, found[1] or "1", input_shape)


def _costs_of(text: str) -> tuple[str, Sequence[str]]:
    """A network and the costs that follow it: `resnet50:macs`, `timm:resnet50:params,macs`."""
    name, colon, last = text.rpartition(":")
    costs = [part.strip().lower() for part in last.split(",")]
    unknown = [cost for cost in costs if cost not in METRICS]
    if not colon or (unknown and (is_outside(text) or place_of(text))):
        return text, _KEPT
    if unknown:
        raise UsageError(
            f"the costs of '{shown(name)}' are params, macs and activations, not "
            f"'{shown(unknown[0])}'; write resnet50:macs"
        )
    return name, costs


def of_network(
    network: Given,
    metrics: Sequence[str] = _KEPT,
    times: str = "1",
    input_shape: Shape | None = None,
) -> list[Limit]:
    """What a network costs, as limits on others: each of the `metrics`, so many times.

    Raises:
        UsageError: where that is less than 1 or more than a budget can be, or a lower bound alone
            is known.
        ArchscopeError: where a network from outside cannot be made, run or traced.
    """
    from archscope.explore.networks.readings import count

    cost = count(network, input_shape)
    if "macs" in metrics and not cost.macs_exact:
        raise UsageError(
            f"a budget is an exact count, and {shown(cost.name)} has at least {cost.macs:,} macs; "
            "take its params alone (NAME:params), or write --budget 4.1GMACs"
        )
    factor = Fraction(times)
    source = cost.name if factor == 1 else f"{times} times {cost.name}"
    limits = [Limit(m, round(factor * getattr(cost, m)), source) for m in dict.fromkeys(metrics)]
    for limit in limits:
        if not 1 <= limit.value <= MOST_COST:
            raise UsageError(
                f"a network's budget is 1 to 10T, but {limit.metric} as {source} is "
                f"{limit.value:,}; take another network or factor"
            )
    return limits
