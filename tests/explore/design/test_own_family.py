"""Families in a user's own file; and the search where a cost may fall while a number grows."""

import json
import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest

from archscope.arch.families.own import own_families
from archscope.arch.names import parse
from archscope.cost import count
from archscope.errors import ArchscopeError, UsageError
from archscope.explore.design.enumerate import Order, Query, enumerate_designs
from archscope.explore.design.inverse import Options, inverse
from archscope.explore.design.limits import read_limits
from archscope.explore.networks.compare import compare
from archscope.explore.networks.listing import list_networks
from archscope.explore.networks.opened import is_outside
from archscope.explore.training.cifar_sweep import cifar_sweep
from archscope.sweep.plan import subjects, trial
from archscope.sweep.plan.settings import settings
from archscope.testing import check_family

PLAINNET = Path(__file__).parents[3] / "examples" / "own_family.py"
BENT = """
from fractions import Fraction
from archscope import Axis, Conv, Pool, Seq, family
from archscope.arch.families.spelling import Names

@family(
    "bent[_{width}[_{bend}[_{rate}]]]",
    Axis("width", range(1, 9)),
    Axis("bend", range(1, 8), grows=GROWS),
    Axis("rate", [1, Fraction(3, 2), 2], fractional=True, arrays=False, default=1),
    input=(3, 8, 8),
    classes=2,
)
def bent(width, bend, rate=1, *, classes):
    out = width * (1 + (bend - 4) * (bend - 4))
    return Seq(Conv(out, 3), Conv(4 * int(2 * rate)), Pool("global"), Conv(classes, bias=True))

def net(): raise AssertionError("it is a family that was named")
"""


def bent(tmp_path, grows=()):
    path = tmp_path / "bent.py"
    path.write_text(BENT.replace("GROWS", repr(grows)), "utf-8")
    return path


def hand(depth, width):
    """The parameters of a plainnet, layer by layer."""
    total, w_in = 0, 3
    for out in (width, 2 * width, 4 * width):
        for _ in range(depth):
            total += 9 * w_in * out + 2 * out
            w_in = out
    return total + 4 * width * 10 + 10


def test_the_example_family_is_counted_named_solved_and_enumerated():
    name = f"{PLAINNET}:plainnet_2_32"
    network = parse(f"{PLAINNET}:PlainNet-2-32")
    assert (network.name, count(network).params) == (name, hand(2, 32))
    assert parse(network.name) == network and network.classes == 10
    found = inverse(f"{PLAINNET}:plainnet", "1Mparams", given={"depth": [4]}).answers[0].designs[0]
    best = min(range(1, 200), key=lambda width: abs(hand(4, width) - 1_000_000))
    assert found.values == {"depth": 4, "width": best}
    query = Query([f"{PLAINNET}:plainnet_2"], ranges={"params": (100_000, 200_000)})
    rows = list(enumerate_designs(query).rows())
    assert [row["params"] for row in rows] == [
        hand(2, width) for width in range(1, 129) if 100_000 <= hand(2, width) <= 200_000
    ]
    assert parse(rows[0]["network"]).design.numbers["width"] == rows[0]["width"]
    both = compare([name, "resnet20"], counter="fvcore").document()["networks"]
    assert [one["source"] for one in both] == ["archscope", "archscope"]
    assert read_limits((), [f"{name}:params"])[0].value == hand(2, 32)
    assert name in [row["name"] for row in list_networks(f"{PLAINNET}:plainnet").rows]


def test_its_channels_divide_and_its_names_are_checked():
    query = Query([f"{PLAINNET}:plainnet_2"], divisible=40)
    assert [row["width"] for row in enumerate_designs(query).rows()] == [40, 80, 120]
    for name, rule in (
        ("plainnet", "its family|names there are plainnet_DEPTH_WIDTH"),
        ("plainnet_0_3", "depth must be at least 1, not 0"),
        ("plainnet_1_3@0.5", "plainnet networks take no suffix like '@0.5'; leave it out"),
        ("other_3", "names there are plainnet_DEPTH_WIDTH"),
    ):
        with pytest.raises(UsageError, match=rule):
            parse(f"{PLAINNET}:{name}")
    with pytest.raises(
        UsageError, match=r"numbers of .*plainnet.* are depth, width.*, not 'growth'"
    ):
        inverse(f"{PLAINNET}:plainnet", "1Mparams", free=["growth"])
    with pytest.raises(UsageError, match=r"nothing\.py cannot be read"):
        parse("nothing.py:plainnet_1_1")


def test_a_file_without_a_name_in_it_is_told_everywhere():
    for call in (
        lambda: list_networks(f"{PLAINNET}"),
        lambda: inverse(f"{PLAINNET}", "1Mparams"),
        lambda: enumerate_designs(Query([f"{PLAINNET}"])),
        lambda: compare([f"{PLAINNET}"]),
        lambda: cifar_sweep("quick", templates=f"1x64d,{PLAINNET}"),
    ):
        with pytest.raises(UsageError, match=r"needs a name, .*; write FILE\.py:NAME"):
            call()


def test_a_list_of_an_own_family_has_its_name(tmp_path):
    [table] = list_networks(f"{PLAINNET}:plainnet").tables()
    assert table.title == f"Named networks of {PLAINNET}:plainnet"
    assert list(table.notes) == ["Its members are spelled plainnet_DEPTH_WIDTH."]
    with pytest.raises(UsageError, match="bent says no known members; show one, spelled bent_"):
        list_networks(f"{bent(tmp_path)}:bent")


def test_a_depth_that_is_one_number_is_given_as_that_of_stages():
    """As the command line reads `--depth 2:3` and `--depth 2,3`."""
    family = [f"{PLAINNET}:plainnet"]
    rows = list(enumerate_designs(Query(family, {"depth": [[2, 3]]})).rows())
    assert {row["blocks"] for row in rows} == {"2", "3"} and len(rows) == 2 * 128
    with pytest.raises(UsageError, match="plainnet has 1 depth, not 2; "):
        enumerate_designs(Query(family, {"depth": [[2], [3]]}))


def test_functions_of_a_file_stay_what_they_are(tmp_path):
    path = bent(tmp_path)
    assert not is_outside(f"{path}:bent_1_1_1") and not is_outside(f"{path}:bent")
    assert is_outside(f"{path}:net")
    plain = tmp_path / "plain.py"
    plain.write_text("raise SystemExit('no family here: never run for its name')", "utf-8")
    assert is_outside(f"{plain}:net")


def test_a_function_that_fails_is_one_sentence(tmp_path):
    path = tmp_path / "fails.py"
    path.write_text(
        "from archscope import Axis, Conv, Seq, family\n"
        "@family('loop[_{n}]', Axis('n', range(1, 9)), input=(3, 8, 8))\n"
        "def loop(n, *, classes): return Seq(*(Conv(3) for _ in range(n)), Conv(classes))\n"
        "@family('none[_{n}]', Axis('n', range(1, 9)))\n"
        "def none(n, *, classes): return None\n",
        "utf-8",
    )
    assert parse(f"{path}:loop_3").design.numbers == {"n": 3}
    with pytest.raises(ArchscopeError, match=r"loop failed with TypeError.* arrays=False"):
        enumerate_designs(Query([f"{path}:loop"]))
    with pytest.raises(UsageError, match=r"loop has no group widths; leave --divisible out"):
        enumerate_designs(Query([f"{path}:loop"], divisible=2))
    with pytest.raises(
        UsageError, match=r"must return its tree, not NoneType; have .* return a Seq"
    ):
        parse(f"{path}:none_1")


def test_users_families_keep_the_contract(tmp_path):
    (plainnet,) = own_families(PLAINNET)
    check_family(plainnet)
    (falling,) = own_families(bent(tmp_path))
    check_family(falling)
    (lying,) = own_families(bent(tmp_path, grows=("params",)))
    with pytest.raises(AssertionError, match="params was seen to fall while bend grows"):
        check_family(lying)


EVERY = [(w, b, r) for w in range(1, 9) for b in range(1, 8) for r in (1, Fraction(3, 2), 2)]


def params_of(path, designs):
    """The params of each distinct network: bent by 3 and by 5 it is the same one."""
    names = (f"{path}:bent_{width}_{bend}_{float(rate):g}" for width, bend, rate in designs)
    networks = {repr(one.tree): one for one in map(parse, names)}
    return sorted(count(one).params for one in networks.values())


@pytest.mark.parametrize("rule", ["nearest", "floor", "ceil"])
@pytest.mark.parametrize("free", [["bend"], ["width", "bend"], ["bend", "rate"], ["width", "rate"]])
def test_where_a_cost_may_fall_nothing_is_missed(tmp_path, free, rule):
    """Against all designs, counted alone: what stands in `free` varies, the others are fixed."""
    path = bent(tmp_path)
    fixed = {"width": [3], "bend": [6], "rate": [1]}
    given = {word: values for word, values in fixed.items() if word not in free}
    given |= {"width": list(range(1, 9))} if "width" in free else {}
    given |= {"rate": [1, Fraction(3, 2), 2]} if "rate" in free else {}
    box = [one for one in EVERY if all(
        number in given.get(word, range(1, 8))
        for word, number in zip(("width", "bend", "rate"), one, strict=True)
    )]  # fmt: skip
    params = params_of(path, box)
    for budget in (params[len(params) // 2] + 1, params[0], params[-1]):
        limits = f"{budget} params"
        options = Options(rule, nearest=3)
        answer = inverse(f"{path}:bent", limits, given=given, free=free, options=options).answers[0]
        admitted = [p for p in params if rule == "nearest" or (p <= budget) is (rule == "floor")
                    or p == budget]  # fmt: skip
        expected = sorted(abs(p - budget) for p in admitted)[:3]
        assert [abs(one.costs["params"] - budget) for one in answer.designs] == expected
        if "bend" in free:
            statement = answer.proof(["params"])["statement"]
            assert "may fall while bend grows" in statement
            assert "Beyond the box in bend" not in statement


def test_enumerating_leaves_nothing_out_where_a_cost_may_fall(tmp_path):
    path = bent(tmp_path)
    every = params_of(path, EVERY)
    low, high = every[20], every[-30]
    query = Query([f"{path}:bent"], {"rate": [1, Fraction(3, 2), 2]}, {"params": (low, high)})
    rows = list(enumerate_designs(query, Order("bend")).rows())
    assert sorted(row["params"] for row in rows) == [p for p in every if low <= p <= high]
    assert [row["bend"] for row in rows] == sorted(row["bend"] for row in rows)


def test_the_numbers_of_an_own_family_stand_in_its_tables(tmp_path):
    path = tmp_path / "bent.py"
    text = BENT.replace("GROWS", "()").replace(
        '"bend", range(1, 8)', '"bend", range(5, 8), symbol="b"'
    )
    path.write_text(text, "utf-8")
    found = enumerate_designs(Query([f"{path}:bent"], {"width": [3, 4]}, {"params": (1, 900)}))
    [table] = found.tables()
    heads = {column.key: column.header for column in table.shown}
    assert (heads["bend"], heads["width"], heads["rate"]) == ("b", "width", "rate")
    assert not {"cardinality", "widen", "deepening"} & set(heads)
    assert {"bend", "rate", "deepening"} <= set(table.keys)
    assert found.types["rate"] is float and found.types["bend"] is int
    solved = inverse(f"{path}:bent_3", "300 params", free=["bend"])
    [table] = solved.tables()
    heads = {column.key: column.header for column in table.columns}
    assert heads["bend"] == "b" and "rate" not in heads  # it is the usual one
    [table] = inverse(f"{path}:bent_3", "300 params", free=["bend"], given={"rate": [2]}).tables()
    assert "rate" in [column.key for column in table.columns]
    assert set(solved.to_frame()["bend"]) <= {5, 6, 7}
    [table] = inverse("resnext50_32x4d", "4GMACs", free=["width"]).tables()
    assert [one.header for one in table.columns][1:4] == ["design", "C", "d"]


def test_a_plan_keeps_the_file_as_it_was_named_and_the_tree_in_its_keys(tmp_path):
    path = tmp_path / "Own.py"
    path.write_text(PLAINNET.read_text("utf-8"), "utf-8")
    chosen = settings("quick", templates=f"{path}:PlainNet_1_4,resnet8")
    assert chosen.subjects.templates == (f"{path}:plainnet_1_4", "resnet8")
    found = subjects.networks(chosen.subjects)
    first = trial.entries(found)[0]
    assert first.network == f"{path}:plainnet_1_4"
    path.write_text(PLAINNET.read_text("utf-8").replace("Conv(width", "Conv(2 * width"), "utf-8")
    other = trial.entries(subjects.networks(chosen.subjects))[0]
    assert other.digest != first.digest and other.network == first.network


@pytest.mark.slow
def test_a_users_family_is_swept(tmp_path):
    (tmp_path / "own.py").write_text(PLAINNET.read_text("utf-8"), "utf-8")
    words = ["cifar-sweep", "--preset", "quick", "--dataset", "shapes", "--epochs", "1"]
    words += ["--samples", "200", "--seeds", "1", "--gpus", "0", "--out", "out", "--threads", "1"]
    words += ["--templates", "own.py:plainnet_1_4,own.py:plainnet_1_8"]
    run = subprocess.run(
        [sys.executable, "-m", "archscope", *words],
        capture_output=True, text=True, cwd=tmp_path, timeout=300, env=dict(os.environ),
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    document = json.loads((tmp_path / "out" / "sweep.json").read_text("utf-8"))
    assert [one["network"] for one in document["networks"]] == [
        "own.py:plainnet_1_4",
        "own.py:plainnet_1_8",
    ]
    results = list((tmp_path / "out" / "trials").glob("*/result.json"))
    assert len(results) == 2
