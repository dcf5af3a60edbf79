"""The simulated world in process: three stretches read as one, funding at its instants, nothing of the future."""

import itertools
from decimal import Decimal

import pytest

from jtrader.domain.errors import BadInput
from jtrader.domain.ids import InstrumentId
from jtrader.domain.times import DAY, HOUR, MINUTE, SECOND, parse_time
from jtrader.exchange.sim.clock import LAGGING, SimClock
from jtrader.exchange.sim.market.market import build_market
from jtrader.exchange.sim.market.plan import MarketPlan
from jtrader.exchange.sim.market.tape import Kline, Print
from jtrader.exchange.sim.tape import LiveTape
from jtrader.exchange.sim.world import World
from jtrader.matching.book import BUY, SELL
from jtrader.matching.entry import Style
from jtrader.venue.filters import NewOrder
from jtrader.venue.records import IncomeKind
from jtrader.venue.refusals import Refused, Why
from jtrader.venue.units import atoms, divide

PERP, SPOT = InstrumentId("binance_usdm:BTCUSDT"), InstrumentId("binance_spot:BTCUSDT")
START = parse_time("2026-01-15T15:58:00Z")
FUNDS = {"binance_usdm": {"USDT": "100000"}, "binance_spot": {"USDT": "100000"}}


@pytest.fixture
def world() -> World:
    """One day of history, live from 15:58 to 16:02, over the funding at 16:00."""
    plan = MarketPlan(seed=5, instruments=(PERP, SPOT), live_start=START, live_minutes=4, days=1)
    return World(build_market(plan))


def play(world: World, to: int) -> None:
    for _ in world.steps(to):
        pass


def buy(world: World, market: str, name: str, quantity: str, style: Style = Style.MARKET, price: str | None = None):
    venue = world.venues[market]
    limit = None if price is None else Decimal(price)
    new = NewOrder(
        symbol="BTCUSDT", side=BUY, style=style, client_id="x" + quantity, quantity=Decimal(quantity), price=limit
    )
    order = venue.submit(venue.accounts[name], new, world.now)
    world.told()
    return order


def test_minutes_and_trades_are_one_chain_through_all_three_stretches(world: World) -> None:
    play(world, world.live_end)
    world.jump(world.live_end + 30 * MINUTE + 20 * SECOND)
    for instrument in (PERP, SPOT):
        history = world.histories[instrument]
        klines = history.klines(START - 10 * MINUTE, world.now)
        assert [k.minute_ns for k in klines] == list(range(START - 10 * MINUTE, world.now, MINUTE))
        assert all(k.low <= min(k.open, k.close) <= max(k.open, k.close) <= k.high for k in klines)
        prints = list(history.prints_from(START - 10 * MINUTE))
        assert [p.id for p in prints] == list(range(prints[0].id, prints[0].id + len(prints)))
        assert all(a.ts <= b.ts for a, b in itertools.pairwise(prints))
        for kline in klines:
            of_minute = [p for p in prints if kline.minute_ns <= p.ts < kline.minute_ns + MINUTE]
            assert (kline.count, kline.volume) == (len(of_minute), sum(p.quantity for p in of_minute))
            if of_minute:
                prices = [p.price for p in of_minute]
                assert (kline.open, kline.high, kline.low, kline.close) == (
                    prices[0],
                    max(prices),
                    min(prices),
                    prices[-1],
                )
        middle = prints[len(prints) // 2]
        assert next(iter(history.prints_from_id(middle.id))) == middle
        assert history.latest_prints(7) == prints[-7:]


def test_nothing_later_than_market_time_is_given_out(world: World) -> None:
    def check() -> None:
        for history in world.histories.values():
            assert all(k.minute_ns < world.now for k in history.klines(world.now - HOUR, world.now + DAY))
            assert all(p.ts <= world.now for p in history.prints_from(world.now - HOUR))

    check()
    play(world, START + 90 * SECOND)
    check()
    play(world, world.live_end)
    check()
    world.jump(world.live_end + 5 * MINUTE + 7 * SECOND)
    check()


def test_a_growing_minute_ends_as_the_closed_one(world: World) -> None:
    play(world, world.live_end)
    world.jump(world.live_end + 3 * MINUTE + 30 * SECOND)
    history = world.histories[PERP]
    growing = history.klines(world.live_end + 3 * MINUTE, world.now)[-1]
    world.jump(world.live_end + 4 * MINUTE)
    closed = history.klines(world.live_end + 3 * MINUTE, world.now)[-1]
    assert (growing.minute_ns, growing.open if growing.count else closed.open) == (closed.minute_ns, closed.open)
    assert growing.count <= closed.count
    assert growing.high <= closed.high
    assert growing.volume <= closed.volume


def test_funding_is_paid_at_its_instant_live_and_by_jump(world: World) -> None:
    account = world.open_account("k", FUNDS)["binance_usdm"]
    buy(world, "binance_usdm", "k", "0.5")
    lots = account.positions["BTCUSDT"].lots
    play(world, world.live_end)
    world.jump(parse_time("2026-01-16T08:30:00Z"))
    rows = [row for row in account.income if row.kind is IncomeKind.FUNDING_FEE]
    instants = [parse_time(t) for t in ("2026-01-15T16:00:00Z", "2026-01-16T00:00:00Z", "2026-01-16T08:00:00Z")]
    assert [row.ts for row in rows] == instants
    for row in rows:
        rate, mark = world.market.funding_rate(PERP, row.ts), world.market.mark(PERP, row.ts)
        assert row.amount == divide(-lots * atoms("0.001") * atoms(mark) * atoms(rate), 10**16)


def test_a_position_of_the_instant_pays_not_one_opened_after_it(world: World) -> None:
    account = world.open_account("k", FUNDS)["binance_usdm"]
    play(world, parse_time("2026-01-15T16:00:00Z"))
    buy(world, "binance_usdm", "k", "0.5")
    play(world, world.live_end)
    assert not [row for row in account.income if row.kind is IncomeKind.FUNDING_FEE]


def test_resting_orders_expire_when_the_live_window_ends_and_nothing_is_taken_after_it(world: World) -> None:
    world.open_account("k", FUNDS)
    resting = buy(world, "binance_spot", "k", "0.01", Style.LIMIT, "50000")
    play(world, world.live_end + HOUR)
    assert (world.now, world.is_live) == (world.live_end, False)
    assert (resting.status.value, resting.updated) == ("expired", world.live_end)
    assert world.venues["binance_spot"].accounts["k"].holdings["USDT"].locked == 0
    with pytest.raises(Refused) as refused:
        buy(world, "binance_spot", "k", "0.02")
    assert refused.value.why is Why.CLOSED


def test_public_trades_hold_the_accounts_own(world: World) -> None:
    account = world.open_account("k", FUNDS)["binance_usdm"]
    play(world, START + 30 * SECOND)
    buy(world, "binance_usdm", "k", "0.3")
    mine = {trade.id: (trade.price, trade.lots) for trade in account.trades}
    public = {p.id: (p.price, p.quantity) for p in world.histories[PERP].prints_from(START)}
    assert mine
    assert mine.items() <= public.items()


def test_the_same_seed_and_the_same_steps_make_the_same_market() -> None:
    def tape() -> list[Print]:
        plan = MarketPlan(seed=5, instruments=(PERP,), live_start=START, live_minutes=2, days=1)
        world = World(build_market(plan))
        play(world, world.live_end)
        return world.histories[PERP].tape.prints

    first = tape()
    assert first == tape()
    assert len(first) > 10


def test_funds_on_an_unknown_market_are_refused(world: World) -> None:
    with pytest.raises(BadInput, match="binance_coinm"):
        world.open_account("k", {"binance_coinm": {"BTC": "1"}})


def test_tape_closes_flat_minutes_at_the_last_price() -> None:
    tape = LiveTape(0, 100)
    tape.trade(Print(1, 10 * SECOND, 105, 3, True))
    tape.trade(Print(2, 20 * SECOND, 95, 2, False))
    tape.roll(3 * MINUTE)
    flat = [Kline(minute, 95, 95, 95, 95, 0, 0, 0, 0, 0) for minute in (MINUTE, 2 * MINUTE)]
    assert tape.closed == [Kline(0, 105, 105, 95, 95, 5, 505, 2, 3, 315), *flat]
    assert tape.klines(MINUTE, 10 * MINUTE, 3 * MINUTE + 1)[-1].minute_ns == 3 * MINUTE
    assert tape.klines(MINUTE, 10 * MINUTE, 3 * MINUTE)[-1].minute_ns == 2 * MINUTE


def test_clock_runs_at_its_speed_to_its_end_and_slips_instead_of_bursting() -> None:
    clock = SimClock(1_000)
    assert clock.reach(5 * SECOND) == 1_000
    clock.run(60.0, 1_000 + MINUTE, wall=0)
    assert clock.reach(SECOND // 4) == 1_000 + 15 * SECOND
    clock.reached(1_000 + 15 * SECOND)
    assert clock.reach(100 * SECOND) == 1_000 + 15 * SECOND + int(LAGGING * 60)
    assert clock.slipped == 100 * SECOND - SECOND // 4 - LAGGING
    clock.reached(1_000 + 45 * SECOND)
    assert clock.reach(100 * SECOND + LAGGING) == 1_000 + MINUTE
    clock.reached(1_000 + MINUTE)
    assert not clock.is_running


@pytest.mark.parametrize(("speed", "until"), [(0.0, None), (-1.0, None), (1e9, None), (1.0, 999)])
def test_clock_refuses_what_can_not_be(speed: float, until: int | None) -> None:
    with pytest.raises(BadInput):
        SimClock(1_000).run(speed, until, wall=0)


def test_books_never_cross_while_accounts_take_part(world: World) -> None:
    world.open_account("k", FUNDS)
    for number, _ in enumerate(world.steps(START + MINUTE)):
        if number % 9 == 0:
            book = world.venues["binance_spot"].books["BTCUSDT"]
            price = (book.best(BUY) or 0) - 3
            buy(world, "binance_spot", "k", f"0.{number + 100:05d}", Style.POST_ONLY, f"{price / 100:.2f}")
        for venue in world.venues.values():
            bid, ask = venue.books["BTCUSDT"].best(BUY), venue.books["BTCUSDT"].best(SELL)
            assert bid is None or ask is None or bid < ask
