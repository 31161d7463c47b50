"""Fixtures: nothing of the user's, small CIFAR sets, a server to download them from."""

from __future__ import annotations

import dataclasses
import io
import tarfile
import threading
from collections.abc import Callable, Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest
from cifar_files import (
    RECORDS,
    Handler,
    Publication,
    Server,
    binary_bytes,
    official,
    python2_bytes,
    random_batch,
)

from archscope.data.fetch import catalogue, download
from archscope.data.fetch.catalogue import Cifar, Layout


@pytest.fixture(autouse=True)
def own_surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the user's is read or written: no home, no cache, no network by default."""
    for name in ("ARCHSCOPE_MIRRORS", "TORCH_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "*")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("ARCHSCOPE_HOME", str(tmp_path / "archscope-home"))
    (tmp_path / "cwd").mkdir()
    monkeypatch.chdir(tmp_path / "cwd")
    monkeypatch.setattr(download, "SERVERS", ("http://127.0.0.1:9/nothing-listens-here",))
    monkeypatch.setattr(download, "_PAUSE", 0.0)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Cifar]:
    """Return a maker of CIFAR sets of 20 images a file, put into the catalogue."""

    def make(name: str = "cifar10") -> Cifar:
        whole = catalogue.CATALOGUE[name]

        def fewer(files: tuple[catalogue.File, ...]) -> tuple[catalogue.File, ...]:
            return tuple(dataclasses.replace(file, records=RECORDS) for file in files)

        layouts = tuple(
            dataclasses.replace(layout, train=fewer(layout.train), test=fewer(layout.test))
            for layout in whole.layouts
        )
        dataset = dataclasses.replace(whole, layouts=layouts)
        monkeypatch.setitem(catalogue.CATALOGUE, name, dataset)
        return dataset

    return make


@pytest.fixture
def write() -> Callable[..., Path]:
    """Return a writer of a dataset's folder with random images; the same in both layouts."""

    def write_folder(dataset: Cifar, layout: Layout, into: Path, seed: int = 0) -> Path:
        folder = into / layout.folder
        folder.mkdir(parents=True)
        for number, file in enumerate(layout.files):
            pixels, labels = random_batch(dataset, seed + number)
            if layout.kind == "binary":
                content = binary_bytes(pixels, labels)
            else:
                content = python2_bytes(dataset, pixels, labels)
            (folder / file.name).write_bytes(content)
        return folder

    return write_folder


@pytest.fixture
def published(
    small: Callable[[str], Cifar],
    write: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Publication:
    """A small CIFAR-10 whose archive and files have the published checksums."""
    dataset = small("cifar10")
    layout = dataset.layouts[0]
    folder = write(dataset, layout, tmp_path / "published", seed=100)
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        tar.add(folder, arcname=layout.folder)
    dataset = official(dataset, layout, folder, buffer.getvalue())
    monkeypatch.setitem(catalogue.CATALOGUE, "cifar10", dataset)
    return Publication(dataset, buffer.getvalue())


@pytest.fixture
def server() -> Iterator[Server]:
    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield Server(http)
    finally:
        http.shutdown()
        http.server_close()
        thread.join()
