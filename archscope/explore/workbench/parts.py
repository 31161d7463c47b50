"""The parts of the page: sliders, buttons, the plot. Bokeh's models, without what they do."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bokeh.layouts import row
from bokeh.models import (
    BoxZoomTool,
    Button,
    ColumnDataSource,
    CustomJS,
    CustomJSTickFormatter,
    Div,
    HoverTool,
    InlineStyleSheet,
    NoOverlap,
    PanTool,
    Range1d,
    RangeSlider,
    ResetTool,
    TapTool,
    WheelZoomTool,
)
from bokeh.plotting import figure

from archscope.explore.workbench.view import label
from archscope.explore.workbench.window import Window
from archscope.reporting.figure.plot import BLUE, GREEN, ORANGE, PURPLE, SKY, VERMILLION
from archscope.reporting.table.html import escape

_HERE = Path(__file__).parent
# The ones that stand out on white and on black.
COLOURS = (BLUE, ORANGE, GREEN, PURPLE, SKY, "#8C8C00")
_PREFIXED = """
const value = EXPRESSION;
const size = Math.abs(value);
const [unit, sign] = size >= 999.5e6 ? [1e9, " G"] : size >= 999.5e3 ? [1e6, " M"]
  : size >= 999.5 ? [1e3, " k"] : [1, ""];
return String(Number((value / unit).toPrecision(3))) + sign + UNIT;
"""
_COPY = """
const text = source.data.text[0];
const area = document.createElement("textarea");
area.value = text;
document.body.append(area);
area.select();
const done = document.execCommand("copy");
area.remove();
if (!done && navigator.clipboard) navigator.clipboard.writeText(text);
const label = button.label;
button.label = "copied";
setTimeout(() => { button.label = label; }, 1200);
"""
_SAVE = """
const [name, text] = [source.data.name[0], source.data.text[0]];
const link = document.createElement("a");
link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
link.download = name;
link.click();
setTimeout(() => URL.revokeObjectURL(link.href), 10000);
"""


def sheet() -> Any:
    """The style of all widgets, light and dark."""
    return InlineStyleSheet(css=(_HERE / "widget.css").read_text("utf-8"))


def legend(families: Sequence[str]) -> str:
    """What the marks of the plot are, as HTML."""
    marks = [("●", COLOURS[index % len(COLOURS)], name) for index, name in enumerate(families)]
    marks += [("●", VERMILLION, "front"), ("◇", "inherit", "published")]
    said = (
        f'<span><b style="color:{c}">{sign}</b> {escape(name)}</span>' for sign, c, name in marks
    )
    return f'<p class="legend">{"".join(said)}</p>'


def flow(*children: Any) -> Any:
    """Parts beside one another, in several lines where the page is narrow."""
    return row(*children, sizing_mode="stretch_width", styles={"flex-wrap": "wrap", "gap": "2px"})


def text(html: str = "", **more: Any) -> Any:
    """A part of the page that holds HTML; what it is made of must be escaped."""
    return Div(
        text=html, margin=(0, 5, 0, 5), sizing_mode="stretch_width", stylesheets=[sheet()], **more
    )


def prefixed(expression: str, unit: str = "") -> Any:
    """Numbers as 25.1 M; `expression` is that of the number from the tick, in JavaScript."""
    code = _PREFIXED.replace("EXPRESSION", expression).replace("UNIT", f'"{unit}"')
    return CustomJSTickFormatter(code=code)


def slider(cost: str, ends: tuple[float, float]) -> Any:
    """A slider of a cost, on the logarithm of its range."""
    scale = "Math.pow(10, tick) / 1e6" if cost == "latency" else "Math.pow(10, tick)"
    return RangeSlider(
        start=ends[0],
        end=ends[1],
        value=ends,
        step=(ends[1] - ends[0]) / 300,
        title=label(cost),
        format=prefixed(scale),
        name=cost,
        sizing_mode="stretch_width",
        stylesheets=[sheet()],
        bar_color=COLOURS[0],
        margin=(3, 14, 3, 12),
    )


def copier(label: str) -> tuple[Any, Any]:
    """A button that copies a text, and the source whose `text` it is."""
    source = ColumnDataSource({"text": [""]})
    button = Button(label=label, stylesheets=[sheet()], disabled=True)
    button.js_on_event(
        "button_click", CustomJS(args={"source": source, "button": button}, code=_COPY)
    )
    return button, source


def saver(button: Any) -> Any:
    """A source whose new `name` and `text` the browser saves as a file.

    The button holds it, as a browser is sent what belongs to a part of the page alone.
    """
    source = ColumnDataSource({"name": [""], "text": [""]})
    source.js_on_change("data", CustomJS(args={"source": source}, code=_SAVE))
    button.tags = [source]
    return source


class Plot:
    """The scatter: a group a family, the front, published networks, what is chosen and pinned."""

    def __init__(self, costs: tuple[str, str], families: Sequence[str], window: Window) -> None:
        x, y = costs
        scale = "log" if window.log else "linear"
        self._log = window.log
        self.groups = [ColumnDataSource({"x": [], "y": [], "row": []}) for _ in families]
        self.front = ColumnDataSource({"x": [], "y": [], "row": []})
        self.known = ColumnDataSource({"x": [], "y": [], "name": [], "error": [], "source": []})
        self.marked = ColumnDataSource({"x": [], "y": [], "name": []})
        self.figure = figure(
            x_range=Range1d(*window.x),
            y_range=Range1d(*window.y),
            x_axis_type=scale,
            y_axis_type=scale,
            x_axis_label=label(x),
            y_axis_label=label(y),
            sizing_mode="stretch_width",
            height=520,
            tools=[PanTool(), BoxZoomTool(), wheel := WheelZoomTool(), ResetTool()],
            toolbar_location="above",
            min_border_right=20,
        )
        self.figure.toolbar.active_scroll = wheel
        self.figure.toolbar.logo = None
        for axis in self.figure.axis:
            axis.formatter = prefixed("tick")
            axis.major_label_policy = NoOverlap(min_distance=10)
            axis.axis_label_text_font_style = "normal"
            axis.axis_label_text_font_size = "14px"
            axis.major_label_text_font_size = "12px"
        self._draw()

    @property
    def window(self) -> Window:
        """What is seen now."""
        x, y = self.figure.x_range, self.figure.y_range
        return Window((x.start, x.end), (y.start, y.end), self._log)

    def _draw(self) -> None:
        plot = self.figure
        drawn = [
            plot.scatter(
                *("x", "y"),
                source=source,
                size=4,
                color=COLOURS[index % len(COLOURS)],
                alpha=0.45,
                line_color=None,
                nonselection_alpha=0.45,
            )
            for index, source in enumerate(self.groups)
        ]
        said = {"source": self.front, "color": VERMILLION}
        plot.step(*("x", "y"), mode="after", line_width=1.2, nonselection_alpha=1, **said)
        front = plot.scatter(*("x", "y"), size=5, nonselection_alpha=1, **said)
        known = plot.scatter(
            *("x", "y"),
            source=self.known,
            marker="diamond",
            size=13,
            fill_color="#ffffff",
            line_color="#000000",
            line_width=1.6,
        )
        self._draw_marked()
        place = [
            (plot.xaxis[0].axis_label, "@x{0,0.[000]}"),
            (plot.yaxis[0].axis_label, "@y{0,0.[000]}"),
        ]
        plot.add_tools(
            TapTool(renderers=[*drawn, front]),
            HoverTool(renderers=[front], tooltips=place),
            HoverTool(
                renderers=[known],
                tooltips=[
                    ("network", "@name"),
                    ("top-1 error (%)", "@error"),
                    ("from", "@source"),
                    *place,
                ],
            ),
        )

    def _draw_marked(self) -> None:
        """Rings around what is tapped and pinned, with the letters of the pins."""
        plot = self.figure
        plot.scatter(
            *("x", "y"),
            source=self.marked,
            marker="circle",
            size=15,
            fill_color=None,
            line_color=VERMILLION,
            line_width=2.5,
        )
        plot.text(
            *("x", "y", "name"),
            source=self.marked,
            x_offset=12,
            y_offset=-10,
            text_font_size="13px",
            text_font_style="bold",
            text_color="#ffffff",
            background_fill_color=VERMILLION,
            padding=2,
        )
