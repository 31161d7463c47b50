"""Optuna inside a budget: a sampler that proposes networks of a `FeasibleSet`, and no others.

    import optuna
    import archscope as a
    from archscope.integrations.optuna import FeasibleSampler

    few = a.FeasibleSet(["wrn", "cifar_regnetx"], ["250kparams", "20MMACs"])
    sampler = FeasibleSampler(few, optuna.samplers.TPESampler(seed=1))
    study = optuna.create_study(sampler=sampler)
    study.optimize(lambda trial: error_of(sampler.network(trial)), n_trials=20)

A trial has the parameter `family` where there are several, and for each free number of each family
the place of its value among those that it may have, as `wrn.depth`; those of the other families say
nothing. The name of the network stands in the trial's user attribute `network`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from archscope.arch.network import Network
from archscope.errors import UsageError
from archscope.explore.searching.feasible import FeasibleSet
from archscope.nn.guarded import require

if TYPE_CHECKING:
    import optuna
else:
    optuna = require("optuna")

POOL = 1000  # networks among which the nearest one is taken
FAMILY, NETWORK = "family", "network"


class FeasibleSampler(optuna.samplers.BaseSampler):
    """A sampler of another, `base`, moved into a feasible set.

    The first trials are drawn from the set uniformly. Then `base` proposes numbers: where they are
    a network of the set that was not tried, it is taken; otherwise the nearest network of that
    family that was not, of those that are drawn from the set beforehand. `base` learns from what
    was taken.

    Args:
        few: the networks that may be proposed.
        base: who proposes; Optuna's TPE, unless said otherwise.
        among: those of the set that alone are proposed, in the order of the first trials; None:
            `POOL` that are drawn, and every other one that is proposed exactly.
        seed: of the draw.
        startup: how many trials are drawn before `base` is asked.

    Raises:
        UsageError: where one of `among` is not in the set.
        InfeasibleError: where nothing keeps the caps.
    """

    def __init__(
        self,
        few: FeasibleSet,
        base: optuna.samplers.BaseSampler | None = None,
        *,
        among: Sequence[Network | str] | None = None,
        seed: int = 1,
        startup: int = 10,
    ) -> None:
        self.few, self.startup, self.only = few, startup, among is not None
        self.base = base or optuna.samplers.TPESampler(seed=seed)
        self._read = lru_cache(maxsize=None)(self._made)
        drawn = few.sample(POOL, seed) if among is None else among
        self._pool = [self._params(*few.numbers(one)) for one in drawn]

    @cached_property
    def space(self) -> dict[str, optuna.distributions.BaseDistribution]:
        """The parameters of a trial."""
        found: dict[str, optuna.distributions.BaseDistribution] = {}
        names = tuple(self.few.families)
        if len(names) > 1:
            found[FAMILY] = optuna.distributions.CategoricalDistribution(names)
        for family, space in zip(names, self.few.spaces, strict=True):
            for word in space.free:
                last = len(space.axes[word]) - 1
                found[f"{family}.{word}"] = optuna.distributions.IntDistribution(0, last)
        return found

    def network(self, trial: optuna.trial.BaseTrial) -> Network:
        """The network that a trial is to train; its study must have this sampler.

        Raises:
            UsageError: where the trial is of a study with another sampler, and none of the set.
        """
        for name, one in self.space.items():
            if isinstance(one, optuna.distributions.IntDistribution):
                trial.suggest_int(name, one.low, one.high)
            else:
                trial.suggest_categorical(name, self.few.families)
        network = self._network(trial.params)
        if network is None:
            raise UsageError(
                "a trial has a network of the set where the study has this sampler; give it to "
                "optuna.create_study"
            )
        trial.set_user_attr(NETWORK, network.name)
        return network

    def infer_relative_search_space(
        self, study: optuna.Study, trial: optuna.trial.FrozenTrial
    ) -> dict[str, optuna.distributions.BaseDistribution]:
        """All parameters: they are proposed together."""
        return dict(self.space)

    def sample_relative(
        self, study: optuna.Study, trial: optuna.trial.FrozenTrial, search_space: dict[str, Any]
    ) -> dict[str, Any]:
        """The parameters of a network of the set that was not tried; where all were, of any."""
        before = [one for one in study.get_trials(deepcopy=False) if one.number != trial.number]
        tried = {
            self._key(one.params) for one in before if search_space.keys() <= one.params.keys()
        }
        new = [one for one in self._pool if self._key(one) not in tried] or self._pool
        complete = sum(one.state == optuna.trial.TrialState.COMPLETE for one in before)
        if complete < self.startup:
            return self._filled(new[0], new[0])
        proposed = self._proposed(study, trial, search_space)
        exact = None if self.only else self._network(proposed)
        if exact is not None and self._key(proposed) not in tried:
            return proposed
        return self._filled(self._nearest(proposed, new), proposed)

    def _proposed(
        self, study: optuna.Study, trial: optuna.trial.FrozenTrial, space: dict[str, Any]
    ) -> dict[str, Any]:
        """What `base` proposes: jointly where it does so, else one by one."""
        jointly = self.base.infer_relative_search_space(study, trial)
        jointly = {name: one for name, one in jointly.items() if name in space}
        found = self.base.sample_relative(study, trial, jointly)
        for name, one in space.items():
            if name not in found:
                found[name] = self.base.sample_independent(study, trial, name, one)
        return {name: found[name] for name in space}

    def _nearest(self, proposed: dict[str, Any], new: list[dict[str, Any]]) -> dict[str, Any]:
        """Of the same family, if it has any left, that with the nearest numbers, of 0 to 1 each."""
        family = self._family(proposed)
        same = [one for one in new if self._family(one) == family]
        words = self._words(family)
        if not same or not words:
            return (same or new)[0]
        ends = np.array([self.space[word].high for word in words], float)
        places = np.array([[one[word] for word in words] for one in same])
        wanted = np.array([proposed[word] for word in words])
        return same[int((((places - wanted) / ends) ** 2).sum(axis=1).argmin())]

    def _params(self, place: int, values: dict[str, Any]) -> dict[str, Any]:
        """The parameters of a network by its numbers."""
        family, space = self.few.families[place], self.few.spaces[place]
        several = {FAMILY: family} if FAMILY in self.space else {}
        own = {
            f"{family}.{word}": list(space.axes[word]).index(values[word]) for word in space.free
        }
        return {**several, **own}

    def _filled(self, chosen: dict[str, Any], others: dict[str, Any]) -> dict[str, Any]:
        """With the numbers of the other families, which say nothing."""
        return {name: chosen.get(name, others.get(name, 0)) for name in self.space}

    def _family(self, params: dict[str, Any]) -> str:
        return str(params.get(FAMILY, self.few.families[0]))

    def _words(self, family: str) -> list[str]:
        free = self.few.spaces[self.few.families.index(family)].free
        return [f"{family}.{word}" for word in free]

    def _key(self, params: dict[str, Any]) -> tuple[Any, ...]:
        family = self._family(params)
        return family, *(params[word] for word in self._words(family))

    def _network(self, params: dict[str, Any]) -> Network | None:
        family, *places = self._key(params)
        found: Network | None = self._read(family, tuple(places))
        return found

    def _made(self, family: str, places: tuple[int, ...]) -> Network | None:
        place = self.few.families.index(family)
        space = self.few.spaces[place]
        values = {word: of[0] for word, of in space.axes.items()}
        for word, number in zip(space.free, places, strict=True):
            values[word] = space.axes[word][number]
        return self.few.member(place, values)

    def sample_independent(
        self, study: optuna.Study, trial: optuna.trial.FrozenTrial, param_name: str, param: Any
    ) -> Any:
        """A parameter that the set does not have: `base` proposes it."""
        return self.base.sample_independent(study, trial, param_name, param)

    def before_trial(self, study: optuna.Study, trial: optuna.trial.FrozenTrial) -> None:
        """Told to `base`."""
        self.base.before_trial(study, trial)

    def after_trial(
        self, study: optuna.Study, trial: optuna.trial.FrozenTrial, state: Any, values: Any
    ) -> None:
        """Told to `base`."""
        self.base.after_trial(study, trial, state, values)

    def reseed_rng(self) -> None:
        """Told to `base`."""
        self.base.reseed_rng()
