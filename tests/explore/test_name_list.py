from __future__ import annotations

import pytest

from archscope.errors import UsageError
from archscope.explore.name_list import names_in, read_names


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
    with pytest.raises(UsageError, match="there is none in it"):
        read_names(str(tmp_path / "empty"))
    with pytest.raises(UsageError, match="No such file"):
        read_names(str(tmp_path / "gone"))
