"""`solve --network` and `enumerate` as a user calls them."""

import csv
import io
import json
import sys

import pytest


def test_solve_network_prints_designs_residuals_and_the_proof(run):
    asked = ("solve", "--network", "resnext50", "--cardinality", "32", "--budget", "4.1GMACs")
    result = run(*asked)
    assert result.exit_code == 0
    for words in ("resnext50_32x4d", "4,230,479,872", "+130,479,872", "+3.2 %", "32x3d"):
        assert words in result.stdout
    assert "Proof by monotone bisection" in result.stdout and "Table 3" in result.stdout
    document = json.loads(run(*asked, "--format", "json").stdout)
    assert document["schema"] == "archscope.inverse/1"
    assert document["limits"] == [{"metric": "macs", "value": 4_100_000_000, "source": None}]
    assert document["answers"][0]["designs"][0]["residuals"] == {"macs": 130_479_872}


def test_several_budgets_and_free_numbers(run):
    result = run(
        *("solve", "--network", "resnext50", "--free", "cardinality,width", "--format", "json"),
        *("--budget", "25557032 params", "--budget", "4089184256 macs", "--nearest", 2),
    )
    designs = json.loads(result.stdout)["answers"][0]["designs"]
    assert [row["template"] for row in designs] == ["1x64d", "2x40d"]
    proof = json.loads(result.stdout)["answers"][0]["proof"]
    assert proof["method"] == "exhaustive" and set(proof["box"]) == {"cardinality", "width"}


def test_a_list_of_cardinalities_is_a_list_of_questions(run):
    asked = ("solve", "--network", "resnext101", "-C", "1,2,64,90000", "--as", "2x resnet101:macs")
    result = run(*asked, "--format", "json")
    document = json.loads(result.stdout)
    assert result.exit_code == 4 and "smallest, is resnext101_90000x1d" in result.stderr
    best = [answer["designs"][0]["template"] for answer in document["answers"]]
    assert best == ["1x101d", "2x65d", "64x4d"]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("solve", "--network", "resnext50", "-C", "32", "--budget", "1MMACs"), 4, "32x1d with"),
        (("solve", "--network", "resnext50", "-C", "32"), 2, "designed to a budget; write"),
        (("solve", "--network", "resnext50", "--budget", "4.1G"), 2, "needs its unit"),
        (("solve", "--network", "resnext50", "--budget", "4GMACs", "--in", 9), 2, "--in describes"),
        (("solve", "-C", "32", "--free", "width"), 2, "needs a whole network"),
        (("solve", "-C", "32", "--budget", "9k", "--budget", "8k"), 2, "one budget, of parameters"),
        (
            ("solve", "--network", "resnext50", "-C", "32", "--budget", "4.1GMACs",
             "--tolerance", "1%"), 4, "3.2 % off",
        ),
        (("solve", "--network", "a\nb", "--budget", "4GMACs"), 2, "no network named"),
        (("enumerate", "nonet"), 2, "no network named"),
        (("enumerate", "--params", "9:1"), 2, "smaller to the larger"),
        (("enumerate", "--memory", "9kB:1kB"), 2, "memory is a range of bytes"),
        (("enumerate", "--memory", ":256k"), 2, "memory is a range of bytes"),
        (("enumerate", "--weights", ":1MiB"), 2, "weights is a range of bytes"),
        (("enumerate", "--weights", ":1MB:int7"), 2, "write 1MB:int8"),
        (("enumerate", "--sort", "size"), 2, "sorted by"),
        (("enumerate", "--pareto", "params"), 2, "two different costs"),
        (("enumerate", "--plot", "x.gif"), 2, "png, .svg or .pdf"),
        (("enumerate", "--format", "parquet"), 2, "add --output"),
        (("enumerate", "wrn_16", "--format", "csv", "--output", "/nowhere/x.csv"), 1, "no folder"),
        (("enumerate", "resnext29", "--instantiate", "--limit", "500"), 2, "at most 100 networks"),
    ],
)  # fmt: skip
def test_a_users_mistake_is_one_sentence_and_its_exit_code(run, arguments, code, words):
    result = run(*arguments)
    assert result.exit_code == code, result.output
    assert words in result.stderr and result.stdout == ""
    assert result.stderr.startswith("archscope: ") and len(result.stderr.splitlines()) == 1


def test_enumerate_lists_what_fits(run, tmp_path):
    asked = ("enumerate", "resnext50", "--params", "25M:26M", "--macs", "4.05G:4.3G")
    result = run(*asked, "--divisible", 8)
    assert result.exit_code == 0
    for words in ("resnext50_32x4d", "resnext50_1x64d", "candidates", "multiples of 8"):
        assert words in result.stdout
    rows = list(csv.DictReader(io.StringIO(run(*asked, "--format", "csv").stdout)))
    document = json.loads(run(*asked, "--format", "json").stdout)
    assert [row["network"] for row in rows] == [row["network"] for row in document["designs"]]
    assert document["matches"] == len(rows) > 9
    target = tmp_path / "designs.csv"
    assert run(*asked, "--output", target).stdout == ""
    assert len(target.read_text().splitlines()) == len(rows) + 1
    assert run(*asked, "--format", "latex", "--limit", 2).exit_code == 0


def test_enumerate_within_bytes_of_a_format(run, tmp_path):
    """A MobileNetV2 of 0.5, at 96x96: 48 x 48 x 48 and a quarter of that are alive at once."""
    asked = ("enumerate", "mobilenet_v2", "--axis", "width=0.3,0.5,0.7", "--input", "96,160")
    asked += ("--fold", "--weights", ":2MB:int8", "--memory", "100kB:150kB", "--format")
    found = json.loads(run(*asked, "json").stdout)
    assert found["formats"] == {"weights": "int8", "memory": "int8"} and found["fold"]
    assert found["ranges"] == {"weights": [0, 2_000_000], "memory": [100_000, 150_000]}
    [row] = [one for one in found["designs"] if one["network"] == "mobilenet_v2_0.5"]
    assert row["memory"] == 48 * 48 * 48 + 48 * 24 * 24 and row["weights"] <= 2_000_000
    [*_, first] = csv.DictReader(io.StringIO(run(*asked, "csv").stdout))
    assert int(first["memory"]) <= 150_000 and int(first["weights"]) <= 2_000_000
    picture = tmp_path / "front.svg"
    front = run(*asked, "table", "--pareto", "memory,-macs", "--plot", picture)
    assert "the Pareto front of least memory and most macs" in front.stdout, front.stderr
    assert "memory (bytes)" in picture.read_text()


def test_enumerate_names_the_values_that_it_goes_through(run):
    said = run("enumerate", "resnext50", "--cardinality", "1,2,32", "--width", "4,8,12").stdout
    assert "depth4 3, cardinality 1,2,32, width 4:12:4.\n" in said


def test_enumerate_says_when_it_lists_a_part_only(run):
    result = run("enumerate", "resnext29")
    assert "20 of 8,192 designs listed; --limit lists more" in result.stderr
    assert len([line for line in result.stdout.splitlines() if "resnext29_" in line]) == 20


def test_a_front_says_how_much_of_it_is_listed(run):
    asked = ("enumerate", "resnext29", "--macs", "5G:6G", "--pareto", "params,-activations")
    cut = run(*asked, "--limit", 3)
    assert "3 of 12 designs of the Pareto front" in cut.stdout
    assert "3 of 12 designs listed" in cut.stderr
    whole = run(*asked)
    assert "The 12 designs of the Pareto front" in whole.stdout and whole.stderr == ""


@pytest.mark.slow
@pytest.mark.usefixtures("quick_workers")
def test_a_sample_is_drawn_and_trained_as_a_population(run, tmp_path):
    drawn = tmp_path / "drawn.csv"
    asked = ("enumerate", "cifar_resnext11", "--scale", "0.125", "--params", "15k:40k")
    table = run(*asked, "--sample", 8, "--seed", 5)
    assert "each as likely as any other (seed 5)" in table.stdout and table.stderr == ""
    assert run(*asked, "--sample", 8, "--seed", 5, "--output", drawn).exit_code == 0
    names = [row["network"] for row in csv.DictReader(io.StringIO(drawn.read_text()))]
    assert len(names) == 8 and all(name in table.stdout for name in names)
    out = tmp_path / "out"
    training = ("--preset", "quick", "--samples", 64, "--epochs", 1, "--seeds", 1, "--gpus", 0)
    result = run("cifar-sweep", "--templates", f"@{drawn}", *training, "--out", out)
    assert result.exit_code == 0, result.output
    plan = json.loads((out / "sweep.json").read_text())
    assert [entry["network"] for entry in plan["networks"]] == names
    assert (out / "distribution.png").is_file()
    assert run(*asked, "--sample", 8, "--pareto", "params,macs").exit_code == 2
    assert run("cifar-sweep", "--templates", f"@{tmp_path}/gone", "--out", out).exit_code == 2


def test_enumerate_builds_and_fvcore_confirms(run):
    result = run("enumerate", "wrn_16", "--widen", "1:2", "--instantiate")
    assert result.stdout.count("confirmed") == 2


def test_what_finds_nothing_ends_with_4_and_names_the_nearest_design(run, tmp_path):
    for extra in ((), ("--pareto", "params,macs"), ("--format", "json"), ("--format", "csv")):
        result = run("enumerate", "wrn_16", "--params", ":9", *extra)
        assert result.exit_code == 4 and result.stdout == ""
        # WRN-16-1 has 0.2 million parameters (Table 2's style of count): the least of the box.
        assert "the nearest is wrn_16_1 with 175,066 params" in result.stderr
        assert result.stderr.count("\n") == 1
    target = tmp_path / "none.png"
    assert run("enumerate", "wrn_16", "--params", ":9", "--plot", target).exit_code == 4
    assert not target.exists()


@pytest.mark.slow
@pytest.mark.parametrize("suffix", [".png", ".svg", ".pdf"])
def test_enumerate_draws_the_front(run, tmp_path, suffix):
    target = tmp_path / f"front{suffix}"
    asked = ("enumerate", "resnext29", "--macs", "5G:6G", "--pareto", "params,-activations")
    first = run(*asked, "--plot", target)
    assert first.exit_code == 0 and "wrote" in first.stderr
    drawn = target.read_bytes()
    assert drawn.startswith({".png": b"\x89PNG", ".svg": b"<?xml", ".pdf": b"%PDF"}[suffix])
    run(*asked, "--plot", target)
    assert target.read_bytes() == drawn


def test_parquet_without_pyarrow_names_the_extra(run, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    result = run("enumerate", "wrn_16", "--output", tmp_path / "x.parquet")
    assert result.exit_code == 2 and "archscope[parquet]" in result.stderr


@pytest.mark.slow
def test_parquet_holds_the_rows_of_the_csv(run, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is an extra")
    target = tmp_path / "x.parquet"
    assert run("enumerate", "wrn_16", "resnext29", "--output", target).exit_code == 0
    table = parquet.read_table(target)
    rows = list(csv.DictReader(io.StringIO(run("enumerate", "wrn_16", "resnext29", "--format", "csv").stdout)))  # noqa: E501  # fmt: skip
    assert table.column("network").to_pylist() == [row["network"] for row in rows]
    assert table.column("macs").to_pylist() == [int(row["macs"]) for row in rows]
    about = json.loads(table.schema.metadata[b"archscope"])
    assert about["schema"] == "archscope.enumerate/1"
