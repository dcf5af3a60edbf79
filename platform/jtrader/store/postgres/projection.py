"""The read model of the journal: each event once, in order, one transaction a batch."""

from collections.abc import Sequence

import msgspec
from sqlalchemy import Engine, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from jtrader.domain.books import PnlPoint, PositionState, Posting
from jtrader.ports.stores import Booked
from jtrader.store.postgres import tables
from jtrader.store.postgres.connection import reaching
from jtrader.store.postgres.events import project

STATE = "journal"


class PostgresProjection:
    """ports.stores.Projection. Two writers are safe: the second waits for the first and skips what it applied."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def position(self) -> int:
        with reaching(self._engine), self._engine.connect() as connection:
            where = tables.ProjectionState.name == STATE
            return connection.scalar(select(tables.ProjectionState.position).where(where)) or 0

    def apply(self, batch: Sequence[Booked], positions: Sequence[PositionState], pnl: Sequence[PnlPoint]) -> None:
        with reaching(self._engine), Session(self._engine) as session, session.begin():
            state = self._locked_state(session)
            for booked in batch:
                if booked.entry.seq <= state.position:
                    continue
                project(session, booked.entry.event)
                session.add_all(_posting(posting) for posting in booked.postings)
                state.position = booked.entry.seq
            session.flush()
            _upsert(session, tables.PositionRow, [_row(position) for position in positions])
            _upsert(session, tables.PnlPointRow, [_row(point) for point in pnl])

    def _locked_state(self, session: Session) -> tables.ProjectionState:
        empty = insert(tables.ProjectionState).values(name=STATE, position=0)
        session.execute(empty.on_conflict_do_nothing())
        return session.get_one(tables.ProjectionState, STATE, with_for_update=True)


def _upsert(session: Session, table: type[tables.Base], rows: Sequence[dict[str, object]]) -> None:
    """Writes rows whole, by primary key; of several with one key the last counts."""
    if not rows:
        return
    keys = [column.name for column in table.__table__.primary_key]
    last = {tuple(row[key] for key in keys): row for row in rows}
    statement = insert(table)
    changed = {name: statement.excluded[name] for name in rows[0] if name not in keys}
    session.execute(statement.on_conflict_do_update(index_elements=keys, set_=changed), list(last.values()))


def _posting(posting: Posting) -> tables.PostingRow:
    return tables.PostingRow(
        account=posting.account,
        entry_id=posting.entry_id,
        line=posting.line,
        ts_ns=posting.ts,
        kind=posting.kind.value,
        book=posting.book,
        asset=posting.asset,
        amount=posting.amount,
        instrument=posting.instrument,
        strategy=posting.strategy,
        reference=posting.reference,
    )


def _row(record: PositionState | PnlPoint) -> dict[str, object]:
    """The record's fields; its `ts` is the column ts_ns."""
    row: dict[str, object] = dict(msgspec.structs.asdict(record))
    row["ts_ns"] = row.pop("ts")
    return row
