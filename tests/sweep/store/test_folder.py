from __future__ import annotations

import errno
import json
import multiprocessing
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from archscope.data.dataset import DatasetInfo
from archscope.errors import ArchscopeError, UsageError
from archscope.sweep.plan import settings as asked
from archscope.sweep.plan import subjects
from archscope.sweep.plan.trial import Machine
from archscope.sweep.store import folder as folders
from archscope.sweep.store.records import read_sweep

MACHINE = Machine("cpu", "bf16", 1, 2)
DATASET = DatasetInfo("shapes", "shapes (built-in)", None, 10, "sha256:1", True)
SMALL = {"templates": "1x64d,2x64d", "seeds": 2, "depth": 11, "scale": 0.125}


def opened(
    folder: Path, machine: Machine = MACHINE, data: DatasetInfo = DATASET, **changes: Any
) -> folders.Opened:
    chosen = asked.settings("quick", **{**SMALL, **changes})
    networks = subjects.networks(chosen.subjects)
    return folders.open_folder(folder, chosen, networks, machine, data, ["archscope"])


def keys(folder: Path) -> list[str]:
    return [record.key for record in read_sweep(folder).trials]


def test_a_new_folder_holds_the_plan_and_every_choice(tmp_path: Path) -> None:
    opened(tmp_path / "new")
    sweep = read_sweep(tmp_path / "new")
    document = json.loads((tmp_path / "new" / "sweep.json").read_text())
    assert document == sweep.plan.document()
    assert document["machine"] == {
        "device": "cpu",
        "precision": "bf16",
        "threads": 1,
        "workers": 2,
    }
    assert document["command"] == ["archscope"]
    assert sweep.plan.dataset == DATASET
    assert [(t.trial.template, t.trial.seed, t.status) for t in sweep.trials] == [
        ("1x64d", 1, "pending"),
        ("1x64d", 2, "pending"),
        ("2x64d", 1, "pending"),
        ("2x64d", 2, "pending"),
    ]
    trial = sweep.trials[0].trial.document()
    assert (trial["network"], trial["schema"]) == ("resnext11_1x64d@0.125", "archscope.trial/1")
    assert {"params", "macs", "activations", "dataset", "samples", "recipe", "device"} <= set(trial)


def test_the_same_again_changes_nothing(tmp_path: Path) -> None:
    opened(tmp_path)
    before = (tmp_path / "sweep.json").read_bytes()
    assert opened(tmp_path).notes == ()
    assert (tmp_path / "sweep.json").read_bytes() == before


def test_more_seeds_and_templates_extend_the_plan_and_keep_its_keys(tmp_path: Path) -> None:
    opened(tmp_path)
    old = keys(tmp_path)
    assert opened(tmp_path, seeds=3, templates="1x64d,2x64d,1x96d,1x128d").notes == ()
    sweep = read_sweep(tmp_path)
    assert set(old) < set(keys(tmp_path))
    assert len(sweep.trials) == 12
    curves = {record.trial.template: record.trial.entry.curves for record in sweep.trials}
    assert curves["1x64d"] == ("cardinality", "width")
    assert curves["1x96d"] == ("width",)


def test_more_seeds_of_some_templates_are_of_these_alone(tmp_path: Path) -> None:
    opened(tmp_path)
    old = keys(tmp_path)
    [note] = opened(tmp_path, seeds=4, templates="2x64d,1x96d").notes
    assert "1x64d" in note

    def seeds() -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for record in read_sweep(tmp_path).trials:
            found.setdefault(record.trial.template, []).append(record.trial.seed)
        return found

    wanted = {"1x64d": [1, 2], "2x64d": [1, 2, 3, 4], "1x96d": [1, 2, 3, 4]}
    assert seeds() == wanted and set(old) < set(keys(tmp_path))
    whole = (tmp_path / "sweep.json").read_bytes()
    opened(tmp_path)  # the command that began it: nothing is lost, and nothing more is trained
    assert (tmp_path / "sweep.json").read_bytes() == whole
    opened(tmp_path, seeds=3, templates="1x64d")
    assert seeds() == {**wanted, "1x64d": [1, 2, 3]}


def test_less_than_the_plan_continues_all_of_it_and_says_so(tmp_path: Path) -> None:
    opened(tmp_path)
    before = keys(tmp_path)
    [note] = opened(tmp_path, seeds="2,", templates="2x64d").notes
    assert "1x64d" in note and keys(tmp_path) == before


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"epochs": 9}, "epochs 3 there, 9 asked"),
        ({"scale": 0.25}, "scale 0.125 there, 0.25 asked"),
        ({"samples": 0}, "samples 2500 there, all asked"),
        ({"depth": 20}, "depth 11 there, 20 asked"),
        ({"recipe": "wrn", "epochs": 3}, "padding zeros there, reflect asked"),
        ({"test_classes": ("a", "b")}, "test_classes none there, 2 of them asked"),
        ({"holdout": 500}, "holdout none there, 500 asked"),
        ({"machine": replace(MACHINE, precision="fp32")}, "precision bf16 there, fp32 asked"),
        ({"machine": replace(MACHINE, threads=2)}, "threads 1 there, 2 asked"),
        ({"data": replace(DATASET, fingerprint="sha256:2")}, "data sha256:1 there, sha256:2 asked"),
    ],
)
def test_another_plan_is_refused_by_name(
    tmp_path: Path, changes: dict[str, Any], named: str
) -> None:
    opened(tmp_path)
    before = (tmp_path / "sweep.json").read_bytes()
    with pytest.raises(UsageError, match="another --out") as caught:
        opened(tmp_path, **changes)
    assert named in str(caught.value)
    assert (tmp_path / "sweep.json").read_bytes() == before


def test_a_network_that_is_defined_otherwise_now_is_refused(tmp_path: Path) -> None:
    opened(tmp_path)
    path = tmp_path / "sweep.json"
    document = json.loads(path.read_text())
    document["networks"][1]["digest"] = "0" * 12
    path.write_text(json.dumps(document))
    with pytest.raises(UsageError, match=r"definition of resnext11_2x64d@0\.125"):
        opened(tmp_path)


def test_that_holds_for_networks_that_were_not_asked_for_this_time(tmp_path: Path) -> None:
    """They are continued as well, under the keys of their old definition."""
    opened(tmp_path)
    path = tmp_path / "sweep.json"
    document = json.loads(path.read_text())
    document["networks"][1]["digest"] = "0" * 12
    path.write_text(json.dumps(document))
    with pytest.raises(UsageError, match=r"definition of resnext11_2x64d@0\.125"):
        opened(tmp_path, templates="1x64d")
    with pytest.raises(UsageError, match=r"definition of resnext11_2x64d@0\.125"):
        folders.join_folder(tmp_path, MACHINE, DATASET)


@pytest.mark.parametrize("text", ["", "{", '{"schema": "archscope.sweep/1", "settings": {}}'])
def test_a_half_written_plan_is_written_anew_and_its_trials_are_kept(
    tmp_path: Path, text: str
) -> None:
    opened(tmp_path)
    before = keys(tmp_path)
    (tmp_path / "trials" / before[0]).mkdir(parents=True)
    (tmp_path / "sweep.json").write_text(text)
    with pytest.raises(ArchscopeError, match="give the command that began the sweep again"):
        folders.join_folder(tmp_path, MACHINE, DATASET)
    [note] = opened(tmp_path).notes
    assert "was damaged and is written anew" in note
    assert keys(tmp_path) == before
    assert (tmp_path / "sweep.json.damaged").read_text() == text
    assert opened(tmp_path).notes == ()


def test_a_plan_of_another_version_is_left_alone(tmp_path: Path) -> None:
    text = '{"schema": "archscope.sweep/0"}'
    (tmp_path / "sweep.json").write_text(text)
    with pytest.raises(ArchscopeError, match="use the version of archscope that wrote it"):
        opened(tmp_path)
    assert (tmp_path / "sweep.json").read_text() == text


@pytest.mark.parametrize(
    ("part", "name", "value"),
    [("recipe", "colour", 1), ("settings", "whiten", "pca"), ("machine", "precision", "fp8")],
)
def test_a_plan_with_what_only_a_later_version_knows_is_left_alone(
    tmp_path: Path, part: str, name: str, value: object
) -> None:
    """It is not damaged: to write it anew would lose what it says."""
    opened(tmp_path)
    path = tmp_path / "sweep.json"
    document = json.loads(path.read_text())
    parts = {**document, "recipe": document["settings"]["recipe"]}
    parts[part][name] = value
    path.write_text(text := json.dumps(document))
    for look in (opened, read_sweep):
        with pytest.raises(ArchscopeError, match=r"does not know .* use the version that wrote it"):
            look(tmp_path)
    assert path.read_text() == text and not path.with_name("sweep.json.damaged").exists()


def test_a_setting_that_only_a_later_version_knows_is_read_and_not_continued(
    tmp_path: Path,
) -> None:
    opened(tmp_path)
    path = tmp_path / "sweep.json"
    document = json.loads(path.read_text())
    document["settings"]["mixup"] = 0.2
    path.write_text(json.dumps(document))
    assert len(keys(tmp_path)) == 4
    with pytest.raises(UsageError, match=r"mixup 0\.2 there, none asked"):
        opened(tmp_path)


def test_on_another_host_of_the_same_kind_it_says_what_that_means(tmp_path: Path) -> None:
    opened(tmp_path)
    path = tmp_path / "sweep.json"
    document = json.loads(path.read_text())
    document["environment"]["host"] = "another"
    path.write_text(json.dumps(document))
    [note] = opened(tmp_path).notes
    assert "begun on another host (another, here" in note
    assert folders.join_folder(tmp_path, MACHINE, DATASET).notes == (note,)


def test_who_joins_needs_the_same_data_wherever_they_are(tmp_path: Path) -> None:
    opened(tmp_path)
    joined = folders.join_folder(tmp_path, MACHINE, replace(DATASET, folder="/here"))
    assert joined.plan.dataset.folder == "/here"
    assert joined.plan.trials[0].conditions.dataset.folder == "/here"
    with pytest.raises(UsageError, match="sha256:1 there, sha256:2 here"):
        folders.join_folder(tmp_path, MACHINE, replace(DATASET, fingerprint="sha256:2"))


def test_begun_under_other_versions_it_goes_on_with_a_warning(tmp_path: Path) -> None:
    opened(tmp_path)
    path = tmp_path / "sweep.json"
    document = json.loads(path.read_text())
    document["environment"]["torch"] = "1.0"
    path.write_text(json.dumps(document))
    before = keys(tmp_path)
    [note] = opened(tmp_path).notes
    assert "torch 1.0 -> " in note and "bit for bit" in note
    assert keys(tmp_path) == before


def test_the_data_may_have_moved(tmp_path: Path) -> None:
    opened(tmp_path, data=replace(DATASET, folder="/old"))
    before = keys(tmp_path)
    opened(tmp_path, data=replace(DATASET, folder="/new"))
    assert keys(tmp_path) == before
    assert read_sweep(tmp_path).trials[0].trial.conditions.dataset.folder == "/new"


def test_a_folder_with_something_else_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(UsageError, match="not empty"):
        opened(tmp_path)
    with pytest.raises(UsageError, match="is a file"):
        folders.existing(tmp_path / "thesis.tex")


def test_where_nothing_can_be_written_it_says_so_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ArchscopeError, match="cannot be written"):
        opened(tmp_path / "file" / "sweep")
    with (
        pytest.raises(ArchscopeError, match="cannot be written"),
        folders.locked(tmp_path / "file" / "sweep"),
    ):
        pass


def test_too_many_open_files_say_nothing_of_the_folder(tmp_path: Path) -> None:
    with pytest.raises(ArchscopeError, match="ulimit -n"), folders.explained(tmp_path):
        raise OSError(errno.EMFILE, "Too many open files")


def test_the_default_folder_is_a_function_of_what_was_asked() -> None:
    chosen = asked.settings("quick")
    resources = {"device": None, "threads": None, "precision": None}
    name = folders.default_folder(chosen, resources)
    assert name == folders.default_folder(asked.settings("quick"), dict(resources))
    assert name.parent == Path("runs") and name.name.startswith("cifar-sweep-quick-")
    assert name != folders.default_folder(asked.settings("quick", seeds=5), resources)
    assert name != folders.default_folder(chosen, {**resources, "device": "cpu"})


def _hold(folder: str, ready: Any, done: Any) -> None:
    with folders.locked(Path(folder)):
        ready.set()
        done.wait(30)


def test_while_one_sweep_plans_in_a_folder_others_wait_for_their_turn(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    ready, done = context.Event(), context.Event()
    holder = context.Process(target=_hold, args=(os.fspath(tmp_path), ready, done))
    holder.start()
    assert ready.wait(30)
    with (
        pytest.raises(ArchscopeError, match="Another cifar-sweep has been planning"),
        folders.locked(tmp_path, patience=0.1),
    ):
        pass
    done.set()
    with folders.locked(tmp_path):
        pass
    holder.join()
