"""Tables of designs with many numbers: for people narrow, for machines whole."""

from archscope.reporting.networks.number_columns import narrowed, number_columns
from archscope.reporting.table.column import Column
from archscope.reporting.table.formats import text
from archscope.reporting.table.table import Table

STAGES = {f"expansion{stage}": f"expansion{stage}" for stage in (3, 4, 5)}


def test_numbers_of_stages_share_a_column_and_stay_apart_for_machines():
    symbols = {"width": "d", **STAGES, "depth1": "depth1", "depth2": "depth2"}
    columns = number_columns(symbols)
    assert [column.header for column in columns] == ["d", "expansion3-5", "depth1", "depth2"]
    row = {"width": 4, "expansion3": 2, "expansion4": 3, "expansion5": 6, "depth1": 1, "depth2": 2}
    table = Table("t", columns, [row])
    assert table.cells() == [["4", "2-3-6", "1", "2"]] and table.keys == list(row)


def test_a_wide_table_says_what_is_the_same_in_all_rows_in_its_title():
    columns = [Column("name", "design", text), Column("a", "of its\ncap", text)]
    columns += [Column("b", "memory", text), Column("c", "none", text)]
    rows = [{"name": letter * 110, "a": "9 %", "b": index} for index, letter in enumerate("xy")]
    found = narrowed(Table("Designs", columns, rows))
    assert found.title == "Designs; all with of its cap 9 %"
    assert [column.key for column in found.shown] == ["name", "b", "c"]
    assert found.keys == ["name", "a", "b", "c"]
    short = Table("Designs", columns, [{**row, "name": "x"} for row in rows])
    assert narrowed(short) is short and narrowed(Table("Designs", columns, rows[:1])).shown[1:2]
