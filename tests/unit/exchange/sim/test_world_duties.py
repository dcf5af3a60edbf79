"""What the venues do by the clock and as prices move: funding, settlement, delivery, triggers, liquidation, halts."""

from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from fixtures.recorded_book import LIVE, message, write
from fixtures.simworld import make_world, open_accounts, order, play, rows
from jtrader.domain.errors import BadInput
from jtrader.domain.ids import InstrumentId
from jtrader.domain.instrument import InstrumentStatus
from jtrader.domain.order import OrderStatus, TriggerBy
from jtrader.domain.times import HOUR, MINUTE, SECOND, parse_time
from jtrader.exchange.sim.market.listing import LISTED
from jtrader.exchange.sim.world import World
from jtrader.matching.book import BUY, SELL
from jtrader.venue.records import IncomeKind
from jtrader.venue.refusals import Refused, Why
from jtrader.venue.units import atoms
from jtrader.venue.words import Origin

START = parse_time("2026-01-15T15:58:00Z")
DATED = ("binance_coinm:BTCUSD_261225", "bitmex:XBTZ26", "huobi_future:BTC261225")

FUNDED = [
    ("binance_usdm:BTCUSDT", "0.5", "2026-01-15T16:00:00Z", "2026-01-16T00:00:00Z"),
    ("binance_coinm:BTCUSD_PERP", "50", "2026-01-15T16:00:00Z", "2026-01-16T00:00:00Z"),
    ("bitmex:XBTUSD", "5000", "2026-01-15T20:00:00Z", "2026-01-16T04:00:00Z"),
    ("bitmex:ETHUSD", "10", "2026-01-15T20:00:00Z", "2026-01-16T04:00:00Z"),
    ("huobi_linear:BTC-USDT", "20", "2026-01-15T16:00:00Z", "2026-01-16T00:00:00Z"),
    ("huobi_swap:ETH-USD", "20", "2026-01-15T16:00:00Z", "2026-01-16T00:00:00Z"),
]


@pytest.mark.parametrize(("instrument", "quantity", "first", "second"), FUNDED)
def test_funding_is_settled_at_the_venues_own_instants(instrument: str, quantity: str, first: str, second: str) -> None:
    world = make_world(instrument, start=START)
    account = open_accounts(world, "k")[instrument.partition(":")[0]]
    order(world, instrument, "k", quantity, one_way(world, instrument))
    assert world.next_funding(InstrumentId(instrument)) == parse_time(first)
    play(world, world.live_end)
    world.jump(parse_time(second) + MINUTE)
    paid = rows(account, IncomeKind.FUNDING_FEE)
    assert [row.ts for row in paid] == [parse_time(first), parse_time(second)]
    for row in paid:
        assert row.rate == atoms(world.market.funding_rate(InstrumentId(instrument), row.ts))
        assert row.amount * row.rate < 0, "longs pay where the rate is above zero"


def one_way(world: World, instrument: str) -> int:
    """A plain buy opens a position on every market once its accounts are not in hedge mode."""
    venue = world.venues[instrument.partition(":")[0]]
    for account in venue.accounts.values():
        account.modes.hedge = False
    return BUY


@pytest.mark.parametrize(
    ("instrument", "quantity", "instant"),
    [
        ("huobi_linear:BTC-USDT", "20", "2026-01-15T16:00:00Z"),
        ("huobi_swap:BTC-USD", "20", "2026-01-15T16:00:00Z"),
        ("huobi_future:BTC261225", "20", "2026-01-16T08:00:00Z"),
    ],
)
def test_htx_settles_at_the_average_price_and_equity_stays(instrument: str, quantity: str, instant: str) -> None:
    market, _, symbol = instrument.partition(":")
    world = make_world(instrument, start=START)
    account = open_accounts(world, "k")[market]
    order(world, instrument, "k", quantity, one_way(world, instrument))
    settle = LISTED[InstrumentId(instrument)].settle
    before = account.positions[symbol].cost
    assert world.duties.next_settlement(market, world.now) == parse_time(instant)
    play(world, world.live_end)
    world.jump(parse_time(instant) + HOUR)
    [row] = rows(account, IncomeKind.SETTLEMENT)
    minutes = 60 if market == "huobi_future" else 10
    span = world.histories[InstrumentId(instrument)].klines(row.ts - minutes * MINUTE, row.ts)
    tick = atoms(LISTED[InstrumentId(instrument)].price_tick)
    assert row.ts == parse_time(instant)
    assert min(kline.low for kline in span) * tick <= row.price <= max(kline.high for kline in span) * tick
    assert account.positions[symbol].cost == before + row.amount
    assert account.positions[symbol].open_cost == before
    moved = sum(r.amount for r in account.income)
    assert account.holdings[settle].free == account.opening[settle] + moved


@pytest.mark.parametrize("instrument", DATED)
def test_a_dated_contract_is_delivered_at_its_index_and_nothing_follows(instrument: str) -> None:
    market, _, symbol = instrument.partition(":")
    expiry = START + 2 * MINUTE
    world = make_world(instrument, start=START, expiries={InstrumentId(instrument): expiry})
    account = open_accounts(world, "k")[market]
    order(world, instrument, "k", "100" if market == "bitmex" else "10", one_way(world, instrument))
    resting = order(world, instrument, "k", "100" if market == "bitmex" else "10", SELL, "130000")
    play(world, world.live_end)
    [row] = rows(account, IncomeKind.DELIVERY)
    indexes = [world.market.index_atoms(InstrumentId(instrument), expiry - s * SECOND) for s in range(1, 1801)]
    assert row.ts == expiry
    assert min(indexes) * 0.995 < row.price < max(indexes) * 1.005
    assert account.positions[symbol].lots == 0
    assert resting.status is OrderStatus.EXPIRED
    history = world.histories[InstrumentId(instrument)]
    assert history.now == expiry
    assert history.klines(expiry - MINUTE, world.live_end)[-1].minute_ns == expiry - MINUTE
    assert len(world.venues[market].books[symbol]) == 0
    with pytest.raises(Refused):
        order(world, instrument, "k", "100" if market == "bitmex" else "10")
    world.jump(world.live_end + HOUR)
    assert history.latest_klines(1)[0].minute_ns == expiry - MINUTE


def test_a_contract_must_be_listed_when_the_market_goes_live_and_only_dated_ones_expire() -> None:
    for instrument, expiry, said in (
        ("bitmex:XBTZ26", START, "it must be listed then"),
        ("bitmex:XBTUSD", START + MINUTE, "is not dated"),
        ("bitmex:XBTZ26", START + 1, "whole minute"),
    ):
        with pytest.raises(BadInput, match=said):
            make_world(instrument, start=START, expiries={InstrumentId(instrument): expiry})


def near(world: World, by: TriggerBy, ratio: float) -> Decimal:
    """A price on the grid at that ratio to the price which `by` names."""
    name = InstrumentId("binance_usdm:BTCUSDT")
    now = {
        TriggerBy.LAST: world.histories[name].last_price() / 10,
        TriggerBy.MARK: world.market.mark_atoms(name, world.now) / 10**8,
        TriggerBy.INDEX: world.market.index_atoms(name, world.now) / 10**8,
    }
    return Decimal(round(now[by] * ratio * 10)) / 10


@pytest.mark.parametrize("by", list(TriggerBy))
def test_a_stop_goes_to_work_as_the_price_comes(by: TriggerBy) -> None:
    world = make_world("binance_usdm:BTCUSDT", start=START)
    open_accounts(world, "k")
    play(world, START + 2 * SECOND)
    stops = [
        order(
            world,
            "binance_usdm:BTCUSDT",
            "k",
            "0.01",
            side,
            trigger_price=near(world, by, 1 + side * away),
            trigger_by=by,
        )
        for side in (BUY, SELL)
        for away in (0.0001, 0.0002, 0.05)
    ]
    play(world, world.live_end)
    gone = [stop for stop in stops if stop.triggered]
    assert gone
    assert all(stop.status is OrderStatus.FILLED for stop in gone)
    assert not any(stop.triggered for stop in (stops[2], stops[5])), "five per cent away"


def test_what_falls_below_its_maintenance_margin_is_liquidated_at_the_next_look() -> None:
    world = make_world("bitmex:XBTUSD", start=START)
    account = open_accounts(world, "k")["bitmex"]
    order(world, "bitmex:XBTUSD", "k", "500000")
    play(world, START + 2 * SECOND)
    assert not [o for o in account.orders.values() if o.origin is Origin.LIQUIDATION]
    venue = world.venues["bitmex"]
    strict = msgspec.structs.replace(venue.listing("XBTUSD"), maintenance=Decimal(3))
    venue.set_rules(strict, world.now)
    play(world, START + 4 * SECOND)
    assert [o for o in account.orders.values() if o.origin is Origin.LIQUIDATION]
    assert account.positions["XBTUSD"].lots == 0


def test_a_crash_liquidates_who_holds_too_much_and_nobody_else(tmp_path: Path) -> None:
    crash = message(1, 0.0, [("bid", 99_999.9, 50.0), ("ask", 100_000.1, 50.0)], snapshot=True, last=10)
    crash += message(2, 12.0, [("bid", 90_000.0, 50.0), ("ask", 90_000.2, 50.0)], snapshot=True, last=20)
    crash += message(3, 200.0, [("bid", 89_999.0, 1.0)], first=21, last=21, previous=20)
    world = make_world("binance_usdm:BTCUSDT", start=None, replay=write(tmp_path, crash))
    accounts = {name: open_accounts(world, name)["binance_usdm"] for name in ("bold", "meek")}
    order(world, "binance_usdm:BTCUSDT", "bold", "15")
    order(world, "binance_usdm:BTCUSDT", "meek", "1")
    play(world, LIVE + 9 * SECOND)
    assert accounts["bold"].positions["BTCUSDT"].lots == 15_000
    play(world, LIVE + 12 * SECOND)
    assert (accounts["bold"].positions["BTCUSDT"].lots, accounts["meek"].positions["BTCUSDT"].lots) == (0, 1_000)
    assert Origin.LIQUIDATION in {made.origin for made in accounts["bold"].orders.values()}
    assert accounts["bold"].holdings["USDT"].total == 0, "what was missing came from the insurance fund"
    assert sum(row.amount for row in rows(accounts["bold"], IncomeKind.INSURANCE)) > 0


def test_an_index_stop_waits_from_the_first_moment_on() -> None:
    world = make_world("bitmex:XBTUSD", start=START)
    open_accounts(world, "k")
    stop = order(
        world, "bitmex:XBTUSD", "k", "100", SELL, trigger_price=Decimal("99000"), trigger_by=TriggerBy.INDEX
    )  # fmt: skip
    assert stop.is_waiting


def test_nothing_trades_while_halted_and_others_come_back_after_it() -> None:
    name = "binance_usdm:BTCUSDT"
    world = make_world(name, start=START)
    open_accounts(world, "k")
    venue, tape = world.venues["binance_usdm"], world.histories[InstrumentId(name)].tape
    resting = order(world, name, "k", "0.1", BUY, "100000")
    play(world, START + 10 * SECOND)
    venue.set_status("BTCUSDT", InstrumentStatus.HALTED, world.now)
    world.told()
    printed = len(tape.prints)
    play(world, START + 70 * SECOND)
    assert len(tape.prints) == printed
    with pytest.raises(Refused) as refused:
        order(world, name, "k", "0.1")
    assert refused.value.why is Why.HALTED
    venue.set_status("BTCUSDT", InstrumentStatus.TRADING, world.now)
    world.told()
    mark = world.mark(InstrumentId(name)) / 10**7
    assert abs(venue.books["BTCUSDT"].best(BUY) - mark) < 50
    assert resting.is_open
    play(world, START + 80 * SECOND)
    assert len(tape.prints) > printed
    assert order(world, name, "k", "0.1").status is OrderStatus.FILLED
    venue.set_status("BTCUSDT", InstrumentStatus.DELISTED, world.now)
    world.told()
    printed = len(tape.prints)
    play(world, world.live_end)
    assert (len(tape.prints), resting.status) == (printed, OrderStatus.EXPIRED)
