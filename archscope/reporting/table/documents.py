"""Tables for documents: Markdown (GitHub's tables) and LaTeX (booktabs)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from textwrap import wrap

from archscope.plain_text import visible
from archscope.reporting.table.table import Table
from archscope.reporting.table.text import to_ascii

_HEADERS = (16, 10)  # characters of a line of a header; fewer where a table is wide
_PARAGRAPH = 40  # a longer text is set as a paragraph
# Characters across, and from there the size of the type.
_SIZES = (
    (66, r"\small\setlength{\tabcolsep}{4pt}"),
    (80, r"\footnotesize\setlength{\tabcolsep}{3pt}"),
    (98, r"\scriptsize\setlength{\tabcolsep}{2pt}"),
)

LATEX = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "×": r"$\times$",
    "±": r"$\pm$",
    "→": r"$\rightarrow$",
    "←": r"$\leftarrow$",
    "↔": r"$\leftrightarrow$",
    "↑": r"$\uparrow$",
    "↓": r"$\downarrow$",
    "−": r"$-$",
    "–": "--",
    "—": "---",
    "…": r"\ldots{}",
    "≤": r"$\leq$",
    "≥": r"$\geq$",
    "≈": r"$\approx$",
    "·": r"$\cdot$",
    "∞": r"$\infty$",
    "√": r"$\surd$",
    "µ": r"$\mu$",
    "μ": r"$\mu$",
    "²": "$^2$",
    "³": "$^3$",
    "°": r"$^\circ$",
    "α": r"$\alpha$",
    "β": r"$\beta$",
    "γ": r"$\gamma$",
    "Δ": r"$\Delta$",
    "δ": r"$\delta$",
    "σ": r"$\sigma$",
    "τ": r"$\tau$",
    "‘": "`",
    "’": "'",
    "“": "``",
    "”": "''",
}


def escape_markdown(text: str) -> str:
    """The text for a cell of a Markdown table: shown unchanged, on one line."""
    escaped = re.sub(r"[\\|*`~]", r"\\\g<0>", text)
    escaped = re.sub(r"(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])", r"\\_", escaped)
    escaped = escaped.replace("](", "]\\(").replace("&", "&amp;").replace("<", "&lt;")
    return re.sub(r"\r\n|[\n\r]", "<br>", escaped)


def markdown(table: Table) -> str:
    """The table in GitHub's Markdown, its columns aligned in the source too."""
    headers = [escape_markdown(column.document_header) for column in table.shown]
    body = [[escape_markdown(cell) for cell in row] for row in table.cells()]
    widths = [max(3, *(len(line[i]) for line in [headers, *body])) for i in range(len(headers))]
    left = [column.align == "left" for column in table.shown]

    def line(cells: Sequence[str]) -> str:
        padded = (
            cell.ljust(width) if is_left else cell.rjust(width)
            for cell, width, is_left in zip(cells, widths, left, strict=True)
        )
        return "| " + " | ".join(padded) + " |"

    rule = line(
        [
            ":" + "-" * (width - 1) if is_left else "-" * (width - 1) + ":"
            for width, is_left in zip(widths, left, strict=True)
        ]
    )
    parts = ["\n".join([line(headers), rule, *map(line, body)])]
    if table.title:
        parts.insert(0, f"**{escape_markdown(table.title)}**")
    parts += [escape_markdown(text) for text in table.notes]
    return "\n\n".join(parts) + "\n"


def escape_latex(text: str) -> str:
    """The text for LaTeX, every special character escaped, arrows and signs as mathematics."""
    # Two hyphens would be set as one dash: "--epochs".
    apart = re.sub("-(?=-)", "-\0", visible(text))
    return "".join(LATEX.get(character, character) for character in apart).replace("\0", "{}")


def latex(table: Table) -> str:
    """The table as a LaTeX `table` with booktabs' rules, to fit a page of usual width.

    Headers are broken into lines, long texts into paragraphs, and a wide table is set smaller.
    """
    body = table.cells()
    for limit in _HEADERS:
        headers = [_broken(column.document_header, limit) for column in table.shown]
        widths = [_across([h, *cells]) for h, *cells in zip(headers, *body, strict=True)]
        total = sum(min(width, _PARAGRAPH) for width in widths) + 2 * len(widths)
        if total <= _SIZES[-1][0]:
            break
    left = [column.align == "left" for column in table.shown]
    long = [is_left and width > _PARAGRAPH for is_left, width in zip(left, widths, strict=True)]
    lines = [
        r"% needs \usepackage{booktabs} and, for \textquotedbl, \usepackage[T1]{fontenc}",
        r"\begin{table}",
        r"\centering",
    ]
    if table.title:
        lines.append(rf"\caption{{{escape_latex(' '.join(table.title.split()))}}}")
        lines.append(rf"\label{{tab:{_label(table.title)}}}")
    lines += [size for most, size in _SIZES if total > most][-1:]
    share = f"{0.5 / max(1, sum(long)):.2f}"
    spec = "".join(
        rf"p{{{share}\linewidth}}" if is_long else "l" if is_left else "r"
        for is_left, is_long in zip(left, long, strict=True)
    )
    heads = [_latex_cell(h, c.align) for h, c in zip(headers, table.shown, strict=True)]
    lines += [rf"\begin{{tabular}}{{{spec}}}", r"\toprule", _latex_row(heads), r"\midrule"]
    for row in body:
        aligned = zip(row, table.shown, long, strict=True)
        lines.append(
            _latex_row(
                [
                    rf"{{\raggedright {escape_latex(cell)}\par}}"
                    if is_long
                    else _latex_cell(cell, column.align)
                    for cell, column, is_long in aligned
                ]
            )
        )
    lines += [r"\bottomrule", r"\end{tabular}"]
    lines += [
        rf"\par {{\footnotesize\raggedright {escape_latex(' '.join(n.split()))}\par}}"
        for n in table.notes
    ]
    return "\n".join([*lines, r"\end{table}"]) + "\n"


def _label(title: str) -> str:
    """A title as a key: its words in ASCII, no more than make 60 characters."""
    words, key = re.findall(r"[a-z0-9]+", to_ascii(title).lower()), ""
    for word in words:
        if key and len(key) + len(word) >= 60:
            break
        key += f"-{word}" if key else word[:60]
    return key or "table"


def _across(cells: Sequence[str]) -> int:
    """Characters of the longest line."""
    return max(len(line) for cell in cells for line in cell.split("\n"))


def _broken(header: str, limit: int) -> str:
    """A header in lines of at most so many characters, where its words allow."""
    lines = (wrap(line, limit, break_long_words=False) for line in header.split("\n"))
    return "\n".join(part for line in lines for part in (line or [""]))


def _latex_cell(text: str, align: str) -> str:
    lines = [_protected(escape_latex(line)) for line in text.splitlines()]
    if len(lines) <= 1:
        return "".join(lines)
    inner = r" \\ ".join(lines)
    return rf"\begin{{tabular}}[c]{{@{{}}{align[0]}@{{}}}}{inner}\end{{tabular}}"


def _protected(text: str) -> str:
    # After a line's "\\" an asterisk or a bracket would be read as that command's argument.
    return "{}" + text if text.lstrip().startswith(("*", "[")) else text


def _latex_row(cells: Sequence[str]) -> str:
    return " & ".join(cells) + r" \\"
