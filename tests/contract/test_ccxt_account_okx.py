"""The generic adapter's broker, shown with OKX: orders, the past read whole, the private stream, the request limit."""

import asyncio
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from msgspec.structs import replace

from fixtures.broker_desk import BrokerDesk, child_order, closing, exactly_once
from fixtures.okx_desk import BTC, ETH, broker_at, new_id, run, running
from fixtures.okx_venue import KEY, LAST, PASSPHRASE, SECRET, SPOT_ROW, OkxVenue, bill
from jtrader.domain.account import EntryKind
from jtrader.domain.ids import AccountId
from jtrader.domain.order import Fill, OrderStatus, OrderType
from jtrader.exchange.ccxt.hearing import subscribing
from jtrader.exchange.ccxt.session import GenericSession
from jtrader.exchange.ccxt.spoken import OKX_SPOT, CcxtMarket
from jtrader.exchange.common.session import Keys
from jtrader.ports.broker import AccessDenied, OrderNotFound, OrderRefusedByVenue, OutcomeUnknown, Reason, RetryLater


@pytest.fixture(scope="module")
def venue() -> Iterator[OkxVenue]:
    made = OkxVenue().start()
    yield made
    made.stop()


def test_an_order_lives_under_our_id(venue: OkxVenue) -> None:
    async def work() -> None:
        async with closing(broker_at(venue)) as broker:
            order = child_order(
                AccountId("alpha"), BTC, Decimal("0.01"), type=OrderType.LIMIT, price=Decimal("90000.5"),
                client_order_id=new_id(),
            )  # fmt: skip
            assert (await broker.submit(order)).client_order_id == order.client_order_id
            (listed,) = await broker.open_orders()
            assert (listed.price, listed.quantity, listed.status) == (order.price, order.quantity, OrderStatus.NEW)
            with pytest.raises(OutcomeUnknown) as taken:
                await broker.submit(order)
            assert taken.value.reason is Reason.DUPLICATE_ID
            changed = await broker.amend(BTC, order.client_order_id, Decimal("0.02"), Decimal(90000))
            assert (changed.quantity, changed.price) == (Decimal("0.02"), Decimal(90000))
            await broker.cancel(BTC, order.client_order_id)
            assert (await broker.order(BTC, order.client_order_id)).status is OrderStatus.CANCELED
            with pytest.raises(OrderNotFound):
                await broker.order(BTC, new_id())
            with pytest.raises(OrderRefusedByVenue) as refused:
                await broker.submit(child_order(AccountId("alpha"), BTC, Decimal(5_000), client_order_id=new_id()))
            assert refused.value.reason is Reason.FUNDS

    run(work)


def test_a_conditional_order_goes_on_under_our_id(venue: OkxVenue) -> None:
    async def work() -> None:
        async with closing(broker_at(venue)) as broker:
            order = child_order(
                AccountId("alpha"), BTC, Decimal("0.01"), type=OrderType.STOP, trigger_price=Decimal(99_000),
                client_order_id=new_id(),
            )  # fmt: skip
            assert (await broker.submit(order)).type is OrderType.STOP
            (listed,) = await broker.open_orders()
            assert (listed.client_order_id, listed.type, listed.trigger_price) == (
                order.client_order_id,
                OrderType.STOP,
                Decimal(99_000),
            )
            venue.trigger()
            ended = await broker.order(BTC, order.client_order_id)
            assert (ended.status, ended.is_triggered, ended.filled) == (OrderStatus.FILLED, True, order.quantity)
            fills = await broker.fills(BTC, 0, 2**62)
            assert [fill.client_order_id for fill in fills][-1] == order.client_order_id
            assert (fills[-1].fee, fills[-1].fee_asset, fills[-1].price) == (Decimal("0.01"), "USDT", Decimal(LAST))

    run(work)


def test_the_private_stream_tells_orders_and_fills_once(venue: OkxVenue) -> None:
    async def work() -> None:
        desk = BrokerDesk(broker_at(venue))
        try:
            await desk.follow()
            order = child_order(AccountId("alpha"), BTC, Decimal("0.03"), client_order_id=new_id())
            await desk.broker.submit(order)
            ended = await desk.finished(order)
            assert (ended.status, ended.filled) == (OrderStatus.FILLED, order.quantity)
            await desk.until(lambda report: report if report in desk.fills_of(order) else None)
            (fill,) = desk.fills_of(order)
            assert (fill.quantity, fill.price, fill.fee) == (order.quantity, Decimal(LAST), Decimal("0.01"))
            assert fill in await desk.broker.fills(BTC, 0, 2**62)
        finally:
            await desk.close()

    run(work)


@pytest.mark.parametrize("spoken", [OKX_SPOT, replace(OKX_SPOT, cursor=())], ids=["by number", "by time"])
def test_the_past_is_read_whole(spoken: CcxtMarket) -> None:
    with running(OkxVenue()) as venue:
        venue.crowd(trades=257)

        async def work() -> None:
            async with closing(broker_at(venue, spoken)) as broker:
                fills = await broker.fills(BTC, 0, 2**62)
                assert [fill.trade_id for fill in fills] == [str(1_001 + number) for number in range(257)]
                within = await broker.fills(BTC, fills[3].ts, fills[250].ts)
                assert within == fills[3:250]

        run(work)


def test_rows_beyond_one_page_are_seen_and_cancelled() -> None:
    with running(OkxVenue()) as venue:
        venue.crowd(orders=130, stops=110)
        venue.bills = [bill(number, "-0.01") for number in range(100, 350)] + [bill(350, "-0.5", "SWAP")]

        async def work() -> None:
            async with closing(broker_at(venue)) as broker:
                assert len(await broker.open_orders()) == 240
                entries = await broker.entries(0, 2**62)
                assert (len(entries), sum(entry.amount for entry in entries)) == (250, Decimal("-2.5"))
                await broker.cancel_all(BTC)
                assert list(await broker.open_orders()) == []

        run(work)
        assert not any(row["state"] == "live" for row in [*venue.orders.values(), *venue.algos.values()])


def test_the_stream_is_live_once_every_instrument_is_subscribed() -> None:
    """And has read what it missed: one instrument that waits for that keeps it from being live."""
    with running(OkxVenue(login_seconds=0.3)) as venue:
        venue.rows["SPOT"].append(SPOT_ROW | {"instId": "ETH-USDT", "baseCcy": "ETH"})
        venue.away.add("ETH-USDT")

        async def work() -> None:
            desk = BrokerDesk(broker_at(venue, instruments=(BTC, ETH)))
            try:
                following = asyncio.create_task(desk.follow())
                was_live = asyncio.create_task(desk.broker.wait_live())
                while not {"BTC-USDT", "ETH-USDT"} <= venue.subscribed:
                    assert not desk.broker.is_live
                    await asyncio.sleep(0.01)
                await asyncio.sleep(0.5)
                assert not was_live.done()
                venue.away.clear()
                await asyncio.gather(following, was_live)
            finally:
                await desk.close()

        run(work)


@pytest.mark.parametrize("watchers", [["watch_orders"], ["watch_orders", "watch_my_trades"]])
def test_a_watcher_is_heard_once_its_subscription_went_out(watchers: list[str]) -> None:
    """The proof of the key goes out before, and is answered late."""
    with running(OkxVenue(login_seconds=0.3)) as venue:

        async def work() -> None:
            session = GenericSession(OKX_SPOT, Keys(KEY, SECRET, PASSPHRASE), venue.uri)
            await session.exchange.load_markets()
            sent = [asyncio.Event() for _ in watchers]
            tasks = []
            for method, event in zip(watchers, sent, strict=True):
                with subscribing(event):
                    tasks.append(asyncio.create_task(getattr(session.exchange, method)("BTC/USDT")))
            await asyncio.gather(*(event.wait() for event in sent))
            await asyncio.sleep(0.05)
            assert len(venue.subscribed) == len(watchers)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await session.close()

        run(work)


def test_what_happened_while_the_stream_was_away_is_told() -> None:
    """Fills before the first one that was ever seen, too; and each break is mended as fast as the first."""
    with running(OkxVenue()) as venue:

        async def work() -> None:
            desk = BrokerDesk(broker_at(venue))
            try:
                await desk.follow()
                started = asyncio.get_running_loop().time()
                for number in range(1, 7):
                    venue.crowd(trades=1)
                    venue.drop()
                    await desk.until(lambda _, n=number: len(fills_of(desk)) == n or None)  # type: ignore[misc]
                    await asyncio.wait_for(desk.broker.wait_live(), 10)
                assert asyncio.get_running_loop().time() - started < 7.5, "waits that double six times are 7.9 s"
                assert exactly_once(fills_of(desk))
            finally:
                await desk.close()

        run(work)


def fills_of(desk: BrokerDesk) -> list[Fill]:
    return [report for report in desk.reports if isinstance(report, Fill)]


def test_a_venue_that_wants_to_be_left_alone_is_left_by_all(tmp_path: Path) -> None:
    with running(OkxVenue()) as venue:
        pause = tmp_path / "pauses" / "okx_spot"

        async def work() -> None:
            async with (
                closing(broker_at(venue, pause_file=pause)) as one,
                closing(broker_at(venue, pause_file=pause)) as other,
            ):
                await one.balances()
                venue.busy = 30.0
                with pytest.raises(RetryLater) as told:
                    await one.balances()
                assert told.value.after == 30
                venue.busy, asked = 0.0, len(venue.asked)
                with pytest.raises(RetryLater, match="asked for a pause"):
                    await other.balances()
                assert len(venue.asked) == asked

        run(work)


def test_cancels_have_a_reserve(venue: OkxVenue) -> None:
    async def work() -> None:
        async with closing(broker_at(venue)) as broker:
            order = child_order(
                AccountId("alpha"), BTC, Decimal("0.01"), type=OrderType.LIMIT, price=Decimal(90_000),
                client_order_id=new_id(),
            )  # fmt: skip
            await broker.submit(order)
            if time.time() % 60 > 50:
                await asyncio.sleep(10.1)  # a new minute would begin meanwhile
            broker.budget.told(500)  # of 582 that ccxt grants a minute
            with pytest.raises(RetryLater, match="are used up"):
                await broker.submit(replace(order, client_order_id=new_id()))
            await broker.cancel(BTC, order.client_order_id)
            assert venue.orders[max(venue.orders, key=int)]["state"] == "canceled"

    run(work)


def test_balances_and_ledger_are_exact(venue: OkxVenue) -> None:
    async def work() -> None:
        async with closing(broker_at(venue)) as broker:
            (usdt,) = await broker.balances()
            assert (usdt.asset, usdt.total, usdt.free) == ("USDT", Decimal("1000.5"), Decimal("900.25"))
            (entry,) = await broker.entries(0, 2**62)
            assert (entry.entry_id, entry.kind, entry.amount) == ("91", EntryKind.TRADE, Decimal("-0.25"))

    run(work)


@pytest.mark.parametrize("wrong", ["key", "secret", "password"])
def test_a_refused_key_is_access_denied(venue: OkxVenue, wrong: str) -> None:
    async def work() -> None:
        async with closing(broker_at(venue, **{wrong: "wrong"})) as broker:
            with pytest.raises(AccessDenied):
                await broker.balances()
            with pytest.raises(AccessDenied):
                await anext(aiter(broker.reports()))

    run(work)
