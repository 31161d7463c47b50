"""The made-up sweep of the tests' root folder, for the tests of its reports."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))


@pytest.fixture
def fake_sweep(tmp_path):
    from sweep_fixture import write_fake_sweep

    def write(**options):
        return write_fake_sweep(tmp_path / "sweep", **options)

    return write
