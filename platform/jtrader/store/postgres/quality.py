"""How whole the market data is, day by day."""

import datetime as dt
from collections.abc import Sequence

import msgspec
from sqlalchemy import Engine, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from jtrader.ports.stores import DayQuality
from jtrader.store.postgres.connection import reaching
from jtrader.store.postgres.tables import QualityRow

KEY = ("date", "instrument", "kind")


class PostgresQuality:
    """ports.stores.QualityStore."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def save(self, rows: Sequence[DayQuality]) -> None:
        if not rows:
            return
        with reaching(self._engine), Session(self._engine) as session, session.begin():
            fresh = insert(QualityRow).values([msgspec.structs.asdict(row) for row in rows])
            figures = {name: fresh.excluded[name] for name in DayQuality.__struct_fields__ if name not in KEY}
            session.execute(fresh.on_conflict_do_update(index_elements=KEY, set_=figures))

    def since(self, date: dt.date) -> Sequence[DayQuality]:
        order = (QualityRow.date.desc(), QualityRow.instrument, QualityRow.kind)
        with reaching(self._engine), Session(self._engine) as session:
            rows = session.scalars(select(QualityRow).where(QualityRow.date >= date).order_by(*order))
            return [msgspec.convert(row, DayQuality, from_attributes=True) for row in rows]
