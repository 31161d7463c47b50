from __future__ import annotations

import io

import pytest
from typer.testing import CliRunner

from archscope.cli import app
from archscope.errors import UsageError
from archscope.explore.networks.name_list import names_in, read_names


def test_a_csv_has_names_in_its_column_and_a_list_on_its_lines(tmp_path):
    assert names_in('family,network\nwrn,wrn_16_4\n\ncifar,"wrn_16_2-B(3,1,3)"\n') == [
        "wrn_16_4",
        "wrn_16_2-B(3,1,3)",
    ]
    assert names_in("# mine\nwrn_16_2-B(3,1,3)\n\n  8x64d\n") == ["wrn_16_2-B(3,1,3)", "8x64d"]
    (tmp_path / "names.txt").write_text("1x64d\n2x64d\n")
    assert read_names(str(tmp_path / "names.txt")) == ["1x64d", "2x64d"]


def test_a_file_that_names_nothing_or_is_none_is_told(tmp_path):
    (tmp_path / "empty").write_text("# nothing\n")
    with pytest.raises(UsageError, match="names no network; write a name on each line"):
        read_names(str(tmp_path / "empty"))
    with pytest.raises(UsageError, match="No such file"):
        read_names(str(tmp_path / "gone"))


def test_a_first_line_of_any_length_and_the_mark_that_excel_writes(tmp_path):
    path = tmp_path / "names.csv"
    path.write_bytes(b"\xef\xbb\xbfnetwork,params\r\nwrn_16_4,1\r\n")
    assert read_names(str(path)) == ["wrn_16_4"]
    path.write_text("x" * 200_000)  # the csv module reads fields up to 131,072 characters
    with pytest.raises(UsageError, match=r"a line of .* is too long to be a network's name"):
        read_names(str(path))
    path.write_text("network\n" + "x" * 200_000)
    with pytest.raises(UsageError, match=r"a line of .* is too long to be a network's name"):
        read_names(str(path))


def test_the_mark_is_no_part_of_a_name_on_the_standard_input(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("\ufeff1x64d\n"))
    assert read_names("-") == ["1x64d"]


@pytest.mark.parametrize("command", [("compare", "--counter", "formula"), ("list",)])
def test_what_a_command_writes_is_read_again(tmp_path, command):
    file = tmp_path / "these.csv"
    name, *options = command
    words = [name, "wrn_16_4", *options, "--format", "csv", "--output", str(file)]
    assert CliRunner().invoke(app, words).exit_code == 0
    assert read_names(str(file))[0] == "wrn_16_4"
