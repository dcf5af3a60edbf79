"""BitMEX's private stream, message by message, and its broker over a scripted venue: the proof of the key, what can't
be read, money on its way, and what an outage hides."""

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pytest

from jtrader.domain.errors import BadInput, Broken
from jtrader.domain.ids import AccountId, InstrumentId, Market
from jtrader.domain.order import Fill, OrderType, VenueOrder
from jtrader.domain.times import DAY, SECOND, iso, parse_time
from jtrader.exchange.bitmex.broker import BitmexBroker
from jtrader.exchange.bitmex.handshake import Handshake, Message
from jtrader.exchange.common import asking
from jtrader.exchange.common.clock_offset import ClockOffset
from jtrader.exchange.common.reports import Report
from jtrader.exchange.common.session import Keys
from jtrader.ports.broker import AccessDenied, RetryLater

NAME = InstrumentId("bitmex:XBTUSD")
START = parse_time("2026-01-15T12:00:00.000Z")
EXPIRED = "This request has expired - `expires` is in the past. Current time: {}, api-expires: 1"


def welcome(seconds: float) -> Message:
    return Message(info="Welcome to the BitMEX Realtime API.", timestamp=iso(int(seconds * SECOND)))


def accepted() -> Message:
    return Message(success=True, request={"op": "authKeyExpires"})


@pytest.mark.parametrize("ahead", [-3_600, 0, 3_600])
def test_the_proof_is_made_by_the_venues_own_time(ahead: int) -> None:
    handshake = Handshake(Keys("key", "secret"), ClockOffset("bitmex"))
    proof = json.loads(handshake.reply(welcome(time.time() + ahead)) or b"")
    name, expires, signature = proof["args"]
    assert (proof["op"], name) == ("authKeyExpires", "key")
    assert 8 <= expires - (time.time() + ahead) <= 11
    assert signature == hmac.new(b"secret", f"GET/realtime{expires}".encode(), hashlib.sha256).hexdigest()


def test_topics_are_asked_for_once_the_proof_is_accepted() -> None:
    handshake = Handshake(Keys("key", "secret"), ClockOffset("bitmex"))
    handshake.reply(welcome(time.time()))
    assert json.loads(handshake.reply(accepted()) or b"") == {"op": "subscribe", "args": ["execution", "transact"]}
    answers = [Message(success=True, subscribe=topic) for topic in ("execution", "transact")]
    assert [handshake.reply(one) for one in answers] == [None, None]
    assert [handshake.is_done(one) for one in answers] == [False, True]


def test_a_late_proof_sets_the_clock_and_what_follows_it_is_of_no_account() -> None:
    clock = ClockOffset("bitmex")
    handshake = Handshake(Keys("key", "secret"), clock)
    handshake.reply(welcome(time.time()))
    with pytest.raises(BadInput):
        handshake.reply(Message(error=EXPIRED.format(int(time.time()) + 60), status=401))
    assert clock.correction == pytest.approx(60_000, abs=1_000)
    assert handshake.reply(Message(error="User requested an account-locked subscription", status=401)) is None
    assert handshake.reply(welcome(time.time() + 60)) is not None
    with pytest.raises(AccessDenied):
        handshake.reply(Message(error="Invalid API Key.", status=401))


class Venue:
    """A scripted session: executions as REST tells them; `refusals`: how many readings of fills, and `ledger_refusals`
    how many of the ledger it refuses yet."""

    def __init__(self) -> None:
        self.clock = ClockOffset("bitmex")
        self.now = START
        self.executions: list[dict[str, Any]] = []
        self.moved: list[dict[str, Any]] = []
        self.refusals = self.ledger_refusals = 0
        self.asked: list[tuple[str, Mapping[str, Any]]] = []

    async def call(self, method: str, params: Mapping[str, Any], is_order: bool = False, urgent: bool = False) -> Any:
        self.asked.append((method, params))
        if method == "publicGetInstrument":
            return [{"timestamp": iso(self.now)}]
        if method == "privateGetExecutionTradeHistory":
            left = "refusals" if "symbol" in params else "ledger_refusals"
            if getattr(self, left):
                setattr(self, left, getattr(self, left) - 1)
                raise RetryLater("Rate limit exceeded", "429", after=0.05)
            first, last = (parse_time(params[end]) for end in ("startTime", "endTime"))
            return [row for row in self.executions if first <= parse_time(row["transactTime"]) <= last]
        return self.moved

    def fill(self, number: int) -> dict[str, Any]:
        """One each second, of an order that is somebody's."""
        return {
            "execID": f"t{number}", "trdMatchID": f"m{number}", "orderID": "o1", "symbol": "XBTUSD", "side": "Buy",
            "ordType": "Market", "ordStatus": "PartiallyFilled", "orderQty": 1000, "cumQty": 100 * number,
            "execType": "Trade", "lastPx": 90000, "lastQty": 100, "execComm": 5, "execGrossPnl": 0,
            "settlCurrency": "XBt", "lastLiquidityInd": "RemovedLiquidity",
            "transactTime": iso(START + number * SECOND), "timestamp": iso(START + number * SECOND),
        }  # fmt: skip

    def entries_from(self) -> list[str]:
        """The starts of the readings of all executions, which the ledger is made of."""
        return [
            query["startTime"]
            for method, query in self.asked
            if method == "privateGetExecutionTradeHistory" and "symbol" not in query
        ]


class StandingLine:
    """A connection that never ends by itself."""

    is_up = True

    async def run(self) -> None:
        await asyncio.Event().wait()

    def send(self, message: bytes) -> None: ...


class Rig:
    """A broker whose connection is a test: `hear` says what the venue would."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.venue = Venue()
        monkeypatch.setattr("jtrader.exchange.bitmex.broker.BitmexSession", lambda *_: self.venue)
        monkeypatch.setattr(asking, "_FIRST_WAIT", 0.01)
        self.broker = BitmexBroker(AccountId("alpha"), Market("bitmex"), [NAME], Keys("k", "s"), "http://127.0.0.1:1")
        self.broker._stream._connection = StandingLine()  # type: ignore[assignment]
        self.told: list[Report] = []
        self.following: asyncio.Task[None] | None = None

    def hear(self, *messages: Mapping[str, Any] | bytes) -> None:
        for message in messages:
            raw = message if isinstance(message, bytes) else json.dumps(message).encode()
            self.broker._stream._on_message(raw)

    def connect(self) -> None:
        self.hear({"success": True, "subscribe": "transact"})

    def trade(self, number: int, is_streamed: bool = True) -> None:
        row = self.venue.fill(number)
        self.venue.executions.append(row)
        if is_streamed:
            self.hear({"table": "execution", "action": "insert", "data": [row]})

    def trades(self) -> list[str]:
        return [str(one.trade_id) for one in self.told if isinstance(one, Fill)]

    async def until(self, done: Callable[[], bool]) -> None:
        async with asyncio.timeout(5):
            while not done():
                assert self.following is not None
                if self.following.done():
                    await self.following
                await asyncio.sleep(0.01)

    def run(self, script: Callable[[], Awaitable[None]]) -> None:
        async def follow() -> None:
            async for report in self.broker.reports():
                self.told.append(report)

        async def all_of_it() -> None:
            self.following = asyncio.create_task(follow())
            self.connect()
            try:
                await self.until(lambda: self.broker.is_live)
                await script()
            finally:
                self.following.cancel()
                await asyncio.gather(self.following, return_exceptions=True)

        asyncio.run(all_of_it())


@pytest.fixture
def rig(monkeypatch: pytest.MonkeyPatch) -> Rig:
    return Rig(monkeypatch)


def test_a_fill_of_an_outage_is_told_though_its_first_reading_failed(rig: Rig) -> None:
    async def script() -> None:
        rig.trade(1)
        await rig.until(lambda: "t1" in rig.trades())
        rig.trade(2, is_streamed=False)
        rig.venue.refusals = 1
        rig.connect()
        rig.trade(3)
        await rig.until(lambda: "t3" in rig.trades())
        await rig.until(lambda: "t2" in rig.trades())

    rig.run(script)


def test_missed_fills_come_before_the_ledger_is_read_and_that_only_from_where_it_was_read_to(rig: Rig) -> None:
    async def script() -> None:
        await rig.until(lambda: len(rig.venue.entries_from()) == 1)
        rig.venue.now = START + 30 * DAY
        rig.connect()
        await rig.until(lambda: len(rig.venue.entries_from()) == 2)
        rig.connect()
        await rig.until(lambda: len(rig.venue.entries_from()) == 3)
        assert [parse_time(start) for start in rig.venue.entries_from()] == [START, START, START + 27 * DAY]
        rig.venue.ledger_refusals = 1_000_000
        rig.trade(1, is_streamed=False)
        rig.connect()
        await rig.until(lambda: bool(rig.trades()))

    rig.run(script)


@pytest.mark.parametrize(
    "spoil", [lambda row: row.pop("orderID"), lambda row: row.update(lastPx="NaN")], ids=["missing", "no number"]
)
def test_what_can_not_be_read_is_read_over_rest_instead(rig: Rig, spoil: Callable[[dict[str, Any]], Any]) -> None:
    async def script() -> None:
        for number in range(2, 40, 2):
            row = rig.venue.fill(number)
            rig.venue.executions.append(dict(row))
            spoil(row)
            rig.hear({"table": "execution", "action": "insert", "data": [row]})
            rig.trade(number + 1)
            await rig.until(lambda number=number: {f"t{number}", f"t{number + 1}"} <= set(rig.trades()))  # type: ignore[misc]
        rig.hear(*[b"{"] * 11)
        with pytest.raises(Broken):
            await rig.until(lambda: False)

    rig.run(script)


def test_an_order_of_a_type_that_only_people_use_is_told(rig: Rig) -> None:
    async def script() -> None:
        row = rig.venue.fill(1) | {"ordType": "Pegged", "execType": "New", "ordStatus": "New", "cumQty": 0}
        rig.hear({"table": "execution", "action": "insert", "data": [row]})
        await rig.until(lambda: any(isinstance(one, VenueOrder) and one.type is OrderType.MARKET for one in rig.told))

    rig.run(script)


def test_money_is_told_once_it_has_moved(rig: Rig) -> None:
    row = {
        "transactID": "w1", "currency": "XBt", "transactType": "Withdrawal", "amount": -1000,
        "transactStatus": "Pending", "transactTime": iso(START + SECOND), "timestamp": iso(START + SECOND),
    }  # fmt: skip

    async def script() -> None:
        await rig.until(lambda: len(rig.venue.entries_from()) == 1)
        rig.venue.moved = [row]
        rig.hear({"table": "transact", "action": "insert", "data": [row]})
        await rig.until(lambda: len(rig.venue.entries_from()) == 2)
        assert rig.told == []
        rig.venue.moved = [row | {"transactStatus": "Completed"}]
        done = {"transactID": "w1", "transactStatus": "Completed"}
        rig.hear({"table": "transact", "action": "update", "data": [done]})
        await rig.until(lambda: bool(rig.told))
        rig.hear({"table": "transact", "action": "insert", "data": [row | done | {"transactID": "w2"}]})
        await rig.until(lambda: len(rig.told) == 2)
        assert [one.entry_id for one in rig.told] == ["w1", "w2"]  # type: ignore[union-attr]

    rig.run(script)
