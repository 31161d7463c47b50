"""Which networks a plan trains: templates of ResNeXt, or whole names; Figure 7's two curves."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from archscope.arch.families.own import lowered
from archscope.arch.names import parse
from archscope.arch.network import Network
from archscope.arch.windows import Shape
from archscope.data.sets.folder import NAME as FILES
from archscope.documents import Within
from archscope.errors import UsageError

_TEMPLATE = re.compile(r"([1-9]\d*)x([1-9]\d*)d")
_ALMOST_TEMPLATE = re.compile(r"[\dx.]*d?")
_NAME = re.compile(r"(?:[^,(]|\([^)]*\)?)+")
CIFAR: Shape = (3, 32, 32)


def input_of(dataset: str) -> Shape | None:
    """The input that a data set gives whole names: None where images have any size."""
    return None if dataset == FILES else CIFAR


@dataclass(frozen=True)
class Subjects:
    """Which networks: `templates` (`CxWd`, or whole names) of ResNeXt-`depth` at a `scale`."""

    depth: Annotated[int, Within(0, 10**6)]
    scale: Annotated[float, Within(1e-9, 1024)]
    templates: tuple[str, ...]


def is_template(text: str) -> bool:
    """Whether it is a template CxWd, rather than the name of a whole network."""
    return _TEMPLATE.fullmatch(text) is not None


def parse_templates(templates: str | Sequence[str]) -> tuple[str, ...]:
    """Read templates, "1x64d,8x64d" or a sequence of them; other strings must name networks.

    A comma in parentheses is a part of the name: wrn_16_2-B(3,1,3).
    """
    parts = separated(templates) if isinstance(templates, str) else list(templates)
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


def separated(text: str) -> list[str]:
    """The names of a list with commas; one in parentheses is a part of its name."""
    return [part.strip() for part in _NAME.findall(text) if part.strip()]


def curves(templates: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Which of Figure 7's curves each template is on: "cardinality", "width", both or none.

    Cardinality 1 is on the width curve; the most common width (the first of them, in a tie)
    makes the cardinality curve. A curve whose only template is on the other one is left out.
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
        raise UsageError(f"templates: {', '.join(twice)} is named twice: name it once.")
    return found


def _network(
    subjects: Subjects, template: str, classes: int | None, input_shape: Shape | None
) -> Network:
    if is_template(template):
        scale = "" if subjects.scale == 1 else f"@{subjects.scale:.12g}"
        return parse(f"cifar_resnext{subjects.depth}_{template}{scale}", classes=classes)
    return parse(template, classes=classes, input_shape=input_shape)
