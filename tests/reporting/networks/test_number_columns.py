"""Tables of designs with many numbers: for people narrow, for machines whole."""

from archscope.reporting.networks.number_columns import (
    DESIGN,
    depths,
    narrowed,
    number_columns,
)
from archscope.reporting.table.column import Column
from archscope.reporting.table.formats import text
from archscope.reporting.table.render import render
from archscope.reporting.table.table import Table
from archscope.reporting.table.text import natural_width

STAGES = {f"expansion{stage}": f"expansion{stage}" for stage in (3, 4, 5)}


def test_numbers_of_stages_share_a_column_and_stay_apart_for_machines():
    symbols = {"width": "d", **STAGES, "depth1": "depth1", "depth2": "depth2"}
    columns = number_columns(symbols)
    assert [column.header for column in columns] == ["d", "expansion3-5", "depth1", "depth2"]
    row = {"width": 4, "expansion3": 2, "expansion4": 3, "expansion5": 6, "depth1": 1, "depth2": 2}
    table = Table("t", columns, [row])
    assert table.cells() == [["4", "2-3-6", "1", "2"]] and table.keys == list(row)


def test_depths_of_stages_are_blocks_and_a_depth_of_one_number_is_not():
    stages, layers = {"blocks": "3-4-6-3"}, {"blocks": "20"}
    assert depths("blocks", [layers]).header == "depth"
    for rows in ([layers, stages], []):
        assert depths("blocks", rows).header == "blocks"


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


def test_numbers_that_the_names_have_stand_there_alone_where_a_table_is_wide():
    stages = {f"expansion{stage}": f"expansion{stage}" for stage in range(1, 8)}
    numbers = [(1, 2, 3, 4, 5, 6, index) for index in (7, 8)]
    columns = [
        DESIGN,
        *number_columns({"width": "d", **stages}),
        Column("macs", "FLOPs\n(multiply-adds)"),
    ]
    rows = [
        {
            "network": f"{'long' * 18}_e{'_'.join(map(str, each))}",
            "width": number,
            **dict(zip(stages, each, strict=True)),
            "macs": 10**11 + number,
            "blocks": "3-2-1",
        }
        for number, each in enumerate(numbers)
    ]
    wide = Table("Designs", [*columns, Column("blocks", "not in a name", text)], rows)
    found = narrowed(wide)
    assert natural_width(found) <= 120 < natural_width(wide)
    assert [one.key for one in found.shown] == ["network", "width", "macs"]  # blocks: in the title
    assert found.notes == ["In the names of the designs: expansion1-7."]
    assert found.keys == wide.keys
    other = [{**row, "network": row["network"][:-1] + "9"} for row in rows]
    assert "expansion1" in [one.key for one in narrowed(Table("t", wide.columns, other)).shown]
    lines = render(found, width=80).split("\n")
    assert max(map(len, lines)) <= 80 and "rank" not in lines[0]
    assert "".join(lines).replace(" ", "").count("long") == 36


def test_a_header_takes_more_lines_before_a_table_is_too_wide():
    columns = [DESIGN, Column("macs", "FLOPs\n(multiply-adds)", text)]
    rows = [{"network": 104 * letter, "macs": 10**9} for letter in "xy"]
    rows[1]["macs"] += 1
    found = narrowed(Table("Designs", columns, rows))
    assert natural_width(found) == 116 and found.shown[1].header == "FLOPs\n(multiply-\nadds)"
