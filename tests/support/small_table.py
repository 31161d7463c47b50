"""A small table of trained designs with made-up errors: for tests."""

from __future__ import annotations

from archscope.explore.searching.table import SCHEMA, Row, TrainedTable
from archscope.sweep.plan.settings import settings

EPOCHS = 3


def small_table(designs: int = 8, seeds: int = 2) -> TrainedTable:
    """Designs of rising costs and errors, each with its seeds."""
    chosen = settings("quick", epochs=EPOCHS, templates="wrn_10_1", test_samples=100).document()
    about = {
        "schema": SCHEMA,
        "command": ["archscope", "table", "make"],
        "dataset": {"label": "shapes", "classes": 10, "fingerprint": "sha256:0"},
        "settings": {k: v for k, v in chosen.items() if k not in ("templates", "seeds")},
        "machine": {"device": "cpu", "precision": "fp32", "threads": 1, "workers": 1},
        "environment": {},
        "hours": 0.5,
    }
    rows = [
        Row(
            *(f"wrn_10_{place + 1}", "wrn", seed, 1000 * (place + 1), 10_000, 50, "done", "d", "k"),
            (80.0, 70.0, 60 + 0.1 * seed),
            (81.0, 71.0, 50 + place + 0.3 * seed),
            (1.0, 1.0, 1.0),
        )
        for place in range(designs)
        for seed in range(1, seeds + 1)
    ]
    return TrainedTable(about, rows)
