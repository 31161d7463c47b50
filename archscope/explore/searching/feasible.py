"""The networks inside a budget, and nothing else: to draw from, to ask, to walk in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from archscope.arch.arrays import one_whole
from archscope.arch.inputs import as_input, image_of
from archscope.arch.names import parse
from archscope.arch.network import Network
from archscope.arch.quantities import STORED
from archscope.arch.times import LATENCY
from archscope.arch.windows import Shape
from archscope.cost.formula import count
from archscope.cost.stored import Storage
from archscope.errors import UsageError, shown
from archscope.explore.design.caps.conditions import Range
from archscope.explore.design.caps.read import read_caps, storage_of
from archscope.explore.design.enumerate import Order, Query, enumerate_designs, spaces
from archscope.explore.design.limits import Limit, format_named
from archscope.explore.design.space import Space
from archscope.explore.latency.fitted import LatencyModel, check_models
from archscope.explore.searching.members import made_of, of_numbers, values_of
from archscope.given import ranges_by_cost, texts_of, values_by_word
from archscope.sweep.plan.trial import network_digest


@dataclass(frozen=True)
class FeasibleSet:
    """The distinct networks of some families that keep every cap.

        few = a.FeasibleSet(["cifar_resnext11", "wrn_10"], ["900kparams", "200MMACs"])
        few.sample(8, seed=1)             # eight different networks, all inside
        few.contains("wrn_10_1")
        few.neighbours("wrn_10_1")        # one step along one number, inside as well

    Attributes:
        families: names as `archscope.enumerate` takes them: `resnext` (its depths free),
            `wrn_28`, `FILE.py:NAME` of your own; one name, or several.
        caps: what each network costs at most: `5Mparams`, `600MMACs`, `11M activations`,
            `1MB weights:int8`, `256kB memory:int8`, `20ms`, or `Limit`s.
        ranges: the least and the most of `params`, `macs`, `activations` as well, of the bytes of
            `weights` and `memory`, and of `latency` in nanoseconds; None: no end.
        given: values of the families' numbers, by word, as `Query.given`.
        classes, input_shape: where not the families' own.
        latency: a fitted model, where a cap is a time: the predicted latency is kept.
        storage: the formats of weights and memory, and whether batch norm is folded; a cap on the
            memory says its own format.

    Raises:
        UsageError: for what is no family, cap or number, when it is made; for a cap on the latency
            without a model.
    """

    families: str | Sequence[str]
    caps: str | Limit | Sequence[str | Limit] = ()
    ranges: Mapping[str, Range] = field(default_factory=dict)
    given: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    classes: int | None = None
    input_shape: Shape | None = None
    latency: LatencyModel | None = None
    storage: Storage = field(default_factory=Storage)

    def __post_init__(self) -> None:
        names = texts_of(self.families, "families", "['resnext', 'wrn']")
        object.__setattr__(self, "families", tuple(dict.fromkeys(names)))
        object.__setattr__(self, "given", values_by_word(self.given))
        image = image_of(None if self.input_shape is None else as_input(self.input_shape), "a set")
        object.__setattr__(self, "input_shape", image)
        if not self.families:
            raise UsageError("a feasible set has a family at least; name one, as resnext")
        check_models(self.latency)
        caps = read_caps(self.caps, input_shape=self.input_shape)
        ranges = _ranges(caps, ranges_by_cost(self.ranges))
        if LATENCY in ranges and self.latency is None:
            raise UsageError(
                "latency is predicted by a fitted model; give the set one, as latency=, or leave "
                "the cap on the latency out"
            )
        object.__setattr__(self, "ranges", ranges)
        if formats := [cap.format for cap in caps if cap.metric == "memory" and cap.format]:
            object.__setattr__(self, "storage", replace(self.storage, memory=formats[0]))
        _ = self.spaces

    @cached_property
    def spaces(self) -> list[Space]:
        """The box of each family."""
        return spaces(self._query)

    @cached_property
    def _query(self) -> Query:
        return Query(
            tuple(self.families),
            self.given,
            self.ranges,
            classes=self.classes,
            input_shape=self.input_shape,
            latency=self.latency if LATENCY in self.ranges else None,
            storage=self.storage,
        )

    def sample(self, n: int, seed: int = 1) -> list[Network]:
        """So many different networks, drawn at random, in random order.

        Of one family each network that keeps the caps is as likely as any other. Several families
        have equal shares, whatever their sizes; one that has fewer networks than its share gives
        all, and the others fill up. A network that two families give is the first one's.

        Returns:
            fewer than `n` where there are no more.

        Raises:
            InfeasibleError: where no network of a family keeps the caps; it names the nearest one.
            ArchscopeError: where a set is so thin that none was drawn.
        """
        n, seed = one_whole(n, "n"), one_whole(seed, "seed", 0)
        drawn = self._drawn(n, seed)
        taken: list[Network] = []
        while len(taken) < n and any(drawn):
            for one in drawn:
                if one and len(taken) < n:
                    taken.append(one.pop())
        order = np.random.default_rng(seed).permutation(len(taken))
        return [taken[place] for place in order]

    def _drawn(self, n: int, seed: int) -> list[list[Network]]:
        """Of each family up to `n` networks in random order, none of them another's."""
        drawn: list[list[Network]] = []
        seen: set[str] = set()
        for place, family in enumerate(self._query.families):
            alone = replace(self._query, families=(family,), given=self.given_of(place))
            found = enumerate_designs(alone, Order(sample=n, seed=seed))
            own = {network_digest(one): one for one in map(found.network, range(len(found)))}
            several = [one for key, one in own.items() if key not in seen]
            seen |= own.keys()
            rng = np.random.default_rng([seed, place])
            drawn.append([several[index] for index in rng.permutation(len(several))])
        return drawn

    def given_of(self, place: int) -> dict[str, Sequence[Any]]:
        """Of the numbers that were given, those that a family has."""
        of = self.spaces[place].of
        has = {*of, *(axis.word for axis in of.values())}
        return {word: values for word, values in self.given.items() if word in has}

    def document(self) -> dict[str, Any]:
        """What the set is, as JSON."""
        stored = any(cost in self.ranges for cost in STORED)
        return {
            "families": list(self._query.families),
            "ranges": {cost: list(ends) for cost, ends in self.ranges.items()},
            "given": {
                word: [str(one) if isinstance(one, Fraction) else one for one in values]
                for word, values in self.given.items()
            },
            "classes": self.classes,
            "input": None if self.input_shape is None else list(self.input_shape),
            **({"memory_format": self.storage.memory} if "memory" in self.ranges else {}),
            **({"weights_format": self.storage.weights} if "weights" in self.ranges else {}),
            **({"folded": True} if stored and self.storage.fold else {}),
        }

    @staticmethod
    def from_document(document: Mapping[str, Any]) -> FeasibleSet:
        """The set of such a document."""
        shape = document["input"]
        return FeasibleSet(
            document["families"],
            ranges={cost: (low, high) for cost, (low, high) in document["ranges"].items()},
            given={
                word: [Fraction(one) if isinstance(one, str) else one for one in values]
                for word, values in document["given"].items()
            },
            classes=document["classes"],
            input_shape=None if shape is None else tuple(shape),
            storage=Storage(
                format_named(document.get("weights_format")),
                format_named(document.get("memory_format")),
                document.get("folded", False),
            ),
        )

    def numbers(self, network: str | Network) -> tuple[int, dict[str, Any]]:
        """The place of the family that a network is of, and its numbers there by word.

        Raises:
            UsageError: where the network is not in the set.
        """
        space, values = self._inside(network)[0]
        return self.spaces.index(space), values

    def member(self, place: int, values: Mapping[str, Any]) -> Network | None:
        """The network of these numbers of a family; None where none of them keeps the caps."""
        network = made_of(of_numbers(self.spaces, place, values), values)
        return network if network is not None and self._fits(network) else None

    def contains(self, network: str | Network) -> bool:
        """Whether a network is a member of one of the families, in its box, and keeps the caps."""
        return any(True for _ in self._places(self._read(network)))

    def neighbours(self, network: str | Network) -> list[Network]:
        """The networks one step along one number away, up or down, that keep the caps.

        A step goes to the next value of the number that gives another network.

        Raises:
            UsageError: where the network itself is not in the set.
        """
        start = self._read(network)
        found = {network_digest(start): start}
        for space, values in self._inside(start):
            for word in space.free:
                for step in (-1, 1):
                    other = self._stepped(space, values, word, step, network_digest(start))
                    if other is not None:
                        found.setdefault(network_digest(other), other)
        return list(found.values())[1:]

    def _read(self, network: str | Network) -> Network:
        if isinstance(network, Network):
            return network
        if not isinstance(network, str):
            raise UsageError(
                f"a network is a name or a Network, not {shown(repr(network))}; give one of these"
            )
        return parse(network, self.classes, self.input_shape)

    def _inside(self, network: str | Network) -> list[tuple[Space, dict[str, Any]]]:
        """As `_places`; raises UsageError where there are none."""
        read = self._read(network)
        if not (places := list(self._places(read))):
            raise UsageError(
                f"only a network of the set has numbers and neighbours in it, not "
                f"{shown(read.name)}; draw one with sample"
            )
        return places

    def _places(self, network: Network) -> Iterator[tuple[Space, dict[str, Any]]]:
        """The families that the network is of, with its numbers there."""
        if network.design is None or not self._fits(network):
            return
        for space in self.spaces:
            values = values_of(space, network)
            if values is None or any(values[word] not in of for word, of in space.axes.items()):
                continue
            made = made_of(space, values)
            if made is not None and network_digest(made) == network_digest(network):
                yield space, values

    def _stepped(
        self, space: Space, values: Mapping[str, Any], word: str, step: int, start: str
    ) -> Network | None:
        """The next other network along one number, if it keeps the caps."""
        every = list(space.axes[word])
        place = every.index(values[word]) + step
        while 0 <= place < len(every):
            other = made_of(space, {**values, word: every[place]})
            if other is not None and network_digest(other) != start:
                return other if self._fits(other) else None
            place += step
        return None

    def _fits(self, network: Network) -> bool:
        for cost, (low, high) in self.ranges.items():
            value = self._cost(network, cost)
            if value < low or (high is not None and value > high):
                return False
        return True

    def _cost(self, network: Network, cost: str) -> int:
        """Whole units: bytes of weights and memory, nanoseconds of the latency."""
        if cost == LATENCY and self.latency is not None:
            return int(self.latency.nanoseconds(network))
        if cost == "memory":
            return int(self.storage.peak_bytes(network))
        counted = count(network)
        if cost == "weights":
            return int(self.storage.weight_bytes(network, counted.params))
        return int(getattr(counted, cost))


def _ranges(caps: Sequence[Limit], ranges: Mapping[str, Range]) -> dict[str, Range]:
    """The ranges with the caps in them."""
    found = dict(ranges)
    for cap in caps:
        cost, most = cap.metric, cap.value
        if cost == "weights":
            cost, most = "params", storage_of([cap]).most_params(most)
        low, high = found.get(cost, (0, None))
        found[cost] = (low, most if high is None else min(high, most))
    return found
