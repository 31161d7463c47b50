"""`archscope equivalence`, as a user calls it, and its function of the library."""

import csv
import io
import json
from functools import partial

import pytest
import torch

import archscope as a
from archscope.explore.forms import equivalence as equivalence_module
from archscope.explore.forms import result as result_module
from archscope.nn import forms

SMALL = ("equivalence", "resnext11_4x16d@0.25", "--input", "3x16x16")


def test_a_small_resnext_is_one_network_in_three_forms(run):
    result = run(*SMALL, "--rounds", "1", "--format", "json")
    assert result.exit_code == 0
    document = json.loads(result.stdout)
    assert document["schema"] == "archscope.equivalence/1" and document["equivalent"] is True
    assert "multiply-adds" in document["convention"]
    assert (document["figure"], document["paths"], document["blocks"]) == (3, 4, 3)
    assert document["tree_restored"] and document["weights_restored"]
    assert document["check"] | {"limit": 1e-10, "batch": 2} == document["check"]
    grouped, early, summed = document["forms"]
    assert [one["form"] for one in document["forms"]] == ["c", "b", "a"]
    for one in (grouped, early, summed):
        costs = {key: one[key] for key in ("params", "macs", "activations")}
        assert one["built"] == costs
        assert (one["params"], one["macs"]) == (grouped["params"], grouped["macs"])
        for timing in (one["forward"], one["training_step"]):
            assert timing["median"] > 0 and timing["rounds"] == 1
    assert summed["activations"] > early["activations"] == grouped["activations"]
    assert grouped["differences"] is None and grouped["forward"]["ratio_to_c"] == 1
    for one in (early, summed):
        gaps = one["differences"]
        assert {*gaps["eval"]} == {"outputs", "gradients"}
        assert {*gaps["train"]} == {"outputs", "gradients", "running_statistics"}
        assert all(0 <= gap < 1e-10 for kinds in gaps.values() for gap in kinds.values())
    assert document["timing"]["precision"] == "float32" and document["timing"]["threads"] >= 1
    assert "form (a)" in result.stderr and "rounds of a forward: 1," in result.stderr


def test_the_table_draws_the_block_and_says_that_it_is_the_same(run):
    result = run(*SMALL, "--rounds", "0")
    assert result.exit_code == 0
    for words in (
        "as in Figure 3",
        "[64, 1×1, 4, BN, ReLU] ×4  64, 1×1, 16, BN, ReLU",
        "16, 3×3, 16, C=4, BN, ReLU",
        "sum: 64-d, BN",
        "concatenate: 16-d",
        "3 blocks of 4 paths, input 3×16×16",
        "the same tree, the same weights, bit for bit",
        "The forms are equivalent.",
    ):
        assert words in result.stdout
    assert "Times" not in result.stdout and "(ms)" not in result.stdout


REPVGG = ("equivalence", "cifar_repvgg_1_2_1_1_a0.125_b0.125_g2", "--rounds", "0")


def test_branches_that_are_trained_and_the_convolution_that_they_are(run):
    result = run(*REPVGG, "--format", "json")
    assert result.exit_code == 0
    document = json.loads(result.stdout)
    assert document["schema"] == "archscope.equivalence/1" and document["equivalent"] is True
    # The stem, and five layers.
    assert (document["figure"], document["paths"], document["blocks"]) == (None, None, 6)
    assert document["tree_restored"] is document["weights_restored"] is None
    trained, fused = document["forms"]
    assert (trained["form"], fused["form"], trained["differences"]) == ("trained", "fused", None)
    for one in (trained, fused):
        assert one["built"] == {key: one[key] for key in ("params", "macs", "activations")}
    assert all(fused[key] < trained[key] for key in ("params", "macs", "activations"))
    (gaps,) = fused["differences"].values()
    assert {*gaps} == {"outputs", "gradients"} and max(gaps.values()) < 1e-10
    shown = run(*REPVGG[:2], "--rounds", "1")
    for words in (
        "The block stage1.0 of",
        "3×3, 8, BN",
        "+ identity, BN",
        "6 blocks, input 3×32×32",
        "In eval mode",
        "rounds (1 forward), batch 2",
        "The forms are equivalent.",
    ):
        assert words in shown.stdout
    rows = list(csv.DictReader(io.StringIO(run(*REPVGG, "--format", "csv").stdout)))
    assert [row["form"] for row in rows] == ["trained", "fused"]


def test_a_wrong_fusion_exits_1(run, monkeypatch):
    kept = forms.fuse
    place = "stage2.0.1.rbr_reparam.bias"
    monkeypatch.setattr(forms, "fuse", lambda *of: (m := kept(*of)) | {place: m[place].flip(0)})
    result = run(*REPVGG)
    assert result.exit_code == 1 and "NOT equivalent: the fused form differs by" in result.stdout
    assert "the trained form itself moves by" in result.stderr


@pytest.mark.slow
def test_basic_blocks_are_figure_4(run):
    arguments = ("equivalence", "resnet8@0.5", "--rounds", "0", "--paths", "4")
    result = run(*arguments, "--format", "json")
    document = json.loads(result.stdout)
    assert (result.exit_code, document["figure"], document["paths"]) == (0, 4, 4)
    assert [one["form"] for one in document["forms"]] == ["c", "a"]
    shown = run(*arguments).stdout
    assert "wide and dense" in shown and "nothing to group" in shown and "[8, 3×3, 2" in shown
    # 16 channels at scale 0.5: 8 paths are the most that divide every width.
    without = json.loads(run(*arguments[:4], "--format", "json").stdout)
    assert without["paths"] == 8 and without["timing"] is None


def test_one_path_is_said_to_be_one(run):
    result = run("equivalence", "preresnet11@0.25", "--rounds", "0")
    assert result.exit_code == 0
    assert "3 blocks of 1 path, " in result.stdout and "One path: " in result.stdout


@pytest.mark.slow
@pytest.mark.parametrize("format", ["csv", "markdown", "latex"])
def test_other_formats_go_to_a_file(run, tmp_path, format):
    target = tmp_path / "result"
    result = run(*SMALL, "--rounds", "0", "--format", format, "--output", target)
    assert result.exit_code == 0 and result.stdout == ""
    if format == "csv":
        rows = list(csv.DictReader(io.StringIO(target.read_text())))
        assert [row["form"] for row in rows] == ["c", "b", "a"]
        assert rows[0]["eval_outputs"] == "" and float(rows[2]["train_gradients"]) < 1e-10
        assert {row["built_macs"] for row in rows} == {rows[0]["macs"]}
    else:
        assert "early concatenation" in target.read_text()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("inception_v3",), "use resnext50_32x4d (Figure 3) or resnet18 (Figure 4)"),
        (("wrn_16_4-drop0.3",), "with only batch norm and ReLU between"),
        (("resnet50", "--paths", "2"), "leave --paths out"),
        (("resnet20", "--paths", "3"), "use a divisor, as 16"),
        (("resnext50_32x4d", "--input", "3x60000x60000"), "MB free"),
        (("repvgg_a0", "--paths", "2"), "drop --paths"),
        (("repvgg_a0-deploy",), "is fused already: its branches are gone; drop -deploy"),
        (("repvgg_a0", "--input", "3x60000x60000"), "MB free"),
        (("resnext50_32x4",), "did you mean resnext50_32x4d"),
        ((*SMALL[1:], "--batch", "1"), "--batch"),
        ((*SMALL[1:], "--input", "x"), "write 3x224x224"),
        ((*SMALL[1:], "--output", "x.png"), ".png"),
    ],
)
def test_a_mistake_is_one_sentence_before_any_work(run, arguments, words):
    result = run("equivalence", *arguments)
    assert result.exit_code == 2 and result.stdout == ""
    assert words in result.stderr and "outputs and gradients" not in result.stderr


def test_a_wrong_map_of_weights_is_shown_and_exits_1(run, monkeypatch):
    kept = forms.split

    def wrong(state, cuts):
        pieces = kept(state, cuts)
        key = "layer2.0.paths.1.bn2.bias"
        return pieces | ({key: pieces[key].flip(0)} if key in pieces else {})

    monkeypatch.setattr(forms, "split", wrong)
    result = run(*SMALL, "--rounds", "0", "--format", "json")
    assert result.exit_code == 1
    document = json.loads(result.stdout)
    assert document["equivalent"] is False and document["weights_restored"] is False
    assert document["forms"][1]["differences"]["eval"]["outputs"] > 1e-6
    assert document["check"]["sensitivity"] < 1e-10
    (said,) = [line for line in result.stderr.splitlines() if line.startswith("archscope: ")]
    assert "are not equivalent: form (b) differs from (c) by" in said
    assert "the way back did not give the same weights again" in said
    assert "more images" not in said


@pytest.mark.slow
def test_a_wrong_count_or_tree_exits_1(run, monkeypatch):
    from archscope.cost import fvcore as measured
    from archscope.explore.forms import equivalence

    with monkeypatch.context() as patch:
        patch.setattr(measured, "count_activations_with_fvcore", lambda *_: 1)
        result = run(*SMALL, "--rounds", "0")
    assert result.exit_code == 1 and "activations 1\n" in result.stdout
    assert "fvcore counts form (a) otherwise" in result.stderr
    with monkeypatch.context() as patch:
        kept = equivalence.to_form

        def forgetful(tree, form, paths=None):
            """Does not find the way from (a) to (b)."""
            back = form == "b" and "Sum(label='paths'" in repr(tree)
            return kept(tree, "a" if back else form, paths)

        patch.setattr(equivalence, "to_form", forgetful)
        result = run(*SMALL, "--rounds", "0", "--format", "json")
    document = json.loads(result.stdout)
    assert (result.exit_code, document["tree_restored"]) == (1, False)
    assert result.stderr.endswith("the way back did not give the same tree again\n")


@pytest.mark.slow
def test_rounding_that_the_network_blows_up_is_told_as_such(run):
    """Batch norm over 2 values a channel loses all digits; form (c) moves as much by itself."""
    more = "--input", "3x4x4", "--rounds", "0", "--seed", "1"
    some = run("equivalence", "resnext29_8x16d@0.25-noshortcut", *more)
    assert some.exit_code == 0 and "ten times that" in some.stdout
    result = run("equivalence", "resnext83_8x16d@0.25-noshortcut", *more)
    assert result.exit_code == 1 and "take more images or a larger input" in result.stderr
    assert "NOT equivalent: form (a) differs from (c) by" in result.stdout


def test_ctrl_c_is_130(run, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(torch.nn.BatchNorm2d, "forward", interrupt)
    result = run(*SMALL)
    assert result.exit_code == 130 and result.stdout == ""
    assert result.stderr.endswith("archscope: interrupted\n")


@pytest.mark.slow
def test_the_library_gives_a_frame():
    network = a.network("resnext11_2x16d@0.25", input=(3, 16, 16))
    found = a.equivalence(network, rounds=0, classes=None)
    frame = found.to_frame()
    assert list(frame["form"]) == ["c", "b", "a"] and frame["params"].nunique() == 1
    assert not found.failures
    # From any form, and at another input.
    again = a.equivalence(found.forms[2].network, rounds=0, input=(3, 20, 20))
    assert again.network.tree == network.tree and again.network.input == (3, 20, 20)
    with pytest.raises(a.UsageError, match="batch must be at least 2"):
        a.equivalence(network, batch=1)


@pytest.mark.slow
def test_the_clock_chooses_its_rounds_where_none_are_asked_for(run, monkeypatch):
    from archscope.explore.forms import measured

    class Once:
        """A clock by which every call takes so many seconds."""

        seconds, now = 0.0, 0.0

        def __call__(self):
            self.now += self.seconds
            return self.now

    kept, clock = measured.interleaved, Once()
    monkeypatch.setattr(measured, "interleaved", partial(kept, clock=clock))
    for seconds, rounds in ((6.0, 1), (1.0, 5)):  # of each of three forms
        clock.seconds = seconds
        result = run(*SMALL, "--format", "json")
        (form, *_) = json.loads(result.stdout)["forms"]
        assert form["forward"]["rounds"] == form["training_step"]["rounds"] == rounds
        assert f"rounds of a training step: {rounds}," in result.stderr


@pytest.mark.slow
def test_what_the_rounding_of_sums_explains_is_no_difference(run, monkeypatch):
    """As in a deep network on small images, whose layers magnify roundings: here by a low limit."""
    for module in (equivalence_module, result_module):
        monkeypatch.setattr(module, "LIMIT", 1e-18)
    result = run(*SMALL, "--rounds", "0", "--format", "json")
    assert result.exit_code == 0
    check = json.loads(result.stdout)["check"]
    assert 0 < check["sensitivity"] < 1e-10
    assert check["limit"] == pytest.approx(10 * check["sensitivity"])


@pytest.mark.parametrize(
    ("moved", "limit"), [(None, 1e-10), (1e-13, 1e-10), (1e-9, 1e-8), (1e-3, 1e-6)]
)
def test_the_limit_follows_how_far_a_form_moves_by_itself(moved, limit):
    assert result_module.limit_of(moved) == pytest.approx(limit)
