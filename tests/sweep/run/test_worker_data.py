"""Which data and network a worker trains on, though sweeps differ and files change."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from archscope.arch.names import parse
from archscope.data.dataset import Dataset, DatasetInfo, Files
from archscope.data.load import prepare
from archscope.data.view import View
from archscope.errors import DataError, UsageError
from archscope.sweep.plan.trial import entries
from archscope.sweep.run import train_trial as worker
from archscope.testing.trials import FakeTrial, fake_trial

EXAMPLE = Path(__file__).parents[3] / "examples" / "own_family.py"
INFO = DatasetInfo("folder", "Photos", "/nowhere", 2, "sha256:0", False)
LABELS = np.zeros(1, dtype=np.int64)


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "_datasets", {})


def trial(info: DatasetInfo, **view: Any) -> FakeTrial:
    return fake_trial("t", dataset=info, view=View(**view))


def files(root: Path) -> Dataset:
    part = Files(root, np.array([b"a.jpg"]), LABELS)
    return Dataset(INFO, part, part, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))


def test_each_sweep_gets_its_own_view_of_the_data() -> None:
    shapes = prepare("shapes")
    few, more = trial(shapes, samples=20), trial(shapes, samples=40)
    assert [len(worker._dataset(one).train) for one in (few, more, few)] == [20, 40, 20]
    assert worker._dataset(few) is worker._dataset(few)


def test_what_was_handed_over_is_not_read_again(tmp_path: Path) -> None:
    handed = files(tmp_path)
    worker.adopt(trial(INFO), handed)
    assert worker._dataset(trial(INFO)) is handed
    with pytest.raises(
        DataError
    ):  # of another sweep: they would have to be read, and are not there
        worker._dataset(trial(replace(INFO, fingerprint="sha256:1")))


def test_images_that_a_machine_has_not_are_named(tmp_path: Path) -> None:
    worker.adopt(trial(INFO), files(tmp_path / "gone"))
    with pytest.raises(DataError, match=r"gone, which the machine .* lacks: .* on every machine"):
        worker._dataset(trial(INFO))


def test_a_network_whose_file_changed_is_not_trained_under_the_old_key(tmp_path: Path) -> None:
    source = EXAMPLE.read_text("utf-8")
    path = tmp_path / "own.py"
    path.write_text(source, "utf-8")
    name = f"{path}:plainnet_1_4"
    [entry] = entries({name: parse(name)})
    planned = replace(fake_trial("t"), entry=entry)
    assert worker._network(planned, (3, 32, 32)).classes == 10
    path.write_text(source.replace("Conv(width", "Conv(2 * width"), "utf-8")
    with pytest.raises(UsageError, match=r"plainnet_1_4 is no longer the network .* restore it"):
        worker._network(planned, (3, 32, 32))
    path.write_text(source + "# another remark\n", "utf-8")
    assert worker._network(planned, (3, 32, 32)) == parse(name)
