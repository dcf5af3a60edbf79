"""Lines over market time, drawn by the chart library that NiceGUI ships; nothing is fetched from outside."""

from typing import Any

from nicegui import ui

from jtrader.web.models import Desk, pnl_series


class PnlChart:
    """Net P&L of each strategy over market time, step by step."""

    def __init__(self) -> None:
        with ui.card().classes("w-full q-pa-sm"):
            ui.label("P&L at mark, net of fees and funding").classes("text-subtitle2 text-grey-5")
            self._chart = ui.echart(line_options([])).classes("w-full").style("height: 280px")

    def update(self, desk: Desk) -> None:
        lines = [
            {"name": name, "type": "line", "step": "end", "showSymbol": False, "data": [list(p) for p in points]}
            for name, points in pnl_series(desk.pnl).items()
        ]
        if lines != self._chart.options["series"]:
            self._chart.options["series"] = lines
            self._chart.update()


def line_options(series: list[dict[str, Any]]) -> dict[str, Any]:
    """An ECharts line chart over UTC time."""
    return {
        "useUTC": True,
        "animation": False,
        "tooltip": {"trigger": "axis"},
        "legend": {"textStyle": {"color": "#bbb"}, "top": 0},
        "grid": {"left": 64, "right": 24, "top": 32, "bottom": 32},
        "xAxis": {"type": "time"},
        "yAxis": {"type": "value", "scale": True, "splitLine": {"lineStyle": {"color": "#333"}}},
        "series": series,
    }
