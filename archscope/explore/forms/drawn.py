"""A block in each form, as the ResNeXt paper draws it, from the rewritten trees alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from archscope.arch.network import Network
from archscope.reporting.figure.plot import Style
from archscope.reporting.networks.diagram import diagram
from archscope.reporting.networks.forms import NAMES

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FIGURES = {3: 3, 2: 4}  # of the paper, by the number of convolutions of a block


def draw_forms(name: str, forms: Mapping[str, Network], figure: int, style: Style) -> Figure:
    """The networks `forms`, by letter, as the paper's figure of that number has them.

    Raises:
        UsageError: where one has no such block, or is wider than the figure may be.
    """
    from archscope.reporting.figure.papers.blocks import draw

    found = [diagram(forms[form], NAMES[figure][form]) for form in sorted(forms)]
    return draw(found, f"A block of {name}, as Figure {figure} of the ResNeXt paper", style)
