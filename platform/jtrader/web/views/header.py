"""The top of the page: market time, P&L per asset, links to the rest of the platform."""

from collections.abc import Mapping

from nicegui import ui

from jtrader.domain.times import iso
from jtrader.web.models import Desk, total_pnl


class Header:
    def __init__(self, links: Mapping[str, str]) -> None:
        with ui.header().classes("items-center q-py-xs bg-grey-10"):
            ui.label("jtrader").classes("text-h6")
            self._time = ui.label().classes("text-caption")
            ui.space()
            self._pnl = ui.row().classes("items-center q-gutter-md")
            ui.space()
            for name, url in links.items():
                ui.link(name, url, new_tab=True).classes("text-blue-3")
        self._trouble = ui.label().classes("text-negative text-subtitle1")

    def update(self, desk: Desk) -> None:
        self._time.text = f"market time {iso(desk.market_time)}" if desk.market_time else "no market event yet"
        self._trouble.text = desk.trouble
        self._trouble.set_visibility(bool(desk.trouble))
        self._pnl.clear()
        with self._pnl:
            for asset, amount in sorted(total_pnl(desk.positions).items()):
                color = "text-positive" if amount >= 0 else "text-negative"
                ui.label(f"P&L {amount:+.2f} {asset}").classes(f"text-subtitle1 {color}")
