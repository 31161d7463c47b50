"""Figures inside a page: our SVGs made to follow the page's colours and to show values on hover."""

from __future__ import annotations

import re
from collections.abc import Mapping

from matplotlib.figure import Figure

from archscope.reporting.figure.canvas import FAINT, GREY, INK, file_bytes
from archscope.reporting.figure.plot import BLUE, GREEN, VERMILLION
from archscope.reporting.table.html import escape

# Colours of the figures as the page's variables, which differ in its dark version.
_THEME = {
    INK: "--ink",
    GREY: "--grey",
    FAINT: "--faint",
    BLUE: "--blue",
    VERMILLION: "--vermillion",
    GREEN: "--green",
    "#ffffff": "--paper",
    "#000000": "--ink",
}


def inline_svg(figure: Figure, name: str, label: str, hover: Mapping[str, str]) -> str:
    """The figure as an `<svg>` element for a page.

    Args:
        figure: as `scatter.draw` and the others make it.
        name: a word of its own for each figure on the page: ids are made distinct with it.
        label: what a screen reader says.
        hover: gid of a part of the figure -> the text shown over it.
    """
    text = file_bytes(figure, ".svg").decode("utf-8")
    text = text[text.index("<svg ") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    for colour, variable in _THEME.items():
        text = re.sub(colour, f"var({variable})", text, flags=re.IGNORECASE)
    # A hundredth of a point is enough for a path on a screen.
    text = re.sub(r' d="[^"]*"', lambda d: re.sub(r"(\.\d\d)\d+", r"\1", d[0]), text)
    for gid, said in hover.items():
        text = text.replace(f'<g id="{gid}">', f'<g id="{gid}"><title>{escape(said)}</title>')
    text = re.sub(r'<g id="[^"]*"', "<g", text)  # only what is referred to needs a name
    text = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{name}-", text)
    head, _, rest = text.partition(">")
    head = re.sub(r' (width|height)="[^"]*"', "", head)
    return f'{head} role="img" aria-label="{escape(label)}">{rest}'
