"""What a sweep's table and figures say: data, recipe, machine, what is missing or failed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from archscope.errors import plural
from archscope.reporting.facts.points import STATUSES, points
from archscope.sweep.plan.reading import flat
from archscope.sweep.plan.subjects import is_template
from archscope.sweep.store.records import Sweep, TrialRecord
from archscope.training.recipe import Recipe
from archscope.training.recipe import recipe as named_recipe

# The experiment of the ResNeXt paper's Figure 7 and Table 7; anything less is a proxy of it.
PAPER = {"dataset": "cifar10", "depth": 29, "scale": 1.0, "samples": None}
PAPER_RECIPE = "resnext"
PAPER_SEEDS = 10
AT_CHANCE = 1.1  # times as often right as by guessing; up to there a network has learned nothing
MOST_NAMED = 6
# What a trial's environment says of the machine, and how several are named.
_MACHINES = {
    "processor": "processors",
    "device": "devices",
    "device_name": "GPUs",
    "host": "hosts",
}


def data_label(sweep: Sweep) -> str:
    """The data set's name for a title; the built-in set is said to be built in, and not CIFAR."""
    label = sweep.plan.dataset.label
    if sweep.plan.dataset.name != "shapes":
        return label
    built_in = label if "built-in" in label else f"{label} (built-in data set)"
    return f"{built_in}, not CIFAR"


def epochs_label(sweep: Sweep) -> str:
    """`10 epochs`."""
    return plural(sweep.plan.settings.recipe.epochs, "epoch")


def seeds_label(sweep: Sweep) -> str:
    """`3 seeds`; `1 to 3 of 3 seeds` where networks have finished trials in unequal numbers.

    `3 to 5 seeds` where so many were asked for, of one network and another.
    """
    every = points(sweep)
    planned = _span([point.planned for point in every] or [len(sweep.plan.settings.seeds)])
    found = [point.test_error.n for point in every if point.test_error.n]
    if not found or all(point.complete for point in every):
        return planned
    return f"{_span(found).partition(' seed')[0]} of {planned}"


def _span(numbers: Sequence[int]) -> str:
    """`3 seeds`, `3 to 5 seeds`."""
    low, high = min(numbers), max(numbers)
    return plural(high, "seed") if low == high else f"{low:,} to {plural(high, 'seed')}"


def samples_label(sweep: Sweep) -> str:
    """`20,000 training images`, or `all training images`."""
    samples = sweep.plan.settings.samples
    return "all training images" if samples is None else plural(samples, "training image")


def holdout(sweep: Sweep) -> int:
    """Training images that were set aside for validation."""
    return sweep.plan.settings.view.holdout


def view_sentences(sweep: Sweep) -> list[str]:
    """What was made of the data, where that is not what was published."""
    view = sweep.plan.settings.view
    sentences = []
    if held := holdout(sweep):
        sentences.append(
            f"{plural(held, 'training image')}, as many of each class, were held out: each "
            "epoch was judged on them, and the test set was used once, after the last epoch."
        )
    if part := view.test_samples:
        sentences.append(
            f"Epochs before the last were judged on {plural(part, 'test image')}, the same every "
            "time; the last on the whole test set."
        )
    if view.whiten:
        sentences.append(
            "Images are contrast-normalised and ZCA-whitened, fitted to the images that train."
        )
    if crop := view.test_crop:
        sentences.append(f"Test images are cropped to {crop}x{crop}.")
    if listed := view.test_classes:
        sentences.append(
            "Test images are those of "
            f"{plural(len(listed), 'listed class')}; test_error is among "
            "all classes, test_error_listed among these alone."
        )
    return sentences


def family_label(sweep: Sweep) -> str:
    """`ResNeXt-11 at scale 0.125`: what the templates are templates of, or how many networks."""
    settings, entries = sweep.plan.settings, sweep.plan.networks
    subjects = settings.subjects
    if settings.kind == "train":
        return subjects.templates[0]
    if not any(is_template(entry.template) for entry in entries):
        return plural(len(entries), "named network")
    scale = f" at scale {subjects.scale:g}" if subjects.scale != 1 else ""
    return f"ResNeXt-{subjects.depth}{scale}"


def proxy_differences(sweep: Sweep) -> list[str]:
    """In what the sweep is less than the paper's experiment; empty where it is that experiment."""
    settings, dataset = sweep.plan.settings, sweep.plan.dataset
    subjects = settings.subjects
    differences = []
    if dataset.name != PAPER["dataset"]:
        differences.append(f"{data_label(sweep)} instead of CIFAR-10")
    elif not dataset.official:
        differences.append(f"{data_label(sweep)} instead of the official files")
    templates = [e for e in sweep.plan.networks if is_template(e.template)]
    if (subjects.depth, subjects.scale) != (PAPER["depth"], PAPER["scale"]) and templates:
        differences.append(f"{family_label(sweep)} instead of ResNeXt-29")
    if settings.samples is not None:
        differences.append(f"{samples_label(sweep)} instead of all")
    if others := [e.network for e in sweep.plan.networks if not is_template(e.template)]:
        beside = "besides" if templates else "instead of"
        named = ", ".join(others) if len(others) <= 4 else plural(len(others), "named network")
        differences.append(f"{named} {beside} ResNeXt-29")
    if held := holdout(sweep):
        differences.append(f"{plural(held, 'training image')} held out")
    if settings.view.whiten:
        differences.append("whitened images")
    differences += _recipe_differences(settings.recipe)
    if sweep.plan.machine.precision != "fp32":
        differences.append(f"precision {sweep.plan.machine.precision} instead of fp32")
    if len(settings.seeds) < PAPER_SEEDS:
        differences.append(f"{plural(len(settings.seeds), 'seed')} instead of {PAPER_SEEDS}")
    return differences


def likeness(sweep: Sweep) -> str:
    """How the sweep stands to the ResNeXt paper's experiment; "" where it has none of its networks.

    A population of one's own is no proxy of that paper.
    """
    if not any(is_template(entry.template) for entry in sweep.plan.networks):
        return ""
    if differences := proxy_differences(sweep):
        return (
            "This is a proxy of the paper's experiment, and its errors are not comparable with the "
            f"published ones: {'; '.join(differences)}."
        )
    return "The setting is that of the ResNeXt paper's Figure 7 and Table 7."


def means_sentence(sweep: Sweep) -> str:
    """What the test errors of a sweep's table are: means over seeds, or those of one."""
    if max((point.planned for point in points(sweep)), default=1) > 1:
        of = (
            "mean ± standard error over n seeds (sample standard deviation / √n)"
            if any(point.test_error.n > 1 for point in points(sweep))
            else "of one seed so far, so without a standard error"
        )
    else:
        of = "of one seed, so without a standard error"
    return f"Test error (%) of the final epoch, {of}; lower is better."


def chance_sentences(sweep: Sweep) -> list[str]:
    """Which networks have learned nothing: their error is that of guessing among the classes."""
    classes = sweep.plan.dataset.classes
    guessing, least = (100 * (1 - share / classes) for share in (1, AT_CHANCE))
    named = [
        f"{point.template} ({point.test_error.mean:.1f} %)"
        for point in points(sweep)
        if point.test_error.mean is not None and point.test_error.mean >= least
    ]
    if not named or classes < 2:
        return []
    shown = ", ".join(named[:MOST_NAMED])
    more = f" and {len(named) - MOST_NAMED:,} more" if len(named) > MOST_NAMED else ""
    return [
        f"At chance level, so nothing is known of them by this training: {shown}{more}; guessing "
        f"among {plural(classes, 'class')} has {guessing:.1f} % error."
    ]


def _recipe_differences(recipe: Recipe) -> list[str]:
    """How a recipe differs from appendix A's: by name, or number for number under that name."""
    mine, theirs = flat(recipe.to_dict()), flat(named_recipe(PAPER_RECIPE).to_dict())
    if mine["name"] != theirs["name"]:
        return [
            f"{'recipe' if key == 'name' else key} {mine[key]} instead of {theirs[key]}"
            for key in ("name", "epochs", "batch")
            if mine[key] != theirs[key]
        ]
    return [
        f"{key} {mine.get(key, 'none')} instead of {theirs.get(key, 'none')}"
        for key in {**theirs, **mine}
        if mine.get(key) != theirs.get(key)
    ]


def recipe_sentence(sweep: Sweep) -> str:
    """The recipe in one sentence."""
    recipe = sweep.plan.settings.recipe
    parts = [
        epochs_label(sweep),
        f"batch {recipe.batch}",
        *(["AdamW"] if recipe.adamw else ["RMSProp"] if recipe.rmsprop else []),
        f"learning rate {recipe.optimizer.lr:g}",
        f"weight decay {recipe.optimizer.weight_decay:g}",
        *([f"label smoothing {recipe.label_smoothing:g}"] if recipe.label_smoothing else []),
        *([f"drop path {recipe.drop_path:g}"] if recipe.drop_path else []),
    ]
    return (
        f"Recipe {recipe.name}: {', '.join(parts)}; errors are those of the final epoch, "
        "never of the best one."
    )


def machine_sentence(sweep: Sweep) -> str:
    """Hardware, threads, precision and versions, in one sentence."""
    machine = sweep.plan.machine
    environments = [
        record.result.environment for record in sweep.trials if record.result is not None
    ] or [sweep.plan.environment]
    processors = _values(environments, "processor") or ["an unknown processor"]
    gpus = [name for name in _values(environments, "device_name") if machine.device == "cuda"]
    versions = [
        f"{name} {' and '.join(values)}"
        for name in ("torch", "numpy", "python", "archscope")
        if (values := _values(environments, name))
    ]
    threads = plural(machine.threads, "thread")
    head = f", the last layer {machine.head}" if machine.head else ""
    return (
        f"Trained on {' and '.join([*gpus, *processors])} (device {machine.device}, {threads} a "
        f"trial, {plural(machine.workers, 'trial')} at a time), precision "
        f"{machine.precision}{head}; {', '.join(versions) or 'versions unknown'}."
    )


def timing_sentences(sweep: Sweep) -> list[str]:
    """How far the training times of a sweep may be put beside each other."""
    sentences = []
    if sweep.plan.machine.workers > 1:
        sentences.append("Training time was measured while trials ran side by side.")
    environments = [
        record.result.environment
        for record in sweep.trials
        if record.result is not None and record.status == "done"
    ]
    differing = [
        f"{noun} {' and '.join(values)}" if len(values) <= 3 else f"{len(values):,} {noun}"
        for name, noun in _MACHINES.items()
        if len(values := _values(environments, name)) > 1
    ]
    if differing:
        sentences.append(
            f"Training times are from different machines ({'; '.join(differing)}): a difference "
            "may be the machine's, not the network's."
        )
    return sentences


def trouble(sweep: Sweep) -> list[str]:
    """Sentences on what is missing from the means: unfinished, diverged and failed trials."""
    groups = {s: [r for r in sweep.trials if r.status == s] for s in STATUSES}
    total = len(sweep.trials)
    sentences = []
    if groups["running"] or groups["pending"]:
        ended = total - len(groups["running"]) - len(groups["pending"])
        sentences.append(
            f"Unfinished: {ended} of {plural(total, 'trial')} ended, {len(groups['running'])} "
            f"begun, {len(groups['pending'])} not begun."
        )
    for status in ("diverged", "failed"):
        if groups[status]:
            named = "; ".join(map(_named, groups[status]))
            sentences.append(f"{status.capitalize()}, left out of the means: {named}.")
    return sentences


def _named(record: TrialRecord) -> str:
    said = f" ({record.reason.strip().rstrip('.')})" if record.reason else ""
    return f"{record.trial.name}{said}"


def _values(environments: Sequence[Mapping[str, Any]], name: str) -> list[str]:
    """The different values, in the order of their appearance."""
    found: Iterable[Any] = (environment.get(name) for environment in environments)
    return list(dict.fromkeys(str(value) for value in found if value is not None))
