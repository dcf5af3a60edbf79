"""A world that is written down as it goes and read back is the world that was: on every market, at any time."""

import itertools
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from fixtures.recorded_book import book, trades, write
from fixtures.simworld import open_accounts, order, play
from jtrader.domain.errors import BadInput, Unavailable
from jtrader.domain.ids import InstrumentId
from jtrader.domain.instrument import InstrumentStatus
from jtrader.domain.order import OrderStatus, TriggerBy
from jtrader.domain.times import HOUR, MINUTE, SECOND, parse_time
from jtrader.exchange.sim.clock import SimClock
from jtrader.exchange.sim.kept.keeper import Keeper, open_state
from jtrader.exchange.sim.kept.state_file import NAME, StateFile
from jtrader.exchange.sim.keys import Keys
from jtrader.exchange.sim.market.market import build_market
from jtrader.exchange.sim.market.plan import MarketPlan
from jtrader.exchange.sim.world import World
from jtrader.matching.book import BUY, FOREIGN, SELL
from jtrader.venue.records import IncomeKind

START = parse_time("2026-01-15T15:58:00Z")
PERP, COINM, XBT, SWAP = "binance_usdm:BTCUSDT", "binance_coinm:BTCUSD_PERP", "bitmex:XBTUSD", "huobi_swap:BTC-USD"
SPOT = "binance_spot:BTCUSDT"
PLAN = MarketPlan(
    seed=5,
    instruments=tuple(InstrumentId(name) for name in (PERP, COINM, XBT, SWAP, SPOT)),
    live_start=START,
    live_minutes=4,
    days=1,
)


class Kept:
    """A world with its keeper; `reopened` is what another process finds after this one was killed."""

    def __init__(self, folder: Path, plan: MarketPlan = PLAN) -> None:
        self._folder, self._plan = folder, plan
        self.file = open_state(folder, plan)
        self.world = World(build_market(plan))
        if not self.file.is_new:
            self.world.restore(self.file)
        self.clock = SimClock(self.world.now)
        self.keeper = Keeper(self.file, self.world, self.clock)
        self.keys = Keys(self.world, self.keeper.note_key)
        for key in [] if self.file.is_new else self.file.known_keys():
            self.keys.restore(key)

    def commit(self) -> None:
        for told in self.world.told():
            self.keeper.note(told)
        self.keeper.commit()

    def play(self, to: int) -> None:
        for all_told in self.world.steps(to):
            for told in all_told:
                self.keeper.note(told)
        self.keeper.commit()

    def reopened(self) -> "Kept":
        self.file.close()
        return Kept(self._folder, self._plan)


def accounts_of(world: World) -> dict[str, bytes]:
    """All that accounts are and have been, without the others' orders."""
    told = {}
    for name, venue in world.venues.items():
        state = [
            {name: value for name, value in vars(account).items() if not name.startswith("_")}
            for account in venue.accounts.values()
        ]
        told[name] = msgspec.json.encode(msgspec.to_builtins(state, str_keys=True))
    return told


def public(world: World, name: str) -> tuple[object, object, int]:
    history = world.histories[InstrumentId(name)]
    venue = world.venues[name.partition(":")[0]]
    prints = list(history.prints_from(START - MINUTE))
    return prints, history.klines(START - 10 * MINUTE, world.now), venue.next_trade_id[name.partition(":")[2]]


def trade_a_little(world: World) -> None:
    quantities = {PERP: "0.1", COINM: "20", XBT: "1000", SPOT: "0.05"}
    for name, quantity in quantities.items():
        order(world, name, "k", quantity)
        order(world, name, "k", quantity, BUY, "100000")
    order(world, PERP, "k", "0.05", SELL, reduce_only=True, trigger_price=Decimal("104000"))


def test_everything_is_as_it_was_on_every_market(tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    kept.keys.create("k", "secret", {})
    open_accounts(kept.world, "k")
    for turn in range(3):
        kept.play(START + (turn + 1) * 20 * SECOND)
        trade_a_little(kept.world)
        if turn == 0:
            kept.world.venues["binance_usdm"].set_leverage(
                kept.world.venues["binance_usdm"].accounts["k"], "BTCUSDT", 7
            )
        kept.commit()
        before = accounts_of(kept.world), {name: public(kept.world, name) for name in PLAN.instruments}, kept.world.now
        versions = {name: book_of(kept.world, name).version for name in PLAN.instruments}
        kept = kept.reopened()
        after = accounts_of(kept.world), {name: public(kept.world, name) for name in PLAN.instruments}, kept.world.now
        assert after == before
        assert all(book_of(kept.world, name).version >= version for name, version in versions.items())
        assert kept.keys.find("k") is not None
        check_books(kept.world)


def book_of(world: World, name: str):
    market, _, symbol = name.partition(":")
    return world.venues[market].books[symbol]


def check_books(world: World) -> None:
    """Own orders stand in books that others have filled around the price."""
    for name in PLAN.instruments:
        venue = world.venues[name.partition(":")[0]]
        book = book_of(world, name)
        own = {resting.order_id for resting in book.orders() if resting.owner != FOREIGN}
        assert own == set(venue.accounts["k"].open_orders)
        bid, ask = book.best(BUY), book.best(SELL)
        assert bid is not None
        assert ask is not None
        assert abs((bid + ask) / 2 * float(world.listings[name].instrument.price_tick) - 105_000) < 1_500


def test_time_goes_on_where_it_was_with_orders_fundings_and_stops(tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    kept.keys.create("k", "secret", {"binance_usdm": {"USDT": "100000"}})
    name = InstrumentId(PERP)
    kept.play(START + 10 * SECOND)
    mark = kept.world.market.mark(name, kept.world.now)
    order(kept.world, PERP, "k", "0.1")
    stops = [
        order(
            kept.world,
            PERP,
            "k",
            "0.01",
            side,
            trigger_by=TriggerBy.MARK,
            trigger_price=(mark * (1 + side * Decimal("0.0001"))).quantize(Decimal("0.1")),
        )
        for side in (BUY, SELL)
    ]
    kept.commit()
    kept = kept.reopened()
    kept.play(START + 3 * MINUTE)
    account = kept.world.venues["binance_usdm"].accounts["k"]
    assert any(account.orders[stop.id].status is OrderStatus.FILLED for stop in stops), "they wait on after the restart"
    [funding] = [row for row in account.income if row.kind is IncomeKind.FUNDING_FEE]
    assert funding.ts == parse_time("2026-01-15T16:00:00Z")
    prints = kept.world.histories[name].tape.prints
    assert [deal.id for deal in prints] == list(range(prints[0].id, prints[0].id + len(prints)))
    assert all(a.ts <= b.ts for a, b in itertools.pairwise(prints))
    kept = kept.reopened()
    kept.play(kept.world.live_end)
    kept = kept.reopened()
    assert not kept.world.is_live
    assert not kept.world.venues["binance_usdm"].is_open
    kept.world.jump(kept.world.live_end + HOUR)
    kept.keeper.commit()
    before = public(kept.world, PERP)
    kept = kept.reopened()
    assert public(kept.world, PERP) == before


def test_a_replay_goes_on_with_what_was_not_told_yet(tmp_path: Path) -> None:
    name = InstrumentId(PERP)
    recorded = tmp_path / "recorded"
    recorded.mkdir()
    write(recorded, book(), trades())
    plan = MarketPlan(seed=1, instruments=(name,), live_start=None, days=1, replay=recorded)
    kept = Kept(tmp_path / "sim", plan)
    start = kept.world.live_start
    for seconds in (5, 12, 38, 45):
        kept.play(start + seconds * SECOND)
        kept = kept.reopened()
    kept.play(kept.world.live_end)
    told = [(deal.id, deal.quantity) for deal in kept.world.histories[name].tape.prints]
    assert told == [(9_000_001, 1_500), (9_000_002, 500), (9_000_003, 700), (9_000_004, 2_500)]


def test_halts_and_rules_are_kept(tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    venue = kept.world.venues["bitmex"]
    venue.set_status("XBTUSD", InstrumentStatus.HALTED, START)
    perp = kept.world.venues["binance_usdm"].listing("BTCUSDT")
    strict = msgspec.structs.replace(perp.instrument, min_notional=Decimal(500), price_tick=Decimal("0.5"))
    listing = msgspec.structs.replace(perp, instrument=strict, grid_tick=Decimal("0.1"))
    kept.world.venues["binance_usdm"].set_rules(listing, START)
    kept.commit()
    kept = kept.reopened()
    assert kept.world.venues["bitmex"].status["XBTUSD"] is InstrumentStatus.HALTED
    assert len(book_of(kept.world, XBT)) == 0, "others come back when it resumes"
    assert kept.world.listings[InstrumentId(PERP)].instrument.price_tick == Decimal("0.5")
    kept.world.venues["bitmex"].set_status("XBTUSD", InstrumentStatus.TRADING, START)
    kept.commit()
    play(kept.world, START + 10 * SECOND)
    assert len(book_of(kept.world, XBT)) > 20


def test_a_clock_that_ran_is_told_to_run(tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    kept.clock.run(30.0, START + 2 * MINUTE, wall=0)
    kept.commit()
    moment = kept.reopened().file.moment
    assert (moment.now, moment.speed, moment.until) == (START, 30.0, START + 2 * MINUTE)


def test_a_state_is_for_one_plan_and_one_process(tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    kept.commit()
    with pytest.raises(Unavailable, match="does another simulator run there"):
        StateFile(tmp_path)
    kept.file.close()
    for changes, said in (
        ({"seed": 6}, "seed was 5, now is 6"),
        ({"instruments": (InstrumentId(PERP),)}, "instruments"),
    ):
        with pytest.raises(BadInput, match=said):
            open_state(tmp_path, msgspec.structs.replace(PLAN, **changes))
    assert (tmp_path / NAME).stat().st_mode & 0o077 == 0, "nobody else may read the keys"
    open_state(tmp_path, PLAN).close()


def test_a_state_that_can_not_be_written_is_told_in_a_sentence(tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    kept.commit()
    kept.file.close()
    play(kept.world, START + SECOND)
    with pytest.raises(Unavailable, match=r"state\.db can't be written"):
        kept.commit()
