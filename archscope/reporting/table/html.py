"""Pages, tables and text as HTML."""

from __future__ import annotations

import html
import math
from base64 import b64encode
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from archscope.plain_text import visible
from archscope.reporting.table.column import Column

_LONG = 44  # characters of a cell that is broken into lines
_HERE = Path(__file__).parent


def escape(text: str) -> str:
    """The text as it stands, on one line, for HTML."""
    return html.escape(visible(text))


def style() -> str:
    """The style of our pages: colours, light and dark, as variables; type, tables."""
    return (_HERE / "page.css").read_text("utf-8")


def whole_page(
    heading: str, parts: Sequence[str], version: str, scripts: Sequence[str] = ()
) -> str:
    """A page in one file, its style and script in it; `parts` are HTML, under the heading.

    Its policy lets a browser run that script alone, `scripts` before it, and fetch nothing.
    """
    every = [*scripts, (_HERE / "page.js").read_text("utf-8")]
    digests = [b64encode(sha256(script.encode("utf-8")).digest()).decode() for script in every]
    allowed = " ".join(f"'sha256-{digest}'" for digest in digests)
    policy = (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
    footer = f"<footer>archscope {escape(version)}; this page needs no network.</footer>"
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        f"<title>{escape(heading)}</title><style>{style()}</style></head>"
        f"<body><main><h1>{escape(heading)}</h1>{''.join(parts)}{footer}</main>"
        f"{''.join(f'<script>{script}</script>' for script in every)}</body></html>\n"
    )


def section(title: str, *parts: str) -> str:
    """Parts under a heading; nothing where all are empty."""
    body = "".join(parts)
    return f"<h2>{escape(title)}</h2>{body}" if body else ""


def figure_html(svg: str, caption: str, narrow: str = "") -> str:
    """A figure and the text that belongs under it; `narrow` is what a narrow screen has of it."""
    second = f'<div class="figure narrow">{narrow}</div>' if narrow else ""
    return (
        f'<figure><div class="figure{" wide" if narrow else ""}">{svg}</div>{second}'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )


def table_html(
    columns: Sequence[Column],
    rows: Sequence[Mapping[str, Any]],
    cells: Sequence[Sequence[str]],
    *,
    title: str = "",
    notes: Sequence[str] = (),
) -> str:
    """A table as HTML: one `<table>` with raw values for sorting, its notes as paragraphs.

    `cells` are the texts of `columns` in each of the `rows`, and every one is escaped. A number's
    cell carries its raw value in `data-value`. A table's own way here is `Table.html`.
    """
    head = "".join(
        f'<th scope="col" class="{column.align}">{_lines(column.document_header)}</th>'
        for column in columns
    )
    body = []
    for row, texts in zip(rows, cells, strict=True):
        made = (
            _cell(column, row.get(column.key), text)
            for column, text in zip(columns, texts, strict=True)
        )
        body.append(f"<tr>{''.join(made)}</tr>")
    caption = f"<caption>{escape(title)}</caption>" if title else ""
    return (
        f'<div class="table"><table>{caption}<thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(body)}</tbody></table></div>{paragraphs(notes)}"
    )


def paragraphs(lines: Sequence[str], kind: str = "") -> str:
    """Each line as a paragraph, escaped."""
    mark = f' class="{kind}"' if kind else ""
    return "".join(f"<p{mark}>{escape(line)}</p>" for line in lines)


def _cell(column: Column, value: object, text: str) -> str:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    finite = number and math.isfinite(value)  # type: ignore[arg-type]
    raw = f' data-value="{value!r}"' if finite else ""
    kind = f"{column.align} long" if len(text) > _LONG else column.align
    return f'<td class="{kind}"{raw}>{_lines(text)}</td>'


def _lines(text: str) -> str:
    return "<br>".join(escape(line) for line in text.split("\n"))
