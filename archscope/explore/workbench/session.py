"""What happens on the page: one session for each tab that shows it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from bokeh.document import Document

from archscope.errors import ArchscopeError, plural
from archscope.explore.design.enumeration import Query
from archscope.explore.latency.fitted import LatencyModel
from archscope.explore.workbench import parts
from archscope.explore.workbench.controls import FRONTS, USUAL_AXES, Controls
from archscope.explore.workbench.gathered import gathered, numbers_in
from archscope.explore.workbench.known import known
from archscope.explore.workbench.pinned import details, side_by_side
from archscope.explore.workbench.view import View, costs_of, ends_of, in_units, label, range_at
from archscope.explore.workbench.window import Window, around
from archscope.reporting.table.html import escape

SOON = 30  # milliseconds in which the moves of a slider are one
MOST_PINNED = 4


class Session(Controls):
    """The page in one tab.

    Args:
        document: what is shown.
        families: those that may be chosen, and no others; the first `begin` of them are at first.
        model: of latency, where one was fitted.
    """

    def __init__(
        self, document: Document, families: Sequence[str], begin: int, model: LatencyModel | None
    ) -> None:
        self._document, self._model = document, model
        self._offered = list(families)
        self._pins: list[int] = []
        self._tapped: int | None = None
        self._due = False
        super().__init__(self._offered, begin)
        self._wire()
        self._gather()
        for name, part in self.roots().items():
            part.name = name
            document.add_root(part)

    def _wire(self) -> None:
        _when(self.families, "value", self._gather)
        _when(self.numbers, "value", self._gather)
        for one in (self.x, self.y, self.better, self.scale):
            _when(one, "value", self._anew)
        self.pin.on_click(self._pin)
        self.clear.on_click(self._unpin)
        self.save_front.on_click(lambda: self._save("front", self.view.on_front))
        self.save_all.on_click(lambda: self._save("designs", self.view.rows))

    def _gather(self) -> None:
        """Count the designs of the chosen families, and begin anew with them."""
        # The browser names them, so that others than the offered ones are not opened.
        names = [name for name in self.families.value if name in self._offered]
        if not names:
            self._say("Choose a family at least.")
            return
        try:
            query = Query(tuple(names), numbers_in(self.numbers.value))
            self.designs = gathered(query, self._model)
        except ArchscopeError as error:
            self._say(str(error))
            return
        self._say("")
        self._family_of = self.designs.found.places_of_families()
        self._known = known(self.designs.found.spaces, self._model)
        notes = self.designs.notes()
        self.note.visible = bool(notes)
        self.note.text = "".join(f'<p class="note">{escape(one)}.</p>' for one in notes)
        costs = costs_of(self.designs)
        sliders = [parts.slider(cost, ends_of(self.designs, cost)) for cost in costs]
        for one in sliders:
            _when(one, "value", self._soon)
        self.sliders.children = sliders
        self._pins, self._tapped = [], None
        self.detail.text = ""
        for button in (self.pin, *(button for button, _ in self.copies.values())):
            button.disabled = True
        self.x.options = self.y.options = [(cost, label(cost)) for cost in costs]
        if not {self.x.value, self.y.value} <= {*costs}:
            self.x.value, self.y.value = USUAL_AXES
        self._anew()
        self._show_pins()

    def _anew(self) -> None:
        """Draw other axes."""
        if not {self.x.value, self.y.value} <= {*costs_of(self.designs)}:
            return  # of families before; the usual ones follow
        if self.x.value == self.y.value:
            self._say("The two axes show two different costs: choose another.")
            return
        self._say("")
        families = self.designs.found.query.families
        self._costs = costs = self.x.value, self.y.value
        x, y = (
            np.append(in_units(cost, self.designs.found.columns[cost]), self._known_at(cost))
            for cost in costs
        )
        self.plot = parts.Plot(costs, families, around(x, y, self.scale.value == "log"))
        for one in (self.plot.figure.x_range, self.plot.figure.y_range):
            _when(one, "start", self._soon)
            _when(one, "end", self._soon)
        for source in (*self.plot.groups, self.plot.front):
            _when(source.selected, "indices", partial(self._tap, source))
        self.plot.known.data = {
            "x": self._known_at(costs[0]),
            "y": self._known_at(costs[1]),
            "name": [one.name for one in self._known],
            "error": [one.error for one in self._known],
            "source": [f"{one.source}, {one.dataset}" for one in self._known],
        }
        self.place.children = [self.plot.figure]
        self.redraw()

    def _soon(self) -> None:
        """Redraw a little later, once for all moves until then."""
        if not self._due:
            self._due = True
            self._document.add_timeout_callback(self._redraw_due, SOON)

    def _redraw_due(self) -> None:
        self._due = False
        self.redraw()

    def redraw(self) -> None:
        """Show the designs that are within the budgets now."""
        x, y = self._costs
        signs = FRONTS[self.better.value]
        ranges = {
            one.name: ends
            for one in self.sliders.children
            if (ends := range_at(one.value, (one.start, one.end))) is not None
        }
        self.view = view = View(self.designs, ranges, (signs[0] + x, signs[1] + y))
        found = self.designs.found
        group = self._family_of[found.columns["part"][view.rows]]
        for index, source in enumerate(self.plot.groups):
            rows = view.rows[group == index] if len(self.plot.groups) > 1 else view.rows
            source.data = self._points(rows, self.plot.window)
        for source in (*self.plot.groups, self.plot.front):
            source.selected.indices = []
        order = np.argsort(found.columns[x][view.on_front], kind="stable")
        self.plot.front.data = self._points(view.on_front[order])
        self._mark()
        self._tell()

    def _points(self, rows: Any, window: Window | None = None) -> dict[str, Any]:
        """Designs as dots; within a window those that can be told apart."""
        x, y = (self.view.drawn(cost, rows).astype(np.float64) for cost in self.view.axes)
        kept = slice(None) if window is None else window.first(x, y)
        return {"x": x[kept], "y": y[kept], "row": rows[kept].astype(np.int32)}

    def _known_at(self, cost: str) -> list[float]:
        return [float(in_units(cost, one.costs[cost])) for one in self._known]

    def _tell(self) -> None:
        """The answer as a sentence, and as a command."""
        view, every = self.view, len(self.designs.found)
        within = f"{len(view.rows):,} of {plural(every, 'design')} within the budgets"
        front = f"{len(view.on_front):,} on the front"
        self.answer.text = f'<p class="answer"><b>{within}</b>, {front}.</p>' + parts.legend(
            view.designs.found.query.families
        )
        self.listed.text = f"<h2>This list</h2><pre>{escape(view.command())}</pre>"
        _fill(self.lists["command"], view.command())
        _fill(self.lists["Python"], view.python())
        self.save_all.disabled = self.save_front.disabled = not len(view.rows)

    def _tap(self, source: Any) -> None:
        """Show the design that was tapped: of several at one place the first."""
        indices = source.selected.indices
        if not indices:
            return
        self._tapped = int(source.data["row"][indices[0]])
        html, copied = details(self.view.row(self._tapped), self._model)
        self.detail.text = html
        for what, said in copied.items():
            _fill(self.copies[what], said)
        self.pin.disabled = self._tapped in self._pins or len(self._pins) >= MOST_PINNED
        self._mark()

    def _mark(self) -> None:
        """Mark the tapped design, and the pinned ones by letter."""
        rows = [*self._pins, *([] if self._tapped in (None, *self._pins) else [self._tapped])]
        places = self._points(np.array(rows, np.int64))
        letters = [chr(65 + index) if index < len(self._pins) else "" for index in range(len(rows))]
        if rows or len(self.plot.marked.data["x"]):
            self.plot.marked.data = {"x": places["x"], "y": places["y"], "name": letters}

    def _pin(self) -> None:
        if self._tapped is not None and self._tapped not in self._pins:
            self._pins.append(self._tapped)
            self.pin.disabled = True
            self._mark()
            self._show_pins()

    def _unpin(self) -> None:
        self._pins = []
        self.pin.disabled = self._tapped is None
        self._mark()
        self._show_pins()

    def _show_pins(self) -> None:
        networks = [self.designs.found.network(index) for index in self._pins]
        self.clear.visible = bool(networks)
        try:
            self.beside.text = side_by_side(networks, self._model)
        except ArchscopeError as error:
            self._say(str(error))

    def _save(self, what: str, rows: Any) -> None:
        self.saver.data = {"name": [f"{what}.csv"], "text": [self.view.csv(rows)]}

    def _say(self, trouble: str) -> None:
        self.trouble.visible = bool(trouble)
        self.trouble.text = f'<p class="trouble">{escape(trouble)}</p>' if trouble else ""


def _fill(copier: tuple[Any, Any], said: str) -> None:
    button, source = copier
    source.data = {"text": [said]}
    button.disabled = False


def _when(model: Any, what: str, do: Callable[[], None]) -> None:
    """Do something whenever a property changes."""

    def changed(attr: str, old: Any, new: Any) -> None:
        do()

    model.on_change(what, changed)
