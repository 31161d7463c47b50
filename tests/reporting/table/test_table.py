from __future__ import annotations

import csv
import io
import json
import math
import re
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archscope.reporting.table.documents import escape_latex, escape_markdown
from archscope.reporting.table.formats import integer, mean_and_error, percent, text
from archscope.reporting.table.json_csv import json_text
from archscope.reporting.table.render import FORMATS, render
from archscope.reporting.table.table import Column, Table
from archscope.reporting.table.text import cell_width, fold, to_ascii

TABLE = Table(
    "Templates (56×56)",
    [
        Column("template", "template", text, "left"),
        Column("params", "params\n(exact)", integer),
        Column("deviation", "deviation", percent),
        Column("error", "error (%)", mean_and_error, also=("error_se",)),
        Column("block", "block", text, "left"),
        Column("network", "network", shown=False),
    ],
    [
        {
            "template": "32x4d",
            "params": 70144,
            "deviation": 0.0074,
            "error": 4.394,
            "error_se": 0.053,
            "block": ["1×1, 128", "3×3, 128, C=32"],
            "network": "resnext50_32x4d",
        },
        {"template": "a|b", "params": None, "error": math.nan},
    ],
    ["One note."],
)


def test_text_off_a_terminal_has_its_natural_width():
    assert render(TABLE) == (
        "Templates (56×56)\n"
        "           params\n"
        "template  (exact)  deviation    error (%)  block\n"
        "─────────────────────────────────────────────────────────\n"
        "32x4d      70,144     +0.7 %  4.39 ± 0.05  1×1, 128\n"
        "                                           3×3, 128, C=32\n"
        "\n"
        "a|b             –          –            –  –\n"
        "\n"
        "One note.\n"
    )


def test_text_in_ascii():
    shown = render(TABLE, ascii_only=True)
    assert shown.isascii()
    assert "4.39 +- 0.05  1x1, 128" in shown
    assert to_ascii("Müller → 日本") == "Muller -> ??"


def test_colour_is_on_the_headings_only():
    shown = render(TABLE, colour=True)
    assert shown.startswith("\x1b[1mTemplates (56×56)\x1b[0m\n\x1b[1m")
    assert "\x1b" not in shown[shown.index("─") :]
    assert re.sub(r"\x1b\[\d*m", "", shown) == render(TABLE)


def wide_table(words: str) -> Table:
    columns = [Column("a", "name", text, "left"), Column("b", "what it is", text, "left")]
    return Table(
        "t", [*columns, Column("n", "number", integer)], [{"a": "x", "b": words, "n": 10**9}]
    )


def test_a_narrow_terminal_folds_words_and_keeps_numbers_whole():
    lines = render(wide_table("a long text of many words " * 8), width=60).splitlines()
    assert max(map(len, lines)) <= 60
    assert sum("1,000,000,000" in line for line in lines) == 1
    assert " ".join(lines).count("many") == 8


def test_headers_are_folded_before_cells_are():
    columns = [Column("a", "a header of many words", text, "left"), Column("b", "b", text, "left")]
    rows = [{"a": "x", "b": "one two three four"}, {"a": "y", "b": "five six"}]
    lines = render(Table("", columns, rows), width=30).splitlines()
    assert [line.split(None, 1) for line in lines[-2:]] == [
        ["x", "one two three four"],
        ["y", "five six"],
    ]


def test_words_of_a_column_that_may_be_narrow_are_broken_at_their_joints():
    name = "cifar_resnext29_1x64d@0.125-noshortcut"
    columns = [Column("a", "name", text, "left", least=18), Column("n", "n", integer)]
    lines = render(Table("", columns, [{"a": name, "n": 7}]), width=21).splitlines()[2:]
    assert [line.split()[0] for line in lines] == ["cifar_resnext29_", "1x64d@0.125", "-noshortcut"]
    whole = render(Table("", columns, [{"a": name, "n": 7}]), width=80)
    assert name in whole
    unbroken = [Column("a", "name", text, "left"), columns[1]]
    assert "name:\n" in render(Table("", unbroken, [{"a": name}]), width=21)  # a block


def test_a_word_of_a_header_that_was_broken_is_one_in_a_block():
    columns = [Column("a", "FLOPs\n(multiply-\nadds)", integer), Column("b", "b", text)]
    rows = [{"a": 1, "b": "x" * 50}]
    assert "FLOPs (multiply-adds): 1\n" in render(Table("", columns, rows), width=40)


def test_a_latex_label_is_made_of_the_titles_words():
    def label(title):
        found = re.search(r"\\label\{tab:(.*)\}", render(Table(title, [], []), "latex"))
        return found and found[1]

    assert label("Table 1 for resnet50 and resnext50_32x4d") == (
        "table-1-for-resnet50-and-resnext50-32x4d"
    )
    assert label("×" * 3) == "xxx" and label("…?") == "table" and label("") is None
    assert len(label("word " * 40)) <= 60 and len(label("w" * 200)) == 60


def test_a_mean_is_not_parted_from_its_error():
    table = Table("", [TABLE.columns[0], TABLE.columns[3]], TABLE.rows[:1])
    # Two columns need 8 + 2 + 11 cells; below that the row becomes a block of lines.
    for width in range(21, 40):
        assert render(table, width=width).endswith("32x4d     4.39 ± 0.05\n")
    assert render(table, width=20) == "\ntemplate: 32x4d\n  error (%): 4.39\n    ± 0.05\n"


def test_a_terminal_too_narrow_for_columns_gets_blocks():
    shown = render(TABLE, width=30)
    assert max(map(len, shown.splitlines())) <= 30
    assert "\ntemplate: 32x4d\n  params (exact): 70,144\n" in shown
    assert "error (%): 4.39 ± 0.05" in shown


@settings(deadline=None)
@given(st.lists(st.text(st.characters(codec="utf-8", categories=("L", "N", "P"))), max_size=6))
def test_at_any_width_no_character_is_lost(words):
    sentence = " ".join(filter(None, words))
    for width in (1, 7, 30, 80):
        folded = fold(sentence, width)
        assert "".join("".join(folded).split()) == "".join(sentence.split())
        assert all(cell_width(line) <= max(width, 2) for line in folded)


def test_wide_characters_take_two_cells():
    assert (cell_width("日本"), cell_width("e\u0301"), cell_width("×")) == (4, 1, 1)
    assert fold("日本語", 4) == ["日本", "語"]


def test_control_characters_do_not_reach_a_terminal():
    table = Table("\x1b]0;evil\x07title", [Column("a", "a\tb", text)], [{"a": "x\x1b[31mred\ry"}])
    assert "\x1b" not in render(table) and "\r" not in render(table)
    assert r"x\x1b[31mred y" in render(table)


def test_text_from_data_stays_in_its_line_in_every_format():
    hostile = "1x64d\n2x64d  0.00\x1b[2K\u202e\u2028\x85"
    table = Table(
        hostile,
        [Column("a", "one\ntwo\x1b", align="left"), Column("b", "b", also=("c",), format=min)],
        [{"a": hostile, "b": hostile, "c": hostile}, {"a": [hostile] * 2, "b": "", "c": ""}],
        [hostile],
    )
    for format in FORMATS:
        shown = render(table, format)
        assert not any(c != "\n" and not c.isprintable() for c in shown), format
        assert not re.search(r"^2x64d", shown, re.M), format
        assert "1x64d 2x64d" in shown or format == "json", format


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("+1-555", "'+1-555"),
        ("-cmd|' /C calc'!A0", "'-cmd|' /C calc'!A0"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "' =1"),
        ("\r\n=1", "'  =1"),
        ("-", "-"),
        ("-1.5e3", "-1.5e3"),
        (-1.5, "-1.5"),
        ("1x64d", "1x64d"),
        (["=1", "a"], "'=1\na"),
    ],
)
def test_a_spreadsheet_runs_no_cell_unless_raw_values_are_asked_for(value, cell):
    table = Table("", [Column("a", "a"), Column("=b", "b")], [{"a": value, "=b": 1}])
    read = list(csv.reader(io.StringIO(render(table, "csv"), newline="")))
    assert read == [["a", "'=b"], [cell, "1"]]
    raw = list(csv.reader(io.StringIO(render(table, "csv", raw=True), newline="")))
    assert raw == [["a", "=b"], [cell.removeprefix("'"), "1"]]


def test_csv_has_raw_values_and_all_keys():
    assert render(TABLE, "csv") == (
        "template,params,deviation,error,error_se,block,network\n"
        '32x4d,70144,0.0074,4.394,0.053,"1×1, 128\n3×3, 128, C=32",resnext50_32x4d\n'
        "a|b,,,,,,\n"
    )


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            *(st.text(st.characters(exclude_categories=["C", "Z"])),) * 2,
            st.integers() | st.floats(allow_nan=False, allow_infinity=False),
        )
    )
)
def test_csv_is_read_back_as_it_was(rows):
    columns = [Column("first", "f"), Column("second", "s"), Column("third", "t")]
    table = Table("", columns, [{"first": a, "second": b, "third": c} for a, b, c in rows])
    read = list(csv.DictReader(io.StringIO(render(table, "csv", raw=True), newline="")))
    assert [(r["first"], r["second"]) for r in read] == [(a, b) for a, b, _ in rows]
    assert [float(r["third"]) for r in read] == [float(c) for _, _, c in rows]


def test_json_of_a_table_has_a_schema_and_no_nan():
    document = json.loads(render(TABLE, "json"), parse_constant=pytest.fail)
    assert document["schema"] == "archscope.table/1"
    (table,) = document["tables"]
    assert table["rows"][0]["error_se"] == 0.053
    assert table["rows"][1]["error"] is None
    assert table["columns"][0] == {"key": "template", "header": "template"}


def test_json_refuses_nan():
    with pytest.raises(ValueError):
        json_text({"value": math.nan})


def test_markdown():
    assert render(TABLE, "markdown") == (
        "**Templates (56×56)**\n\n"
        "| template | params<br>(exact) | deviation |   error (%) | block                      |\n"
        "| :------- | ----------------: | --------: | ----------: | :------------------------- |\n"
        "| 32x4d    |            70,144 |    +0.7 % | 4.39 ± 0.05 | 1×1, 128<br>3×3, 128, C=32 |\n"
        "| a\\|b     |                 – |         – |           – | –                          |\n"
        "\nOne note.\n"
    )


def unescaped(cell: str) -> str:
    """What a reader of GitHub's Markdown shows for a cell, worked out on our own."""
    plain = cell.replace("<br>", "\n")
    plain = re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", plain)
    return plain.replace("&lt;", "<").replace("&amp;", "&")


@settings(deadline=None)
@given(st.lists(st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z"))), min_size=1))
def test_markdown_cells_are_read_back_as_they_were(values):
    columns = [Column(str(i), str(i), text, "left") for i in range(len(values))]
    table = Table("", columns, [{str(i): value for i, value in enumerate(values)}])
    row = render(table, "markdown").splitlines()[2]
    # A pipe separates cells where an even number of backslashes stands before it.
    cells = re.split(r"(?<!\\)(?:\\\\)*\|", row)
    assert len(cells) == len(values) + 2
    assert [unescaped(cell.strip()) for cell in re.findall(r"(?:\\.|[^|\\])+", row)] == values


def test_markdown_escapes_what_would_be_markup():
    assert escape_markdown("a|b\\|c") == "a\\|b\\\\\\|c"
    assert escape_markdown("*x* `y` <b> resnet50_32x4d _z_") == (
        "\\*x\\* \\`y\\` &lt;b> resnet50_32x4d \\_z\\_"
    )
    assert escape_markdown("two\nlines") == "two<br>lines"


def test_latex():
    assert render(TABLE, "latex").splitlines()[1:] == [
        r"\begin{table}",
        r"\centering",
        r"\caption{Templates (56$\times$56)}",
        r"\label{tab:templates-56x56}",
        r"\begin{tabular}{lrrrl}",
        r"\toprule",
        r"template & \begin{tabular}[c]{@{}r@{}}params \\ (exact)\end{tabular} & deviation"
        r" & error (\%) & block \\",
        r"\midrule",
        r"32x4d & 70,144 & +0.7 \% & 4.39 $\pm$ 0.05 & "
        r"\begin{tabular}[c]{@{}l@{}}1$\times$1, 128 \\ 3$\times$3, 128, C=32\end{tabular} \\",
        r"a\textbar{}b & -- & -- & -- & -- \\",
        r"\bottomrule",
        r"\end{tabular}",
        r"\par {\footnotesize\raggedright One note.\par}",
        r"\end{table}",
    ]


def test_latex_escapes_every_special_character():
    assert escape_latex(r"\{}&%$#_~^<>|") == (
        r"\textbackslash{}\{\}\&\%\$\#\_\textasciitilde{}\textasciicircum{}"
        r"\textless{}\textgreater{}\textbar{}"
    )
    assert escape_latex("error ↓ → 5") == r"error $\downarrow$ $\rightarrow$ 5"
    assert escape_latex("--epochs") == "-{}-epochs"


@settings(deadline=None)
@given(st.text(st.characters(codec="ascii")))
def test_latex_leaves_no_special_character_bare(value):
    rest = re.sub(r"\\text\w+\{\}|\\[{}&%$#_]|-\{\}(?=-)", "", escape_latex(value))
    assert not re.search(r"[\\{}&%$#_~^<>|\"]", rest)


def test_a_latex_row_does_not_begin_with_an_argument_of_the_line_before():
    table = Table("", [Column("a", "a", text)], [{"a": "[1x1]"}, {"a": "*"}])
    assert "\n{}[1x1] \\\\\n{}* \\\\\n" in render(table, "latex")


@pytest.mark.parametrize("format", FORMATS)
def test_no_rows_and_several_tables_render_in_every_format(format):
    empty = Table("", TABLE.columns, [])
    assert render(empty, format).endswith("\n")
    both = render([TABLE, empty], format)
    assert both.count("template") >= 2


def test_an_unknown_format_is_refused():
    with pytest.raises(ValueError, match="'xml' is not a format"):
        render(TABLE, "xml")


def test_tables_start_without_slow_libraries():
    program = (
        "import sys\n"
        "from archscope.reporting.table.render import render\n"
        "from archscope.reporting.table.table import Table, Column\n"
        "for format in ('table', 'csv', 'json', 'markdown', 'latex'):\n"
        "    render(Table('t', [Column('a', 'a')], [{'a': 1}]), format)\n"
        "slow = {'torch', 'pandas', 'matplotlib', 'numpy', 'rich'}\n"
        "print(sorted(slow & set(sys.modules)))\n"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (found.stdout, found.stderr) == ("[]\n", "")
