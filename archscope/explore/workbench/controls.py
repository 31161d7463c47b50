"""The controls of the page and where they stand; what they do is the session's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bokeh.layouts import column
from bokeh.models import Button, MultiChoice, Select, TextInput

from archscope.explore.workbench import parts

USUAL_AXES = "activations", "macs"
FRONTS = {
    "fewer along x, more along y": ("", "-"),
    "fewer along both": ("", ""),
    "more along x, fewer along y": ("-", ""),
    "more along both": ("-", "-"),
}


class Controls:
    """Every widget of the page; `offered` families may be chosen, the first `begin` are."""

    def __init__(self, offered: Sequence[str], begin: int) -> None:
        styled: dict[str, Any] = {"stylesheets": [parts.sheet()], "sizing_mode": "stretch_width"}
        self.families = MultiChoice(
            title="families", value=list(offered[:begin]), options=list(offered), **styled
        )
        self.numbers = TextInput(
            title="ranges of their numbers", placeholder="width=4:64 depth=1:6", **styled
        )
        self.x = Select(title="along x", value=USUAL_AXES[0], **styled)
        self.y = Select(title="along y", value=USUAL_AXES[1], **styled)
        self.better = Select(
            title="the front has", value=next(iter(FRONTS)), options=list(FRONTS), **styled
        )
        self.scale = Select(title="axes", value="log", options=["log", "linear"], **styled)
        self.pin = Button(label="Pin it", disabled=True, stylesheets=[parts.sheet()])
        self.clear = Button(label="Take all pins off", visible=False, stylesheets=[parts.sheet()])
        self.save_front = Button(label="CSV of the front", stylesheets=[parts.sheet()])
        self.save_all = Button(label="CSV of all within", stylesheets=[parts.sheet()])
        self.answer, self.trouble, self.note = parts.text(), parts.text(), parts.text()
        self.listed, self.detail, self.beside = parts.text(), parts.text(), parts.text()
        self.saver = parts.saver(self.save_front)
        self.copies = {
            label: parts.copier(f"Copy {label}") for label in ("name", "command", "Python")
        }
        self.lists = {label: parts.copier(f"Copy {label}") for label in ("command", "Python")}
        self.sliders = column(sizing_mode="stretch_width")
        self.place = column(sizing_mode="stretch_width")

    def roots(self) -> dict[str, Any]:
        """The parts of the page by the name that its template gives their places."""
        buttons = [button for button, _ in self.copies.values()]
        lists = [button for button, _ in self.lists.values()]
        return {
            "families": column(
                self.families, self.numbers, self.trouble, self.note, sizing_mode="stretch_width"
            ),
            "budgets": column(
                parts.text("<h2>Budgets of one network</h2>"),
                self.sliders,
                *(self.x, self.y, self.better, self.scale),
                sizing_mode="stretch_width",
            ),
            "plot": column(self.answer, self.place, sizing_mode="stretch_width"),
            "chosen": column(
                self.detail,
                parts.flow(self.pin, *buttons),
                self.listed,
                parts.flow(*lists, self.save_front, self.save_all),
                sizing_mode="stretch_width",
            ),
            "pinned": column(self.beside, self.clear, sizing_mode="stretch_width"),
        }
