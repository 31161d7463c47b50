"""The keys of another program's state dict, as templates of ours."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple, TypeAlias

from archscope.arch.network import Network

_PLACE = re.compile(r"\[([^]+]*)(?:\+(\d+))?\]")


class Keys(NamedTuple):
    r"""How another program names the weights of a family.

    A rule is a regular expression of the beginning of our key, up to a dot or the end, and what
    stands in its place in theirs; what follows is kept. The first rule that matches counts. In what
    it gives, `\1` is the first group of the expression, and `[word]` the place of a word among the
    different ones that appear there, in the order of the tree, counted from 0 (`[word+1]`: from 1).
    Layers without weights are counted too, where a rule matches them. So `{r"(conv|act|pool)\d*":
    r"features.[\g<0>]"}` numbers layers as `nn.Sequential` does.

    Attributes:
        rules: by expression.
        flat: the expression of our weights that they have without the map of 1x1: (out, in), as
            those of a linear layer, not (out, in, 1, 1).
        older: the expression of a part of their keys in older files, and what stands there now.
        version: that a state dict must say it has, where their model asks for it.
        called: names of theirs for the network, where its family's own names are none.
        refused: the rule and the fix, where their network of these keys computes something else;
            `{name}` stands for the name of ours.
        note: the same way, what their keys leave open: said where such weights are loaded.
    """

    rules: Mapping[str, str]
    flat: str | None = None
    older: tuple[str, str] | None = None
    version: int | None = None
    called: tuple[str, ...] = ()
    refused: str | None = None
    note: str | None = None

    def named(self, ours: Iterable[str]) -> dict[str, str]:
        """Their names by ours, of those that a rule matches.

        Args:
            ours: keys (`layer1.0.conv1.weight`) and the paths of layers without weights
                (`layer1.0.act`), in the order of the tree.
        """
        found: dict[str, str] = {}
        words: dict[str, dict[str, int]] = {}
        for key in ours:
            name = self._marked(key)
            while name and (place := _PLACE.search(name)):
                before, after = name[: place.start()], name[place.end() :]
                there = words.setdefault(before, {})
                number = there.setdefault(place[1], len(there)) + int(place[2] or 0)
                name = f"{before}{number}{after}"
            if name:
                found[key] = name
        return found

    def newer(self, key: str) -> str:
        """A key of theirs, of an older file or not, as they have it now."""
        return re.sub(*self.older, key) if self.older else key

    def _marked(self, key: str) -> str | None:
        """Their name with the words that stand for numbers; None where no rule matches."""
        for pattern, template in self.rules.items():
            if found := re.match(rf"(?:{pattern})(?=\.|$)", key):
                return found.expand(template) + key[found.end() :]
        return None


# What a family declares: the same for all members, or of their numbers.
Declared: TypeAlias = Keys | Callable[[Mapping[str, Any]], Keys | None] | None
Taken: TypeAlias = Mapping[str, Keys] | Callable[[Mapping[str, Any]], Mapping[str, Keys]]


class Theirs(NamedTuple):
    """How other programs name the weights of a network.

    Attributes:
        networks: of the whole network, by program: `torchvision`, `timm`.
        backbones: of what torchvision's detectors take of it, by detector, the usual one first:
            `fasterrcnn`, `ssd`, `ssdlite`.
    """

    networks: Mapping[str, Keys]
    backbones: Mapping[str, Keys]


def declared_keys(network: Network) -> Theirs:
    """What the family of a network says of others' names of its weights.

    Their networks are for ImageNet: a form for 32x32 images has none.
    """
    if network.design is None or network.design.numbers.get("cifar"):
        return Theirs({}, {})
    family, numbers = network.design
    networks: dict[str, Keys] = {}
    for program in ("torchvision", "timm"):
        declared = getattr(family, program)
        keys = declared(numbers) if callable(declared) else declared
        if keys is not None:
            texts = [text and text.replace("{name}", network.name) for text in keys[-2:]]
            names = keys.called or family.names_of(numbers)
            networks[program] = keys._replace(called=names, refused=texts[0], note=texts[1])
    taken = family.detection(numbers) if callable(family.detection) else family.detection
    return Theirs(networks, taken)


def body_of(keys: Keys) -> Keys:
    """The backbone behind torchvision's pyramids, of the keys of its `features`."""
    rules = {
        pattern: template.replace("features.", "backbone.body.", 1)
        for pattern, template in keys.rules.items()
        if template.startswith("features.")
    }
    return Keys(rules)


SAME = Keys({r"\w+": r"\g<0>"})
"""Their keys are ours."""
