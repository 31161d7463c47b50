"""The made-up sweep of the tests' root folder, for the tests of its reports."""

from __future__ import annotations

import pytest
from sweep_fixture import write_fake_sweep


@pytest.fixture
def fake_sweep(tmp_path):
    def write(**options):
        return write_fake_sweep(tmp_path / "sweep", **options)

    return write
