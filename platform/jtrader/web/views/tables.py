"""The page's tables: columns as data, one updating grid each."""

from collections.abc import Callable, Sequence
from typing import Any

from nicegui import ui

from jtrader.domain.books import PositionState, Statement
from jtrader.domain.money import plain
from jtrader.domain.times import iso
from jtrader.store.postgres.reader import FillView, OrderView
from jtrader.web.models import Desk, Service

Row = dict[str, Any]

PAGE_ROWS = 20
WORDS = frozenset(
    {"service", "state", "detail", "strategy", "instrument", "side", "time", "date", "account", "verdict"}
)


class Table:
    """A titled table whose rows are remade from a Desk; it says so in words when there is nothing."""

    def __init__(self, title: str, key: str, columns: Sequence[str], empty: str, rows: Callable[[Desk], list[Row]]):
        self._rows, self._empty = rows, empty
        with ui.card().classes("w-full q-pa-sm"):
            ui.label(title).classes("text-subtitle2 text-grey-5")
            self._note = ui.label(empty).classes("text-grey-6")
            self._table = ui.table(
                columns=[
                    {"name": name, "label": name, "field": name, "align": "left" if name in WORDS else "right"}
                    for name in columns
                ],
                rows=[],
                row_key=key,
                pagination=PAGE_ROWS,
            ).props("dense flat wrap-cells hide-pagination")
            self._table.classes("w-full")

    def update(self, desk: Desk) -> None:
        rows = self._rows(desk)
        self._note.set_visibility(not rows)
        self._table.set_visibility(bool(rows))
        if rows != self._table.rows:
            self._table.rows = rows


def clock(ts: int) -> str:
    """`15:30:00.250`, UTC: the day stands in the page's header."""
    return iso(ts).partition("T")[2].removesuffix("Z")


def services_table() -> Table:
    return Table("Services", "service", ("service", "state", "pid", "detail"), "Nothing runs.", _services)


def positions_table() -> Table:
    columns = ("strategy", "instrument", "quantity", "mark", "unrealised", "realised", "fees", "funding", "P&L", "in")
    return Table("Positions", "key", columns, "Flat: no position, and no fill yet.", _positions)


def orders_table() -> Table:
    columns = ("time", "strategy", "instrument", "side", "quantity", "filled", "price", "status")
    return Table("Open orders", "key", columns, "No order is working.", _orders)


def fills_table() -> Table:
    columns = ("time", "strategy", "instrument", "side", "quantity", "price", "fee")
    return Table("Latest fills", "key", columns, "No fill yet.", _fills)


def statements_table() -> Table:
    columns = ("date", "account", "verdict", "version", "matched", "P&L ledger", "P&L venue")
    return Table("Reconciled days", "key", columns, "No day is reconciled yet: the DAG reconcile_pnl does it.", _days)


def _services(desk: Desk) -> list[Row]:
    return [_service(service) for service in desk.services]


def _service(service: Service) -> Row:
    return {"service": service.name, "state": service.state, "pid": service.pid or "", "detail": service.detail}


def _positions(desk: Desk) -> list[Row]:
    return [_position(position) for position in desk.positions]


def _position(row: PositionState) -> Row:
    return {
        "key": f"{row.account}|{row.strategy}|{row.instrument}",
        "strategy": row.strategy,
        "instrument": row.instrument,
        "quantity": plain(row.quantity),
        "mark": plain(row.mark) if row.mark is not None else "unknown",
        "unrealised": f"{row.unrealised:.2f}",
        "realised": f"{row.realised:.2f}",
        "fees": f"{row.fees:.2f}",
        "funding": f"{row.funding:.2f}",
        "P&L": f"{row.pnl:.2f}",
        "in": row.settle,
    }


def _orders(desk: Desk) -> list[Row]:
    return [_order(order) for order in desk.open_orders]


def _order(row: OrderView) -> Row:
    return {
        "key": row.client_order_id,
        "time": clock(row.ts),
        "strategy": row.strategy,
        "instrument": row.instrument,
        "side": row.side,
        "quantity": plain(row.quantity),
        "filled": plain(row.filled),
        "price": plain(row.price) if row.price is not None else "market",
        "status": row.status,
    }


def _fills(desk: Desk) -> list[Row]:
    return [_fill(fill) for fill in desk.fills]


def _fill(row: FillView) -> Row:
    return {
        "key": f"{row.account}|{row.instrument}|{row.trade_id}",
        "time": clock(row.ts),
        "strategy": row.strategy,
        "instrument": row.instrument,
        "side": row.side,
        "quantity": plain(row.quantity),
        "price": plain(row.price),
        "fee": f"{plain(row.fee)} {row.fee_asset}",
    }


def _days(desk: Desk) -> list[Row]:
    return [_day(statement) for statement in desk.statements]


def _day(row: Statement) -> Row:
    return {
        "key": f"{row.account}|{row.date}|{row.version}",
        "date": row.date.isoformat(),
        "account": row.account,
        "verdict": row.verdict,
        "version": row.version,
        "matched": row.matched,
        "P&L ledger": _amounts(row.pnl_ledger),
        "P&L venue": _amounts(row.pnl_venue),
    }


def _amounts(amounts: dict[str, Any]) -> str:
    return ", ".join(f"{plain(value)} {asset}" for asset, value in sorted(amounts.items()))
