"""Networks from outside on the command line: inputs, classes, scripts."""

import sys

SCRIPT = """
import argparse
parser = argparse.ArgumentParser()
parser.add_argument("--format", type=int, default=4)
width = parser.parse_args().format
from torch import nn
def head(num_classes=5):
    return nn.Sequential(nn.Flatten(), nn.Linear(width, num_classes))
def anything(**options): return head(**options)
def other_word(n_classes=5): return head(n_classes)
def deaf(**options): return head()
class Wide(nn.Module):
    def forward(self, x, y): return x * y
"""


def csv_of(run, *arguments):
    result = run("compare", *arguments, "--format", "csv")
    return result.exit_code, result.stdout.splitlines()[-1] if result.stdout else result.stderr


def test_a_script_sees_no_arguments_and_is_told_the_classes(tmp_path, run, monkeypatch):
    path = tmp_path / "script.py"
    path.write_text(SCRIPT)
    monkeypatch.setattr(sys, "argv", ["archscope", "compare", "--format", "csv"])
    for name in ("head", "anything", "other_word"):
        code, row = csv_of(run, f"{path}:{name}", "--classes", 7, "--input", "1x2x2")
        assert code == 0 and ",1x2x2,7,35," in row, name
    assert sys.argv[1:] == ["compare", "--format", "csv"]
    code, said = csv_of(run, f"{path}:deaf", "--classes", 7, "--input", "4")
    assert code == 2 and "has 5 outputs whatever it is told, not 7" in said
    code, row = csv_of(run, f"{path}:Wide", "--input", "3x4,4")
    assert code == 0 and "3x4,4" in row
    code, said = csv_of(run, "resnet20", "--classes", 0)
    assert code == 2 and "a class at least" in said
    assert "archscope.build('resnet20', classes=0)" in said
    code, said = csv_of(run, f"{path}:head", "--input", "3x4,x")
    assert code == 2 and "write 3x224x224" in said


def test_a_file_of_a_package_says_how_it_is_named(tmp_path, run):
    path = tmp_path / "part.py"
    path.write_text("from . import other\ndef net(): return other.net()\n")
    code, said = csv_of(run, f"{path}:net")
    assert code == 2 and "write python:PACKAGE.MODULE:function" in said and "PYTHONPATH" in said
