"""A model of latency that is kept for this machine."""

import pytest

from archscope.explore.latency.fitted import Asked, LatencyModel, this_machine

ASKED = Asked(1)
START, MAC, MOVED = 1e-5, 5e-11, 2e-10


@pytest.fixture
def kept(tmp_path, monkeypatch) -> LatencyModel:
    """In the cache: every operation takes a start, and convolutions also their multiply-adds."""
    monkeypatch.setenv("ARCHSCOPE_HOME", str(tmp_path / "home"))
    kinds = ("image", "pointwise", "dense", "depthwise", "grouped", "uneven")
    weights = {f"conv {kind}": {"start": START, "macs": MAC} for kind in kinds}
    weights["conv uneven"] = {"start": 2 * START, "macs": 3 * MAC, "groups": 1e-8}
    weights["linear"] = {"start": START, "weights": 1e-10, "weights>1048576": 1e-10}
    weights["norm batch"] = {"moved": MOVED}
    model = LatencyModel(this_machine(ASKED), weights, [0.01 * i for i in range(1, 21)], {})
    model.write(ASKED.file)
    return model
