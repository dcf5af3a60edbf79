"""The page itself: header, chart and tables, refreshed in place."""

from collections.abc import Mapping
from typing import Protocol

from nicegui import ui

from jtrader.web.controllers import DeskController
from jtrader.web.models import Desk
from jtrader.web.views import tables
from jtrader.web.views.charts import PnlChart
from jtrader.web.views.header import Header

REDRAW_SECONDS = 1.0


class Part(Protocol):
    def update(self, desk: Desk) -> None: ...


def add_page(controller: DeskController, links: Mapping[str, str]) -> None:
    """Registers `/`: one page a browser, all fed by the one controller."""

    @ui.page("/", title="jtrader")
    def desk_page() -> None:
        ui.dark_mode(True)
        parts = _draw(links)

        def redraw() -> None:
            for part in parts:
                part.update(controller.desk)

        redraw()
        ui.timer(REDRAW_SECONDS, redraw)


def _draw(links: Mapping[str, str]) -> list[Part]:
    parts: list[Part] = [Header(links)]
    with (
        ui.element("div")
        .classes("w-full")
        .style("display: grid; gap: 12px; grid-template-columns: minmax(0, 3fr) minmax(0, 2fr)")
    ):
        with ui.column().classes("w-full"):
            parts += [PnlChart(), tables.positions_table(), tables.orders_table(), tables.statements_table()]
        with ui.column().classes("w-full"):
            parts += [tables.services_table(), tables.fills_table()]
    return parts
