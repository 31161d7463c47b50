"""Extraction of a dataset's archive: only the files that are wanted, only inside their folder."""

from __future__ import annotations

import shutil
import tarfile
import tempfile
from pathlib import Path, PurePosixPath

from archscope.data.fetch.catalogue import Cifar, Layout
from archscope.errors import DataError
from archscope.files import open_to_read

_LARGEST = 2**28  # bytes of one file; the largest is 155 million


def extract(dataset: Cifar, layout: Layout, archive: Path, into: Path) -> Path:
    """Extract the layout's files to `into` / `layout.folder`, and return that folder.

    Each file is put in place when it is whole. No path, link or mode out of the archive is used;
    an archive with an absolute name, "..", a link or a device in it is refused altogether.
    Raises DataError for that, for a damaged archive, or where `into` cannot be written.
    """
    try:
        into.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{layout.folder}.", dir=into) as scratch:
            _unpack(dataset, layout, archive, Path(scratch))
            folder = into.resolve() / layout.folder
            folder.mkdir(exist_ok=True)
            for file in layout.files:
                (Path(scratch) / file.name).replace(folder / file.name)
    except (tarfile.TarError, EOFError, ValueError) as error:
        raise DataError(
            f"{archive} is damaged ({error}): delete it to have it downloaded again"
        ) from error
    except OSError as error:
        raise DataError(
            f"{archive} cannot be extracted into {into} ({error.strerror or error}): make room and "
            "give permission there, or name another folder with --data-dir"
        ) from error
    return folder


def _unpack(dataset: Cifar, layout: Layout, archive: Path, scratch: Path) -> None:
    wanted = {f"{layout.folder}/{file.name}": file.name for file in layout.files}
    with open_to_read(archive) as content, tarfile.open(fileobj=content, mode="r:gz") as tar:
        for member in tar:
            _refuse_unsafe(member, archive)
            name = wanted.get(str(PurePosixPath(member.name)))
            source = tar.extractfile(member) if name and member.size <= _LARGEST else None
            if name and source:
                with source, (scratch / name).open("xb") as target:
                    shutil.copyfileobj(source, target)
                wanted.pop(f"{layout.folder}/{name}")
    if wanted:
        raise DataError(
            f"{archive} is not an archive of {dataset.title}: it has no {', '.join(wanted)}; "
            "delete it to have the right one downloaded"
        )


def _refuse_unsafe(member: tarfile.TarInfo, archive: Path) -> None:
    path = PurePosixPath(member.name)
    inside = not path.is_absolute() and ".." not in path.parts and "\\" not in member.name
    if not inside or not (member.isfile() or member.isdir()):
        raise DataError(
            f'{archive} has the entry "{member.name}", but a dataset has only files and folders '
            "inside its own: delete the archive, it is not the published one"
        )
