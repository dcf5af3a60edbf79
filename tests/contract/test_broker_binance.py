"""ports.Broker over the real ccxt client, against the simulator, on both markets."""

import asyncio
import contextlib
import itertools
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from decimal import Decimal
from typing import TypeVar

import pytest

from fixtures.simulator import Simulator, StartSimulator
from fixtures.wire import Wire
from jtrader.domain.account import EntryKind, VenueEntry
from jtrader.domain.errors import BadInput
from jtrader.domain.ids import AccountId, ClientOrderId, InstrumentId, Market, ParentId, StrategyId
from jtrader.domain.order import ChildOrder, Fill, OrderStatus, OrderType, Side, TimeInForce, VenueOrder
from jtrader.domain.times import DAY, HOUR, MINUTE
from jtrader.exchange.binance.broker import BinanceBroker
from jtrader.exchange.binance.session import Keys
from jtrader.ports.broker import AccessDenied, OrderNotFound, OrderRefusedByVenue, OutcomeUnknown, RetryLater

MARKETS = ["binance_usdm", "binance_spot"]
T = TypeVar("T")
Report = VenueOrder | Fill | VenueEntry
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def venue(start_simulator: StartSimulator) -> Simulator:
    """One market for the file, one minute into its live hour so that books stand."""
    simulator = start_simulator()
    simulator.run_for(60)
    return simulator


class Desk:
    """A broker with an account of its own, and all it has reported."""

    def __init__(self, broker: BinanceBroker, simulator: Simulator) -> None:
        self.broker = broker
        self.simulator = simulator
        self.instrument = InstrumentId(f"{broker.market}:BTCUSDT")
        self.reports: list[Report] = []
        self._arrived = asyncio.Condition()

    async def follow(self) -> None:
        async for report in self.broker.reports():
            self.reports.append(report)
            async with self._arrived:
                self._arrived.notify_all()

    async def until(self, what: Callable[[Report], T | None], seconds: float = 10) -> T:
        """The first report that `what` picks."""
        async with asyncio.timeout(seconds), self._arrived:
            while True:
                for report in self.reports:
                    if (found := what(report)) is not None:
                        return found
                await self._arrived.wait()

    async def price(self, factor: str = "1") -> Decimal:
        """A price on the grid, `factor` times the last minute's close."""
        host, path = ("fapi.binance.com", "/fapi/v1/klines") if self.is_usdm else ("api.binance.com", "/api/v3/klines")
        rows = await asyncio.to_thread(lambda: self.simulator.get(host, path, symbol="BTCUSDT", interval="1m", limit=1))
        return Decimal(int(Decimal(rows[-1][4]) * Decimal(factor)))

    @property
    def is_usdm(self) -> bool:
        return self.broker.market == "binance_usdm"

    def order(self, side: Side = Side.BUY, quantity: str = "0.010", **fields: object) -> ChildOrder:
        number = next(_numbers)
        given: dict[str, object] = {
            "client_order_id": ClientOrderId(f"t{secrets.token_hex(4)}-{number}"),
            "parent_id": ParentId(f"p{number}"),
            "strategy": StrategyId("test"),
            "account": self.broker.account,
            "instrument": self.instrument,
            "side": side,
            "type": OrderType.MARKET,
            "time_in_force": TimeInForce.GTC,
            "quantity": Decimal(quantity),
            "price": None,
            "reduce_only": False,
            "ts": 0,
        }
        return ChildOrder(**(given | fields))  # type: ignore[arg-type]

    def limit(self, price: Decimal, side: Side = Side.BUY, **fields: object) -> ChildOrder:
        return self.order(side, type=OrderType.LIMIT, price=price, **fields)

    async def finished(self, order: ChildOrder) -> VenueOrder:
        """The order's terminal report; its fills have been reported before it."""
        return await self.until(
            lambda r: (
                r
                if isinstance(r, VenueOrder) and r.client_order_id == order.client_order_id and r.status.is_terminal
                else None
            )
        )

    def fills_of(self, order: ChildOrder) -> list[Fill]:
        return [r for r in self.reports if isinstance(r, Fill) and r.client_order_id == order.client_order_id]


@contextlib.asynccontextmanager
async def desk(
    simulator: Simulator, market: str, uri: str = "", stream: bool = True, page: int = 1_000
) -> AsyncIterator[Desk]:
    key, secret = secrets.token_hex(16), secrets.token_hex(16)
    await asyncio.to_thread(simulator.add_account, key, secret)
    broker = BinanceBroker(
        AccountId("test"),
        Market(market),
        [InstrumentId(f"{market}:BTCUSDT")],
        Keys(key, secret),
        uri or simulator.uri,
        page,
    )
    made = Desk(broker, simulator)
    following = asyncio.create_task(made.follow()) if stream else None
    try:
        if following:
            waiting = asyncio.create_task(broker.wait_live())
            await asyncio.wait([following, waiting], return_when=asyncio.FIRST_COMPLETED, timeout=20)
            assert broker.is_live, following.exception() if following.done() else "no stream after 20 s"
        yield made
    finally:
        if following:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)
        await broker.close()


def run(work: Callable[[], Awaitable[None]]) -> None:
    async def within() -> None:
        async with asyncio.timeout(90):
            await work()

    asyncio.run(within())


@pytest.mark.parametrize("market", MARKETS)
def test_a_market_order_is_reported_and_found_again_to_the_last_digit(venue: Simulator, market: str) -> None:
    async def work() -> None:
        async with desk(venue, market) as at:
            order = at.order(quantity="0.020")
            answer = await at.broker.submit(order)
            assert (answer.client_order_id, answer.status) == (order.client_order_id, OrderStatus.FILLED)
            assert (await at.finished(order)).filled == order.quantity

            streamed = at.fills_of(order)
            assert sum(fill.quantity for fill in streamed) == order.quantity
            assert all(fill.fee_asset == ("USDT" if at.is_usdm else "BTC") and not fill.maker for fill in streamed)
            assert list(await at.broker.fills(at.instrument, 0, 2**62)) == streamed

            cost = sum((fill.price * fill.quantity for fill in streamed), Decimal(0))
            fees = sum((fill.fee for fill in streamed), Decimal(0))
            held = {balance.asset: balance.total for balance in await at.broker.balances()}
            if at.is_usdm:
                assert held == {"USDT": Decimal(100_000) - fees}
                (position,) = await at.broker.positions()
                assert (position.quantity, position.settle) == (order.quantity, "USDT")
            else:
                assert held == {"USDT": Decimal(100_000) - cost, "BTC": order.quantity - fees}
                assert await at.broker.positions() == []

    run(work)


@pytest.mark.parametrize("market", MARKETS)
def test_fills_of_another_process_name_our_orders_too(venue: Simulator, market: str) -> None:
    async def work() -> None:
        async with desk(venue, market, stream=False) as at:
            orders = [at.order(quantity="0.010") for _ in range(3)]
            for order in orders:
                await at.broker.submit(order)
            keys = at.broker._session._exchange
            other = BinanceBroker(
                AccountId("test"), Market(market), [at.instrument], Keys(keys.apiKey, keys.secret), venue.uri, page=2
            )
            fills = await other.fills(at.instrument, 0, 2**62)
            await other.close()
            names = list(dict.fromkeys(fill.client_order_id for fill in fills))
            assert names == [order.client_order_id for order in orders]
            assert sum(fill.quantity for fill in fills) == Decimal("0.030")

    run(work)


@pytest.mark.parametrize("market", MARKETS)
def test_a_resting_order_lives_until_it_is_cancelled(venue: Simulator, market: str) -> None:
    async def work() -> None:
        async with desk(venue, market) as at:
            order = at.limit(await at.price("0.97"))
            assert (await at.broker.submit(order)).status is OrderStatus.NEW
            (listed,) = await at.broker.open_orders()
            assert listed == await at.broker.order(at.instrument, order.client_order_id)
            assert (listed.client_order_id, listed.price, listed.quantity) == (
                order.client_order_id,
                order.price,
                order.quantity,
            )
            await at.broker.cancel(at.instrument, order.client_order_id)
            assert (await at.finished(order)).status is OrderStatus.CANCELED
            assert await at.broker.open_orders() == []
            with pytest.raises(OrderNotFound):
                await at.broker.cancel(at.instrument, order.client_order_id)
            with pytest.raises(OrderNotFound):
                await at.broker.order(at.instrument, ClientOrderId("never-sent"))

    run(work)


@pytest.mark.parametrize("market", MARKETS)
@pytest.mark.parametrize(
    ("fields", "factor"),
    [
        ({"quantity": Decimal("0.0000001")}, "1"),
        ({"quantity": Decimal("0.001")}, "0.01"),
        ({"quantity": Decimal("90")}, "0.99"),
    ],
    ids=["below a lot", "price or notional too low", "no money"],
)
def test_a_definite_no_is_a_refusal(venue: Simulator, market: str, fields: dict[str, Decimal], factor: str) -> None:
    async def work() -> None:
        async with desk(venue, market, stream=False) as at:
            with pytest.raises(OrderRefusedByVenue) as refusal:
                await at.broker.submit(at.limit(await at.price(factor), **fields))
            assert refusal.value.code.startswith("-")
            assert await at.broker.open_orders() == []

    run(work)


@pytest.mark.parametrize("market", MARKETS)
def test_a_post_only_order_that_would_take_is_not_filled(venue: Simulator, market: str) -> None:
    async def work() -> None:
        async with desk(venue, market, stream=False) as at:
            order = at.limit(await at.price("1.01"), time_in_force=TimeInForce.POST_ONLY)
            with contextlib.suppress(OrderRefusedByVenue):
                assert (await at.broker.submit(order)).status is OrderStatus.EXPIRED
            assert await at.broker.fills(at.instrument, 0, 2**62) == []

    run(work)


def test_reduce_only_never_opens(venue: Simulator) -> None:
    async def work() -> None:
        async with desk(venue, "binance_usdm", stream=False) as at:
            with pytest.raises(OrderRefusedByVenue):
                await at.broker.submit(at.order(Side.SELL, reduce_only=True))
            await at.broker.submit(at.order(Side.BUY, "0.010"))
            await at.broker.submit(at.order(Side.SELL, "0.010", reduce_only=True))
            assert await at.broker.positions() == []

    run(work)


@pytest.mark.parametrize("market", MARKETS)
def test_a_wrong_key_is_access_denied_for_requests_and_for_the_stream(venue: Simulator, market: str) -> None:
    async def work() -> None:
        broker = BinanceBroker(
            AccountId("test"), Market(market), [InstrumentId(f"{market}:BTCUSDT")], Keys("wrong", "key"), venue.uri
        )
        with pytest.raises(AccessDenied):
            await broker.balances()
        with pytest.raises(AccessDenied):
            await anext(aiter(broker.reports()))
        await broker.close()

    run(work)


@pytest.mark.parametrize("market", MARKETS)
def test_a_lost_answer_is_unknown_and_the_order_is_found_by_our_id(venue: Simulator, market: str) -> None:
    async def work() -> None:
        async with Wire(venue.uri) as wire, desk(venue, market, wire.uri, stream=False) as at:
            order = at.limit(await at.price("0.97"))
            wire.loses_answers = True
            with pytest.raises(OutcomeUnknown):
                await at.broker.submit(order)
            wire.loses_answers = False
            found = await at.broker.order(at.instrument, order.client_order_id)
            assert found.status is OrderStatus.NEW

    run(work)


@pytest.mark.parametrize("market", MARKETS)
def test_a_venue_that_is_away_has_done_nothing(venue: Simulator, market: str) -> None:
    async def work() -> None:
        async with desk(venue, market, "http://127.0.0.1:1", stream=False) as at:
            with pytest.raises(RetryLater):
                await at.broker.submit(at.order())
            with pytest.raises(RetryLater):
                await at.broker.balances()

    run(work)


@pytest.mark.parametrize("market", MARKETS)
def test_what_happens_while_the_stream_is_cut_is_reported_after_it(venue: Simulator, market: str) -> None:
    async def work() -> None:
        async with Wire(venue.uri) as wire, desk(venue, market, wire.uri) as at:
            known = at.order(quantity="0.010")
            await at.broker.submit(known)
            await at.finished(known)
            resting = at.limit(await at.price("0.97"))
            await at.broker.submit(resting)

            keys = at.broker._session._exchange
            other = BinanceBroker(
                AccountId("test"), Market(market), [at.instrument], Keys(keys.apiKey, keys.secret), venue.uri
            )
            wire.is_down = True
            wire.cut()
            taken = at.order(quantity="0.020")
            await other.submit(taken)
            await other.cancel(at.instrument, resting.client_order_id)
            await other.close()
            wire.is_down = False

            fill = await at.until(
                lambda r: r if isinstance(r, Fill) and r.client_order_id == taken.client_order_id else None, 30
            )
            assert fill.account == "test"
            assert (await at.finished(resting)).status is OrderStatus.CANCELED
            assert at.broker.stream_epoch == 2
            again = at.order(quantity="0.010")
            await at.broker.submit(again)
            await at.finished(again)
            trades = [r.trade_id for r in at.reports if isinstance(r, Fill)]
            assert len(set(trades)) == len(trades)

    run(work)


def test_marks_are_told_at_full_minutes_of_the_past(venue: Simulator) -> None:
    async def work() -> None:
        async with desk(venue, "binance_usdm", stream=False) as at:
            now = (await asyncio.to_thread(venue.clock))["now"]
            at_minute = now // MINUTE * MINUTE
            marks = [await at.broker.mark_at(at.instrument, at_minute - ago * MINUTE) for ago in (0, 1, 600)]
            assert all(Decimal(mark) > 0 for mark in marks)
            for wrong in (at_minute + HOUR, at_minute - MINUTE // 2):
                with pytest.raises(BadInput):
                    await at.broker.mark_at(at.instrument, wrong)
        async with desk(venue, "binance_spot", stream=False) as at:
            with pytest.raises(BadInput, match="spot"):
                await at.broker.mark_at(at.instrument, at_minute)

    run(work)


@pytest.mark.parametrize("market", MARKETS)
def test_transfers_are_ledger_rows(venue: Simulator, market: str) -> None:
    async def work() -> None:
        async with desk(venue, market, stream=False) as at:
            key = at.broker._session._exchange.apiKey
            await asyncio.to_thread(venue.transfer, key, market, "USDT", "250.5")
            now = (await asyncio.to_thread(venue.clock))["now"]
            (entry,) = await at.broker.entries(now - DAY, now + DAY)
            assert (entry.kind, entry.amount, entry.asset) == (EntryKind.TRANSFER, Decimal("250.5"), "USDT")

    run(work)


def test_funding_is_reported_and_the_ledger_is_complete_over_many_pages(start_simulator: StartSimulator) -> None:
    """Last of the file to move time: it crosses the funding instant."""

    async def work() -> None:
        simulator = await asyncio.to_thread(start_simulator)
        await asyncio.to_thread(simulator.run_for, 60)
        async with desk(simulator, "binance_usdm", page=8) as at:
            orders = [at.order(Side.BUY if n % 3 else Side.SELL, "0.010") for n in range(9)]
            for order in orders:
                await at.broker.submit(order)
                await at.finished(order)
                await asyncio.to_thread(simulator.run_for, 1)
            (before,) = await at.broker.positions()
            funding_time = (await asyncio.to_thread(lambda: simulator.now)) // (8 * HOUR) * 8 * HOUR + 8 * HOUR
            await asyncio.to_thread(simulator.run, 600.0, funding_time + MINUTE)
            funding = await at.until(
                lambda r: r if isinstance(r, VenueEntry) and r.kind is EntryKind.FUNDING else None, 30
            )
            assert funding.ts == funding_time
            assert funding.instrument == at.instrument
            assert before.quantity > 0

            rows = await at.broker.entries(funding_time - DAY, funding_time + DAY)
            fills = await at.broker.fills(at.instrument, funding_time - DAY, funding_time + DAY)
            fees = {row.reference: -row.amount for row in rows if row.kind is EntryKind.FEE}
            assert fees == {fill.trade_id: fill.fee for fill in fills}
            realised = {row.reference: row.amount for row in rows if row.kind is EntryKind.TRADE}
            assert realised == {fill.trade_id: fill.realised for fill in fills if fill.realised}
            assert [row for row in rows if row.kind is EntryKind.FUNDING] == [funding]
            (wallet,) = await at.broker.balances()
            assert wallet.total == Decimal(100_000) + sum((row.amount for row in rows), Decimal(0))
            assert [fill for fill in at.reports if isinstance(fill, Fill)] == list(fills)

    run(work)
