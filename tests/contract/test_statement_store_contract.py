"""Statements, the same on Postgres and in memory: equal days are not written again, different ones are versions."""

import datetime as dt
from decimal import Decimal

import msgspec
import pytest

from jtrader.domain.books import Break, BreakKind, Statement, Transit
from jtrader.store.memory.books import MemoryStatements
from jtrader.store.postgres.connection import connect
from jtrader.store.postgres.reader import PostgresReader
from jtrader.store.postgres.schema import upgrade
from jtrader.store.postgres.statements import PostgresStatements

D = Decimal
DAY = dt.date(2026, 1, 15)
BREAK = Break(
    kind=BreakKind.DIFFERS,
    what="fee",
    reference="binance_usdm:BTCUSDT#7",
    asset="USDT",
    ours="2.5",
    theirs="2.50000001",
    detail="The fee differs by 0.00000001 USDT.",
)
CLEAN = Statement(
    account="alpha",
    date=DAY,
    version=1,
    opening={"USDT": D("100000")},
    closing={"USDT": D("100012.34567891")},
    transfers={},
    pnl_ledger={"USDT": D("12.34567891")},
    pnl_venue={"USDT": D("12.345678910")},
    fills=20,
    matched=41,
    in_transit=(Transit(reference="7", asset="USDT", amount=D("-0.1"), ts=5),),
)


@pytest.fixture
def engine(postgres):
    upgrade(postgres)
    engine = connect(postgres)
    yield engine
    engine.dispose()


@pytest.fixture(params=["memory", "postgres"])
def store(request):
    return MemoryStatements() if request.param == "memory" else PostgresStatements(request.getfixturevalue("engine"))


def test_what_is_saved_is_read_back(store):
    broken = msgspec.structs.replace(CLEAN, breaks=(BREAK, msgspec.structs.replace(BREAK, reference="8")))
    assert store.save(broken) == broken
    assert store.latest("alpha", DAY) == broken
    assert store.latest("trend", DAY) is None
    assert store.latest("alpha", DAY + dt.timedelta(1)) is None


def test_saving_an_equal_statement_writes_nothing(store):
    first = store.save(CLEAN)
    assert store.save(msgspec.structs.replace(CLEAN, version=9)) == first
    assert store.latest("alpha", DAY).version == 1


def test_a_different_statement_is_the_next_version(store):
    store.save(CLEAN)
    late = store.save(msgspec.structs.replace(CLEAN, breaks=(BREAK,)))
    assert late.version == 2
    assert store.save(late) == late
    assert store.latest("alpha", DAY) == late
    assert store.save(CLEAN).version == 3, "back to what it was is a change too"


def test_before_is_the_newest_version_of_an_earlier_day(store):
    store.save(CLEAN)
    store.save(msgspec.structs.replace(CLEAN, matched=42))
    store.save(msgspec.structs.replace(CLEAN, date=DAY - dt.timedelta(3)))
    assert store.before("alpha", DAY + dt.timedelta(5)).matched == 42
    assert store.before("alpha", DAY).date == DAY - dt.timedelta(3)
    assert store.before("alpha", DAY - dt.timedelta(3)) is None


def test_views_show_the_latest_version_and_exact_daily_profit(engine):
    store = PostgresStatements(engine)
    store.save(msgspec.structs.replace(CLEAN, breaks=(BREAK,)))
    store.save(CLEAN)
    store.save(msgspec.structs.replace(CLEAN, date=DAY - dt.timedelta(1), account="trend"))
    reader = PostgresReader(engine)
    rows = reader.query("SELECT account, version, verdict, breaks FROM v_statement_latest ORDER BY account")
    assert rows == [
        {"account": "alpha", "version": 2, "verdict": "Clean", "breaks": 0},
        {"account": "trend", "version": 1, "verdict": "Clean", "breaks": 0},
    ]
    daily = reader.query("SELECT date, asset, pnl, pnl_venue FROM v_pnl_daily WHERE account = 'alpha'")
    assert daily == [{"date": DAY, "asset": "USDT", "pnl": D("12.34567891"), "pnl_venue": D("12.34567891")}]
    assert [(s.account, s.version) for s in reader.statements()] == [("alpha", 2), ("trend", 1)]
    assert len(reader.statements(limit=1)) == 1
