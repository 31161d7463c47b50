"""Optuna's sampler of a feasible set: what it proposes, what its base learns."""

import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

import archscope as a
from archscope.errors import UsageError

GIVEN = {"cardinality": [1, 2, 4], "width": [4, 8, 16], "widen": [1, 2, 3, 4]}
CAP = "1.3Mparams"


def test_without_optuna_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    monkeypatch.delitem(sys.modules, "archscope.integrations.optuna", raising=False)
    with pytest.raises(UsageError, match=r"pip install 'archscope\[optuna\]'"):
        importlib.import_module("archscope.integrations.optuna")


@pytest.fixture
def optuna():
    found = pytest.importorskip("optuna")
    found.logging.set_verbosity(found.logging.ERROR)
    return found


@pytest.fixture
def few():
    return a.FeasibleSet(["cifar_resnext11", "wrn_10"], CAP, given=GIVEN)


def run(optuna, few, trials, error, **how):
    from archscope.integrations.optuna import FeasibleSampler

    sampler = FeasibleSampler(few, **how)
    study = optuna.create_study(sampler=sampler)
    study.optimize(lambda trial: error(sampler.network(trial)), n_trials=trials)
    return [trial.user_attrs["network"] for trial in study.trials]


def size(network):
    return float(a.count(network).params)


def test_every_network_of_the_set_is_proposed_once_and_no_other(optuna, few):
    inside = sorted(one.name for one in few.sample(100))
    tried = run(optuna, few, len(inside), size)
    assert sorted(tried) == inside
    assert set(run(optuna, few, len(inside) + 3, size)) == set(inside)  # then again


@pytest.mark.parametrize("base", ["TPESampler", "RandomSampler", "GPSampler", "CmaEsSampler"])
def test_other_samplers_of_optuna_propose_inside_too(optuna, few, base):
    if base == "CmaEsSampler":
        pytest.importorskip("cmaes")
    tried = run(optuna, few, 6, size, base=getattr(optuna.samplers, base)(seed=1), startup=3)
    assert len(set(tried)) == 6
    assert all(map(few.contains, tried))


def test_base_learns_from_what_was_tried(optuna):
    few = a.FeasibleSet("wrn_10", given={"widen": range(1, 41), "scale": [0.25, 0.5, 0.75, 1]})

    def far(network):
        return abs(network.design[1]["widen"] - 30) + 4 * float(network.design[1]["scale"])

    means = []
    for base in (optuna.samplers.TPESampler(seed=3), optuna.samplers.RandomSampler(seed=3)):
        tried = run(optuna, few, 40, far, base=base)
        means.append(sum(far(a.network(name)) for name in tried[20:]) / 20)
    assert means[0] < 0.7 * means[1]


def test_those_that_are_given_alone_are_proposed(optuna, few):
    names = [one.name for one in few.sample(4)]
    assert run(optuna, few, 4, size, among=names, startup=1)[0] == names[0]
    assert set(run(optuna, few, 4, size, among=names, startup=1)) == set(names)
    with pytest.raises(UsageError, match="only a network of the set"):
        run(optuna, few, 1, size, among=["wrn_28_10"])


def test_a_study_of_another_sampler_is_told_so(optuna, few):
    from archscope.integrations.optuna import FeasibleSampler

    sampler = FeasibleSampler(few)
    largest = {name: getattr(one, "high", "wrn_10") for name, one in sampler.space.items()}
    with pytest.raises(UsageError, match="give it to optuna"):
        sampler.network(optuna.trial.FixedTrial({**largest, "family": "cifar_resnext11"}))


def test_archscope_alone_imports_no_optuna():
    code = "import archscope as a, sys; a.FeasibleSet('wrn_10', '1Mparams'); print(*sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert "optuna" not in {name.partition(".")[0] for name in found.stdout.split()}


@pytest.mark.slow
def test_the_example_of_the_docs_runs(optuna, tmp_path, monkeypatch, capsys):
    page = (Path(__file__).parents[2] / "docs" / "search.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```py\n(.*?)```", page, flags=re.DOTALL)
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "docs/search.md", "exec"), {"__name__": "__main__"})
    few = a.FeasibleSet(["wrn_10", "wrn_16"], ["300kparams", "60MMACs"])
    assert few.contains(capsys.readouterr().out.splitlines()[-1])
