"""The LaTeX of tables, compiled where a LaTeX is installed."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest
from sweep_fixture import CARDINALITY, WIDTH

from archscope.explore.training.study import study_list
from archscope.reporting.folder.folder import contents
from archscope.reporting.folder.study import study_table
from archscope.reporting.folder.study_contents import Kept, keep
from archscope.reporting.folder.sweep import table7
from archscope.reporting.table.documents import LATEX
from archscope.reporting.table.render import render
from archscope.reporting.table.table import Column, Table
from archscope.studies.reader import read_study, study_names
from archscope.sweep.store.records import read_sweep

DOCUMENT = r"""\documentclass{article}
\usepackage{booktabs}
\usepackage[T1]{fontenc}
\begin{document}
%s
\end{document}
"""


GEOMETRY = r"""\usepackage[margin=2.5cm]{geometry}
\begin{document}"""
LATEX_THERE = pytest.mark.skipif(
    shutil.which("pdflatex") is None, reason="no pdflatex is installed"
)


@LATEX_THERE
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
    assert "Missing character" not in compiled(tmp_path)


@LATEX_THERE
def test_every_table_of_the_studies_and_reports_fits_a_page(fake_sweep, tmp_path):
    """Of 16 cm of text: no line runs out of it."""
    templates = (*CARDINALITY, *WIDTH[1:], "16x64d")
    tables = [study_list(), *(study_table(read_study(name)) for name in study_names())]
    folder = fake_sweep(templates=templates, noise=0.3)
    tables += contents(folder).tables
    keep(folder, Kept(read_study("resnext-fig7"), "proxy"), {"preset": "proxy"})
    tables += contents(folder).tables
    assert {"Verdicts", "Error distribution of the population"} <= {table.title for table in tables}
    wide = DOCUMENT.replace(r"\begin{document}", GEOMETRY) % render(tables, "latex")
    (tmp_path / "t.tex").write_text(wide, "utf-8")
    log = compiled(tmp_path)
    assert re.findall(r"Overfull .hbox \((?:[5-9]|\d\d).*", log) == []


def compiled(folder):
    """The log of LaTeX on t.tex, which must compile."""
    run = subprocess.run(
        ["pdflatex", "-draftmode", "-interaction=nonstopmode", "-halt-on-error", "t.tex"],
        cwd=folder,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=120,
    )
    assert run.returncode == 0, run.stdout[-1500:]
    return (folder / "t.log").read_text(errors="replace")
