"""The made-up sweep of the tests' root folder, for the tests of its reports."""

from __future__ import annotations

import json
import os

import pytest
from filelock import FileLock
from sweep_fixture import write_fake_sweep


@pytest.fixture
def fake_sweep(tmp_path):
    def write(**options):
        return write_fake_sweep(tmp_path / "sweep", **options)

    return write


@pytest.fixture(scope="session")
def written(tmp_path_factory):
    """The whole made-up sweep with its report, and the paths of that: to read, not to change.

    Drawn once in a run of pytest: the processes of pytest-xdist share it.
    """
    from archscope.reporting.folder.folder import write

    root = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        root = root.parent
    folder, done = root / "written-sweep", root / "written-sweep.json"
    with FileLock(root / "written-sweep.lock"):
        if not done.exists():
            paths = write(write_fake_sweep(folder))
            done.write_text(json.dumps([path.name for path in paths]))
    return folder, [folder / name for name in json.loads(done.read_text())]


@pytest.fixture
def narrow_too():
    """Pages with the figures for narrow screens: for tests that look at one of those."""


@pytest.fixture(autouse=True)
def _wide_alone(request, monkeypatch):
    """Other tests draw each figure of a page once, which is half of the time."""
    if "narrow_too" not in request.fixturenames:
        monkeypatch.setattr(
            "archscope.reporting.folder.page_figures.narrow", lambda *_arguments: ""
        )
