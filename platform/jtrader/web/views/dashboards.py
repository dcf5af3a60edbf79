"""The dashboards that Metabase shows, drawn from the same definitions on the same views: `/dashboards/<key>`."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from nicegui import ui

from jtrader.domain.errors import JtraderError
from jtrader.domain.money import plain
from jtrader.report.dashboards import Card, Dashboard, Visual
from jtrader.web.views.charts import bar_options, line_options

Rows = Sequence[Mapping[str, Any]]
Query = Callable[[str], Awaitable[Rows]]

CELL_PIXELS = 44


def add_dashboards(dashboards: Sequence[Dashboard], query: Query) -> None:
    """Registers one page a dashboard; its figures are as of the page's loading."""
    for dashboard in dashboards:
        _add(dashboard, query)


def _add(dashboard: Dashboard, query: Query) -> None:
    @ui.page(f"/dashboards/{dashboard.key}", title=f"jtrader · {dashboard.title}", response_timeout=30)
    async def dashboard_page() -> None:
        ui.dark_mode(True)
        with ui.header().classes("items-center q-py-xs bg-grey-10"):
            ui.link("jtrader", "/").classes("text-h6 text-white")
            ui.label(dashboard.title).classes("text-subtitle1")
            ui.label(dashboard.description).classes("text-caption text-grey-5")
        grid = "display: grid; gap: 12px; grid-template-columns: repeat(24, minmax(0, 1fr))"
        with ui.element("div").classes("w-full").style(grid):
            for card in dashboard.cards:
                await _draw(card, query)


async def _draw(card: Card, query: Query) -> None:
    place = f"grid-column: {card.column + 1} / span {card.width}; min-height: {card.height * CELL_PIXELS}px"
    with ui.card().classes("q-pa-sm").style(place):
        ui.label(card.title).classes("text-subtitle2 text-grey-5").tooltip(card.description)
        try:
            rows = await query(card.sql)
        except JtraderError as error:
            ui.label(str(error)).classes("text-negative")
            return
        if not rows:
            ui.label("Nothing yet.").classes("text-grey-6")
        elif card.visual is Visual.NUMBER:
            ui.label(shown(rows[0][card.y[0]])).classes("text-h4")
        elif card.visual is Visual.TABLE:
            _table(rows)
        else:
            options = line_options if card.visual is Visual.LINE else bar_options
            ui.echart(options(series_of(card, rows))).classes("w-full").style(
                f"height: {(card.height - 1) * CELL_PIXELS}px"
            )


def _table(rows: Rows) -> None:
    columns = [{"name": name, "label": name, "field": name, "align": "left"} for name in rows[0]]
    cells = [{name: shown(value) for name, value in row.items()} for row in rows]
    ui.table(columns=columns, rows=cells, pagination=10).props("dense flat wrap-cells").classes("w-full")


def series_of(card: Card, rows: Rows) -> list[dict[str, Any]]:
    """ECharts series: one a column of `y` and value of `series`, points in the rows' order."""
    lines: dict[str, list[list[Any]]] = {}
    for row in rows:
        for column in card.y:
            name = str(row[card.series]) if card.series else column
            if card.series and len(card.y) > 1:
                name = f"{name} {column}"
            lines.setdefault(name, []).append([shown(row[card.x]), _figure(row[column])])
    return [{"name": name, "data": points} for name, points in lines.items()]


def shown(value: Any) -> str:
    """A cell's text: exact amounts in full, nothing for NULL."""
    if value is None:
        return ""
    return plain(value) if isinstance(value, Decimal) else str(value)


def _figure(value: Any) -> float | None:
    return None if value is None else float(value)
