"""ports.Broker in process on a venue, on every market: no server, no socket, a small market that drifts up."""

from collections.abc import Iterator
from decimal import Decimal

import pytest

from contract.broker_suite import BrokerCase, BrokerSuite
from fixtures.broker_desk import BrokerDesk
from fixtures.venue_market import VenueMarket
from jtrader.domain.errors import BadInput
from jtrader.domain.ids import AccountId, InstrumentId
from jtrader.domain.order import TriggerBy
from jtrader.domain.times import MILLISECOND, SECOND, parse_time
from jtrader.matching.book import BUY, SELL
from jtrader.ports.broker import Broker
from jtrader.venue.broker import VenueBroker
from jtrader.venue.terms import rules_of
from jtrader.venue.units import atoms

ORDERS = {
    "binance_spot:BTCUSDT": "0.01",
    "binance_usdm:BTCUSDT": "0.01",
    "binance_coinm:BTCUSD_PERP": "2",
    "binance_coinm:BTCUSD_261225": "2",
    "bitmex:XBTUSD": "200",
    "bitmex:XBTUSDT": "1000",
    "bitmex:ETHUSD": "10",
    "bitmex:XBTZ26": "200",
    "huobi_spot:btcusdt": "0.01",
    "huobi_linear:BTC-USDT": "2",
    "huobi_swap:BTC-USD": "2",
    "huobi_future:BTC261225": "2",
}
"""Instrument → a small order."""
DEPTH = 5


class VenueCase(BrokerCase):
    """`advance` moves the price up by a ten-thousandth a minute; others stand ten ticks apart around it."""

    triggers = frozenset(TriggerBy)

    def __init__(self, name: str) -> None:
        self.market = VenueMarket.listed(name, accounts="a", funds={"BTC": "1", "USDT": "100000"})
        self.venue = self.market.venue
        self.instrument = self.market.listings[0].instrument
        self.quantity = Decimal(ORDERS[name])
        rules = rules_of(str(self.instrument.market))
        self.cancels_post_only = rules.post_only_cancels
        self.has_entries = not self.instrument.is_spot
        if rules.hedge:
            self.venue.modes.set_hedge(self.market["a"], False, 0)
        self.market.ts = parse_time("2026-03-01")
        self._brokers: list[VenueBroker] = []
        self._standing: list[tuple[int, int, int]] = []
        self._price = 50_000 * 10**8 // self.market.listings[0].tick
        self._move()

    def broker(self, uri: str = "", page: int | None = None) -> Broker:
        made = VenueBroker(self.account, self.venue, self.market["a"], self._now, settled=self._tell)
        self._brokers.append(made)
        return made

    def spoilt(self, how: str) -> Broker:
        raise AssertionError("nothing in process has keys")

    async def cut(self) -> None:
        raise AssertionError("nothing in process has a connection")

    async def mend(self) -> None:
        raise AssertionError("nothing in process has a connection")

    async def last_price(self) -> Decimal:
        return Decimal(self.market.listings[0].price_text(self._price))

    async def advance(self, seconds: float) -> None:
        self.market.ts += int(seconds * SECOND)
        self._price += max(1, int(self._price * seconds / 60 / 10_000))
        self._move()

    async def deposit(self, asset: str, amount: str) -> None:
        self.venue.transfer(self.market["a"], asset, atoms(amount), self._now())
        self._tell()

    async def flatten(self) -> None:
        """On spot what is held stays: a fee in base would leave too little to sell again."""
        if self.is_spot:
            await self.desk.broker.cancel_all(self.instrument.id)
        else:
            await super().flatten()

    def _now(self) -> int:
        self.market.ts += MILLISECOND
        return self.market.ts

    def _tell(self) -> None:
        happened = self.venue.drain()
        for broker in self._brokers:
            broker.tell(happened)

    def _move(self) -> None:
        """Others come and go, then the prices of now are told."""
        symbol, tick, now = self.market.symbol, self.market.listings[0].tick, self._now()
        for side, ticks, lots in self._standing:
            self.venue.foreign_reduce(symbol, side, ticks, lots)
        self._standing = [
            (side, self._price - side * 10 * (level + 1), 10**6) for side in (BUY, SELL) for level in range(DEPTH)
        ]
        for side, ticks, lots in self._standing:
            self.venue.foreign_limit(symbol, side, ticks, lots, now)
        price = self._price * tick
        self.market.marks[symbol] = price
        self.venue.trigger(symbol, price, price, price, now)
        self._tell()


class TestVenue(BrokerSuite):
    test_a_wrong_key_is_access_denied_for_requests_and_for_the_stream = None
    test_a_stale_timestamp_is_refused_and_the_clock_set_right = None
    test_a_clock_that_is_off_keeps_no_stream_from_opening = None
    test_the_venue_takes_a_request_for_its_life_and_no_longer = None
    test_what_happens_while_the_stream_is_cut_is_reported_once_after_it = None

    @pytest.fixture(scope="class", params=list(ORDERS))
    @classmethod
    def case(cls, request: pytest.FixtureRequest) -> Iterator[BrokerCase]:
        made = VenueCase(request.param)
        made.start()
        yield made
        made.stop()


def test_marks_come_from_whoever_keeps_them() -> None:
    """The venue knows the mark of now only."""
    made = VenueCase("binance_usdm:BTCUSDT")
    instrument = made.instrument.id

    async def work(at: VenueCase) -> None:
        plain = VenueBroker(at.account, at.venue, at.market["a"], at._now)
        with pytest.raises(BadInput):
            await plain.mark_at(instrument, 0)
        told = VenueBroker(at.account, at.venue, at.market["a"], at._now, mark_at=lambda _, ts: f"50000.{ts}")
        assert await told.mark_at(instrument, 60) == "50000.60"
        with pytest.raises(BadInput):
            await told.fills(InstrumentId("binance_usdm:XRPUSDT"), 0, 1)

    made.start()
    made.run(work)
    made.stop()


def test_a_liquidation_is_told_as_an_order_of_nobody_with_its_rows() -> None:
    made = VenueCase("binance_usdm:BTCUSDT")

    async def work(at: VenueCase) -> None:
        broker = VenueBroker(AccountId("paper"), at.venue, at.market["a"], at._now)
        desk = BrokerDesk(broker)
        await desk.follow()
        at._brokers.append(broker)
        await at.filled(at.order(lots=4))
        at.venue.transfer(at.market["a"], "USDT", atoms("-99800"), at._now())
        at.market.mark("45000")
        at.venue.check_liquidations(at._now())
        at._tell()
        ended = await desk.until(
            lambda r: r if getattr(r, "client_order_id", "") is None and hasattr(r, "status") else None
        )
        assert ended.instrument == at.instrument.id
        assert await broker.positions() == []
        kinds = {row.kind.value for row in await broker.entries(0, 2**62)}
        assert kinds & {"liquidation_fee", "insurance"}
        await desk.close()

    made.start()
    made.run(work)
    made.stop()
