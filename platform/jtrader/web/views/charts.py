"""Charts over market time, drawn by the library that NiceGUI ships; nothing is fetched from outside."""

from collections.abc import Sequence
from typing import Any

from nicegui import ui

from jtrader.web.models import Desk, pnl_series

Series = Sequence[dict[str, Any]]


class PnlChart:
    """Net P&L of each strategy over market time, step by step."""

    def __init__(self) -> None:
        with ui.card().classes("w-full q-pa-sm"):
            ui.label("P&L at mark, net of fees and funding").classes("text-subtitle2 text-grey-5")
            self._chart = ui.echart(line_options([])).classes("w-full").style("height: 280px")

    def update(self, desk: Desk) -> None:
        series = [{"name": name, "data": [list(p) for p in points]} for name, points in pnl_series(desk.pnl).items()]
        options = line_options(series)
        if options["series"] != self._chart.options["series"]:
            self._chart.options["series"] = options["series"]
            self._chart.update()


def line_options(series: Series) -> dict[str, Any]:
    """An ECharts chart of steps over UTC time; `series` have a name and [time, figure] points."""
    steps = {"type": "line", "step": "end", "showSymbol": False}
    return _options({"type": "time"}, [{**steps, **line} for line in series])


def bar_options(series: Series) -> dict[str, Any]:
    """An ECharts bar chart over categories; `series` have a name and [category, figure] points."""
    return _options({"type": "category"}, [{"type": "bar", **line} for line in series])


def _options(x_axis: dict[str, Any], series: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "useUTC": True,
        "animation": False,
        "tooltip": {"trigger": "axis"},
        "legend": {"textStyle": {"color": "#bbb"}, "top": 0},
        "grid": {"left": 64, "right": 24, "top": 32, "bottom": 32},
        "xAxis": x_axis,
        "yAxis": {"type": "value", "scale": True, "splitLine": {"lineStyle": {"color": "#333"}}},
        "series": series,
    }
