"""One network counted, measured for memory, or built: by its name, as a network, or as a tree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from archscope.arch.arrays import is_array, whole
from archscope.arch.inputs import GivenInput, Input, input_plain, input_text
from archscope.arch.network import Network, features, headless
from archscope.arch.windows import Shape
from archscope.cost import formula
from archscope.cost import memory as closed_form
from archscope.cost.formula import CONVENTION, Count
from archscope.cost.memory import FP32, MEASURED_CONVENTION, Memory
from archscope.errors import UsageError, plural, shown
from archscope.explore.networks.opened import Given, Outside, is_outside, open_network
from archscope.explore.networks.outside import count_outside, memory_outside
from archscope.reporting.table.formats import auto, bound, bytes_text, integer, text
from archscope.reporting.table.result import Result
from archscope.reporting.table.table import Column, Table

if TYPE_CHECKING:
    from archscope.nn.outside import Module

_COSTS = {"params": "params", "macs": "FLOPs\n(multiply-adds)", "activations": "activations"}


@dataclass(frozen=True, repr=False)
class CountResult(Count, Result):
    """What a network costs: ints, or int64 arrays (a number a design) where its tree holds arrays.

    Attributes:
        name, input: of the network; `input` is (channels, height, width).
        macs_exact: False where a network from outside has at least `macs` multiply-adds.
        notes: what a reader must know of how it was counted.
    """

    name: str = field(kw_only=True)
    input: Input = field(kw_only=True)
    macs_exact: bool = field(kw_only=True, default=True)
    notes: tuple[str, ...] = field(kw_only=True, default=())

    def document(self) -> dict[str, Any]:
        """The costs as JSON, schema `archscope.count/1`; lists of numbers for arrays."""
        return {
            "schema": "archscope.count/1",
            "convention": CONVENTION,
            "name": self.name,
            "input": [_plain(size) for size in input_plain(self.input)],
            **{cost: _plain(value) for cost, value in self._costs().items()},
            "macs_exact": self.macs_exact,
            "notes": list(self.notes),
        }

    def tables(self) -> list[Table]:
        """A row of costs; of arrays a row a cost, with the least and the most."""
        if not self._is_array():
            return self.csv_tables()
        rows = [
            {"cost": cost, "least": int(value.min()), "most": int(value.max())}
            for cost, value in self._costs().items()
            if is_array(value) and value.size
        ]
        columns = [Column("cost", "cost", text, "left"), Column("least", "least", integer)]
        columns.append(Column("most", "most", integer))
        designs = max(value.size for value in self._costs().values() if is_array(value))
        return [Table(f"{plural(designs, 'design')} of {self.name}", columns, rows, _NOTES)]

    def csv_tables(self) -> list[Table]:
        """A row of costs for each design."""
        columns = [Column(cost, header, auto) for cost, header in _COSTS.items()]
        costs = self._costs()
        if not self._is_array():
            columns[1] = replace(columns[1], format=bound, also=("macs_exact",))
            row = {**costs, "macs_exact": self.macs_exact}
            title = f"{self.name}: input {input_text(self.input, '×')}"
            return [Table(title, columns, [row], [*_NOTES, *self.notes])]
        import numpy as np

        values = np.broadcast_arrays(*costs.values())
        designs = zip(*map(_plain, values), strict=True)
        rows = [dict(zip(costs, design, strict=True)) for design in designs]
        return [Table(self.name, columns, rows, _NOTES)]

    def _costs(self) -> dict[str, Any]:
        return {cost: getattr(self, cost) for cost in _COSTS}

    def _is_array(self) -> bool:
        return any(is_array(value) for value in self._costs().values())


@dataclass(frozen=True, repr=False)
class MemoryResult(Memory, Result):
    """The memory that a network needs, in bytes.

    Attributes:
        name, input: of the network; `input` is (channels, height, width).
        measured: the peak is not worked out of a tree, but seen while the network ran.
    """

    name: str = field(kw_only=True)
    input: Input = field(kw_only=True)
    measured: bool = field(kw_only=True, default=False)

    def document(self) -> dict[str, Any]:
        """The memory as JSON, schema `archscope.memory/1`."""
        entries = super().document()
        convention = entries.pop("memory_convention")
        if self.measured:
            convention = MEASURED_CONVENTION.format(element_bytes=self.element_bytes)
        head = {"schema": "archscope.memory/1", "convention": convention}
        measured = {"measured": self.measured}
        return {**head, "name": self.name, "input": input_plain(self.input), **entries, **measured}

    def tables(self) -> list[Table]:
        """One row: parameters, the peak of activations, and where that is."""
        columns = [
            Column("param_bytes", "parameters", bytes_text),
            Column("peak_activation_bytes", "peak of\nactivations", bytes_text),
            Column("peak_activation_at", "at", text, "left"),
        ]
        document = self.document()
        title = f"{self.name}: input {input_text(self.input, '×')}"
        return [Table(title, columns, [document], [f"{document['convention']}."])]


_NOTES: Sequence[str] = (f"{CONVENTION}.",)


def count(network: Given, input: GivenInput = None, *, classes: int | None = None) -> CountResult:
    """Count a network exactly: parameters, and multiply-adds and activations of one image.

        a.count("resnext50_32x4d").macs
        a.count(a.resnext(cardinality=np.arange(1, 65), width=4)).params  # 64 designs: an array

    Args:
        network: a name, a network or a tree, all counted by the formula; or one from outside, as
            `timm:resnet50`, or a `torch.nn.Module`, which is run and traced.
        input: (channels, height, width), where not the network's own; a tree has none. What else
            one from outside may take: `open_network`.
        classes: outputs of a name, where not the family's own.

    Raises:
        UsageError: for a name or input that cannot be, or where array counts pass 2^63 - 1.
        ArchscopeError: where a network from outside cannot be made, run or traced.
    """
    found = open_network(network, classes, input)
    if isinstance(found, Network):
        counts, said = vars(formula.count(found)), found.notes_said
        return CountResult(**counts, name=found.name, input=found.input, notes=said)
    counted = count_outside(found)
    return CountResult(
        **vars(counted.count),
        name=found.name,
        input=found.input,
        macs_exact=counted.macs_exact,
        notes=counted.notes,
    )


def memory(
    network: Given,
    input: GivenInput = None,
    *,
    classes: int | None = None,
    element_bytes: int = FP32,
) -> MemoryResult:
    """The memory of a network in eval mode at batch 1, in closed form from its tree.

    One from outside has none: it is run once, and what it holds is seen.

    Args:
        network: a name, a network or a tree; or one from outside, or a `torch.nn.Module`.
        input: (channels, height, width), where not the network's own; a tree has none.
        classes: outputs of a name, where not the family's own.
        element_bytes: of a number: 4 in fp32, 2 in bf16 and fp16.

    Raises:
        UsageError: for a name or input that cannot be, a tree of arrays, or bytes below 1.
        ArchscopeError: where a network from outside cannot be made or run.
    """
    found = open_network(network, classes, input)
    if isinstance(found, Outside):
        need = memory_outside(found, whole(element_bytes, "element_bytes"))
        return MemoryResult(**vars(need), name=found.name, input=found.input, measured=True)
    need = closed_form.memory(found, element_bytes=element_bytes)
    return MemoryResult(**vars(need), name=found.name, input=found.input)


def build(
    network: Given,
    input: Shape | None = None,
    *,
    classes: int | None = None,
    init: bool = True,
    features_only: bool = False,
) -> Module:
    """The `torch.nn.Module` of a network: images (N, C, H, W) in, (N, classes) out.

    A tree that does not end in a linear layer gives (N, C, H, W). With an auxiliary head, training
    mode returns (main, side).

    Args:
        network: a name, a network or a tree; or one from outside, as `timm:resnet50`.
        input: (channels, height, width), where not the network's own; a tree has none.
        classes: outputs of a name, where not its own; 0 leaves the head of any of ours out, from
            the pooling of the whole map on: (N, C, H, W) out.
        init: draw the weights of one of ours from torch's global generator; False leaves their
            memory as it was allocated (enough for counting).
        features_only: give a list of maps, the last of a stage at each size, and no head; the
            module's `channels` and `strides` say what they are.

    Raises:
        UsageError: for a name or input that cannot be, a tree of arrays, or too little memory.
        ArchscopeError: where a network from outside cannot be made.
    """
    bare = features_only or classes == 0
    ours = not isinstance(network, str) or not is_outside(network)
    found = open_network(network, None if bare and ours else classes, input)
    if not isinstance(found, Network):
        if features_only:
            raise UsageError(
                f"features are those of archscope's own networks, not of {shown(found.name)}; ask "
                "its package, as timm.create_model(..., features_only=True)"
            )
        return found.module()
    from archscope.nn.build import build as build_tree

    if not bare:
        return build_tree(found, init=init)
    found = headless(found)
    return build_tree(found, init=init, features=features(found) if features_only else None)


def _plain(value: Any) -> Any:
    return value.tolist() if is_array(value) else value
