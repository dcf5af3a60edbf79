"""The read model of the journal: each event once, in order, one transaction a batch."""

from collections.abc import Iterable, Sequence

import msgspec
from sqlalchemy import Engine, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from jtrader.domain.books import PnlPoint, PositionState, Posting
from jtrader.domain.ids import ClientOrderId
from jtrader.ports.stores import Booked
from jtrader.store.postgres import tables
from jtrader.store.postgres.connection import reaching
from jtrader.store.postgres.events import Row, Rows, orders_named

STATE = "journal"
PROJECTED = (
    tables.AccountRow,
    tables.SignalRow,
    tables.ParentRow,
    tables.OrderRow,
    tables.FillRow,
    tables.PostingRow,
    tables.PositionRow,
    tables.PnlPointRow,
)
"""The tables that the journal alone fills."""


class PostgresProjection:
    """ports.stores.Projection. Two writers are safe: the second waits for the first and skips what it applied."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def position(self) -> int:
        with reaching(self._engine), self._engine.connect() as connection:
            where = tables.ProjectionState.name == STATE
            return connection.scalar(select(tables.ProjectionState.position).where(where)) or 0

    def begin(self, rules: int) -> int:
        with reaching(self._engine), Session(self._engine) as session, session.begin():
            state = _locked_state(session)
            if state.rules != rules:
                session.execute(text(f"TRUNCATE {', '.join(table.__tablename__ for table in PROJECTED)}"))
                state.position, state.rules = 0, rules
            return state.position

    def apply(self, batch: Sequence[Booked], positions: Sequence[PositionState], pnl: Sequence[PnlPoint]) -> None:
        with reaching(self._engine), Session(self._engine) as session, session.begin():
            state = _locked_state(session)
            fresh = [booked for booked in batch if booked.entry.seq > state.position]
            if fresh:
                _write_events(session, fresh)
                state.position = fresh[-1].entry.seq
            _upsert(session, tables.PositionRow, [_row(position) for position in positions])
            _upsert(session, tables.PnlPointRow, [_row(point) for point in pnl])


def _locked_state(session: Session) -> tables.ProjectionState:
    empty = insert(tables.ProjectionState).values(name=STATE, position=0)
    session.execute(empty.on_conflict_do_nothing())
    return session.get_one(tables.ProjectionState, STATE, with_for_update=True)


def _write_events(session: Session, fresh: Sequence[Booked]) -> None:
    events = [booked.entry.event for booked in fresh]
    rows = Rows(_orders(session, orders_named(events)))
    for event in events:
        rows.add(event)
    _upsert(session, tables.AccountRow, rows.accounts)
    _upsert(session, tables.SignalRow, rows.signals)
    _upsert(session, tables.ParentRow, rows.parents)
    _upsert(session, tables.OrderRow, list(rows.orders.values()))
    _upsert(session, tables.FillRow, rows.fills)
    _upsert(session, tables.PostingRow, [_posting(posting) for booked in fresh for posting in booked.postings])


def _orders(session: Session, named: Iterable[ClientOrderId]) -> dict[str, Row]:
    table = tables.OrderRow
    found = session.execute(select(table.__table__).where(table.client_order_id.in_(named))).mappings()
    return {row["client_order_id"]: dict(row) for row in found}


def _upsert(session: Session, table: type[tables.Base], rows: Sequence[Row]) -> None:
    """Writes rows whole, by primary key; of several with one key the last counts."""
    if not rows:
        return
    keys = [column.name for column in table.__table__.primary_key]
    last = {tuple(row[key] for key in keys): row for row in rows}
    statement = insert(table)
    changed = {name: statement.excluded[name] for name in rows[0] if name not in keys}
    session.execute(statement.on_conflict_do_update(index_elements=keys, set_=changed), list(last.values()))


def _posting(posting: Posting) -> Row:
    row = _row(posting)
    row["kind"] = posting.kind.value
    return row


def _row(record: PositionState | PnlPoint | Posting) -> Row:
    """The record's fields; its `ts` is the column ts_ns."""
    row: Row = dict(msgspec.structs.asdict(record))
    row["ts_ns"] = row.pop("ts")
    return row
