"""Names that no file can have: an error of reading is told as one, wherever it is met."""

import pytest
from typer.testing import CliRunner

from archscope.cli import app

LONG = "x" * 500


@pytest.mark.parametrize(
    "words",
    [
        ("report", LONG),
        ("status", LONG),
        ("train", "wrn_16_1", "--dataset", f"folder:{LONG}"),
        ("train", "wrn_16_1", "--data-dir", LONG, "--offline"),
        ("cifar-sweep", "--preset", "quick", "--gpus", "0", "--out", LONG),
        ("compare", f"@{LONG}"),
        ("compare", f"{LONG}.py:net"),
    ],
)
def test_what_cannot_be_read_is_not_said_to_be_unwritable(words):
    found = CliRunner().invoke(app, list(words))
    assert found.exit_code in (1, 2) and found.stdout == ""
    (said,) = found.stderr.splitlines()
    assert "cannot be read (File name too long)" in said and "written" not in said
