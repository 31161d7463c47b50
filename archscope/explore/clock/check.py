"""How fast the machine is now: the anchors of a fitted model measured again, the model scaled."""

from __future__ import annotations

import time
from collections.abc import Callable

from archscope.arch.names import parse
from archscope.arch.network import Network
from archscope.cost.workload import measuring
from archscope.errors import ArchscopeError, UsageError, plural, shown
from archscope.explore.clock.anchors import pace_of, run_whole
from archscope.explore.clock.fit import Load, Observed, undisturbed
from archscope.explore.clock.fit_result import NOISY, Fitted
from archscope.explore.clock.fit_runner import runner
from archscope.explore.latency.fitted import Asked, LatencyModel, fitted_model
from archscope.explore.latency.latency_model import is_pace
from archscope.plain_text import say
from archscope.training.devices import tune_malloc

_LEAST, _MOST = 3, 9  # rounds
_SECONDS = 10.0  # after which no further round begins

Note = Callable[[str], None]


def check_latency(asked: Asked, note: Note = say) -> Fitted:
    """Measure the anchors of this machine's model again, and keep it at the pace that they tell.

    Args:
        asked: the setting; its batch is the model's own.
        note: told how much faster or slower the machine is.

    Raises:
        UsageError: where there is no model, or one without anchors; it names the command.
        ArchscopeError: where the file is damaged, or cannot be written.
    """
    model = fitted_model(asked, note=note)
    if not model.anchors:
        raise UsageError(
            f"the model in {asked.file} is of an earlier version, without anchors to measure "
            f"again; run {asked.command}"
        )
    return Fitted(_kept(model, checked(model, note=note), note), asked.file)


def up_to_date(model: LatencyModel, note: Note) -> LatencyModel:
    """A model of the cache at the pace of now, and kept; one without anchors as it is."""
    if not model.anchors:
        return model
    found = checked(model, note=note)
    try:
        return _kept(model, found, note)
    except ArchscopeError as error:
        note(f"archscope: {error}")
    return found


def _kept(before: LatencyModel, found: LatencyModel, note: Note) -> LatencyModel:
    """`found` written with what another check told meanwhile; not over another fit, which stays."""
    there = fitted_model(before.setting, note=lambda text: None)
    if there.anchors != before.anchors:
        note("archscope: the model was fitted anew meanwhile: the new one is kept, and not scaled")
        return there
    now = there.at_pace(found.pace)
    now.write(before.setting.file)
    return now


def checked(model: LatencyModel, *, note: Note = say, load: Load | None = None) -> LatencyModel:
    """A model at the pace that its anchors tell now, in some seconds.

    Args:
        model: with anchors, of this machine.
        note: told the pace, and where the machine is not quiet.
        load: makes a network ready; a pretended clock's in tests.
    """
    asked = model.setting
    if asked.device == "cpu":
        tune_malloc()
    with measuring(asked.threads):
        networks = _anchors(model)
        ready = [(load or (lambda network: runner(network, asked)))(one) for one in networks]
        seen = [Observed(one.name, one.rows) for one in ready]
        end = time.monotonic() + _SECONDS
        for number in range(_MOST):
            if number >= _LEAST and time.monotonic() > end:
                break
            for one, whole in zip(ready, seen, strict=True):
                whole.whole.append(run_whole(one))
    pace = pace_of(model.anchors, [undisturbed(one.whole) for one in seen])
    if not is_pace(pace):
        raise ArchscopeError(
            f"the anchors take {pace:.3g} times as long as during the fit, which is no measurement "
            f"of a pace; run {asked.command}"
        )
    noise = sum(one.disagreement for one in seen) / len(seen)
    busy = f"; the machine is busy (rounds differ by {100 * noise:.0f} %)" * (noise > NOISY)
    note(
        f"archscope: {plural(len(seen), 'anchor')} take {pace / model.pace:.2f} times as long as "
        f"when last measured: the model of {model.mode} is scaled by that{busy}"
    )
    return model.at_pace(pace)


def _anchors(model: LatencyModel) -> list[Network]:
    found = []
    for one in model.anchors:
        try:
            found.append(parse(one.network, None, one.input))
        except UsageError:
            raise ArchscopeError(
                f"{shown(one.network)}, an anchor of the model, is no network of this version; "
                f"run {model.setting.command}"
            ) from None
    return found
