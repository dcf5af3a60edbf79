"""In-memory twins of the projection and of the statements."""

import datetime as dt
from collections.abc import Sequence

import msgspec

from jtrader.domain.books import PnlPoint, PositionState, Posting, Statement
from jtrader.domain.events import Sequenced
from jtrader.domain.ids import AccountId
from jtrader.ports.stores import Booked


class MemoryProjection:
    """ports.stores.Projection; what it holds is public, for tests to look at."""

    def __init__(self) -> None:
        self.entries: list[Sequenced] = []
        self.postings: list[Posting] = []
        self.positions: dict[tuple[str, str, str], PositionState] = {}
        self.pnl: dict[tuple[str, str, str, int], PnlPoint] = {}
        self.rules = 0

    def position(self) -> int:
        return self.entries[-1].seq if self.entries else 0

    def begin(self, rules: int) -> int:
        if self.rules != rules:
            for filled in (self.entries, self.postings, self.positions, self.pnl):
                filled.clear()
            self.rules = rules
        return self.position()

    def apply(self, batch: Sequence[Booked], positions: Sequence[PositionState], pnl: Sequence[PnlPoint]) -> None:
        for booked in batch:
            if booked.entry.seq > self.position():
                self.entries.append(booked.entry)
                self.postings += booked.postings
        self.positions |= {(p.account, p.strategy, p.instrument): p for p in positions}
        self.pnl |= {(p.account, p.strategy, p.asset, p.ts): p for p in pnl}


class MemoryStatements:
    """ports.stores.StatementStore."""

    def __init__(self) -> None:
        self._days: dict[tuple[AccountId, dt.date], list[Statement]] = {}

    def save(self, statement: Statement) -> Statement:
        versions = self._days.setdefault((statement.account, statement.date), [])
        if versions and msgspec.structs.replace(statement, version=len(versions)) == versions[-1]:
            return versions[-1]
        versions.append(msgspec.structs.replace(statement, version=len(versions) + 1))
        return versions[-1]

    def latest(self, account: AccountId, date: dt.date) -> Statement | None:
        versions = self._days.get((account, date), [])
        return versions[-1] if versions else None

    def before(self, account: AccountId, date: dt.date) -> Statement | None:
        days = [day for owner, day in self._days if owner == account and day < date]
        return self.latest(account, max(days)) if days else None
