"""A network by its text: one of ours by name, or one from outside."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, TypeGuard

from archscope.arch.families.own import check_named
from archscope.arch.inputs import GivenInput, Input, as_input, image_of
from archscope.arch.names import is_own, parse
from archscope.arch.network import Network
from archscope.arch.nodes import Node, Seq
from archscope.arch.windows import Shape
from archscope.errors import UsageError, shown
from archscope.files import at_home

if TYPE_CHECKING:
    from archscope.nn.outside import Found, Make, Module

# What may be given where a network is meant.
Given: TypeAlias = "str | Network | Outside | Node | Module"
LIVE = "module"  # the source of a network that the caller holds
_PACKAGES = ("timm", "torchvision", "python")
_FILE = re.compile(r"(.+\.py)(?::(\w+))?|.+\.(?i:pt2|onnx)", flags=re.DOTALL)


@dataclass(frozen=True)
class Outside:
    """A network that is no tree of ours: it can be built, run and traced, not rewritten.

    Attributes:
        name: as it was asked for, `timm:resnext50_32x4d`.
        source: `timm 1.0.31`, `torchvision 0.29.1`, `python`, `file`, `pt2`, `onnx`, or `module`.
        input: (channels, height, width), or what else it takes.
        module: makes the `torch.nn.Module`; ArchscopeError where that fails.
        classes: outputs that it was asked to have; None: its own.
    """

    name: str
    source: str
    input: Input
    module: Make
    classes: int | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        """For another process: it opens the network anew; a module is sent itself.

        Raises:
            UsageError: where the other process could not load the module.
        """
        if self.source == LIVE:
            from archscope.nn.sent import sent

            return _received, (self.name, self.input, sent(self.module(), self.name))
        return open_network, (self.name, self.classes, self.input)


def open_network(
    network: Given, classes: int | None = None, input: GivenInput = None
) -> Network | Outside:
    """The network that is meant, one of ours or one from outside.

    Args:
        network: a name of ours (`resnext50_32x4d`), or `timm:NAME`, `torchvision:NAME`,
            `python:package.module:function`, `file.py:function`, `FILE.pt2`, `FILE.onnx`. A
            function (or class) takes no arguments and returns a `torch.nn.Module`; a member of a
            family that the file declares, as `file.py:plainnet_8_32`, is a name of ours. Or a
            `Network`, a tree of `archscope.arch.nodes`, or a `torch.nn.Module`, which is copied.
        classes: outputs, where not its own; a function is given it as `num_classes`. A `Network`,
            a tree and a module have their own.
        input: (channels, height, width), where not its own; 3x224x224 where nothing tells it. A
            tree has none of its own, nor has an ONNX file that leaves a size open. One from outside
            may take anything: sizes without the batch, (10,), several of them, ((3, 32, 32),
            (10,)), or the tensors to call it with, batch included: one, a tuple in order, or a
            dictionary by name.

    Raises:
        UsageError: where there is no such network, package, file or function, or one that has no
            input of its own comes without one.
        ArchscopeError: where a user's own code fails.
    """
    shape = None if input is None else as_input(input)
    if isinstance(network, Node):
        return _of_tree(network, image_of(shape, network.label or "a tree"))
    if isinstance(network, Network):
        image = image_of(shape, network.name)
        return network if image is None else replace(network, input=image)
    if isinstance(network, Outside):
        return network if shape is None else replace(network, input=shape)
    if _is_live(network):
        return _of_module(network, classes, shape)
    if not isinstance(network, str):
        raise UsageError(
            "a network is a name, a Network, a tree, or a torch.nn.Module, not "
            f"{shown(repr(network))}; give one of these"
        )
    if not is_outside(network):
        if classes == 0:
            raise UsageError(
                "archscope's own networks have a class at least; give --classes 1, or build it "
                f"without its head: archscope.build('{shown(network)}', classes=0)"
            )
        return parse(network, classes, image_of(shape, network))
    found = _open(network, classes, shape)
    shape = shape or found.input
    if shape is None:
        raise UsageError(
            f"{shown(network)} leaves sizes of its input open ({found.asked()}): give them without "
            "the batch, as --input 3x224x224 (channels, height, width), or several with commas"
        )
    return Outside(network, found.source, shape, found.make, classes)


def open_networks(
    networks: Given | Sequence[Given], classes: int | None = None, input: GivenInput = None
) -> list[Network | Outside]:
    """Each network that is meant, as `open_network`; modules of one class are told apart."""
    opened = [open_network(one, classes, input) for one in several(networks)]
    seen = Counter[str]()
    for index, one in enumerate(opened):
        if isinstance(one, Outside) and one.source == LIVE:
            seen[one.name] += 1
            if seen[one.name] > 1:
                opened[index] = replace(one, name=f"{one.name} ({seen[one.name]})")
    return opened


def _is_live(network: object) -> TypeGuard[Module]:
    """Whether it is a module; torch is not imported to tell."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(network, torch.nn.Module)


def _of_module(module: Module, classes: int | None, input: Input | None) -> Outside:
    from archscope.nn.live import copied, original
    from archscope.nn.outside import IMAGENET

    name = type(original(module)).__name__
    if classes is not None:
        raise UsageError(
            f"{name} has the classes that it was made with; leave the number of classes out"
        )
    return Outside(name, LIVE, input or IMAGENET, lambda: copied(module, name))


def _received(name: str, input: Input, module: bytes) -> Outside:
    """A module that another process sent."""
    from archscope.nn.sent import received

    return Outside(name, LIVE, input, lambda: received(module, name))


def own_network(network: Given, classes: int | None = None, input: GivenInput = None) -> Network:
    """One of archscope's own networks: by its name, or made of a tree.

        a.network("resnext50_32x4d")
        a.network("wrn_28_10", classes=100)
        a.network(Seq(Conv(8, 3), Act(), Pool("global"), Linear(10)), input=(3, 32, 32))

    Args:
        network: a name; a tree of `archscope.arch.nodes`, which is called by its label, or `tree`;
            or a `Network`, which is given back.
        classes: outputs of a name, where not the family's 1000 (ImageNet) or 10 (CIFAR).
        input: (channels, height, width), where not the network's own; a tree has none.

    Raises:
        UsageError: where there is no such network, one from outside is named, or a tree comes
            without an input.
    """
    refuse_outside([network], "read as a tree", "open it with open_network")
    found = open_network(network, classes, input)
    assert isinstance(found, Network)
    return found


def own_networks(
    networks: Given | Sequence[Given],
    classes: int | None,
    input: GivenInput,
    refused: tuple[str, str],
) -> list[Network]:
    """Archscope's own networks; `refused` is what `refuse_outside` says of others."""
    given = several(networks)
    refuse_outside(given, *refused)
    return [own_network(one, classes, input) for one in given]


def several(networks: Given | Sequence[Given]) -> list[Given]:
    """The networks as a list, where one alone may have been given."""
    alone = isinstance(networks, (str, Network, Outside, Node)) or _is_live(networks)
    return [networks] if alone else list(networks)  # type: ignore[list-item, arg-type]


class Named(NamedTuple):
    """A network by its name; `classes` and `input` are None where they are the name's own."""

    name: str
    classes: int | None = None
    input: Shape | None = None


def named(network: str | Network | Node, what: str) -> Named:
    """The name of a network, for what keeps or takes apart the name rather than the tree.

    Raises:
        UsageError: that `what` goes by names, where none makes this network.
    """
    if isinstance(network, str):
        return Named(network)
    name = getattr(network, "name", None)
    try:
        if isinstance(network, Network):
            made = parse(network.name, network.classes, network.input)
            if (made.tree, made.init) == (network.tree, network.init):
                return _named(network)
    except UsageError:
        pass  # a name of the user's own
    raise UsageError(
        f"{what} goes by a network's name, but no name makes "
        f"{shown(name) if name else 'this tree'}; give a name, as resnext50_32x4d"
    )


def _named(network: Network) -> Named:
    own = parse(network.name)
    classes = None if network.classes == own.classes else network.classes
    return Named(network.name, classes, None if network.input == own.input else network.input)


def _of_tree(tree: Node, input: Shape | None) -> Network:
    if input is None:
        raise UsageError("a tree has no input shape of its own; give one, as input=(3, 224, 224)")
    return Network(tree.label or "tree", tree if isinstance(tree, Seq) else Seq(tree), input)


def is_outside(text: str) -> bool:
    """Whether the text names a network from outside, not one of ours.

    A file that declares families is run, for the names of their members are ours.

    Raises:
        UsageError, ArchscopeError: where such a file fails, or the name in it is missing.
    """
    if text.partition(":")[0] in _PACKAGES:
        return True
    check_named(text)
    return _FILE.fullmatch(text) is not None and not is_own(text)


def refuse_outside(networks: Sequence[Given], what: str, fix: str) -> None:
    """Refuse networks from outside, before anything of theirs is run.

    Raises:
        UsageError: that only ours can be `what`, and the `fix`.
    """
    for entry in networks:
        outside = isinstance(entry, Outside) or (isinstance(entry, str) and is_outside(entry))
        if outside or _is_live(entry):
            name = entry if isinstance(entry, str) else getattr(entry, "name", None)
            name = str(name or type(entry).__name__)
            raise UsageError(
                f"only archscope's own networks can be {what}, not {shown(name)}; {fix}"
            )


def _open(text: str, classes: int | None, input: Input | None) -> Found:
    from archscope.nn import outside

    kind, _, rest = text.partition(":")
    if kind == "timm":
        return outside.open_timm(rest, classes, input)
    if kind == "torchvision":
        return outside.open_torchvision(rest, classes)
    if kind == "python":
        place, _, function = rest.partition(":")
        if not all(map(str.isidentifier, (*place.split("."), function))):
            raise UsageError(
                "a function of a module is written python:package.module:function, not "
                f"'{shown(text)}'"
            )
        return outside.open_python(place, function, classes)
    found = _FILE.fullmatch(text)
    assert found is not None
    path, function = at_home(found[1] or text), found[2]
    if path.suffix != ".py":
        return outside.open_saved(path, classes)
    return outside.open_source(path, function, classes)
