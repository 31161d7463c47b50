from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def no_folders_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sweep without --out goes to runs/ in the working folder."""
    monkeypatch.chdir(tmp_path)
