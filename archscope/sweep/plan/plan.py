"""What a sweep is to train: settings, presets, the two curves of Figure 7, and the trials.

    settings("quick", epochs=3)  ->  Settings  ->  networks(...)  ->  trials(...)

A trial's key hashes all that decides its result, so that equal keys mean equal numbers, and a
folder can be continued, extended and moved. No torch: planning only names and counts networks.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from archscope.arch.families.own import lowered
from archscope.arch.names import parse
from archscope.arch.network import Network
from archscope.arch.shape import Shape
from archscope.cost import count
from archscope.data.sets.folder import NAME as FILES
from archscope.data.view import VIEW_FIELDS, View
from archscope.errors import UsageError
from archscope.sweep.plan.presets import PRESETS
from archscope.training.recipe import Recipe, recipe

_TEMPLATE = re.compile(r"([1-9]\d*)x([1-9]\d*)d")
_ALMOST_TEMPLATE = re.compile(r"[\dx.]*d?")
_NAME = re.compile(r"(?:[^,(]|\([^)]*\)?)+")
_LARGEST_SEED = 2**31 - 1
CIFAR: Shape = (3, 32, 32)


def input_of(dataset: str) -> Shape | None:
    """The input that a data set gives whole names: None where images have any size."""
    return None if dataset == FILES else CIFAR


@dataclass(frozen=True)
class Subjects:
    """Which networks: `templates` (`CxWd`, or whole names) of ResNeXt-`depth` at a `scale`."""

    depth: int
    scale: float
    templates: tuple[str, ...]


@dataclass(frozen=True)
class Settings:
    """What was asked, the preset filled in; nothing here depends on the machine.

    Attributes:
        preset: the preset's name.
        dataset: a name that `archscope.data.load` knows.
        view: what is made of it: `samples`, `holdout` and the like.
        subjects: the networks.
        recipe: how each is trained.
        seeds: one training of each network for each.
    """

    preset: str
    dataset: str
    view: View
    subjects: Subjects
    recipe: Recipe
    seeds: tuple[int, ...]

    @property
    def samples(self) -> int | None:
        """Training images (class-balanced subset), or `None` for all."""
        return self.view.samples

    def document(self) -> dict[str, Any]:
        """The settings as JSON, as `sweep.json` keeps them."""
        return {
            "preset": self.preset,
            "dataset": self.dataset,
            "samples": self.samples,
            **self.view.to_dict(),
            "depth": self.subjects.depth,
            "scale": self.subjects.scale,
            "templates": list(self.subjects.templates),
            "seeds": list(self.seeds),
            "recipe": self.recipe.to_dict(),
        }


@dataclass(frozen=True)
class Machine:
    """What trains: the device kind, its precision, threads per trial, trials at a time.

    `compile`, where torch is to compile the networks, else None. `measured`, where the threads were
    chosen by trying: images a second of the whole machine, by threads of a trial.
    """

    device: str
    precision: str
    threads: int
    workers: int
    compile: Literal[True] | None = None
    measured: Mapping[str, float] | None = None

    def document(self) -> dict[str, Any]:
        """The machine as `sweep.json` keeps it."""
        return {name: value for name, value in asdict(self).items() if value is not None}


@dataclass(frozen=True)
class Entry:
    """A network of the plan, as one object of `sweep.json`'s list `networks`."""

    template: str
    network: str
    curves: tuple[str, ...]
    counts: Mapping[str, int]
    digest: str

    def document(self) -> dict[str, Any]:
        """The entry as JSON."""
        return {
            "template": self.template,
            "network": self.network,
            "curves": list(self.curves),
            **self.counts,
            "digest": self.digest,
        }


def settings(preset: str = "proxy", **changes: Any) -> Settings:
    """The preset's settings with `changes`; one that is `None` leaves the preset's value.

    Args:
        preset: "paper", "proxy" or "quick".
        changes: any of `dataset`, `samples` (0: all), `depth`, `scale`, `templates` (a sequence,
            or a string with commas), `seeds` (see `parse_seeds`), `recipe` (a name), `epochs`,
            `batch`, `lr`; `holdout`, `whiten`, `test_crop`, `test_classes` (see
            `archscope.data.view`). Another recipe than the preset's brings its own epochs.

    Raises `UsageError` for a value that cannot be, with the rule that it broke.
    """
    if preset not in PRESETS:
        raise UsageError(f"preset {preset!r} is unknown: choose from {', '.join(PRESETS)}.")
    values = {"batch": None, "lr": None, **dict.fromkeys(VIEW_FIELDS), **PRESETS[preset]}
    if unknown := sorted(set(changes) - set(values)):
        raise UsageError(f"{', '.join(unknown)}: a sweep has {', '.join(sorted(values))}.")
    given = {name: value for name, value in changes.items() if value is not None}
    if given.get("recipe", values["recipe"]) != values["recipe"] and "epochs" not in given:
        given["epochs"] = None
    values.update(given)
    depth = _positive("depth", values["depth"])
    scale = float(values["scale"])
    if not 0 < scale <= 1024:
        raise UsageError(f"scale {scale:g} must be a positive factor, such as 0.25.")
    return Settings(
        preset=preset,
        dataset=str(values["dataset"]),
        view=view_of(values),
        subjects=Subjects(depth, scale, parse_templates(values["templates"])),
        recipe=recipe(
            values["recipe"], epochs=values["epochs"], batch=values["batch"], lr=values["lr"]
        ),
        seeds=parse_seeds(values["seeds"]),
    )


def view_of(values: Mapping[str, Any]) -> View:
    """The view among settings; one that is `None` is the default, and 0 samples are all."""
    given = {name: values[name] for name in VIEW_FIELDS if values.get(name) is not None}
    samples = given.pop("samples", None)
    return View(samples=_positive("samples", samples) if samples else None, **given)


def parse_seeds(seeds: int | str | Sequence[int]) -> tuple[int, ...]:
    """Read seeds: 3 or "3" are seeds 1, 2, 3; "1,2,5" and (1, 2, 5) are those; "7," is 7 alone."""
    if isinstance(seeds, str):
        parts = [part.strip() for part in seeds.split(",")]
        if not all(re.fullmatch("-?[0-9]+", part) for part in parts if part) or not any(parts):
            raise UsageError(f"seeds {seeds!r} must be a number of seeds, or a list such as 1,2,5.")
        numbers = [int(part) for part in parts if part]
        seeds = numbers if "," in seeds else numbers[0]
    if isinstance(seeds, int):
        if not 1 <= seeds <= 1_000_000:
            raise UsageError(
                f"seeds {seeds} must be 1 to 1,000,000: that many trainings per network."
            )
        return tuple(range(1, seeds + 1))
    chosen = tuple(dict.fromkeys(int(seed) for seed in seeds))
    if not chosen or not all(0 <= seed <= _LARGEST_SEED for seed in chosen):
        raise UsageError(f"seeds {list(chosen)} must be one or more of 0 ... {_LARGEST_SEED}.")
    return chosen


def is_template(text: str) -> bool:
    """Whether it is a template CxWd, rather than the name of a whole network."""
    return _TEMPLATE.fullmatch(text) is not None


def parse_templates(templates: str | Sequence[str]) -> tuple[str, ...]:
    """Read templates, "1x64d,8x64d" or a sequence of them; other strings must name networks.

    A comma in parentheses is a part of the name: wrn_16_2-B(3,1,3).
    """
    parts = _NAME.findall(templates) if isinstance(templates, str) else list(templates)
    chosen = tuple(dict.fromkeys(lowered(part.strip()) for part in parts if part.strip()))
    if not chosen:
        raise UsageError("templates: name at least one, such as 1x64d,8x64d.")
    for template in chosen:
        if _ALMOST_TEMPLATE.fullmatch(template) and not is_template(template):
            raise UsageError(
                f"template {template!r} is not CxWd with cardinality C and width W of 1 or more: "
                "write it as 8x64d."
            )
    return chosen


def curves(templates: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Which of Figure 7's curves each template stands on: "cardinality", "width", both or none.

    Cardinality 1 stands on the width curve; the most common width (the first of them, in a tie)
    makes the cardinality curve. A curve whose only template stands on the other one is left out.
    """
    pairs = {
        template: (int(match[1]), int(match[2]))
        for template in templates
        if (match := _TEMPLATE.fullmatch(template))
    }
    common = Counter(width for _, width in pairs.values()).most_common(1)
    width_curve = [name for name, (cardinality, _) in pairs.items() if cardinality == 1]
    cardinality_curve = [name for name, (_, width) in pairs.items() if width == common[0][0]]
    if len(cardinality_curve) == 1 and cardinality_curve[0] in width_curve:
        cardinality_curve = []
    elif len(width_curve) == 1 and width_curve[0] in cardinality_curve:
        width_curve = []
    members = {"cardinality": cardinality_curve, "width": width_curve}
    return {
        template: tuple(curve for curve, names in members.items() if template in names)
        for template in templates
    }


def networks(
    subjects: Subjects, classes: int | None = None, input_shape: Shape | None = CIFAR
) -> dict[str, Network]:
    """Each template's network, by template; whole names for `input_shape` (None: their own).

    Raises `UsageError` for a name or a scale that gives no network, or a network named twice.
    """
    found = {
        template: _network(subjects, template, classes, input_shape)
        for template in subjects.templates
    }
    names = Counter(network.name for network in found.values())
    if twice := [name for name, times in names.items() if times > 1]:
        raise UsageError(f"templates: {', '.join(twice)} is asked for twice: name it once.")
    return found


def entries(found: Mapping[str, Network]) -> list[Entry]:
    """The plan's list of networks, counted, with the curves each stands on."""
    standing = curves(list(found))
    listed = []
    for template, network in found.items():
        total = count(network)
        counts = {name: int(getattr(total, name)) for name in ("params", "macs", "activations")}
        listed.append(
            Entry(template, network.name, standing[template], counts, network_digest(network))
        )
    return listed


def network_digest(network: Network) -> str:
    """12 hexadecimal digits of the tree, the input shape and the initialisation.

    So a trial of a user's own family is known by what the file made, whatever else changes in it.
    """
    return _digest([repr(network.tree), list(network.input), network.init])


def trial_key(
    entry: Entry, settings: Settings, seed: int, fingerprint: str, machine: Machine
) -> str:
    """The trial's name: `8x64d-s1-` and a hash of all that decides its result.

    That is the network, its definition, the recipe, the seed, the data and the subset of it, and
    the device kind, precision and threads: on another of these the numbers differ in the last bits.
    """
    [key] = trial_keys(entry, replace(settings, seeds=(seed,)), fingerprint, machine)
    return key


def trial_keys(
    entry: Entry, settings: Settings, fingerprint: str, machine: Machine
) -> Iterator[str]:
    """The `trial_key` of each of the settings' seeds, 100,000 of them in a second."""
    decisive = {
        "network": entry.network,
        "definition": entry.digest,
        "recipe": settings.recipe.to_dict(),
        "seed": "SEED",
        "data": fingerprint,
        "samples": settings.samples,
        **settings.view.to_dict(),
        "device": machine.device,
        "precision": machine.precision,
        "threads": machine.threads,
        **({"compile": True} if machine.compile else {}),
    }
    before, after = _json(decisive).split('"seed": "SEED"')
    label = re.sub(r"[^a-z0-9_.]+", "_", entry.template)
    for seed in settings.seeds:
        digest = _hashed(before + f'"seed": {seed}' + after)
        yield f"{label}-s{seed}-{digest}"


def _network(
    subjects: Subjects, template: str, classes: int | None, input_shape: Shape | None
) -> Network:
    if is_template(template):
        scale = "" if subjects.scale == 1 else f"@{subjects.scale:.12g}"
        return parse(f"cifar_resnext{subjects.depth}_{template}{scale}", classes=classes)
    return parse(template, classes=classes, input_shape=input_shape)


def _positive(name: str, value: Any) -> int:
    if isinstance(value, bool) or int(value) != value or value < 1:
        raise UsageError(f"{name} {value} must be a whole number of at least 1.")
    return int(value)


def _digest(value: Any) -> str:
    return _hashed(_json(value))


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, allow_nan=False)


def _hashed(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:12]
