"""The journal's read model, the same on Postgres and in memory: applied once, in order, remembered."""

from decimal import Decimal

import msgspec
import pytest
from sqlalchemy import text

from fixtures.oms_story import PERP, STORY, booked, filled, intent, order
from jtrader.domain.account import EntryKind, VenueEntry
from jtrader.domain.books import PnlPoint, PositionState
from jtrader.domain.errors import Unavailable
from jtrader.domain.events import (
    CancelRequested,
    ChildAccepted,
    ChildRefused,
    EntryBooked,
    IntentReceived,
    IntentRefused,
    OrderAcknowledged,
    OrderClosed,
    OrderFilled,
    OrderRejected,
    OrderUnknown,
)
from jtrader.domain.order import OrderStatus, Side
from jtrader.ports.stores import Booked
from jtrader.store.memory.books import MemoryProjection
from jtrader.store.postgres.connection import connect
from jtrader.store.postgres.projection import PROJECTED, PostgresProjection
from jtrader.store.postgres.reader import PostgresReader
from jtrader.store.postgres.schema import upgrade

D = Decimal


@pytest.fixture
def engine(postgres):
    upgrade(postgres)
    engine = connect(postgres)
    yield engine
    engine.dispose()


@pytest.fixture(params=["memory", "postgres"])
def projection(request):
    if request.param == "memory":
        return MemoryProjection()
    return PostgresProjection(request.getfixturevalue("engine"))


def test_it_remembers_how_far_it_is(projection):
    batch, ledger = booked(STORY)
    assert projection.position() == 0
    projection.apply(batch[:3], [], [])
    assert projection.position() == 3
    projection.apply(batch, ledger.positions(), ledger.pnl_points(60))
    assert projection.position() == len(STORY)


def test_applying_again_changes_nothing(projection):
    batch, ledger = booked(STORY)
    for _ in range(3):
        projection.apply(batch, ledger.positions(), ledger.pnl_points(60))
    assert projection.position() == len(STORY)


def test_rows_of_other_rules_are_removed_and_it_begins_anew(projection):
    batch, ledger = booked(STORY)
    assert projection.begin(1) == 0
    projection.apply(batch, ledger.positions(), ledger.pnl_points(60))
    assert projection.begin(1) == len(STORY)
    assert (projection.begin(2), projection.position()) == (0, 0)
    projection.apply(batch[:3], [], [])
    assert projection.begin(2) == 3, "a rebuild that was cut off goes on"


def test_a_rebuild_leaves_nothing_of_the_old_rules_and_all_that_others_wrote(engine):
    batch, ledger = booked(STORY)
    projection = PostgresProjection(engine)
    projection.begin(1)
    odd = [msgspec.structs.replace(one, amount=one.amount + D("0.00000001")) for one in batch[-1].postings]
    projection.apply([*batch[:-1], Booked(batch[-1].entry, tuple(odd))], ledger.positions(), ledger.pnl_points(60))
    with engine.begin() as connection:
        connection.execute(text("UPDATE projection_state SET rules = DEFAULT"))
        connection.execute(text("INSERT INTO data_quality VALUES ('2026-01-15', 'x', 'trade', 1, 1, '{}', 0)"))
    projection = PostgresProjection(engine)
    assert projection.begin(1) == 0
    counted = {table: f"(SELECT count(*) FROM {table.__tablename__})" for table in PROJECTED}
    reader = PostgresReader(engine)
    [left] = reader.query(f"SELECT {' + '.join(counted.values())} AS n, (SELECT count(*) FROM data_quality) AS kept")
    assert left == {"n": 0, "kept": 1}
    projection.apply(batch, ledger.positions(), ledger.pnl_points(60))
    sums = reader.query("SELECT sum(amount) AS total FROM postings GROUP BY entry_id, asset")
    assert sums
    assert all(row["total"] == 0 for row in sums)


def test_reader_gives_back_what_went_in_exactly(engine):
    batch, ledger = booked(STORY)
    for _ in range(2):
        PostgresProjection(engine).apply(batch, ledger.positions(), ledger.pnl_points(60))
    reader = PostgresReader(engine)
    assert reader.positions() == ledger.positions()
    assert reader.pnl() == ledger.pnl_points(60)
    assert [(f.trade_id, f.strategy, str(f.price), str(f.fee)) for f in reader.fills()] == [
        ("2", "model_signal", "50000.10", "2.50000500"),
        ("1", "model_signal", "50000.10", "2.50000500"),
    ]
    [working] = reader.orders(open_only=True)
    assert (working.status, working.filled, working.price) == ("partially_filled", D("0.2"), D("50000.1"))
    sums = reader.query("SELECT entry_id, asset, sum(amount) AS total FROM postings GROUP BY 1, 2")
    assert len(sums) == 5
    assert all(row["total"] == 0 for row in sums)
    assert reader.query("SELECT features FROM signals")[0]["features"] == {"return_5": 0.1 + 0.2}


def test_lineage_view_leads_from_a_fill_to_the_model(engine):
    PostgresProjection(engine).apply(booked(STORY)[0], [], [])
    [row, _] = PostgresReader(engine).query("SELECT * FROM v_lineage ORDER BY trade_id")
    assert (row["trade_id"], row["client_order_id"], row["parent_id"], row["signal_id"]) == ("1", "o1", "p1", "s1")
    assert (row["model_name"], row["model_version"], row["data_manifest"], row["commit"]) == (
        "direction",
        "3",
        "m1",
        "c1",
    )


def test_views_tell_what_the_ledger_booked(engine):
    ts = 1_768_491_060_000_000_000
    closing = filled(3, "0.1", ts=ts).fill
    closing = msgspec.structs.replace(closing, side=Side.SELL, price=D("50100.1"))
    funding = VenueEntry(
        account="alpha", entry_id="f1", kind=EntryKind.FUNDING, asset="USDT", amount=D("-0.5"), ts=ts, instrument=PERP
    )
    events = [*STORY, OrderFilled(ts=ts, fill=closing), EntryBooked(ts=ts, entry=funding)]
    batch, ledger = booked(events)
    points = [*ledger.pnl_points(ts - 1), *ledger.pnl_points(ts)]
    PostgresProjection(engine).apply(batch, ledger.positions(), points)
    reader = PostgresReader(engine)
    fills = reader.query("SELECT trade_id, strategy, realised FROM v_fills ORDER BY trade_id")
    assert [(f["trade_id"], f["strategy"], f["realised"]) for f in fills] == [
        ("1", "model_signal", D(0)),
        ("2", "model_signal", D(0)),
        ("3", "model_signal", D(10)),
    ]
    [position] = reader.query("SELECT quantity, average_price, pnl FROM v_positions")
    [state] = ledger.positions()
    assert position == {"quantity": D("0.1"), "average_price": D("50000.1"), "pnl": state.pnl}
    [live] = reader.query("SELECT pnl, ts_ns, time::text AS time FROM v_pnl_live")
    assert live == {"pnl": state.pnl, "ts_ns": ts, "time": "2026-01-15 15:31:00+00"}
    [day] = reader.query("SELECT realised, fees, funding FROM v_booked_daily WHERE date = '2026-01-15'")
    assert day == {"realised": D(10), "fees": D("2.500005"), "funding": D("-0.5")}


LIVES = [
    ([OrderAcknowledged(ts=1, client_order_id="o1", venue_order_id="7")], OrderStatus.NEW, "0"),
    ([OrderUnknown(ts=1, client_order_id="o1", reason="timeout")], OrderStatus.UNKNOWN, "0"),
    ([OrderRejected(ts=1, client_order_id="o1", code="-2019", reason="margin")], OrderStatus.REJECTED, "0"),
    ([filled(1, "0.3")], OrderStatus.FILLED, "0.3"),
    ([CancelRequested(ts=1, client_order_id="o1", reason="")], OrderStatus.PENDING_CANCEL, "0"),
    ([CancelRequested(ts=1, client_order_id="o1", reason=""), filled(1)], OrderStatus.PENDING_CANCEL, "0.1"),
    (
        [filled(1), OrderAcknowledged(ts=1, client_order_id="o1", venue_order_id="7")],
        OrderStatus.PARTIALLY_FILLED,
        "0.1",
    ),
    ([OrderClosed(ts=1, client_order_id="o1", status=OrderStatus.CANCELED), filled(1)], OrderStatus.CANCELED, "0.1"),
    (
        [OrderClosed(ts=1, client_order_id="o1", status=OrderStatus.CANCELED), filled(1, "0.3")],
        OrderStatus.FILLED,
        "0.3",
    ),
]


@pytest.mark.parametrize(("events", "status", "quantity"), LIVES)
def test_an_order_ends_in_the_state_of_its_events(engine, events, status, quantity):
    PostgresProjection(engine).apply(booked([ChildAccepted(ts=0, order=order()), *events])[0], [], [])
    [row] = PostgresReader(engine).orders()
    assert (row.status, row.filled) == (status.value, D(quantity))


def test_refusals_are_kept_with_their_reason(engine):
    events = [
        IntentReceived(ts=1, intent=intent("p2")),
        IntentRefused(ts=1, intent=intent("p2"), code="unknown_account", reason="no account beta"),
        ChildRefused(ts=2, order=order("o2"), code="max_order_notional", reason="15,000 is above 10,000"),
    ]
    PostgresProjection(engine).apply(booked(events)[0], [], [])
    reader = PostgresReader(engine)
    [refused] = reader.orders()
    assert (refused.status, refused.code) == ("refused", "max_order_notional")
    assert reader.query("SELECT refusal_code FROM parents") == [{"refusal_code": "unknown_account"}]


def test_fills_of_others_are_unassigned(engine):
    PostgresProjection(engine).apply(booked([filled(9, client=None), filled(10, client="stranger")])[0], [], [])
    assert {fill.strategy for fill in PostgresReader(engine).fills()} == {"UNASSIGNED"}


def test_a_failing_batch_leaves_nothing_behind(engine):
    projection = PostgresProjection(engine)
    batch, _ = booked(STORY)
    broken = PositionState(account=None, strategy="s", instrument=PERP, settle="USDT", ts=1)
    with pytest.raises(Exception, match="account"):
        projection.apply(batch, [broken], [])
    assert projection.position() == 0
    assert PostgresReader(engine).query("SELECT count(*) AS n FROM fills") == [{"n": 0}]


def test_newer_positions_and_points_replace_older_ones(engine):
    projection = PostgresProjection(engine)
    state = PositionState(account="a", strategy="s", instrument=PERP, settle="USDT", ts=1, quantity=D(1))
    point = PnlPoint(
        ts=1, account="a", strategy="s", asset="USDT", realised=D(1), unrealised=D(0), fees=D(0), funding=D(0)
    )
    later = msgspec.structs.replace(state, ts=2, quantity=D(0))
    projection.apply([], [state], [point])
    projection.apply([], [state, later], [point, msgspec.structs.replace(point, ts=2)])
    reader = PostgresReader(engine)
    assert reader.positions() == [later]
    assert [p.ts for p in reader.pnl()] == [1, 2]


def test_readers_cannot_write(engine):
    with pytest.raises(Exception, match="read-only transaction"):
        PostgresReader(engine).query("DELETE FROM fills RETURNING trade_id")


def test_a_server_that_is_away_is_unavailable():
    engine = connect("postgresql://jtrader:x@127.0.0.1:1/jtrader")
    for attempt in (
        lambda: PostgresProjection(engine).position(),
        lambda: PostgresProjection(engine).apply([], [], []),
        lambda: PostgresReader(engine).positions(),
        lambda: upgrade("postgresql://jtrader:x@127.0.0.1:1/jtrader"),
    ):
        with pytest.raises(Unavailable, match=r"127\.0\.0\.1:1/jtrader"):
            attempt()
