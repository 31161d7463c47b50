"""CIFAR batches of a few random images, and an HTTP server that misbehaves as told."""

from __future__ import annotations

import dataclasses
import hashlib
import pickle
import struct
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np

from archscope.data.fetch import catalogue
from archscope.data.fetch.catalogue import Cifar, Layout

RECORDS = 20


def random_batch(dataset: Cifar, seed: int) -> tuple[Any, list[list[int]]]:
    """Return pixels (20, 3072) uint8 and a list of labels for each label field."""
    random = np.random.default_rng(seed)
    pixels = random.integers(0, 256, (RECORDS, 3072), dtype=np.uint8)
    labels = [random.integers(0, count, RECORDS).tolist() for count in dataset.label_counts]
    return pixels, labels


def binary_bytes(pixels: Any, labels: list[list[int]]) -> bytes:
    """Write records by hand: the label bytes, then the pixels."""
    rows = [bytes(column[i] for column in labels) + pixels[i].tobytes() for i in range(len(pixels))]
    return b"".join(rows)


def python2_bytes(dataset: Cifar, pixels: Any, labels: list[list[int]]) -> bytes:
    """Write a batch as Python 2 and its NumPy did: the opcodes of the official files."""

    def text(value: str) -> bytes:
        return b"U" + bytes([len(value)]) + value.encode()

    rows, columns = pixels.shape
    array = (
        b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\nK\x00\x85" + text("b") + b"tR"
        b"(K\x01(M" + struct.pack("<H", rows) + b"M" + struct.pack("<H", columns) + b"t"
        b"cnumpy\ndtype\n(" + text("u1") + b"K\x00K\x01tR(K\x03" + text("|") + b"NNN"
        b"J\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89"
        b"T" + struct.pack("<i", pixels.nbytes) + pixels.tobytes() + b"tb"
    )
    entries = text("batch_label") + text("training batch 1 of 5") + text("data") + array
    for name, values in zip(dataset.label_names, labels, strict=True):
        entries += text(name) + b"](" + b"".join(b"K" + bytes([v]) for v in values) + b"e"
    return b"\x80\x02}(" + entries + b"u."


def python3_bytes(dataset: Cifar, pixels: Any, labels: list[list[int]], protocol: int) -> bytes:
    """Write a batch as today's Python and NumPy do."""
    fields = dict(zip(dataset.label_names, labels, strict=True))
    return pickle.dumps({"data": pixels, **fields}, protocol=protocol)


def official(dataset: Cifar, layout: Layout, folder: Path, archive: bytes = b"") -> Cifar:
    """Return the dataset with the checksums of the files in `folder`, as if they were published."""

    def signed(files: tuple[catalogue.File, ...]) -> tuple[catalogue.File, ...]:
        return tuple(
            dataclasses.replace(
                file,
                checksum=hashlib.new(
                    layout.algorithm, (folder / file.name).read_bytes()
                ).hexdigest(),
            )
            for file in files
        )

    published = dataclasses.replace(
        layout,
        train=signed(layout.train),
        test=signed(layout.test),
        archive_md5=hashlib.md5(archive).hexdigest(),
    )
    others = tuple(other for other in dataset.layouts if other.kind != layout.kind)
    return dataclasses.replace(dataset, layouts=(published, *others))


@dataclass
class Publication:
    """A dataset as its authors publish it: its description, and the archive's bytes."""

    dataset: Cifar
    archive: bytes

    @property
    def layout(self) -> Layout:
        return self.dataset.layouts[0]


@dataclass
class Behaviour:
    """What a server does with an archive; `breaks_at` and `lies` (of a whole answer): bytes."""

    content: bytes
    ranges: bool = True
    breaks_at: int | None = None
    lies: int = 0
    status: int = 200
    fails_first: int = 0
    leads_to: str | None = None
    asked: list[str | None] = field(default_factory=list)


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        how: Behaviour = self.server.behaviours.get(self.path)  # type: ignore[attr-defined]
        if how is None:
            return self.send_error(404)
        wanted = self.headers.get("Range")
        how.asked.append(wanted)
        if how.status != 200 or len(how.asked) <= how.fails_first:
            return self.send_error(how.status if how.status != 200 else 503)
        if how.leads_to:
            self.send_response(302)
            self.send_header("Location", how.leads_to)
            self.send_header("Content-Length", "0")
            return self.end_headers()
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and how.ranges else 0
        if start >= len(how.content):
            return self.send_error(416)
        body = how.content[start:]
        self.send_response(206 if start else 200)
        if start:
            total = len(how.content)
            self.send_header("Content-Range", f"bytes {start}-{total - 1}/{total}")
        announced = len(body) + (0 if start else how.lies)
        self.send_header("Content-Length", str(announced))
        self.end_headers()
        sent = body if how.breaks_at is None else body[: how.breaks_at]
        self.wfile.write(sent[:announced])
        self.close_connection = True
        return None


class Server:
    """An HTTP server on this machine; `serve` says what it does at a path."""

    def __init__(self, http: ThreadingHTTPServer) -> None:
        self.http = http
        self.behaviours: dict[str, Behaviour] = {}
        http.behaviours = self.behaviours  # type: ignore[attr-defined]

    def serve(self, base: str, published: Publication, **how: Any) -> Behaviour:
        """Serve the archive below `base` ("/a"); return what will have been asked for."""
        behaviour = Behaviour(how.pop("content", published.archive), **how)
        self.behaviours[f"{base}/{published.layout.archive}"] = behaviour
        return behaviour

    def url(self, base: str) -> str:
        return f"http://127.0.0.1:{self.http.server_address[1]}{base}"
