"""Paper accounts beside a simulated one: they fill at what the feed tells, send the venue nothing, outlive a kill -9 of
the oms, and their day closes to the last digit like the others'."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from fixtures.simulator import StartSimulator
from fixtures.trading_floor import ALPHA, BTC, ETH, LIMITS, SPOT_BTC, Floor, when
from jtrader.app.jobs.reconcile import reconcile_day
from jtrader.app.services.heartbeat import read_health
from jtrader.app.services.oms.rpc import FillLine, OrderLine
from jtrader.app.settings import load_settings
from jtrader.domain.account import EntryKind
from jtrader.domain.books import PositionState
from jtrader.domain.events import EntryBooked, OrderFilled
from jtrader.domain.ids import AccountId, InstrumentId
from jtrader.domain.order import OrderStatus, Side
from jtrader.domain.times import DAY, HOUR, MINUTE
from jtrader.engine.intents import Answer

PAPER, COINS = AccountId("paper"), AccountId("coins")
ACCOUNTS = "".join(
    f'[[accounts]]\nname = "{name}"\nmarket = "{market}"\nbroker = "paper"\nfunds = {{USDT = 50000}}\n'
    + LIMITS.format(name=name)
    for name, market in ((PAPER, "binance_usdm"), (COINS, "binance_spot"))
)


@pytest.fixture
def floor(tmp_path, start_simulator: StartSimulator, postgres: str) -> Iterator[Floor]:
    simulator = start_simulator(live_start="2026-01-15T15:50:00Z", live_minutes=14)
    made = Floor(tmp_path / "desk", simulator, postgres, ACCOUNTS)
    for service in (made.feed, made.oms):
        service.environment["JTRADER_FEED_BOOKS"] = "true"
    made.feed.start()
    made.oms.start()
    yield made
    made.close()
    made.simulator.stop()


def trade(floor: Floor, *wishes: tuple[AccountId, InstrumentId, Side, str]) -> None:
    """Fills an intent each, with some market time before and after."""
    floor.simulator.run_for(20)
    when(lambda: is_quoted(floor), 30, floor.oms.log)
    for account, instrument, side, quantity in wishes:
        floor.accepted(side, quantity, account, instrument=instrument)
    floor.simulator.run_for(15)
    when(lambda: not still_open(floor), 60, floor.oms.log)


def is_quoted(floor: Floor) -> bool:
    """The market moves a little, and all of it is told: by quotes, and by whole books to the paper accounts."""
    floor.simulator.run_for(10)
    feed = read_health(floor.home, "feed")
    return feed is not None and feed.ready and not floor.ask("status", dict[str, Any])["paper_waits"]


def rest(floor: Floor) -> None:
    """A paper order that waits for a price 3 % lower."""
    price = next(line.fill.price for line in floor.ask("fills", list[FillLine]) if line.fill.instrument == BTC)
    limit = (price * Decimal("0.97")).quantize(Decimal("0.1"))
    wish = floor.intent(Side.BUY, "0.01", PAPER, instrument=BTC, algorithm="limit", limit_price=limit)
    assert floor.ask("submit_intent", Answer, intent=wish).accepted
    when(lambda: [line.status for line in still_open(floor)] == [OrderStatus.NEW], 10, floor.oms.log)


def still_open(floor: Floor) -> list[OrderLine]:
    return floor.ask("orders", list[OrderLine], open_only=True)


def held(floor: Floor) -> list[PositionState]:
    """Our books, without the marks of this moment."""
    return [
        msgspec.structs.replace(one, mark=None, unrealised=Decimal(0))
        for one in floor.ask("positions", list[PositionState])
    ]


def test_the_day_closes_exactly(floor: Floor, postgres: str):
    simulator = floor.simulator
    trade(
        floor,
        (ALPHA, BTC, Side.BUY, "0.2"),
        (PAPER, BTC, Side.BUY, "0.317"),
        (PAPER, ETH, Side.SELL, "2.5"),
        (COINS, SPOT_BTC, Side.BUY, "0.12345"),
    )
    before = held(floor)
    assert {(one.account, one.instrument): one.quantity for one in before} == {
        (ALPHA, BTC): Decimal("0.2"),
        (PAPER, BTC): Decimal("0.317"),
        (PAPER, ETH): Decimal("-2.5"),
        (COINS, SPOT_BTC): Decimal("0.12345") * Decimal("0.999"),
    }
    rest(floor)
    (resting,) = still_open(floor)
    floor.oms.kill()
    floor.oms.start()
    assert held(floor) == before
    assert still_open(floor) == [resting]
    assert floor.ask("cancel_all", int, account=PAPER) == 1
    trade(floor, (PAPER, BTC, Side.SELL, "0.1"), (COINS, SPOT_BTC, Side.SELL, "0.02345"))
    funding = (simulator.now // (8 * HOUR) + 1) * 8 * HOUR
    simulator.run(120.0, funding + MINUTE)

    def paid() -> set[AccountId]:
        entries = [one.event.entry for one in floor.journal() if isinstance(one.event, EntryBooked)]
        return {entry.account for entry in entries if entry.kind is EntryKind.FUNDING}

    when(lambda: paid() == {ALPHA, PAPER}, 30, floor.oms.log)
    trade(floor, (PAPER, ETH, Side.BUY, "1"), (ALPHA, BTC, Side.SELL, "0.1"))
    ours = [line for line in floor.ask("fills", list[FillLine]) if line.fill.account == PAPER]
    assert len(ours) >= 4
    simulator.jump((simulator.now // DAY + 1) * DAY)

    settings = load_settings(home=floor.home, simulator_uri=simulator.uri, postgres_uri=postgres)
    result = reconcile_day("2026-01-15", settings=settings)
    found = {one.account: (one.verdict, one.breaks) for one in result.statements}
    assert found == dict.fromkeys([ALPHA, PAPER, COINS, AccountId("trend")], ("Clean", ()))
    paper = next(one for one in result.statements if one.account == PAPER)
    fills = [one.event.fill for one in floor.journal() if isinstance(one.event, OrderFilled)]
    assert paper.fills == sum(fill.account == PAPER for fill in fills)
    assert paper.pnl_ledger == paper.pnl_venue
    # what the paper accounts did is known to nobody else: the venue's own account has its two orders' fills only
    told = floor.venue(ALPHA, lambda venue: venue.fills(BTC, 0, simulator.now + DAY))
    assert {fill.trade_id for fill in told} == {fill.trade_id for fill in fills if fill.account == ALPHA}
