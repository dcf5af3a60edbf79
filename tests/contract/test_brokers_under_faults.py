"""Three venues' brokers under the same faults: a key that is revoked, a private stream that says nothing any more, a
venue that asks for a pause, one in maintenance, a halted instrument, messages that drifted, and a clock that jumps."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import httpx
import msgspec
import pytest

from fixtures.broker_desk import BrokerDesk, child_order, eventually
from fixtures.faults import faults, rule
from fixtures.simulator import BINANCE, BITMEX, HUOBI, Simulator, StartSimulator
from fixtures.wire import Wire
from jtrader.domain.ids import AccountId, InstrumentId, Market
from jtrader.domain.order import ChildOrder, Fill
from jtrader.exchange.binance.broker import BinanceBroker
from jtrader.exchange.binance.endpoints import Weights
from jtrader.exchange.bitmex.broker import BitmexBroker
from jtrader.exchange.common.session import Keys
from jtrader.exchange.huobi.broker import HuobiBroker
from jtrader.ports.broker import (
    AccessDenied,
    Broker,
    OrderNotFound,
    OrderRefusedByVenue,
    OutcomeUnknown,
    Reason,
    RetryLater,
)

ACCOUNT = AccountId("test")
GRANTED = 50
SMALL = {"binance_usdm:BTCUSDT": "0.01", "bitmex:XBTUSD": "1000", "huobi_linear:BTC-USDT": "10"}
STREAMS = {"binance_usdm": "fstream.binance.com", "bitmex": "ws.bitmex.com", "huobi_linear": "api.hbdm.vn"}
REVOKED = {
    "binance_usdm": {"code": -2015, "msg": "Invalid API-key, IP, or permissions for action."},
    "bitmex": {"error": {"message": "This key is disabled.", "name": "HTTPError"}},
    "huobi_linear": {"status": "error", "err_code": 403, "err_msg": "Incorrect Access key", "ts": 1},
}
PROOFS = {
    "bitmex": ('"op":"authKeyExpires"', {"status": 401, "error": "Invalid API Key."}),
    "huobi_linear": ('"op":"auth"', {"op": "auth", "type": "api", "err-code": 2002, "err-msg": "Auth fail"}),
}
"""How a private stream proves its key, and what it hears once that is revoked; Binance's is opened over REST."""
BUSY = {
    "binance_usdm": {"status": 429, "body": {"code": -1003, "msg": "Too many requests."}},
    "bitmex": {"status": 429, "body": {"error": {"message": "Rate limit exceeded", "name": "RateLimitError"}}},
    "huobi_linear": {"status": 429, "body": {"status": "error", "err_code": 1032, "err_msg": "Too many requests"}},
}


@pytest.fixture(scope="module")
def venue(start_simulator: StartSimulator) -> Simulator:
    simulator = start_simulator(instruments=[BINANCE[2], BITMEX[0], HUOBI[0], HUOBI[2]], live_minutes=600)
    simulator.run_for(60)
    return simulator


class Case:
    """A new account on one market, and its broker behind a wire."""

    wire: Wire

    def __init__(self, venue: Simulator, name: str) -> None:
        self.venue = venue
        self.instrument = InstrumentId(name)
        self.market = Market(name.partition(":")[0])
        self.keys = Keys(secrets.token_hex(16), secrets.token_hex(16))
        venue.add_account(self.keys.key, self.keys.secret, pace=GRANTED)

    def broker(self, uri: str) -> Broker:
        names = [self.instrument]
        if self.market == "binance_usdm":
            weights = Weights(GRANTED * 2_400, 400)
            return BinanceBroker(ACCOUNT, self.market, names, self.keys, uri, weights=weights)
        if self.market == "bitmex":
            return BitmexBroker(ACCOUNT, self.market, names, self.keys, uri, per_minute=120 * GRANTED)
        return HuobiBroker(ACCOUNT, self.market, names, self.keys, uri)

    def order(self) -> ChildOrder:
        return child_order(ACCOUNT, self.instrument, Decimal(SMALL[self.instrument]))

    def run(self, work: Callable[[BrokerDesk], Awaitable[None]]) -> None:
        async def within() -> None:
            async with Wire(self.venue.uri) as self.wire:
                desk = BrokerDesk(self.broker(self.wire.uri))
                try:
                    async with asyncio.timeout(60):
                        await desk.follow()
                        await work(desk)
                finally:
                    await desk.close()

        asyncio.run(within())

    def struck(self) -> int:
        """How often the script in force has struck."""
        return sum(int(row["struck"]) for row in httpx.get(f"{self.venue.uri}/sim/faults").json()["rules"])


@pytest.fixture(params=list(SMALL))
def case(request: pytest.FixtureRequest, venue: Simulator) -> Case:
    return Case(venue, request.param)


def test_a_key_that_is_revoked_ends_everything_at_once(case: Case) -> None:
    """Requests and the stream, which was cut with it, say so, and nobody goes on asking."""

    async def work(desk: BrokerDesk) -> None:
        rules = [
            rule("answer", {"key": case.keys.key}, status=401, body=REVOKED[case.market]),
            rule("disconnect", {"host": STREAMS[case.market], "path": "*", "times": 1}, reset=True),
        ]
        with faults(case.venue, *rules):
            with pytest.raises(AccessDenied):
                await desk.broker.submit(case.order())
            with pytest.raises(AccessDenied):
                await desk.broker.balances()
            assert desk._following is not None
            async with asyncio.timeout(20):
                with pytest.raises(AccessDenied):
                    await desk._following
            asked = await asyncio.to_thread(case.struck)
            assert not desk.broker.is_live
            await asyncio.sleep(1)
            assert await asyncio.to_thread(case.struck) == asked < 10

    case.run(work)


@pytest.mark.parametrize("case", [name for name in SMALL if name.partition(":")[0] in PROOFS], indirect=True)
def test_a_stream_that_comes_back_with_a_revoked_key_says_so_and_asks_no_more(case: Case) -> None:
    """Requests are not refused here: the stream hears it by itself."""

    async def work(desk: BrokerDesk) -> None:
        text, answer = PROOFS[case.market]
        refused = rule("answer", {"direction": "in", "text": text}, body=answer)
        cut = rule("disconnect", {"host": STREAMS[case.market], "path": "*", "times": 1}, reset=True)
        with faults(case.venue, refused, cut):
            assert desk._following is not None
            async with asyncio.timeout(20):
                with pytest.raises(AccessDenied):
                    await desk._following
            asked = await asyncio.to_thread(case.struck)
            assert asked <= 3, "one cut and one proof; HTX refuses a late one with the same words, so it gets another"
            assert not desk.broker.is_live
            await asyncio.sleep(1)
            assert await asyncio.to_thread(case.struck) == asked

    case.run(work)


def test_a_half_open_private_stream_is_left_and_costs_no_fill(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    def hasty(broker: Any) -> None:
        """Looks for signs of life every second."""
        if case.market == "binance_usdm":
            broker._session.exchange.streaming["keepAlive"] = 1_000
            return
        connection = broker._stream._connection
        connection.line = msgspec.structs.replace(connection.line, idle=1.0)

    async def work(desk: BrokerDesk) -> None:
        with faults(case.venue, rule("half_open", {"host": STREAMS[case.market], "times": 1})):
            order = case.order()
            await desk.broker.submit(order)
            await desk.until(lambda r: r if isinstance(r, Fill) else None, 20)
            await eventually(lambda: _whole(desk, order))

    made = case.broker

    def broker(uri: str) -> Broker:
        one = made(uri)
        hasty(one)
        return one

    monkeypatch.setattr(case, "broker", broker)
    case.run(work)


async def _whole(desk: BrokerDesk, order: ChildOrder) -> bool:
    fills = {fill.trade_id: fill.quantity for fill in desk.fills_of(order)}
    return sum(fills.values()) == order.quantity


def test_who_is_asked_to_wait_does_so(case: Case) -> None:
    async def work(desk: BrokerDesk) -> None:
        busy = rule("answer", {"key": case.keys.key}, headers={"Retry-After": "5"}, **BUSY[case.market])
        with faults(case.venue, busy):
            with pytest.raises(RetryLater) as refused:
                await desk.broker.balances()
            assert refused.value.after == 5
            for _ in range(3):
                with pytest.raises(RetryLater) as waiting:
                    await desk.broker.submit(case.order())
                assert 4 < waiting.value.after <= 5
            assert await asyncio.to_thread(case.struck) <= 2, "what the stream had asked for already"

    case.run(work)


def test_maintenance_refuses_nothing_for_certain_and_ends_by_itself(case: Case) -> None:
    async def work(desk: BrokerDesk) -> None:
        with faults(case.venue, rule("maintenance")):
            with pytest.raises((OutcomeUnknown, RetryLater)):
                await desk.broker.submit(case.order())
            with pytest.raises(RetryLater):
                await desk.broker.balances()
            await eventually(lambda: _is_down(desk.broker))
        await eventually(lambda: _is_live(desk.broker), 30)
        order = case.order()
        await desk.broker.submit(order)
        await eventually(lambda: _whole(desk, order))

    case.run(work)


def test_a_start_during_maintenance_waits_for_its_end(case: Case) -> None:
    async def work() -> None:
        desk = BrokerDesk(case.broker(case.venue.uri))
        try:
            with faults(case.venue, rule("maintenance")):
                following = asyncio.create_task(desk.follow(40))
                await asyncio.sleep(1.5)
                assert not following.done()
            await following
            order = case.order()
            await desk.broker.submit(order)
            await eventually(lambda: _whole(desk, order))
        finally:
            await desk.close()

    asyncio.run(work())


def test_a_halted_instrument_refuses_orders_for_that_reason_and_trades_again(case: Case) -> None:
    async def work(desk: BrokerDesk) -> None:
        for status in ("halted", "trading"):
            await asyncio.to_thread(case.venue.change, case.instrument, status)
            order = case.order()
            if status == "trading":
                await desk.broker.submit(order)
                await eventually(lambda order=order: _whole(desk, order))  # type: ignore[misc]
                continue
            with pytest.raises(OrderRefusedByVenue) as refusal:
                await desk.broker.submit(order)
            assert refusal.value.reason is Reason.NOT_TRADING, refusal.value
            with pytest.raises(OrderNotFound):
                await desk.broker.order(case.instrument, order.client_order_id)
            assert desk.broker.is_live

    case.run(work)


DRIFTS = {
    "binance_usdm": ({"topic": "ORDER_TRADE_UPDATE", "text": '"x":"TRADE"'}, "i"),
    "bitmex": ({"topic": "execution*", "text": '"execType":"Trade"'}, "orderID"),
    "huobi_linear": ({"topic": "orders*"}, "state"),
}
"""A message that tells what became of an order, and a field without which it can't be read."""


@pytest.mark.parametrize("change", ["missing", "extra"])
def test_a_private_message_that_drifted_costs_no_fill(case: Case, change: str) -> None:
    async def work(desk: BrokerDesk) -> None:
        match, field = DRIFTS[case.market]
        name = field if change == "missing" else "never_seen"
        drift = rule("drift", {**match, "key": case.keys.key, "times": 1}, change=change, field=name)
        with faults(case.venue, drift):
            order = case.order()
            await desk.broker.submit(order)
            await eventually(lambda: _whole(desk, order))
            assert await asyncio.to_thread(case.struck) == 1
        assert desk.broker.is_live

    case.run(work)


def test_a_venue_whose_clock_jumps_is_followed(case: Case) -> None:
    """Twenty minutes ahead, while orders are sent: the first is refused, the next carry the venue's time."""

    async def work(desk: BrokerDesk) -> None:
        await desk.broker.submit(case.order())
        with faults(case.venue, rule("clock_offset", seconds=1_200)):
            with pytest.raises((RetryLater, AccessDenied)):
                await desk.broker.submit(case.order())
            orders = [case.order() for _ in range(2)]
            for order in orders:
                await desk.broker.submit(order)
            for order in orders:
                await eventually(lambda order=order: _whole(desk, order))  # type: ignore[misc]
            assert await desk.broker.balances()

    case.run(work)


@pytest.mark.parametrize("case", ["binance_usdm:BTCUSDT", "huobi_linear:BTC-USDT"], indirect=True)
def test_a_stream_comes_back_by_the_time_of_a_venue_whose_clock_jumped(case: Case) -> None:
    """By a request, or by a proof that carries the time. BitMEX tells its time in the welcome, which no rule shifts."""

    async def work(desk: BrokerDesk) -> None:
        rules = [rule("clock_offset", seconds=1_200)]
        if case.market in PROOFS:
            rules.append(rule("clock_offset", {"direction": "in", "text": PROOFS[case.market][0]}, seconds=1_200))
        with faults(case.venue, *rules):
            case.wire.is_down = True
            case.wire.cut()
            await eventually(lambda: _is_down(desk.broker))
            case.wire.is_down = False
            await eventually(lambda: _is_live(desk.broker), 30)
            order = case.order()
            await eventually(lambda: _taken(desk.broker, order))
            await eventually(lambda: _whole(desk, order))

    case.run(work)


async def _taken(broker: Broker, order: ChildOrder) -> bool:
    """Not so where the request was refused unheard, as one by the wrong time is."""
    try:
        await broker.submit(order)
    except RetryLater:
        return False
    return True


async def _is_live(broker: Broker) -> bool:
    return broker.is_live


async def _is_down(broker: Broker) -> bool:
    return not broker.is_live
