"""From measured seconds to a model: non-negative weights of the terms, by relative errors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from archscope.cost.latency.model import Row, Weights

_RIDGE = 1e-3  # of the mean weight of a row: keeps terms that nearly coincide from wild weights
_ROUNDS = 4  # of weighting anew, so that a piece which was disturbed does not count


def fit(rows: Sequence[Row], measured: Sequence[float], trust: Sequence[float]) -> Weights:
    """The weights of which the relative errors are smallest, none of them below 0.

    Args:
        rows: the terms of what was measured: pieces and whole networks.
        measured: seconds of each.
        trust: how much each counts; what is far off counts less.
    """
    from scipy.optimize import nnls

    columns = sorted({key for row in rows for key in row})
    place = {key: number for number, key in enumerate(columns)}
    table = np.zeros((len(rows), len(columns)))
    for line, row in zip(table, rows, strict=True):
        for key, number in row.items():
            line[place[key]] = number
    table /= np.asarray(measured)[:, None]
    size = np.sqrt((table**2).mean(axis=0))
    table /= size
    weight: npt.NDArray[np.float64] = np.asarray(trust, dtype=float)
    found = np.zeros(len(columns))
    for _ in range(_ROUNDS):
        root = np.sqrt(weight)[:, None]
        gram = (table * root).T @ (table * root)
        gram += _RIDGE * weight.sum() / len(columns) * np.eye(len(columns))
        # The same problem with as many rows as columns: a Cholesky factor of the normal equations.
        factor = np.linalg.cholesky(gram).T
        found, _ = nnls(factor, np.linalg.solve(factor.T, table.T @ weight), maxiter=100_000)
        off = np.abs(table @ found - 1)
        spread = max(float(np.median(off)), 1e-6)
        weight = np.asarray(trust) / np.maximum(1, off / (3 * spread))
    weights: dict[str, dict[str, float]] = {}
    for (kind, term), value, unit in zip(columns, found, size, strict=True):
        if value > 0:
            weights.setdefault(kind, {})[term] = float(value / unit)
    return weights
