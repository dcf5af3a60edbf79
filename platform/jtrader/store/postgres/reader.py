"""What the page and notebooks read. Each call is one short read-only transaction; Unavailable when Postgres is away."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeVar

import msgspec
from sqlalchemy import ColumnElement, Engine, Select, select, text

from jtrader.domain.books import PnlPoint, PositionState, Statement
from jtrader.domain.order import OrderStatus
from jtrader.store.postgres.connection import reaching
from jtrader.store.postgres.statements import PostgresStatements
from jtrader.store.postgres.tables import FillRow, OrderRow, PnlPointRow, PositionRow

Record = TypeVar("Record", bound=msgspec.Struct)


class OrderView(msgspec.Struct, frozen=True, kw_only=True):
    """A child order and its state."""

    ts: int
    account: str
    strategy: str
    instrument: str
    side: str
    type: str
    quantity: Decimal
    filled: Decimal
    price: Decimal | None
    status: str
    code: str
    reason: str
    client_order_id: str
    parent_id: str


class FillView(msgspec.Struct, frozen=True, kw_only=True):
    """A fill with the strategy of its order, UNASSIGNED where it is not ours."""

    ts: int
    account: str
    strategy: str
    instrument: str
    side: str
    quantity: Decimal
    price: Decimal
    fee: Decimal
    fee_asset: str
    trade_id: str
    client_order_id: str | None


class PostgresReader:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._statements = PostgresStatements(engine)

    def positions(self) -> list[PositionState]:
        table = PositionRow
        return self._read(
            select(table.__table__, table.ts_ns.label("ts")).order_by(table.account, table.strategy, table.instrument),
            PositionState,
        )

    def orders(self, open_only: bool = False, limit: int = 200) -> list[OrderView]:
        """Newest first."""
        ended = [status.value for status in OrderStatus if status.is_terminal]
        where: list[ColumnElement[bool]] = [OrderRow.status.not_in(ended)] if open_only else []
        query = select(OrderRow.__table__, OrderRow.ts_ns.label("ts")).where(*where)
        return self._read(query.order_by(OrderRow.ts_ns.desc(), OrderRow.client_order_id).limit(limit), OrderView)

    def fills(self, limit: int = 200) -> list[FillView]:
        """Newest first."""
        join = FillRow.__table__.outerjoin(OrderRow.__table__, FillRow.client_order_id == OrderRow.client_order_id)
        query = select(FillRow.__table__, FillRow.ts_ns.label("ts"), OrderRow.strategy).select_from(join)
        rows = self._rows(query.order_by(FillRow.ts_ns.desc(), FillRow.trade_id.desc()).limit(limit))
        return [msgspec.convert({**row, "strategy": row["strategy"] or "UNASSIGNED"}, FillView) for row in rows]

    def pnl(self, limit: int = 5_000) -> list[PnlPoint]:
        """The newest points, ascending by time."""
        query = select(PnlPointRow.__table__, PnlPointRow.ts_ns.label("ts")).order_by(PnlPointRow.ts_ns.desc())
        return self._read(query.limit(limit), PnlPoint)[::-1]

    def statements(self, limit: int = 60) -> Sequence[Statement]:
        return self._statements.newest(limit)

    def lineage(self, trade: str | None = None, from_model: bool = False) -> list[dict[str, Any]]:
        """Rows of v_lineage with the signal's features, newest first: of `market:SYMBOL#trade id` or a trade id alone,
        else of the newest fill; `from_model` leaves out fills without a signal."""
        where, values = ["TRUE"], {}
        if trade is not None:
            instrument, _, number = trade.rpartition("#")
            where.append("l.trade_id = :number")
            values["number"] = number
            if instrument:
                where.append("l.instrument = :instrument")
                values["instrument"] = instrument
        if from_model:
            where.append("l.signal_id IS NOT NULL")
        limit = "" if trade is not None else "LIMIT 1"
        sql = f"""
            SELECT l.*, s.features
            FROM v_lineage l LEFT JOIN signals s USING (signal_id)
            WHERE {" AND ".join(where)}
            ORDER BY l.ts_ns DESC, l.instrument, l.trade_id {limit}
        """  # noqa: S608 - the parts are fixed, the values are bound
        return self._rows(text(sql).bindparams(**values))

    def query(self, sql: str) -> Sequence[Mapping[str, Any]]:
        """Rows of any SELECT; writing is refused by the transaction."""
        return self._rows(text(sql))

    def _read(self, query: Select[Any], record: type[Record]) -> list[Record]:
        return [msgspec.convert(row, record) for row in self._rows(query)]

    def _rows(self, query: Any) -> list[dict[str, Any]]:
        with reaching(self._engine), self._engine.connect() as connection:
            connection.execute(text("SET TRANSACTION READ ONLY"))
            return [dict(row) for row in connection.execute(query).mappings()]
