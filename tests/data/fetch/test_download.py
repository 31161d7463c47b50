from __future__ import annotations

import io
import os
import socket
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from cifar_files import Publication, Server

from archscope.data.fetch import archive, download
from archscope.data.fetch.progress import Meter
from archscope.data.load import prepare
from archscope.errors import DataError, UsageError


@pytest.fixture
def mirrors(server: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    """Two servers, /a and /b, and no other."""
    monkeypatch.setenv("ARCHSCOPE_MIRRORS", f"{server.url('/a')}, {server.url('/b')}/")
    monkeypatch.setattr(download, "SERVERS", ())
    return server


def _store(tmp_path: Path) -> Path:
    return tmp_path / "archscope-home/data"


def _left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_download_into_the_store(
    mirrors: Server, published: Publication, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    asked = mirrors.serve("/a", published)
    info = prepare("cifar10")
    assert info.label == "CIFAR-10" and info.official
    assert info.folder == str(_store(tmp_path) / published.layout.folder)
    assert _left(_store(tmp_path)) == [published.layout.folder]
    assert prepare("cifar10", offline=True) == info
    assert asked.asked == [None]
    out, err = capfd.readouterr()
    assert out == ""
    lines = err.splitlines()
    assert lines[0] == "downloading cifar-10-binary.tar.gz, 0 MB"
    assert lines[-1] == "downloading cifar-10-binary.tar.gz: 100 %"


def test_a_quiet_download(
    mirrors: Server, published: Publication, capfd: pytest.CaptureFixture[str]
) -> None:
    mirrors.serve("/a", published)
    prepare("cifar10", progress=False)
    assert capfd.readouterr() == ("", "")


def test_a_download_into_the_named_folder(
    mirrors: Server, published: Publication, tmp_path: Path
) -> None:
    mirrors.serve("/a", published)
    info = prepare("cifar10", data_dir=tmp_path / "new")
    assert info.folder == str(tmp_path / "new" / published.layout.folder)
    assert not _store(tmp_path).exists()


def test_a_broken_connection_is_resumed(mirrors: Server, published: Publication) -> None:
    step = len(published.archive) // 3
    asked = mirrors.serve("/a", published, breaks_at=step)
    assert prepare("cifar10").official
    assert (
        asked.asked
        == [None, f"bytes={step}-", f"bytes={2 * step}-", f"bytes={3 * step}-"][: len(asked.asked)]
    )
    assert len(asked.asked) in (3, 4)


def test_another_run_goes_on(mirrors: Server, published: Publication, tmp_path: Path) -> None:
    _store(tmp_path).mkdir(parents=True)
    part = _store(tmp_path) / f"{published.layout.archive}.part"
    part.write_bytes(published.archive[:1000])
    asked = mirrors.serve("/a", published)
    assert prepare("cifar10").official
    assert asked.asked == ["bytes=1000-"]


def test_another_server_goes_on(mirrors: Server, published: Publication) -> None:
    first = mirrors.serve("/a", published, breaks_at=1000, ranges=False)
    second = mirrors.serve("/b", published)
    assert prepare("cifar10").official
    assert first.asked[0] is None and len(first.asked) <= 5
    assert second.asked == ["bytes=1000-"]


def test_a_part_of_something_else_is_thrown_away(
    mirrors: Server, published: Publication, tmp_path: Path
) -> None:
    _store(tmp_path).mkdir(parents=True)
    part = _store(tmp_path) / f"{published.layout.archive}.part"
    for garbage in (b"x" * 1000, b"x" * (len(published.archive) + 5)):
        part.write_bytes(garbage)
        mirrors.serve("/a", published)
        assert prepare("cifar10").official
        archive_folder = _store(tmp_path) / published.layout.folder
        for path in archive_folder.iterdir():
            path.unlink()


def test_a_server_without_ranges(mirrors: Server, published: Publication, tmp_path: Path) -> None:
    _store(tmp_path).mkdir(parents=True)
    part = _store(tmp_path) / f"{published.layout.archive}.part"
    part.write_bytes(published.archive[:1000])
    asked = mirrors.serve("/a", published, ranges=False)
    assert prepare("cifar10").official
    assert asked.asked == ["bytes=1000-"]


@pytest.mark.parametrize("lies", [-700, 700])
def test_a_server_that_lies_about_the_size(
    lies: int, mirrors: Server, published: Publication
) -> None:
    asked = mirrors.serve("/a", published, lies=lies)
    assert prepare("cifar10").official
    part = len(published.archive) + lies
    assert asked.asked == ([None] if lies > 0 else [None, f"bytes={part}-"])


def test_a_wrong_archive_is_refused_and_the_next_server_asked(
    mirrors: Server, published: Publication
) -> None:
    wrong = mirrors.serve("/a", published, content=published.archive[:-1] + b"x")
    right = mirrors.serve("/b", published)
    assert prepare("cifar10").official
    assert wrong.asked == [None, f"bytes={len(published.archive)}-"]
    assert right.asked == [None]


def test_nobody_has_it(mirrors: Server, published: Publication, tmp_path: Path) -> None:
    mirrors.serve("/a", published, content=b"<html>moved</html>")
    mirrors.serve("/b", published, status=404)
    with pytest.raises(DataError) as caught:
        prepare("cifar10")
    text = str(caught.value)
    for part in (
        f"{mirrors.url('/a')}/cifar-10-binary.tar.gz (its archive has another checksum",
        f"{mirrors.url('/b')}/cifar-10-binary.tar.gz (HTTP 404 Not Found)",
        "ARCHSCOPE_MIRRORS",
        "--data-dir",
    ):
        assert part in text
    assert "\n" not in text
    assert _left(_store(tmp_path)) == []


def test_a_passing_fault_is_tried_again(mirrors: Server, published: Publication) -> None:
    asked = mirrors.serve("/a", published, fails_first=2)
    assert prepare("cifar10").official
    assert asked.asked == [None] * 3


def test_a_lasting_fault_is_not_tried_for_ever(mirrors: Server, published: Publication) -> None:
    asked = mirrors.serve("/a", published, status=503)
    with pytest.raises(DataError, match="HTTP 503 Service Unavailable"):
        prepare("cifar10")
    assert len(asked.asked) == download._TRIES


def test_a_server_that_sends_for_ever(
    mirrors: Server, published: Publication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "_LARGEST", 100_000)
    mirrors.serve("/a", published, content=b"0" * 500_000)
    with pytest.raises(DataError, match="sends far more than the archive has"):
        prepare("cifar10")
    part = _store(tmp_path) / f"{published.layout.archive}.part"
    assert not part.exists()


def test_a_slow_server_is_left_for_the_next(
    mirrors: Server, published: Publication, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = mirrors.serve("/a", published)
    next_one = mirrors.serve("/b", published)
    whole, hurried, seconds = download._chunks, download._hurried, iter(range(0, 10**6, 25))

    def trickling(response: requests.Response) -> Iterator[bytes]:
        step = 1_000 if "/a/" in response.url else 10**6
        for chunk in whole(response):
            yield from (chunk[at : at + step] for at in range(0, len(chunk), step))

    monkeypatch.setattr(download, "_chunks", trickling)
    monkeypatch.setattr(download, "_hurried", lambda chunks: hurried(chunks, lambda: next(seconds)))
    assert prepare("cifar10").official
    [went_on] = next_one.asked
    assert slow.asked == [None] and went_on is not None
    assert 0 < int(went_on.strip("bytes=-")) <= 4000  # after a minute of 1,000 bytes in 25 s


@pytest.mark.parametrize("address", ["http://[::1/x", "http://.example/x", "http://a:b/x", "//["])
def test_a_redirect_to_a_malformed_address(
    address: str, mirrors: Server, published: Publication, tmp_path: Path
) -> None:
    mirrors.serve("/a", published, leads_to=address)
    mirrors.serve("/b", published, leads_to=address)
    with pytest.raises(DataError, match=r"cifar-10-binary\.tar\.gz \(") as caught:
        prepare("cifar10")
    assert "\n" not in str(caught.value)
    assert _left(_store(tmp_path)) == []


def test_no_network(published: Publication, monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*_: object, **__: object) -> None:
        try:
            raise socket.gaierror(-2, "Name or service not known")
        except OSError as error:
            raise requests.ConnectionError(error) from error

    monkeypatch.setattr(download.requests, "get", unreachable)
    monkeypatch.setenv("ARCHSCOPE_MIRRORS", "https://user:secret@host/{name}")
    with pytest.raises(DataError) as caught:
        prepare("cifar10")
    text = str(caught.value)
    assert "https://host/cifar10/cifar-10-binary.tar.gz (its name is unknown, or there is" in text
    assert "secret" not in text


def test_a_refused_connection(published: Publication) -> None:
    with pytest.raises(DataError, match=r"nothing-listens-here/.* \(.*refused"):
        prepare("cifar10")


def test_the_list_of_mirrors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "SERVERS", ("https://official",))
    assert download.mirrors() == ["https://official"]
    monkeypatch.setenv("ARCHSCOPE_MIRRORS", " https://a/x,http://b\thttps://c/{name}, ")
    assert download.mirrors() == ["https://a/x", "http://b", "https://c/{name}", "https://official"]
    monkeypatch.setenv("ARCHSCOPE_MIRRORS", "https://a /srv/mirror")
    with pytest.raises(UsageError, match='has "/srv/mirror", but a mirror is an http'):
        download.mirrors()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write all")
def test_a_folder_that_cannot_be_written(published: Publication, tmp_path: Path) -> None:
    tmp_path.joinpath("locked").mkdir(mode=0o500)
    with pytest.raises(DataError, match="give permission there, or name another folder"):
        prepare("cifar10", data_dir=tmp_path / "locked/new")


def test_a_file_where_a_folder_should_be(
    published: Publication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("ARCHSCOPE_HOME", str(tmp_path / "file"))
    with pytest.raises(DataError, match="or name another folder with --data-dir"):
        prepare("cifar10")


def test_a_full_disk(
    mirrors: Server, published: Publication, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    mirrors.serve("/a", published)
    monkeypatch.setattr(Meter, "advance", full)
    with pytest.raises(DataError, match=r"\(No space left on device\): make room"):
        prepare("cifar10")


def _tar(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for member, content in members:
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def _member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, link
    return member


@pytest.mark.parametrize(
    "member",
    [
        _member("../escaped"),
        _member("cifar-10-batches-bin/../../escaped"),
        _member("/tmp/archscope-escaped"),
        _member("..\\escaped"),
        _member("cifar-10-batches-bin/data_batch_1.bin", tarfile.SYMTYPE, "/etc/passwd"),
        _member("cifar-10-batches-bin/data_batch_1.bin", tarfile.LNKTYPE, "../escaped"),
        _member("cifar-10-batches-bin", tarfile.SYMTYPE, ".."),
        _member("cifar-10-batches-bin/data_batch_1.bin", tarfile.FIFOTYPE),
        _member("cifar-10-batches-bin/data_batch_1.bin", tarfile.CHRTYPE),
    ],
)
def test_an_unsafe_archive_is_refused(
    member: tarfile.TarInfo, published: Publication, tmp_path: Path
) -> None:
    path = tmp_path / "bad.tar.gz"
    path.write_bytes(_tar((member, b"")))
    with pytest.raises(DataError, match="has only files and folders inside its own"):
        archive.extract(published.dataset, published.layout, path, tmp_path / "into")
    assert _left(tmp_path / "into") == []
    assert not any("escaped" in path.name for path in tmp_path.rglob("*"))


@pytest.mark.parametrize("content", [b"", b"no archive", None])
def test_a_damaged_archive(content: bytes | None, published: Publication, tmp_path: Path) -> None:
    path = tmp_path / "bad.tar.gz"
    path.write_bytes(published.archive[:-3000] if content is None else content)
    with pytest.raises(DataError, match=r"bad.tar.gz is damaged \(.*delete it"):
        archive.extract(published.dataset, published.layout, path, tmp_path / "into")
    assert _left(tmp_path / "into") == []


def test_an_archive_of_something_else(published: Publication, tmp_path: Path) -> None:
    path = tmp_path / "other.tar.gz"
    path.write_bytes(_tar((_member("cifar-10-batches-bin/data_batch_1.bin"), b"1")))
    with pytest.raises(DataError, match=r"it has no .*data_batch_2\.bin"):
        archive.extract(published.dataset, published.layout, path, tmp_path / "into")
    assert _left(tmp_path / "into") == []


def test_only_what_is_wanted_is_extracted(published: Publication, tmp_path: Path) -> None:
    path = tmp_path / "right.tar.gz"
    path.write_bytes(published.archive)
    folder = archive.extract(published.dataset, published.layout, path, tmp_path / "into")
    assert _left(folder) == sorted(file.name for file in published.layout.files)
    assert all(path.stat().st_mode & 0o111 == 0 for path in folder.iterdir())


def test_a_second_process_waits_and_finds_it(
    mirrors: Server, published: Publication, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = mirrors.serve("/a", published)
    inside = download.alone

    def brought_meanwhile(folder: Path, name: str) -> object:
        monkeypatch.setattr(download, "alone", inside)
        prepare("cifar10")
        return inside(folder, name)

    monkeypatch.setattr(download, "alone", brought_meanwhile)
    assert prepare("cifar10").official
    assert asked.asked == [None]


def test_a_bar_on_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    with Meter("a.tar.gz", shown=True) as meter:
        meter.begin(0, 4_000_000)
        meter.advance(4_000_000)
    out, err = capfd.readouterr()
    assert out == "" and "downloading a.tar.gz" in err and "4.0/4.0" in err
