"""The private stream over a scripted session: one reconnect an end, no hammering of a venue that refuses."""

import asyncio
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from fixtures.oms_desk import Desk
from jtrader.domain.account import VenueEntry
from jtrader.domain.ids import AccountId, ClientOrderId, InstrumentId, Market, VenueOrderId
from jtrader.domain.order import Fill, OrderStatus, OrderType, Side, VenueOrder
from jtrader.exchange.binance.broker import BinanceBroker
from jtrader.exchange.binance.rows import RowReader
from jtrader.exchange.binance.session import Keys
from jtrader.exchange.binance.stream import UserStream
from jtrader.exchange.common.reports import Report
from jtrader.ports.broker import (
    AccessDenied,
    BrokerError,
    OrderNotFound,
    OrderRefusedByVenue,
    OutcomeUnknown,
    RetryLater,
)


class ScriptedSession:
    """As ccxt does, answers the same future for a connection that still stands."""

    def __init__(self) -> None:
        self.opened = 0
        self.ended: asyncio.Future[Any] | None = None
        self.hear: Callable[[Mapping[str, Any]], None] = lambda _: None

    async def open_stream(self, on_message: Callable[[Mapping[str, Any]], None]) -> "asyncio.Future[Any]":
        self.opened += 1
        self.hear = on_message
        if self.ended is None or self.ended.done():
            self.ended = asyncio.get_running_loop().create_future()
        return self.ended

    def forget_stream(self) -> None: ...


class ScriptedReader:
    """`refusals`: how many readings of fills the venue refuses yet."""

    def __init__(self, refusals: int) -> None:
        self.refusals = refusals
        self.readings = 0
        self.ledger_readings = 0
        self.revoked = False
        self.states: dict[ClientOrderId, VenueOrder] = {}
        self.asked: list[str] = []

    async def order(self, instrument: InstrumentId, client_order_id: ClientOrderId) -> VenueOrder:
        self.asked.append(client_order_id)
        if client_order_id not in self.states:
            raise OrderNotFound("unknown order")
        return self.states[client_order_id]

    async def fills_since_last(self) -> list[Fill]:
        self.readings += 1
        if self.readings <= self.refusals:
            raise RetryLater("too many requests", "-1003", after=0.05)
        return []

    async def new_entries(self) -> list[VenueEntry]:
        self.ledger_readings += 1
        if self.revoked:
            raise AccessDenied("revoked")
        return []


class Rig:
    def __init__(self, refusals: int = 0) -> None:
        self.session, self.reader = ScriptedSession(), ScriptedReader(refusals)
        self.told: list[Report] = []
        rows = RowReader(AccountId("alpha"), Market("binance_usdm"))
        self.stream = UserStream(self.session, rows, self.reader, ledger_every=0.05)  # type: ignore[arg-type]

    async def until(self, done: Callable[[], bool]) -> None:
        async with asyncio.timeout(5):
            while not done():
                await asyncio.sleep(0.01)

    def run(self, script: Callable[[], Any]) -> None:
        async def all_of_it() -> None:
            following = asyncio.create_task(self._follow())
            await script()
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)

        asyncio.run(all_of_it())

    async def _follow(self) -> None:
        async for report in self.stream.reports():
            self.told.append(report)


def test_a_connection_that_ends_is_replaced_once_however_often_its_past_could_not_be_read() -> None:
    rig = Rig(refusals=2)

    async def script() -> None:
        await rig.until(lambda: rig.reader.readings == 3)
        opened = rig.session.opened
        assert rig.session.ended is not None
        rig.session.ended.set_result(None)
        await rig.until(lambda: rig.session.opened > opened)
        await asyncio.sleep(0.1)
        assert rig.session.opened == opened + 1

    rig.run(script)


def test_a_venue_that_refuses_the_past_is_asked_again_at_its_own_pace() -> None:
    rig = Rig(refusals=1_000_000)

    async def script() -> None:
        await asyncio.sleep(0.5)

    rig.run(script)
    assert 1 <= rig.reader.readings <= 4


def test_the_ledger_is_looked_at_now_and_then_without_a_hint() -> None:
    rig = Rig()

    async def script() -> None:
        await rig.until(lambda: rig.reader.ledger_readings >= 3)

    rig.run(script)


def test_an_order_that_ended_in_an_outage_is_told_and_not_asked_for_again() -> None:
    rig, name = Rig(), ClientOrderId("jt1")
    ended = VenueOrder(
        account=AccountId("alpha"), instrument=PERP, venue_order_id=VenueOrderId("7"), client_order_id=name,
        side=Side.BUY, type=OrderType.LIMIT, status=OrderStatus.CANCELED, quantity=Decimal(1), filled=Decimal(0),
        price=Decimal(100), ts=1,
    )  # fmt: skip

    async def script() -> None:
        await rig.until(lambda: rig.reader.readings == 1)
        rig.stream.unfinished.watch(PERP, name)
        rig.reader.states[name] = ended
        for readings in (2, 3):
            assert rig.session.ended is not None
            rig.session.ended.set_result(None)
            await rig.until(lambda readings=readings: rig.reader.readings == readings)  # type: ignore[misc]
        assert (rig.told, rig.reader.asked) == ([ended], [name])

    rig.run(script)


def test_a_key_that_is_revoked_while_the_ledger_is_read_ends_the_stream() -> None:
    rig = Rig()
    rig.reader.revoked = True

    async def work() -> None:
        with pytest.raises(AccessDenied):
            await asyncio.wait_for(rig._follow(), 5)

    asyncio.run(work())
    assert not rig.stream.live.is_set()


class QuietVenue(ScriptedSession):
    """An account that trades once, seven days after the broker's start, while its stream is down."""

    def __init__(self) -> None:
        super().__init__()
        self.day = 20_000
        self.submitting: BrokerError | None = None
        self.asked: list[str] = []

    async def call(self, method: str, params: Mapping[str, Any], is_order: bool = False, urgent: bool = False) -> Any:
        if "Klines" in method:
            return [[self.day * 86_400_000]]
        if "UserTrades" in method and params["startTime"] <= 20_007 * 86_400_000 <= params["endTime"]:
            return [TRADE]
        if method.endswith("PostOrder") and self.submitting is not None:
            raise self.submitting
        if method.endswith("GetOrder"):
            self.asked.append(params["origClientOrderId"])
            raise OrderNotFound("unknown order")
        if method.endswith("GetAlgoOrder"):
            raise OrderNotFound("unknown conditional order")
        return []


PERP = InstrumentId("binance_usdm:BTCUSDT")
ORDER = Desk().submit()
TRADE = {
    "symbol": "BTCUSDT", "id": "1", "orderId": "7", "price": "50000.1", "qty": "0.01", "commission": "0.25",
    "commissionAsset": "USDT", "time": str(20_007 * 86_400_000), "realizedPnl": "0", "buyer": True, "maker": False,
}  # fmt: skip


@pytest.fixture
def venue(monkeypatch: pytest.MonkeyPatch) -> QuietVenue:
    made = QuietVenue()
    monkeypatch.setattr("jtrader.exchange.binance.broker.BinanceSession", lambda *_: made)
    return made


@pytest.fixture
def broker(venue: QuietVenue) -> BinanceBroker:
    return BinanceBroker(AccountId("alpha"), Market("binance_usdm"), [PERP], Keys("key", "secret"))


def test_a_fill_missed_after_a_quiet_week_is_found_when_the_stream_is_back(
    venue: QuietVenue, broker: BinanceBroker
) -> None:
    broker._history.remember("7", ClientOrderId("jt1"))

    async def work() -> str:
        reports = broker.reports()
        reading = asyncio.ensure_future(anext(reports))
        await asyncio.wait_for(broker.wait_live(), 5)
        venue.day += 7
        assert venue.ended is not None
        venue.ended.set_result(None)
        report = await asyncio.wait_for(reading, 5)
        await reports.aclose()
        assert isinstance(report, Fill)
        return report.trade_id

    assert asyncio.run(work()) == "1"


@pytest.mark.parametrize(
    ("answered", "asked"),
    [(OrderRefusedByVenue("no margin"), []), (RetryLater("banned"), []), (OutcomeUnknown("timeout"), ["jt0", "jt1"])],
)
def test_after_a_reconnect_only_orders_that_may_live_are_asked_for_and_only_once(
    venue: QuietVenue, broker: BinanceBroker, answered: BrokerError, asked: list[str]
) -> None:
    venue.submitting = answered

    async def work() -> None:
        reports = broker.reports()
        reading = asyncio.ensure_future(anext(reports))
        await asyncio.wait_for(broker.wait_live(), 5)
        for number in range(2):
            with pytest.raises(type(answered)):
                await broker.submit(replace(ORDER, client_order_id=ClientOrderId(f"jt{number}")))
        for _ in range(2):
            opened = venue.opened
            assert venue.ended is not None
            venue.ended.set_result(None)
            async with asyncio.timeout(5):
                while venue.opened == opened:
                    await asyncio.sleep(0.01)
            await asyncio.sleep(0.05)
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        await reports.aclose()

    asyncio.run(work())
    assert venue.asked == asked


class Fills(QuietVenue):
    """One order that trades again and again: trades by number, as REST tells them and as the stream does."""

    def __init__(self) -> None:
        super().__init__()
        self.done: list[int] = []
        self.refusals = 0

    async def call(self, method: str, params: Mapping[str, Any], is_order: bool = False, urgent: bool = False) -> Any:
        if "UserTrades" not in method:
            return await super().call(method, params, is_order, urgent)
        if self.refusals:
            self.refusals -= 1
            raise RetryLater("too many requests", "-1003", after=0.05)
        first = params.get("fromId", 0)
        return [TRADE | {"id": str(number), "time": "1728000000000"} for number in self.done if number >= first]

    def trade(self, number: int, is_streamed: bool = True, **drift: Any) -> None:
        self.done.append(number)
        row = {
            "s": "BTCUSDT", "c": "jt1", "S": "BUY", "o": "MARKET", "x": "TRADE", "X": "PARTIALLY_FILLED", "i": 7,
            "q": "1", "z": "0.1", "L": "50000", "l": "0.01", "t": number, "T": 1_728_000_000_000, "m": False,
        }  # fmt: skip
        if is_streamed:
            self.hear({"e": "ORDER_TRADE_UPDATE", "o": row | drift})


@pytest.mark.parametrize("how", ["an outage", "a message that can't be read"])
def test_a_hole_stays_open_until_it_was_read_whatever_the_stream_tells_meanwhile(
    how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    venue = Fills()
    monkeypatch.setattr("jtrader.exchange.binance.broker.BinanceSession", lambda *_: venue)
    made = BinanceBroker(AccountId("alpha"), Market("binance_usdm"), [PERP], Keys("key", "secret"))
    made._history.remember("7", ClientOrderId("jt1"))
    told: set[int] = set()

    async def follow() -> None:
        async for report in made.reports():
            if isinstance(report, Fill):
                told.add(int(report.trade_id))

    async def until(number: int) -> None:
        async with asyncio.timeout(5):
            while number not in told:
                await asyncio.sleep(0.01)

    async def work() -> None:
        following = asyncio.create_task(follow())
        await asyncio.wait_for(made.wait_live(), 5)
        venue.trade(103)
        await until(103)
        venue.refusals = 1
        if how == "an outage":
            venue.trade(104, is_streamed=False)
            assert venue.ended is not None
            venue.ended.set_result(None)
            opened = venue.opened
            while venue.opened == opened:
                await asyncio.sleep(0.01)
        else:
            venue.trade(104, i=None)
        venue.trade(105)
        await until(105)
        await until(104)
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)

    asyncio.run(work())


def test_a_start_waits_for_a_venue_that_is_away(venue: QuietVenue, broker: BinanceBroker) -> None:
    answers = iter([RetryLater("away", after=0.05), OutcomeUnknown("lost")])
    usual = venue.call

    async def call(method: str, params: Mapping[str, Any], *more: Any) -> Any:
        if "Klines" in method and (refusal := next(answers, None)) is not None:
            raise refusal
        return await usual(method, params, *more)

    venue.call = call  # type: ignore[assignment,method-assign]

    async def work() -> None:
        reading = asyncio.ensure_future(anext(broker.reports()))
        await asyncio.wait_for(broker.wait_live(), 5)
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)

    asyncio.run(work())
