"""Options of hard caps: what a design may cost at most."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from archscope.arch.quantities import COSTS
from archscope.cli.completion import one_of
from archscope.cli.options.declared import NETWORK, option

if TYPE_CHECKING:
    from archscope.arch.windows import Shape
    from archscope.explore.design.limits import Limit

AtMostOption = Annotated[
    list[str] | None,
    option(
        "--at-most",
        value="N[UNIT]",
        panel=NETWORK,
        help="5Mparams, 600MMACs, '11M activations', '1MB weights:int8', '256kB memory:int8' (of "
        "fp32, fp16, bf16, int8), 20ms (predicted), 'as resnet50:macs'; several at once.",
    ),
]
FlashOption = Annotated[
    str | None,
    option(
        "--flash",
        value="BYTES[:FORMAT]",
        panel=NETWORK,
        help="A cap on the weights, batch norm's with them: 1MB:int8; 1 kB is 1,000 bytes.",
    ),
]
SramOption = Annotated[
    str | None,
    option(
        "--sram",
        value="BYTES[:FORMAT]",
        panel=NETWORK,
        help="A cap on the memory, the peak of the activations of one image: 256kB:int8.",
    ),
]
FoldOption = Annotated[
    bool,
    option(
        "--fold",
        panel=NETWORK,
        help="Weights and memory with batch norm folded into the convolution before it (in int8 a "
        "bias has 4 bytes).",
    ),
]
MaximiseOption = Annotated[
    str | None,
    option(
        "--maximise",
        value="COST",
        panel=NETWORK,
        default="the one whose cap binds most",
        complete=one_of(lambda: (*COSTS, "weights", "memory", "latency")),
        help="The cost that is to be large: params, macs, activations, weights, memory or latency.",
    ),
]
AllOption = Annotated[
    bool,
    option(
        "--all",
        panel=NETWORK,
        help="Leave degenerate designs in their place: without it, blocks of width 1 and more than "
        "300 convolutions come last.",
    ),
]


@dataclass(frozen=True)
class Caps:
    """What the user wrote."""

    at_most: list[str] | None
    flash: str | None
    sram: str | None
    maximise: str | None = None

    def limits(self, input_shape: Shape | None) -> list[Limit]:
        """The caps, none or several."""
        from archscope.explore.design.caps.read import read_caps

        return read_caps(self.at_most or [], self.flash, self.sram, input_shape)

    @property
    def cost(self) -> str | None:
        """The cost to maximise, where it was said."""
        from archscope.explore.design.caps.read import cost_named

        return None if self.maximise is None else cost_named(self.maximise)
