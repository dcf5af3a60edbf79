"""The outbox follows the journal, waits out a database that is away, and writes each event once."""

import threading
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path

import pytest
from msgspec.structs import replace

from fixtures.oms_desk import ALPHA, INSTRUMENTS, PERP, Desk
from fixtures.trading_floor import when
from jtrader.app.services.oms.projector import Projector
from jtrader.domain.books import PnlPoint, PositionState
from jtrader.domain.errors import Unavailable
from jtrader.domain.events import Event
from jtrader.ports.stores import Booked
from jtrader.store.journal.files import FileJournal
from jtrader.store.memory.books import MemoryProjection


class Flaky(MemoryProjection):
    """A database that can go away; a batch may be in it although the answer was lost."""

    def __init__(self) -> None:
        super().__init__()
        self.away = threading.Event()
        self.loses_answers = False

    def position(self) -> int:
        self._check()
        return super().position()

    def begin(self, rules: int) -> int:
        self._check()
        return super().begin(rules)

    def apply(self, batch: Sequence[Booked], positions: Sequence[PositionState], pnl: Sequence[PnlPoint]) -> None:
        if self.loses_answers:
            self.loses_answers = False
            super().apply(batch, positions, pnl)
            raise Unavailable("the connection was lost")
        self._check()
        super().apply(batch, positions, pnl)

    def _check(self) -> None:
        if self.away.is_set():
            raise Unavailable("Postgres does not answer")


class Follower:
    def __init__(self, folder: Path, projection: MemoryProjection) -> None:
        self.journal = FileJournal(folder, segment_bytes=2_000, fsync=lambda _: None)
        self.projector = Projector(folder, INSTRUMENTS, lambda: projection, retry_seconds=0.02)
        self.projector.start(self.journal.committed)

    def write(self, events: Sequence[Event]) -> None:
        for event in events:
            self.journal.append(event)
        self.journal.commit()
        self.projector.wake(self.journal.committed)

    def wait(self) -> None:
        when(lambda: self.projector.position == self.journal.committed, 10, lambda: self.projector.failure)

    def close(self) -> None:
        self.projector.stop(5)
        self.journal.close()


def traded() -> list[Event]:
    desk = Desk()
    for _ in range(20):
        child = desk.submit(quantity="0.01")
        desk.fill(child, "0.01")
        desk.wait(10)
    return desk.events


@pytest.fixture
def projection() -> Flaky:
    return Flaky()


@pytest.fixture
def follower(tmp_path: Path, projection: Flaky) -> Iterator[Follower]:
    made = Follower(tmp_path, projection)
    yield made
    made.close()


def check(projection: Flaky, events: Sequence[Event]) -> None:
    assert [entry.event for entry in projection.entries] == list(events)
    position = projection.positions[ALPHA, "momentum", PERP]
    assert (position.quantity, position.fees) == (Decimal("0.20"), Decimal("1.00"))
    assert position.mark is not None
    keys = [(p.account, p.entry_id, p.line) for p in projection.postings]
    assert len(keys) == len(set(keys))


def test_every_event_arrives_once_with_positions_and_pnl(follower: Follower, projection: Flaky) -> None:
    events = traded()
    for start in range(0, len(events), 7):
        follower.write(events[start : start + 7])
    follower.wait()
    check(projection, events)
    minutes = {ts // 60_000_000_000 for _, _, _, ts in projection.pnl}
    assert len(minutes) >= 3


def test_while_the_database_is_away_the_journal_goes_on(follower: Follower, projection: Flaky) -> None:
    events = traded()
    projection.away.set()
    follower.write(events[:30])
    when(lambda: follower.projector.failure != "", 10)
    follower.write(events[30:])
    assert follower.projector.position < follower.journal.committed
    projection.away.clear()
    follower.wait()
    check(projection, events)
    assert follower.projector.failure == ""


def test_a_lost_answer_writes_nothing_twice(follower: Follower, projection: Flaky) -> None:
    events = traded()
    projection.loses_answers = True
    follower.write(events)
    follower.wait()
    check(projection, events)


def test_a_restart_goes_on_where_the_database_is(tmp_path: Path, projection: Flaky) -> None:
    events = traded()
    first = Follower(tmp_path, projection)
    first.write(events[:33])
    first.wait()
    first.close()
    second = Follower(tmp_path, projection)
    second.write(events[33:])
    second.wait()
    second.close()
    check(projection, events)


def test_what_older_rules_booked_is_written_anew(tmp_path: Path, projection: Flaky) -> None:
    """As an older version left it: half the journal, with a row that the rules of today would not book."""
    events = traded()
    first = Follower(tmp_path, projection)
    first.write(events[:33])
    first.wait()
    first.close()
    projection.rules -= 1
    projection.postings[0] = replace(projection.postings[0], amount=Decimal("0.01"))
    second = Follower(tmp_path, projection)
    second.write(events[33:])
    second.wait()
    second.close()
    check(projection, events)
    sums: dict[tuple[str, str, str], Decimal] = {}
    for one in projection.postings:
        key = (one.account, one.entry_id, one.asset)
        sums[key] = sums.get(key, Decimal(0)) + one.amount
    assert not any(sums.values())
    minutes = [ts // 60_000_000_000 for _, _, _, ts in projection.pnl]
    assert set(range(min(minutes), max(minutes) + 1)) == set(minutes), "each minute has its P&L again"


def test_a_database_of_another_journal_is_left_alone(tmp_path: Path, projection: Flaky) -> None:
    first = Follower(tmp_path / "one", projection)
    first.write(traded())
    first.wait()
    first.close()
    stored = len(projection.entries)
    second = Follower(tmp_path / "two", projection)
    when(lambda: "belongs to another journal" in second.projector.failure, 10)
    second.close()
    assert len(projection.entries) == stored
