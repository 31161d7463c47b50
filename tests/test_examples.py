"""The example scripts and the notebook, run as a user runs them."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from archscope.studies.reader import read_study

EXAMPLES = Path(__file__).parent.parent / "examples"
SCRIPTS = sorted(EXAMPLES.glob("*.py"))
NOTEBOOK = EXAMPLES / "tour.ipynb"

# What each prints among other things, from the papers or by hand.
SAID = {
    "design_under_a_budget.py": "resnext50_32x4d      25,028,904 parameters   4,230,479,872",
    "count_a_million.py": "1,000,000 designs counted",
    # Stages of 53 layers with 10, 20 and 40 channels: the first layers 270, 1,800 and 7,200, the
    # others 52 times 900, 3,600 and 14,400, batch norm 53 times 20, 40 and 80, the head 410. (209
    # layers of 5, 10 and 20 come nearer, and are degenerate: more than 300 in a row.)
    "own_family.py": "999,900 exactly",
    "read_a_sweep.py": "4x64d better than 1x160d",
}


def test_every_script_is_known():
    assert {path.name for path in SCRIPTS} == set(SAID)


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_a_script_runs(path, tmp_path):
    run = subprocess.run(
        [sys.executable, path], capture_output=True, text=True, cwd=tmp_path, timeout=120
    )
    assert run.returncode == 0, run.stderr
    assert SAID[path.name] in run.stdout


def cells():
    notebook = json.loads(NOTEBOOK.read_text("utf-8"))
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def test_the_notebook_was_executed_from_top_to_bottom_without_an_error():
    assert [cell["execution_count"] for cell in cells()] == list(range(1, len(cells()) + 1))
    outputs = [output for cell in cells() for output in cell["outputs"]]
    assert outputs and all(output["output_type"] != "error" for output in outputs)
    assert sum("text/html" in output.get("data", {}) for output in outputs) >= 5


def test_the_notebooks_cells_run_and_show_what_they_showed(monkeypatch, capsys):
    monkeypatch.chdir(EXAMPLES)
    names: dict = {}
    for cell in cells():
        *body, last = ast.parse("".join(cell["source"])).body
        exec(compile(ast.Module(body, []), "cell", "exec"), names)
        shown = None
        if isinstance(last, ast.Expr):
            shown = eval(compile(ast.Expression(last.value), "cell", "eval"), names)
        else:
            exec(compile(ast.Module([last], []), "cell", "exec"), names)
        printed = capsys.readouterr().out
        for output in cell["outputs"]:
            if output["output_type"] == "stream":
                assert "".join(output["text"]) == printed
            elif "text/html" in output["data"]:
                now = shown._repr_html_()
                before = "".join(output["data"]["text/html"])
                assert len(now) > 100 and now.count("<td") == before.count("<td")


def test_the_study_of_ones_own_is_one():
    assert read_study(str(EXAMPLES / "own-study.toml")).pairs == (("2x64d", "1x96d"),)


def test_examples_name_no_path_of_the_machine_that_made_them():
    home = os.fsencode(Path.home())
    for path in EXAMPLES.rglob("*"):
        if path.is_file() and path.suffix in {".py", ".ipynb", ".toml", ".html", ".md", ".json"}:
            content = path.read_bytes()
            assert not [part for part in (b"/work/", b"/tmp/", b"/data/") if part in content]
            assert home == b"/" or home + b"/" not in content
