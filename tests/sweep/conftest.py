from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))  # sweep_fixture


@pytest.fixture(autouse=True)
def _no_folders_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sweep without --out goes to runs/ in the working folder."""
    monkeypatch.chdir(tmp_path)
