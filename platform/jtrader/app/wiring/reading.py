"""What jobs and commands read: the journal's money events, the desk's Postgres."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from jtrader.app.settings import Settings
from jtrader.app.wiring.desk import journal_folder
from jtrader.domain.events import (
    AccountOpened,
    BreakAcknowledged,
    ChildAccepted,
    EntryBooked,
    Event,
    ExpirySeen,
    FundingSeen,
    IntentReceived,
    LedgerAdjusted,
    OrderFilled,
    PositionAssigned,
)
from jtrader.ports.stores import StatementStore
from jtrader.store.journal.reader import read_journal

if TYPE_CHECKING:
    from jtrader.store.postgres.reader import PostgresReader

MONEY = AccountOpened | ChildAccepted | OrderFilled | EntryBooked | ExpirySeen | LedgerAdjusted | BreakAcknowledged
"""The events that the ledger books, and those that say whose a fill is and what a break was."""

BOOKS = MONEY | IntentReceived | FundingSeen | PositionAssigned
"""Beside those, what strategies' own books need."""


def book_events(settings: Settings) -> list[Event]:
    """As `money_events`, with what strategies' own books need."""
    return [entry.event for entry in read_journal(journal_folder(settings)) if isinstance(entry.event, BOOKS)]


def money_events(settings: Settings) -> list[Event]:
    """From the oms's journal, which it may be writing meanwhile; none where nothing was traded from this home yet.

    Raises Broken where the journal is damaged.
    """
    folder = journal_folder(settings)
    return [entry.event for entry in read_journal(folder) if isinstance(entry.event, MONEY)]


@contextmanager
def open_statements(settings: Settings) -> Iterator[StatementStore]:
    """Raises Unavailable when Postgres does not answer."""
    from jtrader.store.postgres.connection import connect
    from jtrader.store.postgres.schema import upgrade
    from jtrader.store.postgres.statements import PostgresStatements

    uri = settings.need("postgres_uri")
    upgrade(uri)
    engine = connect(uri, "jtrader-statements")
    try:
        yield PostgresStatements(engine)
    finally:
        engine.dispose()


@contextmanager
def open_reader(settings: Settings) -> "Iterator[PostgresReader]":
    """Raises Unavailable at the first read when Postgres does not answer."""
    from jtrader.store.postgres.connection import connect
    from jtrader.store.postgres.reader import PostgresReader

    engine = connect(settings.need("postgres_uri"), "jtrader-reader")
    try:
        yield PostgresReader(engine)
    finally:
        engine.dispose()
