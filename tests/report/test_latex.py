"""The LaTeX of tables, compiled where a LaTeX is installed."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from archscope.explore.study import study_list
from archscope.report.markup import LATEX
from archscope.report.study import study_table
from archscope.report.sweep import table7
from archscope.report.table import Column, Table, render
from archscope.sweep.records import read_sweep
from archscope.sweep.study_file import read_study

DOCUMENT = r"""\documentclass{article}
\usepackage{booktabs}
\usepackage[T1]{fontenc}
\begin{document}
%s
\end{document}
"""


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no pdflatex is installed")
def test_tables_compile_with_booktabs_whatever_they_hold(fake_sweep, tmp_path):
    every = Table(
        "".join(LATEX),
        [Column("a", "100 % & _#^~{}\\", align="left"), Column("b", "two\nlines ↑")],
        [{"a": f"<{sign}>", "b": "1\n2"} for sign in LATEX],
        ['"quoted"', "[brackets] at the start"],
    )
    tables = [every, table7(read_sweep(fake_sweep())), study_list()]
    tables += [study_table(read_study(name)) for name in ("resnext-table2", "wrn-table5")]
    (tmp_path / "t.tex").write_text(DOCUMENT % render(tables, "latex"), "utf-8")
    text = (tmp_path / "t.tex").read_text("utf-8")
    assert r"test error (\%) $\downarrow$" in text and "↓" not in text
    run = subprocess.run(
        ["pdflatex", "-draftmode", "-interaction=nonstopmode", "-halt-on-error", "t.tex"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=120,
    )
    assert run.returncode == 0, run.stdout[-1500:]
    assert "Missing character" not in (tmp_path / "t.log").read_text(errors="replace")
