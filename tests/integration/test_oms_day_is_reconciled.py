"""A day that the real oms traded on the simulated exchange, killed once in the middle, closes to the last digit."""

from collections.abc import Iterator
from decimal import Decimal

import pytest

from fixtures.simulator import StartSimulator
from fixtures.trading_floor import ALPHA, ETH, TREND, Floor, when
from jtrader.app.jobs.reconcile import reconcile_day
from jtrader.app.services.oms.rpc import OrderLine
from jtrader.app.settings import load_settings
from jtrader.domain.account import EntryKind
from jtrader.domain.events import EntryBooked, OrderFilled
from jtrader.domain.ids import AccountId
from jtrader.domain.order import Side
from jtrader.domain.times import DAY, HOUR, MINUTE


@pytest.fixture
def floor(tmp_path, start_simulator: StartSimulator, postgres: str) -> Iterator[Floor]:
    made = Floor(tmp_path / "desk", start_simulator(live_start="2026-01-15T15:50:00Z", live_minutes=14), postgres)
    made.feed.start()
    made.oms.start()
    yield made
    made.close()
    made.simulator.stop()


def trade(floor: Floor, side: Side, quantity: str, account: AccountId = ALPHA, **more: object) -> None:
    """Fills one intent, with a market minute before and after it."""
    floor.simulator.run_for(45)
    floor.accepted(side, quantity, account, **more)
    floor.simulator.run_for(15)
    when(lambda: not floor.ask("orders", list[OrderLine], open_only=True), 60, floor.oms.log)


def test_the_day_closes_exactly(floor: Floor, postgres: str):
    simulator = floor.simulator
    trade(floor, Side.BUY, "0.317")
    trade(floor, Side.BUY, "0.12345", TREND)
    trade(floor, Side.SELL, "0.117")
    floor.oms.kill()
    floor.oms.start()
    trade(floor, Side.SELL, "5.55", instrument=ETH)
    trade(floor, Side.SELL, "0.05")
    trade(floor, Side.SELL, "0.07345", TREND)
    funding = (simulator.now // (8 * HOUR) + 1) * 8 * HOUR
    simulator.run(120.0, funding + MINUTE)
    when(lambda: any(isinstance(one.event, EntryBooked) for one in floor.journal()), 30, floor.oms.log)
    trade(floor, Side.BUY, "7.01", instrument=ETH)
    simulator.jump((simulator.now // DAY + 1) * DAY)

    settings = load_settings(home=floor.home, simulator_uri=simulator.uri, postgres_uri=postgres)
    result = reconcile_day("2026-01-15", settings=settings)
    assert [(one.account, one.verdict, one.breaks) for one in result.statements] == [
        (ALPHA, "Clean", ()),
        (TREND, "Clean", ()),
    ]
    events = [one.event for one in floor.journal()]
    assert sum(one.fills for one in result.statements) == sum(isinstance(event, OrderFilled) for event in events) >= 7
    kinds = {event.entry.kind for event in events if isinstance(event, EntryBooked)}
    assert EntryKind.FUNDING in kinds
    alpha, trend = result.statements
    assert alpha.pnl_ledger == alpha.pnl_venue
    assert alpha.pnl_ledger["USDT"] not in (Decimal(0), -sum(e.fill.fee for e in events if isinstance(e, OrderFilled)))
    assert set(trend.pnl_ledger) == {"BTC", "USDT"}
