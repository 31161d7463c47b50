"""How other counters count: each one's convention as an exact sum over the tree.

A convention is read from the tool's source, never fitted to its numbers: `source` says where. So
a number that a tool reports is explained where it equals what its convention predicts, and the
difference is an unexplained residue.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from archscope.cost.tally import Tally

Quantity = Literal["params", "forward", "backward"]
Kind = Literal["convention", "defect"]

BACKWARD = (
    "backward: multiply-adds of the gradients of all weights and all layers' inputs but the "
    "image, of one image in eval mode: twice the forward pass, less the layers that read the image"
)


@dataclass(frozen=True)
class Term:
    """A difference between a tool's number and the formula's.

    Attributes:
        name: its column, as `batch norm`.
        of: the sums that it is made of, each with its factor: {"norm": 2}.
        why: what the tool does, in a few words.
        kind: a choice that one can defend, or a defect of the tool.
    """

    name: str
    of: Mapping[str, int]
    why: str
    kind: Kind = "convention"

    def value(self, tally: Tally) -> int:
        """The term for one network."""
        return sum(factor * int(getattr(tally, name)) for name, factor in self.of.items())


@dataclass(frozen=True)
class Convention:
    """One number that a tool reports.

    Attributes:
        counter: the tool.
        quantity: params, forward or backward.
        word: what the tool calls the number.
        factor: how it counts a multiply-add: 1 or 2 (1 for parameters).
        terms: what it counts besides.
        silent: what it leaves out though it counts the like: the elements concerned, and why.
        source: the version and functions that this was read from.
    """

    counter: str
    quantity: Quantity
    word: str
    factor: int = 1
    terms: tuple[Term, ...] = ()
    source: str = ""
    silent: tuple[Term, ...] = ()

    @property
    def unit(self) -> str:
        """What one of the number is: `params`, `macs`, or `2x macs` where a multiply-add is 2."""
        if self.quantity == "params":
            return "params"
        return "macs" if self.factor == 1 else f"{self.factor}x macs"

    def parts(self, tally: Tally) -> dict[str, int]:
        """Column: amount, for one network; the first, `formula`, is our own count of it."""
        formula = {"params": tally.params, "forward": tally.macs, "backward": tally.backward}
        own = formula[self.quantity]
        factor = {"factor 2": own} if self.factor == 2 else {}
        return {"formula": own, **factor, **{t.name: t.value(tally) for t in self.terms}}

    def left_out(self, tally: Tally) -> tuple[tuple[Term, int], ...]:
        """What it leaves out of this network though it counts the like, with the elements."""
        found = ((term, term.value(tally)) for term in self.silent)
        return tuple((term, elements) for term, elements in found if elements)


_NORM = Term("batch norm", {"norm": 2}, "2 an element")
_OTHER_NORM = Term("layer norm", {"other_norm": 5}, "5 an element, of group norm too")
_RELU = Term("ReLU", {"relu": 1}, "1 an element")
_ACT = Term("SiLU, GELU", {"silu": 1, "gelu": 1}, "1 an element")
_MAX = Term("max pool", {"max_in": 1}, "1 an input element")
_AVG = Term("average pool", {"avg_in": 1}, "1 an input element")
_GLOBAL = Term("global pool", {"global_in": 1}, "1 an input element")
_POOLS = (_MAX, _AVG, _GLOBAL)
_BIAS = Term("bias", {"conv_bias": 1, "linear_bias": 1}, "1 an output, of every layer with a bias")
_CONV_BIAS = Term("bias", {"conv_bias": 1}, "1 an output, of convolutions only")

_FVCORE = (
    "fvcore 0.1.5: nn/flop_count.py _DEFAULT_SUPPORTED_OPS, jit_handles.batchnorm_flop_jit and "
    "norm_flop_counter"
)
_TORCH = "torch 2.13: utils/flop_counter.py conv_flop_count, conv_backward_flop, mm_flop"
_TORCHINFO = "torchinfo 1.8.0: layer_info.LayerInfo.calculate_macs"
_PTFLOPS = "ptflops 0.7.5: pytorch_ops.MODULES_MAPPING, pytorch_engine.patch_functional"
_THOP = "thop 0.1.1: profile.profile, vision/basic_hooks.py, vision/calc_func.py"
_CALFLOPS = "calflops 0.3.2: pytorch_ops._patch_functionals, flops_counter.calculate_flops"
_DEEPSPEED = "deepspeed 0.19.8: profiling/flops_profiler/profiler.py _patch_functionals"

# calflops began as a copy of it.
_OF_DEEPSPEED = (_NORM, _OTHER_NORM, _RELU, _ACT, *_POOLS, _CONV_BIAS)
_STEM = Term(
    "stem gradient",
    {"stem": 1},
    "backward is 2 times forward, with a gradient of the image that is not used",
)
_SIDE = Term("side head", {"side_params": -1}, "only layers that run in eval mode are counted")
_TWICE = Term(
    "counted twice",
    {"relu": 1, "max_in": 1, "avg_in": 1, "global_in": 1},
    "ReLU and pools are counted by the module's hook and again by the function that it calls",
    "defect",
)
_GROUPED = Term(
    "grouped gradient",
    {"grouped": 2},
    "the weight gradient of a grouped convolution is counted as a dense one's, groups times",
    "defect",
)
_ONCE = Term(
    "batch norm",
    {"batch_params": 1},
    "its parameters once an image, whatever the image's size",
    "defect",
)
_OF_TORCHINFO = (
    _ONCE,
    replace(_ONCE, name="layer norm", of={"other_params": 1}),
    replace(_ONCE, name="learned scale", of={"gain_params": 1}),
    _BIAS,
)
_BY_TYPE = "only modules whose exact type it lists are counted"
_UNLISTED = (
    Term("layer norm", {"other_params": -1}, f"{_BY_TYPE}, so group norm is not either", "defect"),
    Term("learned scale", {"gain_params": -1}, _BY_TYPE, "defect"),
)
_FRACTION = Term(
    "rounding",
    {"fraction": -1},
    "the windows of an adaptive pool are taken as fractions, and their sum is cut to a whole",
    "defect",
)
_SUBCLASS = f"{_BY_TYPE}, and a layer norm over channels is a subclass, as torchvision's is"
_NO_ACT = Term(
    "hardswish and sigmoids",
    {"hardswish": 1, "hardsigmoid": 1, "sigmoid": 1},
    "not on its list, as other activations are",
)
_NO_RELU6 = Term("ReLU6", {"relu6": 1}, "relu6 is on its list, but torch's module calls hardtanh")
_NO_OPERATORS = Term(
    "sums and products",
    {"added": 1, "multiplied": 1},
    "torch.add and torch.mul are counted, the operators + and * are not",
)
_SILENT = (_NO_ACT, _NO_RELU6, _NO_OPERATORS)


def _times(factor: int, *terms: Term) -> tuple[Term, ...]:
    """Terms of a forward pass as a backward one of `factor` times as much has them."""
    return tuple(
        replace(term, of={name: factor * times for name, times in term.of.items()})
        for term in terms
    )


CONVENTIONS = (
    Convention("formula", "params", "params"),
    Convention("fvcore", "params", "parameters", source="fvcore 0.1.5: nn/parameter_count.py"),
    Convention("torchinfo", "params", "Total params", source="torchinfo 1.8.0: ModelStatistics"),
    Convention("ptflops", "params", "params", source=_PTFLOPS),
    Convention("thop", "params", "params", terms=(_SIDE, *_UNLISTED), source=_THOP),
    Convention("calflops", "params", "Params", source=_CALFLOPS),
    Convention("deepspeed", "params", "params", source=_DEEPSPEED),
    Convention("formula", "forward", "macs"),
    Convention("fvcore", "forward", "flops", terms=(_NORM, _OTHER_NORM, _GLOBAL), source=_FVCORE),
    Convention("torch", "forward", "FLOP", 2, source=_TORCH),
    Convention("torchinfo", "forward", "mult-adds", terms=_OF_TORCHINFO, source=_TORCHINFO),
    Convention(
        "ptflops",
        "forward",
        "MACs",
        terms=(
            _NORM,
            Term("group norm", {"group_norm": 2}, "2 an element"),
            _RELU,
            _ACT,
            Term("ReLU6", {"relu6": 1}, "1 an element"),
            *_POOLS,
            _BIAS,
            _TWICE,
        ),
        source=_PTFLOPS,
        silent=(Term("layer norm", {"layer_norm": 1}, _SUBCLASS), _NO_ACT, _NO_OPERATORS),
    ),
    Convention(
        "thop",
        "forward",
        "MACs",
        terms=(
            replace(_NORM, of={"norm": 4}, why="4 an element"),
            replace(_AVG, of={"avg_out": 1}, why="1 an output element"),
            replace(
                _GLOBAL,
                of={"global_in": 1, "global_out": 1},
                why="1 an input element and 1 an output",
            ),
            _FRACTION,
        ),
        source=_THOP,
        silent=(
            Term("layer norm", {"layer_norm": 1}, _SUBCLASS),
            Term("group norm", {"group_norm": 1}, "not on its list, as other norms are"),
        ),
    ),
    Convention("calflops", "forward", "FLOPs", 2, _OF_DEEPSPEED, _CALFLOPS, _SILENT),
    Convention("calflops", "forward", "MACs", source=_CALFLOPS),
    Convention("deepspeed", "forward", "flops", 2, _OF_DEEPSPEED, _DEEPSPEED, _SILENT),
    Convention("deepspeed", "forward", "MACs", source=_DEEPSPEED),
    Convention("formula", "backward", "macs"),
    Convention("torch", "backward", "FLOP", 2, (_GROUPED,), _TORCH),
    Convention(
        "calflops",
        "backward",
        "FLOPs",
        2,
        (*_times(2, _STEM), *_times(2, *_OF_DEEPSPEED)),
        _CALFLOPS,
        _SILENT,
    ),
    Convention("calflops", "backward", "MACs", terms=(_STEM,), source=_CALFLOPS),
)
COUNTERS = (
    *("formula", "fvcore", "torch"),
    *("torchinfo", "ptflops", "thop", "calflops", "deepspeed"),  # where they are installed
)
