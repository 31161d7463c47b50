"""What a worker's failure means for the next trial."""

from __future__ import annotations

import errno
import os
import re
from pathlib import Path

import pytest
from ray_support import Recorder

from archscope.errors import ArchscopeError
from archscope.sweep.run.messages import Event
from archscope.sweep.run.outcomes import Outcomes
from archscope.sweep.run.supply import Supply
from archscope.testing.trials import fake_trial

TRIAL = fake_trial("t")


@pytest.mark.parametrize("number", [errno.EACCES, errno.ENOSPC])
def test_a_folder_given_from_here_that_cannot_be_written_stops_the_sweep(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """Workers are given whole paths, and tell such."""
    monkeypatch.chdir(tmp_path)
    outcomes = Outcomes(Supply(Path("sweep"), [TRIAL]), Recorder())
    work = outcomes.supply.take()
    assert work is not None
    path = str(tmp_path / "sweep" / "trials" / "t" / "checkpoint.pt")
    data = {"reason": "refused", "errno": number, "path": path, "trace": ""}
    reason = re.escape(os.strerror(number))
    with pytest.raises(ArchscopeError, match=rf"folder sweep cannot be written \({reason}\)"):
        outcomes.event(work, Event("failed", "t", data), "cpu")
    assert not (work.folder / "result.json").exists()


def test_a_file_elsewhere_that_cannot_be_read_fails_its_trial_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    outcomes = Outcomes(Supply(Path("sweep"), [TRIAL]), Recorder())
    work = outcomes.supply.take()
    assert work is not None
    data = {"reason": "refused", "errno": errno.EACCES, "path": "/data/cifar", "trace": ""}
    assert outcomes.event(work, Event("failed", "t", data), "cpu")
    assert (work.folder / "result.json").exists()
