"""Opening files: nothing blocks, no link is written through, errors are phrases."""

from __future__ import annotations

import ast
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import archscope
from archscope import files
from archscope.cli.output import save
from archscope.errors import ArchscopeError, UsageError

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs POSIX")


def make_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(os.path.relpath(path))


SPECIAL: dict[str, Callable[[Path], object]] = {
    "a folder": Path.mkdir,
    "a named pipe": os.mkfifo,
    "a socket": make_socket,
    "a symbolic link": lambda path: path.symlink_to(path.with_name("victim")),
}


@pytest.fixture(params=SPECIAL)
def special(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "victim").write_text("mine")
    SPECIAL[request.param](tmp_path / "file")
    return tmp_path / "file"


def test_what_is_no_regular_file_is_not_written(special: Path) -> None:
    for write in (files.open_to_append, lambda path: files.write_text(path, "x")):
        with pytest.raises(files.NotRegular, match="not a regular file"):
            write(special)
    assert (special.parent / "victim").read_text() == "mine"
    assert {path.name for path in special.parent.iterdir()} == {"file", "victim"}


def test_what_is_no_regular_file_is_not_read_but_for_a_link(special: Path) -> None:
    if special.is_symlink():
        assert files.read_ours(special) == b"mine"
        return
    with pytest.raises(files.Unreadable, match="file cannot be read"):
        files.read_ours(special)


def test_the_flags_refuse_a_link_that_came_after_the_check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "victim")
    (tmp_path / "victim").write_text("mine")
    monkeypatch.setattr(files, "refuse_special", lambda path: None)
    with pytest.raises(OSError, match="symbolic links"):
        files.open_to_append(tmp_path / "link")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="No such device"):  # nobody reads from it, and none waits
        files.open_to_append(tmp_path / "pipe")


def test_a_users_text_may_come_through_a_pipe() -> None:
    code = (
        "import sys; from archscope.files import read_text; print(read_text(sys.argv[1], pipes=1))"
    )
    reader, writer = os.pipe()
    os.write(writer, b"resnet50")
    os.close(writer)
    command = [sys.executable, "-c", code, f"/dev/fd/{reader}"]
    run = subprocess.run(command, pass_fds=[reader], capture_output=True, text=True, check=True)
    os.close(reader)
    assert run.stdout == "resnet50\n"


@pytest.mark.parametrize(
    ("content", "most", "why"),
    [(b"\xff\xfe", 10, "it is not UTF-8 text"), (b"12345", 4, "it has more than 4 bytes")],
)
def test_why_a_text_cannot_be_read_is_a_phrase(
    tmp_path: Path, content: bytes, most: int, why: str
) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    with (
        pytest.raises(UsageError) as caught,
        files.reading(path, "give another", error=UsageError, what="the list "),
    ):
        files.read_text(path, most=most)
    assert str(caught.value) == f"the list {path} cannot be read ({why}): give another"
    with pytest.raises(OSError, match="no file can have this name"):
        files.read("a\0b")


def test_large_files_are_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "file"
    content = os.urandom(300_001)
    path.write_bytes(content)
    assert files.read(path) == content
    assert files.read_ours(tmp_path / "none") is None


def test_links_that_a_user_names_for_output_are_followed_but_not_in_a_circle(
    tmp_path: Path,
) -> None:
    link, loop = tmp_path / "latest.csv", tmp_path / "loop.csv"
    link.symlink_to(tmp_path / "new.csv")  # dangling, as yet
    save("x", link)
    assert link.is_symlink() and (tmp_path / "new.csv").read_text() == "x"
    loop.symlink_to(loop)
    with pytest.raises(ArchscopeError, match="its symbolic links run in a circle"):
        save("x", loop)
    assert loop.is_symlink()
    inside = tmp_path / "deep"
    inside.symlink_to(tmp_path / "gone" / "x.csv")
    with pytest.raises(ArchscopeError, match=r"there is no folder .*gone; make it first"):
        save("x", inside)


# Fresh folders of our own; devices and pipes that a user named; a file of Linux's.
_OPEN_FOR_WRITING = {
    "cli/output.py",
    "data/fetch/archive.py",
    "sweep/ray/task.py",
    "explore/clock/peak_memory.py",
}
_WRITERS = {"write_text", "write_bytes", "touch"}


def test_nothing_else_opens_a_file_for_writing() -> None:
    """A new place has to go through `archscope.files`."""
    package = Path(archscope.__file__).parent
    found = set()
    for path in package.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                modes = [a.value for a in node.args if isinstance(a, ast.Constant)]
                opens = node.func.attr == "open" and any(
                    isinstance(m, str) and set("wax+") & set(m) and set(m) <= set("rwaxbt+")
                    for m in modes
                )
                if opens or (node.func.attr in _WRITERS):
                    found.add(str(path.relative_to(package)))
    assert found - {"files.py"} == _OPEN_FOR_WRITING
