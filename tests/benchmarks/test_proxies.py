"""Taus against scipy's, and training-free scores where they are known without a computer."""

import math
import sys

import numpy as np
import proxies
import pytest
import torch
from scipy import stats
from scores import SCORES, gradient_norm, jacov, naswot, synflow, zen
from small_table import small_table
from torch import nn

from archscope.explore.searching.table import write_table


def test_tau_is_scipys_and_its_interval_holds_it():
    rng = np.random.default_rng(3)
    errors = rng.normal(50, 10, 60)
    score = np.round(-errors + rng.normal(0, 10, 60), -1)  # with ties
    found = proxies.tau(score, errors, [np.arange(60)])
    assert found.value == pytest.approx(stats.kendalltau(score, -errors).statistic)
    assert 0 < found.low < found.value < found.high < 1
    halves = [np.arange(30), np.arange(30, 60)]
    each = [stats.kendalltau(score[half], -errors[half]).statistic for half in halves]
    assert proxies.tau(score, errors, halves).value == pytest.approx(np.mean(each))


def test_intervals_are_those_of_designs_drawn_again():
    rng = np.random.default_rng(4)
    errors = rng.normal(size=40)
    score = -errors + rng.normal(size=40)
    taus = []
    for _ in range(1000):
        again = rng.integers(40, size=40)
        taus.append(stats.kendalltau(score[again], -errors[again]).statistic)
    found = proxies.tau(score, errors, [np.arange(40)])
    assert found[1:] == pytest.approx(np.percentile(taus, [2.5, 97.5]), abs=0.04)


def test_no_order_is_no_correlation_and_what_is_not_finite_is_last():
    errors = np.array([1.0, 2, 3, 4])
    assert proxies.tau(np.ones(4), errors, [np.arange(4)]).value == 0
    assert proxies.tau(np.array([9, 8, 7, np.nan]), errors, [np.arange(4)]).value == 1


def test_groups_are_of_equally_many_designs_with_about_the_same_parameters():
    params = np.random.default_rng(0).permutation(200).astype(float)
    found = proxies.octiles(params)
    assert [sorted(params[group]) for group in found] == [
        list(range(start, start + 25)) for start in range(0, 200, 25)
    ]
    assert [len(group) for group in proxies.octiles(np.arange(9.0))] == [5, 4]


def chain():
    """Two layers without a bias, and a ReLU between them."""
    module = nn.Sequential(nn.Flatten(), nn.Linear(3, 2, bias=False), nn.ReLU())
    module.append(nn.Linear(2, 2, bias=False))
    with torch.no_grad():
        module[1].weight.copy_(torch.tensor([[1.0, -2, 3], [0, -1, 0]]))
        module[3].weight.copy_(torch.tensor([[1.0, 1], [-2, 0]]))
    return module


def test_scores_of_a_chain_by_hand():
    one = torch.tensor([[[[1.0]], [[0.0]], [[0.0]]], [[[0.0]], [[-1.0]], [[0.0]]]])
    labels = torch.tensor([0, 1])
    # |W2| |W1| on ones: 6 + 1 and 12; each of the two layers has the whole sum.
    assert synflow(chain(), one, labels) == pytest.approx(math.log(2 * (7 + 12)))
    # Codes (1, 0) and (1, 1): alike in both of 2 units, and in one.
    assert naswot(chain(), one, labels) == pytest.approx(math.log(2 * 2 - 1 * 1))
    # The first image's gradient is -(1, -2, 3), the second's 1 x (0, -1, 0) beside -(1, -2, 3).
    rows = np.array([[-1.0, 2, -3], [-1, 1, -3]])
    values = np.linalg.eigvalsh(np.corrcoef(rows)) + 1e-5
    assert jacov(chain(), one, labels) == pytest.approx(-(np.log(values) + 1 / values).sum(), 1e-3)
    weights = [layer.weight.detach().numpy().astype(float) for layer in chain()[1::2]]
    assert gradient_norm(chain(), one, labels) == pytest.approx(by_differences(weights), rel=1e-4)


def by_differences(weights):
    """The norms of the gradients of the loss of both images, by small steps of each weight."""

    def loss(first, second):
        found = 0.0
        for image, label in (((1, 0, 0), 0), ((0, -1, 0), 1)):
            out = second @ np.maximum(first @ np.array(image, float), 0)
            found += (math.log(np.exp(out).sum()) - out[label]) / 2
        return found

    norms = []
    for place in (0, 1):
        slopes = []
        for index in np.ndindex(weights[place].shape):
            moved = [[one.copy() for one in weights] for _ in (0, 1)]
            moved[0][place][index] += 1e-6
            moved[1][place][index] -= 1e-6
            slopes.append((loss(*moved[0]) - loss(*moved[1])) / 2e-6)
        norms.append(math.hypot(*slopes))
    return sum(norms)


def test_zen_grows_with_depth_and_not_with_the_scale_of_norms():
    def net(depth):
        parts = [nn.Conv2d(3, 16, 3, bias=False), nn.BatchNorm2d(16), nn.ReLU()]
        for _ in range(depth):
            parts += [nn.Conv2d(16, 16, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU()]
        return nn.Sequential(*parts, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 2))

    images = torch.zeros(8, 3, 8, 8)
    found = []
    for depth in (1, 3, 6):
        torch.manual_seed(1)
        found.append(zen(net(depth), images, torch.zeros(8, dtype=torch.int64)))
    assert found[0] < found[1] < found[2]


def printed(tmp_path, monkeypatch, capsys):
    write_table(tmp_path / "t.csv.gz", small_table(designs=4, spelled="wrn_10_{}@0.25"))
    monkeypatch.setattr(sys, "argv", ["proxies.py", str(tmp_path / "t.csv.gz")])
    proxies.main()
    return capsys.readouterr().out.splitlines()


def test_the_command_prints_a_line_for_each_score(tmp_path, monkeypatch, capsys):
    free = {"synflow": np.array([4.0, 3, 2, 1])}
    monkeypatch.setattr(proxies, "scored", lambda *_: ("some", free, {"synflow": 8.0}))
    lines = printed(tmp_path, monkeypatch, capsys)
    assert "4 designs, 2 seeds" in lines[0] and "some" in lines[1]
    (line,) = [line for line in lines if line.startswith("synflow")]
    assert line.split() == ["synflow", *["+1.00", "(+1.00", "to", "+1.00)"] * 2, "2.00"]
    assert next(line for line in lines if line.startswith("params")).count("-1.00") == 6
    assert sum(line.startswith("one seed, another") for line in lines) == 1


@pytest.mark.slow
def test_all_scores_of_a_table(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(proxies, "BATCH", 8)
    lines = printed(tmp_path, monkeypatch, capsys)
    told = [name for line in lines for name in SCORES if line.startswith(f"{name} ")]
    assert told == list(SCORES)
    ranked = [f"{what} error, epoch {epoch}" for epoch in (1, 2) for what in ("test", "training")]
    assert [name for line in lines for name in ranked if line.startswith(name)] == ranked
    assert "shapes" in lines[1]
