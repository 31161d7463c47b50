"""Tables for documents: Markdown (GitHub's tables) and LaTeX (booktabs)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from archscope.report.table import Table

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
    "\u00a0": "~",
}


def escape_markdown(text: str) -> str:
    """The text for a cell of a Markdown table: shown as it stands, on one line."""
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
    visible = "".join(c if c.isprintable() or c in LATEX else " " for c in text)
    # Two hyphens would be set as one dash: "--epochs".
    apart = re.sub("-(?=-)", "-\0", visible)
    return "".join(LATEX.get(character, character) for character in apart).replace("\0", "{}")


def latex(table: Table) -> str:
    """The table as a LaTeX `table` with booktabs' rules."""
    headers = [_latex_cell(column.document_header, column.align) for column in table.shown]
    lines = [
        r"% needs \usepackage{booktabs} and, for \textquotedbl, \usepackage[T1]{fontenc}",
        r"\begin{table}",
        r"\centering",
    ]
    if table.title:
        lines.append(rf"\caption{{{escape_latex(' '.join(table.title.split()))}}}")
    spec = "".join("l" if column.align == "left" else "r" for column in table.shown)
    lines += [rf"\begin{{tabular}}{{{spec}}}", r"\toprule", _latex_row(headers), r"\midrule"]
    for row in table.cells():
        aligned = zip(row, table.shown, strict=True)
        lines.append(_latex_row([_latex_cell(cell, column.align) for cell, column in aligned]))
    lines += [r"\bottomrule", r"\end{tabular}"]
    lines += [
        rf"\par {{\footnotesize {escape_latex(' '.join(n.split()))}\par}}" for n in table.notes
    ]
    return "\n".join([*lines, r"\end{table}"]) + "\n"


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
