"""A finished sweep's folder with made-up numbers, written in milliseconds: for tests.

The errors fall with the logarithm of the parameters, a little faster along the cardinality curve;
a seed shifts them by a fixed amount, so that standard errors can be worked out by hand.
"""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

from archscope.training.recipe import recipe as named_recipe

CARDINALITY = ("1x64d", "2x64d", "4x64d", "8x64d")
WIDTH = ("1x64d", "1x96d", "1x160d", "1x256d")
DATASET = {
    "name": "cifar10",
    "label": "CIFAR-10 (JPEG)",
    "folder": None,
    "classes": 10,
    "fingerprint": "sha256:" + "0" * 64,
    "official": False,
}
ENVIRONMENT = {
    "host": "example",
    "platform": "Linux-x86_64",
    "processor": "Example CPU",
    "python": "3.11.7",
    "torch": "2.13.0+cpu",
    "archscope": "0.1.0",
}


def write_fake_sweep(
    folder: Path,
    *,
    templates: tuple[str, ...] = CARDINALITY + WIDTH[1:],
    seeds: tuple[int, ...] = (1, 2, 3),
    epochs: int = 5,
    statuses: dict[tuple[str, int], str] | None = None,
    noise: float = 0.0,
) -> Path:
    """Write a sweep of `templates` x `seeds` to `folder` and return it.

    `statuses[template, seed]` is "done" where it is not given; else "diverged" or "failed" (with a
    reason), "running" (half of the epochs, a torn last line, no result) or "pending" (nothing).
    `noise` moves each error by that much (points) down, up or not at all.
    """
    statuses = statuses or {}
    folder.mkdir(parents=True, exist_ok=True)
    document = _document(templates, seeds, epochs)
    _write(folder / "sweep.json", document)
    networks = {network["network"]: network for network in document["networks"]}
    for trial in document["trials"]:
        network = networks[trial["network"]]
        status = statuses.get((network["template"], trial["seed"]), "done")
        if status == "pending":
            continue
        shared = {
            "dataset": document["dataset"],
            "samples": document["settings"]["samples"],
            "recipe": document["settings"]["recipe"],
            **{name: document["machine"][name] for name in ("device", "precision", "threads")},
        }
        trial_json = {"schema": "archscope.trial/1", **trial, **network, **shared}
        _write_trial(folder / "trials" / trial["key"], trial_json, status)
        if noise and status == "done":
            step = noise * ((templates.index(network["template"]) * trial["seed"]) % 3 - 1)
            _move(folder / "trials" / trial["key"] / "result.json", step)
    return folder


def _move(path: Path, step: float) -> None:
    result = json.loads(path.read_text())
    result["metrics"]["test_error"] += step
    _write(path, result)


def fake_error(template: str, seed: int) -> float:
    """The final test error in % that the folder gives to this template and seed."""
    network = _network(template)
    slope = 6.0 if template.startswith("1x") else 8.0
    fall = slope * math.log10(network["params"] / _network("1x64d")["params"])
    return round(40.0 - fall + (seed - 2) * 0.5, 4)


def _document(templates: tuple[str, ...], seeds: tuple[int, ...], epochs: int) -> dict[str, Any]:
    networks = [_network(template) for template in templates]
    recipe = named_recipe("proxy", epochs=epochs, lr=0.1).to_dict()
    return {
        "schema": "archscope.sweep/1",
        "created": "2026-01-01T00:00:00+00:00",
        "command": ["archscope", "cifar-sweep"],
        "settings": {
            "preset": "proxy",
            "dataset": "cifar10",
            "samples": 20000,
            "depth": 11,
            "scale": 0.125,
            "templates": list(templates),
            "seeds": list(seeds),
            "recipe": recipe,
        },
        "dataset": DATASET,
        "machine": {"device": "cpu", "precision": "bf16", "threads": 1, "workers": 2},
        "networks": networks,
        "trials": [
            {
                "key": f"{re.sub('[@-]', '_', n['template'])}-s{seed}-0123456789ab",
                "network": n["network"],
                "seed": seed,
            }
            for n in networks
            for seed in seeds
        ],
        "environment": ENVIRONMENT,
    }


def _network(template: str) -> dict[str, Any]:
    """A template of the sweep's family, or a network by its name, which stands on no curve."""
    found = re.fullmatch(r"(\d+)x(\d+)d", template)
    cardinality, width = map(int, found.groups()) if found else (1, 8 * len(template))
    curves = ["cardinality"] if found and width == 64 else []
    curves += ["width"] if found and cardinality == 1 else []
    group = cardinality * width / 8
    return {
        "template": template,
        "network": f"resnext11_{template}@0.125" if found else template,
        "curves": curves,
        "params": int(20_000 + 300 * group + 8 * cardinality * width * width),
        "macs": int(2_000_000 + 60_000 * group),
        "activations": int(100_000 + 2_000 * group),
        "digest": "0" * 12,
    }


def _write_trial(folder: Path, trial: dict[str, Any], status: str) -> None:
    total = trial["recipe"]["epochs"]
    count = total if status == "done" else total // 2
    lines = [_epoch(trial, number, total) for number in range(1, count + 1)]
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / "trial.json", trial)
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (folder / "metrics.jsonl").write_text(text + ('{"epoch": ' if status == "running" else ""))
    if status != "running":
        _write(folder / "result.json", _result(trial, lines, status))


def _epoch(trial: dict[str, Any], number: int, total: int) -> dict[str, Any]:
    final = fake_error(trial["template"], trial["seed"])
    test = round(final + (90 - final) * (1 - number / total) ** 2, 4)
    return {
        "epoch": number,
        "train_loss": round(test / 40, 4),
        "train_error": round(test * 0.9, 4),
        "test_loss": round(test / 35, 4),
        "test_error": test,
        "lr": round(0.1 * (1 - number / total), 6),
        "images_per_second": 2000.0,
        "seconds": 10.0,
    }


def _result(trial: dict[str, Any], lines: list[dict[str, Any]], status: str) -> dict[str, Any]:
    if status == "failed":
        return {
            "schema": "archscope.result/1",
            "key": trial["key"],
            "status": "failed",
            "reason": "RuntimeError: made up for a test",
            "metrics": {},
            "timing": {},
            "environment": ENVIRONMENT,
        }
    names = ("train_loss", "train_error", "test_loss", "test_error", "lr")
    metrics: dict[str, Any] = {"epochs": len(lines)}
    metrics["per_epoch"] = {name: [line[name] for line in lines] for name in names}
    done = status == "done"
    metrics["test_error"] = lines[-1]["test_error"] if done else None
    metrics["train_error"] = lines[-1]["train_error"] if done else None
    return {
        "schema": "archscope.result/1",
        "key": trial["key"],
        "status": status,
        **({} if done else {"reason": "the training loss became NaN in epoch 3"}),
        "metrics": metrics,
        "timing": {"seconds": 10.0 * len(lines), "images_per_second": 2000.0},
        "environment": ENVIRONMENT,
    }


def _write(path: Path, document: dict[str, Any]) -> None:
    path.write_text(json.dumps(document, indent=1) + "\n", "utf-8")
