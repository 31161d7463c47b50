"""The keys of another program's state dict, as templates of ours."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

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
        linear: the expression of our weights, of 1x1 convolutions, that they have as those of
            linear layers: (out, in), not (out, in, 1, 1).
        older: the expression of a part of their keys in older files, and what stands there now.
        version: that a state dict must say it has, where their model asks for it.
    """

    rules: Mapping[str, str]
    linear: str | None = None
    older: tuple[str, str] | None = None
    version: int | None = None

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


def declared_keys(network: Network) -> Keys | None:
    """How torchvision names the weights of a network; None where its family does not say.

    Its networks are for ImageNet: a form for 32x32 images has none.
    """
    if network.design is None or network.design.numbers.get("cifar"):
        return None
    family, numbers = network.design
    keys: Keys | Callable[[Mapping[str, Any]], Keys] | None = family.torchvision
    return keys(numbers) if callable(keys) else keys


SAME = Keys({r"\w+": r"\g<0>"})
"""Their keys are ours."""
