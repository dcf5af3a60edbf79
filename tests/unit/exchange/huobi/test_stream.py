"""The private stream over a scripted venue: states behind their fills, the missed past, refusals, ledger rows."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal

import pytest
from aiohttp import web

from jtrader.domain.account import EntryKind, VenueEntry
from jtrader.domain.errors import Broken
from jtrader.domain.ids import AccountId, ClientOrderId, InstrumentId, TradeId, VenueOrderId
from jtrader.domain.order import Fill, OrderStatus, OrderType, Side, VenueOrder
from jtrader.exchange.common import ledger_watch
from jtrader.exchange.common.reports import Report
from jtrader.exchange.common.session import Keys
from jtrader.exchange.huobi import stream as streams
from jtrader.exchange.huobi.desks import Desk
from jtrader.exchange.huobi.doors import ContractDoor, Message
from jtrader.exchange.huobi.stream import PrivateStream
from jtrader.ports.broker import AccessDenied, BrokerError, OrderNotFound, RetryLater

ALPHA, SWAP = AccountId("alpha"), InstrumentId("huobi_swap:BTC-USD")
MINE = ClientOrderId("jt1")


def order(status: OrderStatus, filled: str = "0") -> VenueOrder:
    return VenueOrder(
        account=ALPHA, instrument=SWAP, venue_order_id=VenueOrderId("7"), client_order_id=MINE, side=Side.BUY,
        type=OrderType.LIMIT, status=status, quantity=Decimal(10), filled=Decimal(filled), price=Decimal(100), ts=1,
    )  # fmt: skip


def fill(trade_id: str, quantity: str) -> Fill:
    return Fill(
        account=ALPHA, instrument=SWAP, trade_id=TradeId(trade_id), venue_order_id=VenueOrderId("7"),
        client_order_id=MINE, side=Side.BUY, price=Decimal(100), quantity=Decimal(quantity), fee=Decimal(0),
        fee_asset="BTC", maker=True, ts=1,
    )  # fmt: skip


def entry(kind: EntryKind, name: str) -> VenueEntry:
    return VenueEntry(
        account=ALPHA, entry_id=name, kind=kind, asset="BTC", amount=Decimal(1), ts=1, instrument=None, reference=""
    )


PARTLY, FILLED = order(OrderStatus.PARTIALLY_FILLED, "4"), order(OrderStatus.FILLED, "10")
FIRST, SECOND = fill("a", "4"), fill("b", "6")
TOLD: dict[str, list[Report]] = {"partly": [PARTLY], "filled": [FILLED], "first": [FIRST], "second": [SECOND]}


class ScriptedDesk(Desk):
    """Messages name what they tell. `puzzled`: how many messages need a look at the venue that fails; `drifted`: what
    reading the next ones ends in."""

    def __init__(self) -> None:
        self.door = ContractDoor("wss://venue.example/private", [{"topic": "orders.*"}], Keys("k", "s"), lambda: 0)
        self.puzzled = 0
        self.drifted: list[Exception] = []

    async def read(self, message: Message) -> list[Report]:
        if self.puzzled:
            self.puzzled -= 1
            raise RetryLater("too many requests", after=0.0)
        if self.drifted:
            raise self.drifted.pop()
        return TOLD.get(str(message.get("tells")), [])

    def hints_at_ledger(self, message: Message) -> bool:
        return message.get("tells") == "transfer"


class ScriptedReader:
    """`refusals`: how many readings of fills the venue refuses yet."""

    def __init__(self) -> None:
        self.refusals = 0
        self.fills: list[Fill] = []
        self.entries: list[VenueEntry] = []
        self.states: dict[ClientOrderId, VenueOrder] = {}
        self.asked: list[str] = []
        self.looked_back: list[int] = []
        self.clocks_unread = 0
        self.revoked = False
        self.on_clock: Callable[[], None] = lambda: None

    async def set_clock(self) -> None:
        if self.clocks_unread:
            self.clocks_unread -= 1
            raise RetryLater("maintenance")
        self.on_clock()

    async def order(self, instrument: InstrumentId, client_order_id: ClientOrderId) -> VenueOrder:
        self.asked.append(client_order_id)
        if client_order_id not in self.states:
            raise OrderNotFound("unknown order")
        return self.states[client_order_id]

    async def fills_since_last(self, back: int = 0) -> list[Fill]:
        self.looked_back.append(back)
        if self.refusals:
            self.refusals -= 1
            raise RetryLater("too many requests", after=0.05)
        return self.fills

    async def new_entries(self) -> list[VenueEntry]:
        if self.revoked:
            raise AccessDenied("revoked")
        fresh, self.entries = self.entries, []
        return fresh


class Rig:
    """The stream against a socket that accepts every key unless told otherwise."""

    def __init__(self, uri: Callable[[], str]) -> None:
        self.desk, self.reader = ScriptedDesk(), ScriptedReader()
        self.sockets: list[web.WebSocketResponse] = []
        self.refusing: dict[str, str] = {}
        self.told: list[Report] = []
        self.error: BaseException | None = None
        self.uri = uri
        self.stream: PrivateStream

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        line = web.WebSocketResponse()
        await line.prepare(request)
        self.sockets.append(line)
        async for message in line:
            op = json.loads(message.data)["op"]
            code, _, why = self.refusing.get(op, "0").partition(" ")
            await line.send_str(json.dumps({"op": op, "err-code": code, "err-msg": why}))
        return line

    async def tell(self, *names: str) -> None:
        for name in names:
            await self.sockets[-1].send_str(json.dumps({"op": "notify", "tells": name}))

    async def follow(self) -> None:
        self.stream = PrivateStream(self.desk, self.reader, self.uri())
        try:
            async for report in self.stream.reports():
                self.told.append(report)
        except (BrokerError, Broken) as error:
            self.error = error

    async def until(self, done: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not done():
                await asyncio.sleep(0.005)

    async def until_told(self, *reports: Report) -> None:
        await self.until(lambda: len(self.told) >= len(reports))
        assert self.told == list(reports)


@asynccontextmanager
async def rig(prepare: Callable[[Rig], None]) -> AsyncIterator[Rig]:
    made = Rig(lambda: f"http://127.0.0.1:{runner.addresses[0][1]}")
    prepare(made)
    app = web.Application()
    app.router.add_get("/private", made.serve)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    following = asyncio.create_task(made.follow())
    try:
        await made.until(lambda: hasattr(made, "stream"))
        yield made
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
        await runner.cleanup()


def run(script: Callable[[Rig], Awaitable[None]], prepare: Callable[[Rig], None] = lambda _: None) -> None:
    async def all_of_it() -> None:
        async with rig(prepare) as at:
            await script(at)

    asyncio.run(all_of_it())


async def live(at: Rig) -> None:
    await asyncio.wait_for(at.stream.live.wait(), 10)
    await at.until(lambda: bool(at.reader.looked_back))


@pytest.mark.parametrize(
    ("messages", "told"),
    [
        (["first", "partly", "second", "filled"], [FIRST, PARTLY, SECOND, FILLED]),
        (["partly", "first", "filled", "second"], [FIRST, PARTLY, SECOND, FILLED]),
        (["partly", "filled", "second", "first"], [SECOND, FIRST, PARTLY, FILLED]),
        (["filled", "first", "second", "partly"], [FIRST, SECOND, FILLED, PARTLY]),
    ],
)
def test_a_state_is_told_behind_its_fills_however_they_come(messages: list[str], told: Sequence[Report]) -> None:
    async def script(at: Rig) -> None:
        await live(at)
        await at.tell(*messages)
        await at.until(lambda: len(at.told) == len(told))
        states = [one for one in at.told if isinstance(one, VenueOrder)]
        for state in states:
            before = [one.quantity for one in at.told[: at.told.index(state)] if isinstance(one, Fill)]
            assert sum(before) >= state.filled
        assert sorted(map(repr, at.told)) == sorted(map(repr, told))

    run(script)


def test_a_fill_is_told_once_however_often_it_comes() -> None:
    async def script(at: Rig) -> None:
        await live(at)
        await at.tell("first", "first", "partly", "first", "second")
        await at.until_told(FIRST, PARTLY, SECOND)

    run(script)


def test_fills_that_the_stream_does_not_bring_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "_FILLS_WAIT", 0.01)

    async def script(at: Rig) -> None:
        await live(at)
        at.reader.refusals = 1
        at.reader.fills = [FIRST]
        await at.tell("filled")
        await at.until(lambda: FIRST in at.told)
        assert FILLED not in at.told
        at.reader.fills = [FIRST, SECOND]
        await at.until(lambda: FILLED in at.told)
        assert at.told[-2:] == [SECOND, FILLED]
        assert len(at.reader.looked_back) >= 4

    run(script)


def test_an_order_whose_fills_the_venue_never_shows_is_told_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "_FILLS_WAIT", 0.01)
    monkeypatch.setattr(streams, "_LONGEST_WAIT", 0.01)

    async def script(at: Rig) -> None:
        await live(at)
        await at.tell("filled")
        await at.until_told(FILLED)
        assert at.reader.looked_back[1:] == [0, 0, 0, *streams._LOOK_BACK[3:], *[streams._LOOK_BACK[-1]] * 7]

    run(script)


def test_a_key_that_is_refused_under_the_venues_own_time_ends_the_stream() -> None:
    async def script(at: Rig) -> None:
        await at.until(lambda: at.error is not None)
        assert isinstance(at.error, AccessDenied)
        assert 2 <= len(at.sockets) <= 3

    run(script, lambda at: at.refusing.update(auth="2002 auth.fail"))


@pytest.mark.parametrize("why", ["2002 auth.fail", "2003 Invalid submission time"])
def test_a_wrong_clock_is_set_right_and_the_stream_comes_up(why: str) -> None:
    def prepare(at: Rig) -> None:
        at.refusing["auth"] = why
        at.reader.clocks_unread = 1
        at.reader.on_clock = at.refusing.clear

    async def script(at: Rig) -> None:
        await live(at)
        assert at.error is None

    run(script, prepare)


def test_a_venue_that_cannot_tell_whose_key_it_is_is_asked_again() -> None:
    async def script(at: Rig) -> None:
        await at.until(lambda: len(at.sockets) >= 3)
        assert at.error is None
        at.refusing.clear()
        await live(at)

    run(script, lambda at: at.refusing.update(auth="500 system error"))


def test_a_subscription_that_is_refused_is_tried_anew() -> None:
    async def script(at: Rig) -> None:
        await at.until(lambda: len(at.sockets) >= 2)
        assert (at.stream.live.is_set(), at.stream.epoch) == (False, 0)
        at.refusing.clear()
        await live(at)
        assert at.stream.epoch == 1

    run(script, lambda at: at.refusing.update(sub="2011"))


@pytest.mark.parametrize("fault", [None, Broken("no such state"), AttributeError("'str' has no 'get'"), KeyError("id")])
def test_what_cannot_be_read_is_put_aside_and_read_over_rest(
    fault: Exception | None, caplog: pytest.LogCaptureFixture
) -> None:
    async def script(at: Rig) -> None:
        await live(at)
        at.stream.unfinished.watch(SWAP, MINE)
        at.reader.states[MINE], at.reader.fills = FILLED, [FIRST, SECOND]
        if fault is None:
            await at.sockets[-1].send_str("{not json")
        else:
            at.desk.drifted = [fault]
            await at.tell("filled")
        await at.until_told(FIRST, SECOND, FILLED)
        assert (at.error, at.stream.epoch) == (None, 1)
        assert "may have told" in caplog.text

    run(script)


def test_a_stream_of_which_nothing_can_be_read_is_given_up() -> None:
    async def script(at: Rig) -> None:
        await live(at)
        at.desk.drifted = [Broken("what is that?")] * streams.MOST_UNREADABLE
        for _ in range(streams.MOST_UNREADABLE):
            await at.tell("filled")
        await at.tell("first")
        await at.until_told(FIRST)
        at.desk.drifted = [Broken("what is that?")] * (streams.MOST_UNREADABLE + 1)
        for _ in range(streams.MOST_UNREADABLE + 1):
            await at.tell("filled")
        await at.until(lambda: at.error is not None)
        assert isinstance(at.error, Broken)

    run(script)


def test_after_a_break_fills_come_first_then_the_states_of_orders_that_were_not_final() -> None:
    async def script(at: Rig) -> None:
        await live(at)
        at.stream.unfinished.watch(SWAP, MINE)
        at.stream.unfinished.watch(SWAP, ClientOrderId("jt2"))
        at.stream.unfinished.watch(SWAP, ClientOrderId("jt3"))
        at.stream.unfinished.forget(ClientOrderId("jt3"))
        at.reader.states[MINE] = FILLED
        at.reader.fills = [FIRST, SECOND]
        await at.sockets[-1].close()
        await at.until(lambda: len(at.told) == 3)
        assert at.told == [FIRST, SECOND, FILLED]
        assert at.reader.asked == [MINE, "jt2"]
        await at.sockets[-1].close()
        await at.until(lambda: at.stream.epoch == 3 and len(at.reader.looked_back) == 3)
        assert at.reader.asked == [MINE, "jt2"]

    run(script)


def test_a_venue_that_refuses_the_past_is_asked_again_at_its_own_pace() -> None:
    async def script(at: Rig) -> None:
        await live(at)
        at.reader.fills = [FIRST]
        await asyncio.sleep(0.5)
        assert 1 <= len(at.reader.looked_back) <= 4
        await at.tell("partly")
        at.reader.refusals = 0
        await at.until(lambda: at.told == [FIRST, PARTLY])

    run(script, lambda at: setattr(at.reader, "refusals", 1_000))


def test_a_message_that_needs_a_look_which_fails_is_made_good(monkeypatch: pytest.MonkeyPatch) -> None:
    async def script(at: Rig) -> None:
        await live(at)
        at.stream.unfinished.watch(SWAP, MINE)
        at.desk.puzzled = 1
        at.reader.states[MINE], at.reader.fills = FILLED, [FIRST, SECOND]
        await at.tell("filled")
        await at.until_told(FIRST, SECOND, FILLED)

    run(script)


def test_a_hint_at_the_ledger_is_followed_until_its_row_is_booked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger_watch, "_WAITS", (0.0, 0.02, 0.02, 5.0))
    trade, transfer = entry(EntryKind.TRADE, "1"), entry(EntryKind.TRANSFER, "2")

    async def script(at: Rig) -> None:
        await live(at)
        await asyncio.sleep(0.02)
        await at.tell("transfer")
        await asyncio.sleep(0.01)
        at.reader.entries = [trade, transfer]
        await at.until_told(transfer)

    run(script)


def test_a_key_that_is_revoked_while_the_ledger_is_read_ends_the_stream() -> None:
    async def script(at: Rig) -> None:
        await at.until(lambda: isinstance(at.error, AccessDenied))
        assert not at.stream.live.is_set()

    run(script, lambda at: setattr(at.reader, "revoked", True))
