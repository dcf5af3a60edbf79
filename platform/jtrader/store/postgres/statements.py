"""Reconciled days: written once, corrected only by a next version."""

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec
from sqlalchemy import Engine, func, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from jtrader.domain.books import Break, Statement, Transit
from jtrader.domain.ids import AccountId
from jtrader.domain.money import plain
from jtrader.store.postgres.connection import reaching
from jtrader.store.postgres.tables import BreakRow, StatementRow


class PostgresStatements:
    """ports.stores.StatementStore. Writers of one account and day wait for each other."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def save(self, statement: Statement) -> Statement:
        with reaching(self._engine), Session(self._engine) as session, session.begin():
            day = f"{statement.account} {statement.date}"
            session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(day, 0))))
            stored = _newest(session, StatementRow.account == statement.account, StatementRow.date == statement.date)
            if stored is not None and msgspec.structs.replace(statement, version=stored.version) == stored:
                return stored
            version = stored.version + 1 if stored else 1
            fresh = msgspec.structs.replace(statement, version=version)
            session.add(_row(fresh))
            session.flush()
            session.add_all(_break_rows(fresh))
            return fresh

    def latest(self, account: AccountId, date: dt.date) -> Statement | None:
        with reaching(self._engine), Session(self._engine) as session:
            return _newest(session, StatementRow.account == account, StatementRow.date == date)

    def before(self, account: AccountId, date: dt.date) -> Statement | None:
        with reaching(self._engine), Session(self._engine) as session:
            return _newest(session, StatementRow.account == account, StatementRow.date < date)

    def newest(self, limit: int) -> Sequence[Statement]:
        """The latest version of the last days of all accounts, newest day first."""
        with reaching(self._engine), Session(self._engine) as session:
            newest = (
                select(StatementRow)
                .ext(distinct_on(StatementRow.account, StatementRow.date))
                .order_by(StatementRow.account, StatementRow.date.desc(), StatementRow.version.desc())
            )
            rows = sorted(session.scalars(newest), key=lambda row: (row.date, row.account), reverse=True)
            return [_statement(session, row) for row in rows[:limit]]


def _newest(session: Session, *where: Any) -> Statement | None:
    order = (StatementRow.date.desc(), StatementRow.version.desc())
    row = session.scalars(select(StatementRow).where(*where).order_by(*order).limit(1)).first()
    return None if row is None else _statement(session, row)


def _statement(session: Session, row: StatementRow) -> Statement:
    where = (BreakRow.account == row.account, BreakRow.date == row.date, BreakRow.version == row.version)
    breaks = session.scalars(select(BreakRow).where(*where).order_by(BreakRow.number))
    return Statement(
        account=AccountId(row.account),
        date=row.date,
        version=row.version,
        opening=_amounts(row.opening),
        closing=_amounts(row.closing),
        transfers=_amounts(row.transfers),
        pnl_ledger=_amounts(row.pnl_ledger),
        pnl_venue=_amounts(row.pnl_venue),
        fills=row.fills,
        matched=row.matched,
        breaks=tuple(msgspec.convert(one, Break, from_attributes=True) for one in breaks),
        in_transit=msgspec.convert(row.in_transit, tuple[Transit, ...]),
    )


def _row(statement: Statement) -> StatementRow:
    return StatementRow(
        account=statement.account,
        date=statement.date,
        version=statement.version,
        verdict=statement.verdict,
        opening=_strings(statement.opening),
        closing=_strings(statement.closing),
        transfers=_strings(statement.transfers),
        pnl_ledger=_strings(statement.pnl_ledger),
        pnl_venue=_strings(statement.pnl_venue),
        fills=statement.fills,
        matched=statement.matched,
        in_transit=msgspec.to_builtins(statement.in_transit),
    )


def _break_rows(statement: Statement) -> list[BreakRow]:
    return [
        BreakRow(
            account=statement.account,
            date=statement.date,
            version=statement.version,
            number=number,
            **{**msgspec.structs.asdict(one), "kind": one.kind.value},
        )
        for number, one in enumerate(statement.breaks, start=1)
    ]


def _strings(amounts: Mapping[str, Decimal]) -> dict[str, str]:
    return {asset: plain(amount) for asset, amount in sorted(amounts.items())}


def _amounts(strings: Mapping[str, str]) -> dict[str, Decimal]:
    return {asset: Decimal(text) for asset, text in sorted(strings.items())}
