"""How wide an interval must be that holds for nine in ten of networks, measured at another time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import permutations

COVERAGE = 0.9


def reach(errors: Sequence[float], paces: Sequence[float]) -> float:
    """The factor above and below a prediction within which `COVERAGE` of networks lie.

    By split conformal prediction: whatever the errors are, a further network drawn as those were
    lies within it at least so often. What is predicted will run at another time than the anchors
    ran, so that each error counts once with every change of the pace from one known time to
    another: as often as the machine has been so much faster or slower, it is taken to be again.

    Args:
        errors: |ln(measured / predicted)| of networks that the fit had not seen, at one pace.
        paces: of the machine, each time that its anchors were measured.
    """
    logs = [math.log(pace) for pace in paces]
    drifts = [later - earlier for earlier, later in permutations(logs, 2)] or [0.0]
    scores = sorted(abs(error + drift) for error in errors for drift in drifts)
    place = math.ceil((len(errors) + 1) * COVERAGE) * len(drifts)
    return math.exp(scores[min(place, len(scores)) - 1])
