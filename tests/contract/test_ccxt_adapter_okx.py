"""The generic adapter, shown with OKX: its rows from documents, its recorded frames, and the probe before `live`."""

import asyncio
import contextlib
import itertools
import json
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from fixtures.broker_desk import BrokerDesk, child_order, closing, exactly_once
from fixtures.okx_venue import KEY, LAST, NOW_MS, PASSPHRASE, SECRET, SPOT_ROW, OkxVenue, bill
from fixtures.recordings import Recording, recordings
from jtrader.app.jobs.probe import probe_account
from jtrader.app.settings import Settings, load_settings
from jtrader.app.wiring.trading import broker_for
from jtrader.app.wiring.venues import venue_of
from jtrader.domain.account import EntryKind
from jtrader.domain.errors import BadInput, Broken
from jtrader.domain.ids import AccountId, ClientOrderId, InstrumentId, Market
from jtrader.domain.instrument import InstrumentStatus, Product
from jtrader.domain.market import Depth, Mark, Quote, Trade
from jtrader.domain.order import Fill, OrderStatus, OrderType, Side
from jtrader.domain.times import HOUR, MINUTE, parse_time
from jtrader.exchange.ccxt.broker import CcxtBroker
from jtrader.exchange.ccxt.feed import CcxtFeed
from jtrader.exchange.ccxt.hearing import subscribing
from jtrader.exchange.ccxt.probe import Probe
from jtrader.exchange.ccxt.rest import CcxtRest
from jtrader.exchange.ccxt.session import GenericSession
from jtrader.exchange.ccxt.spoken import OKX_FUTURE, OKX_SPOT, OKX_SWAP, CcxtMarket
from jtrader.exchange.common.session import Keys
from jtrader.ports.broker import AccessDenied, OrderNotFound, OrderRefusedByVenue, OutcomeUnknown, Reason, RetryLater

ETH = InstrumentId("okx_spot:ETH-USDT")
BTC, SWAP = InstrumentId("okx_spot:BTC-USDT"), InstrumentId("okx_swap:BTC-USDT-SWAP")
NOW = NOW_MS * 1_000_000
TRADE_FRAME = (
    b'{"arg":{"channel":"trades","instId":"BTC-USDT"},"data":[{"instId":"BTC-USDT","tradeId":"338476307","px":"30236",'
    b'"sz":"0.0002","side":"buy","ts":"1652459224818"}]}'
)
BOOK_FRAME = (
    b'{"arg":{"channel":"books","instId":"BTC-USDT"},"action":"snapshot","data":[{"asks":[["30228.7","1.5","0","2"]],'
    b'"bids":[["30228.6","0.2","0","1"]],"ts":"1652459224956","checksum":0,"seqId":1,"prevSeqId":-1}]}'
)


@pytest.fixture(scope="module")
def venue() -> Iterator[OkxVenue]:
    made = OkxVenue().start()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def spot(venue: OkxVenue) -> Iterator[CcxtRest]:
    with CcxtRest(OKX_SPOT, venue.uri, patience=2) as made:
        yield made


@contextlib.contextmanager
def running(made: OkxVenue) -> Iterator[OkxVenue]:
    made.start()
    try:
        yield made
    finally:
        made.stop()


def run(work: Callable[[], Awaitable[None]]) -> None:
    async def within() -> None:
        async with asyncio.timeout(60):
            await work()

    asyncio.run(within())


# ---- reference data and history


def test_instruments_are_exact(venue: OkxVenue, spot: CcxtRest) -> None:
    (btc,) = spot.instruments()
    assert (btc.id, btc.product, btc.settle, btc.ccxt_symbol) == (BTC, Product.SPOT, "USDT", "BTC/USDT")
    assert [str(x) for x in (btc.price_tick, btc.quantity_step, btc.min_quantity)] == ["0.1", "1E-8", "0.00001"]
    with CcxtRest(OKX_SWAP, venue.uri) as swaps, CcxtRest(OKX_FUTURE, venue.uri) as futures:
        inverse, linear = swaps.instruments()
        (dated,) = futures.instruments()
    assert (linear.product, linear.contract_value, linear.settle) == (Product.LINEAR, Decimal("0.01"), "USDT")
    assert (inverse.product, inverse.contract_value, inverse.settle) == (Product.INVERSE, Decimal(100), "BTC")
    assert (linear.status, inverse.status) == (InstrumentStatus.TRADING, InstrumentStatus.HALTED)
    assert dated.expiry == 1_774_598_400_000 * 1_000_000


def test_candles_are_the_closed_ones_of_the_range(spot: CcxtRest) -> None:
    last = NOW // MINUTE * MINUTE
    found = spot.candles(BTC, last - 5 * MINUTE, last + MINUTE)
    assert [(last - candle.ts) // MINUTE for candle in found] == [5, 4, 3, 2, 1]
    assert (found[0].open, found[0].close, found[0].volume) == (95000.1, 95005.7, 12.345)
    assert spot.market_time() == NOW


def test_the_time_before_a_listing_is_leapt_over(venue: OkxVenue, spot: CcxtRest) -> None:
    asked = len(venue.asked)
    found = spot.candles(BTC, parse_time("2017-08-17T00:00:00Z"), NOW)
    assert [(NOW // MINUTE * MINUTE - candle.ts) // MINUTE for candle in found] == list(range(9, 0, -1))
    assert len(venue.asked) - asked < 60, "3,073 days, 100 at once, and the minutes of one"
    assert spot.candles(BTC, parse_time("2017-08-17T00:00:00Z"), parse_time("2026-01-14T00:00:00Z")) == []


def test_settled_fundings_are_read_back_to_the_start() -> None:
    with running(OkxVenue()) as venue, CcxtRest(OKX_SWAP, venue.uri) as swaps:
        venue.fundings = 257
        told = swaps.funding(SWAP, NOW - 250 * 8 * HOUR, NOW)
    assert [one.ts for one in told] == [NOW - ago * 8 * HOUR for ago in range(250, 0, -1)]


def test_an_unreadable_row_is_left_out_of_the_list(caplog: pytest.LogCaptureFixture) -> None:
    preopen = {"instType": "SPOT", "instId": "NEW-USDT", "state": "preopen"}
    with running(OkxVenue()) as venue, CcxtRest(OKX_SPOT, venue.uri) as rest:
        venue.rows["SPOT"].append(preopen)
        assert [one.id for one in rest.instruments()] == [BTC]
        assert "NEW-USDT" in caplog.text
        venue.rows["SPOT"] = [preopen]
        with pytest.raises(Broken, match="lists nothing that can be read"):
            rest.instruments()


def test_trades_books_funding_and_open_interest(venue: OkxVenue, spot: CcxtRest) -> None:
    trades = spot.trades(BTC, 0, NOW)
    assert [(t.trade_id, t.price, t.quantity, t.side) for t in trades] == [
        (1, 95000.1, 0.5, 1),
        (2, 95000.1, 0.5, -1),
        (3, 95000.1, 0.5, 1),
    ]
    assert spot.trades(BTC, trades[1].ts, trades[2].ts) == [trades[1]]
    book = spot.book(BTC)
    assert (book.bids, book.asks, book.ts) == (((95000.1, 1.5), (94999.0, 2.0)), ((95000.2, 1.0),), NOW)
    assert (list(spot.funding(BTC, 0, NOW)), list(spot.open_interest(BTC, 0, NOW))) == ([], [])
    with CcxtRest(OKX_SWAP, venue.uri) as swaps:
        assert [one.rate for one in swaps.funding(SWAP, 0, NOW)] == [0.00001, 0.0]
        assert list(swaps.open_interest(SWAP, 0, NOW)) == [], "ccxt reads it in dollars only"
    with pytest.raises(BadInput, match="by time, not by number"):
        spot.trades_from(BTC, 5)


@pytest.mark.parametrize(
    ("spoken", "name", "says"),
    [(OKX_SPOT, "okx_swap:BTC-USDT", "is not on okx_spot"), (OKX_SPOT, "okx_spot:NO-SUCH", "lists no spot NO-SUCH")],
)
def test_what_is_not_listed_is_refused(venue: OkxVenue, spoken: CcxtMarket, name: str, says: str) -> None:
    with CcxtRest(spoken, venue.uri) as rest, pytest.raises(BadInput, match=says):
        rest.book(InstrumentId(name))


def test_an_exchange_that_ccxt_has_not_is_refused() -> None:
    with pytest.raises(BadInput, match="no exchange 'atlantis'"):
        CcxtRest(CcxtMarket(Market("atlantis"), "atlantis", "spot"))
    with pytest.raises(BadInput, match="type 'margin' is not one of"):
        CcxtMarket(Market("okx_margin"), "okx", "margin")


# ---- the feed


def recorded(file: Path) -> list[bytes]:
    from pyarrow import parquet

    table = parquet.read_table(file, filters=[("venue", "=", "okx"), ("direction", "=", "in")])
    rows = table.select(["seq", "payload"]).to_pylist()
    return [row["payload"] for row in sorted(rows, key=lambda row: row["seq"])]


def listened(frames: list[bytes], trades: int, kinds: Sequence[str] = ("trades", "book")) -> tuple[list[Any], CcxtFeed]:
    """All that the feed told of BTC-USDT until so many trades had come."""
    venue = OkxVenue(frames).start()
    told: list[Any] = []

    async def work() -> CcxtFeed:
        # an old recording's checksums are of prices that were written otherwise; the book is proven below
        spoken = replace(OKX_SPOT, options=OKX_SPOT.options | {"watchOrderBook": {"checksum": False}})
        feed = CcxtFeed(spoken, [BTC], venue.uri, kinds=kinds)

        async def listen() -> None:
            async for events in feed.events():
                told.extend(events)

        task = asyncio.create_task(listen())
        async with asyncio.timeout(30):
            while sum(isinstance(event, Trade) for event in told) < trades or not feed.is_up:
                await asyncio.sleep(0.02)
            await asyncio.sleep(0.3)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await feed.close()
        return feed

    feed = asyncio.run(work())
    venue.stop()
    return told, feed


def test_frames_by_hand_are_told() -> None:
    told, feed = listened([TRADE_FRAME, BOOK_FRAME], trades=1)
    (trade,) = [event for event in told if isinstance(event, Trade)]
    assert trade == Trade(BTC, 1_652_459_224_818_000_000, 338476307, 30236.0, 0.0002, 1)
    quotes = [event for event in told if isinstance(event, Quote)]
    assert quotes[-1] == Quote(BTC, 1_652_459_224_956_000_000, 30228.6, 0.2, 30228.7, 1.5)
    assert (feed.epoch, feed.nonsense) == (1, 0)


def test_what_cant_be_read_is_put_aside_and_the_feed_goes_on() -> None:
    """Also what ccxt itself can't read: it would read nothing more of its connection."""
    good = json.loads(TRADE_FRAME)
    row = good["data"][0]
    bad: list[Any] = [[{k: v for k, v in row.items() if k != gone}] for gone in ("px", "sz", "ts", "side")]
    frames = [json.dumps(good | {"data": data}).encode() for data in [*bad, [row | {"px": "NaN"}]]]
    mark = {"instType": "SWAP", "instId": "BTC-USDT", "markPx": "30000.5", "ts": "1652459224956"}
    arg = {"channel": "mark-price", "instId": "BTC-USDT"}
    marks = [json.dumps({"arg": arg, "data": [one]}).encode() for one in ({**mark, "ts": ""}, mark)]
    told, feed = listened([*frames, *marks, TRADE_FRAME, BOOK_FRAME], trades=1, kinds=("trades", "book", "marks"))
    assert [event.trade_id for event in told if isinstance(event, Trade)] == [338476307]
    assert [event.mark for event in told if isinstance(event, Mark)] == [30000.5]
    assert (feed.unreadable, len(feed.unread), feed.nonsense) == (6, 6, 0)


@pytest.mark.parametrize("recording", recordings("raw_ws_venues.parquet"))
def test_recorded_frames_are_told_as_they_stand(recording: Recording) -> None:
    frames = recorded(recording.path)
    bodies = [json.loads(frame) for frame in frames]
    sent = [
        row
        for body in bodies
        if body.get("data") and body["arg"] == {"channel": "trades", "instId": "BTC-USDT"}
        for row in body["data"]
    ]
    told, feed = listened(frames, trades=len(sent))
    trades = [event for event in told if isinstance(event, Trade)]
    assert [(t.trade_id, t.price, t.quantity, t.side, t.ts) for t in trades] == [
        (int(r["tradeId"]), float(r["px"]), float(r["sz"]), 1 if r["side"] == "buy" else -1, int(r["ts"]) * 1_000_000)
        for r in sent
    ]
    assert len(trades) == recording.number(cut=18, whole=69)
    books = [event for event in told if isinstance(event, Depth)]
    assert books
    assert all(book.snapshot and book.bids[0][0] < book.asks[0][0] for book in books)
    assert books[-1].bids == _kept(bodies, "bids")
    assert books[-1].asks == _kept(bodies, "asks")
    assert feed.nonsense == 0


def _kept(bodies: list[dict[str, Any]], side: str) -> tuple[tuple[float, float], ...]:
    """The side that the recorded messages leave, by a plain table."""
    table: dict[float, float] = {}
    for body in bodies:
        if body.get("data") and body["arg"] == {"channel": "books", "instId": "BTC-USDT"}:
            if body["action"] == "snapshot":
                table = {}
            table.update((float(row[0]), float(row[1])) for row in body["data"][0][side])
    standing = sorted(((p, q) for p, q in table.items() if q), reverse=side == "bids")
    return tuple(standing[:50])


# ---- orders, and the probe


_numbers = itertools.count(1)


def new_id() -> ClientOrderId:
    return ClientOrderId(f"jtprobe-{next(_numbers)}")


def broker_at(
    venue: OkxVenue,
    spoken: CcxtMarket = OKX_SPOT,
    instruments: Sequence[InstrumentId] = (BTC,),
    pause_file: Path | None = None,
    **keys: str,
) -> CcxtBroker:
    given = Keys(**({"key": KEY, "secret": SECRET, "password": PASSPHRASE} | keys))
    return CcxtBroker(AccountId("alpha"), spoken, instruments, given, venue.uri, pause_file=pause_file)


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


@pytest.mark.parametrize(
    ("flaws", "may_trade", "missing"),
    [
        ((), True, set()),
        ((), False, {"fills_since"}),
        (("no client id",), True, {"conditional_orders"}),
        (("no algo list",), True, {"conditional_orders"}),
        (("no fills",), True, {"fills_since"}),
        (("one page",), True, {"open_orders", "conditional_orders", "fills_since"}),
    ],
    ids=["all is well", "no trade allowed", "no client id", "no list of conditional orders", "no fills", "no paging"],
)
def test_the_probe_proves_what_live_needs(
    spot: CcxtRest, flaws: tuple[str, ...], may_trade: bool, missing: set[str]
) -> None:
    (btc,) = spot.instruments()
    venue = OkxVenue(flaws=flaws).start()
    try:

        async def work() -> None:
            async with closing(broker_at(venue)) as broker:
                probe = Probe(broker, AccountId("alpha"), btc, Decimal(LAST), NOW, new_id, may_trade)
                proof = await probe.run()
            assert set(proof.why) == missing, proof.why
            assert proof.is_whole is (not missing)
            assert not any(row["state"] == "live" for row in venue.orders.values())
            if "no client id" not in flaws and "no algo list" not in flaws:
                assert not any(row["state"] == "live" for row in venue.algos.values())
            bought = [row["side"] for row in venue.fills]
            assert bought == ([Side.BUY, Side.SELL] if may_trade else [])

        run(work)
    finally:
        venue.stop()


# ---- from settings


def desk(home: Path, uri: str, broker: str) -> Settings:
    file = home / "keys.json"
    file.touch(mode=0o600)
    file.write_text(json.dumps({"key": KEY, "secret": SECRET, "password": PASSPHRASE}))
    return load_settings(
        home=home,
        simulator_uri=uri,
        ccxt=[{"market": "okx_spot", "exchange": "okx", "type": "spot"}],
        accounts=[{"name": "alpha", "market": "okx_spot", "broker": broker, "key_file": "keys.json"}],
        strategies=[{"name": "m", "rule": "ma_cross", "account": "alpha", "instruments": [BTC]}],
    )


def test_live_waits_for_the_probe(tmp_path: Path) -> None:
    venue = OkxVenue().start()
    try:
        trading, probing = desk(tmp_path, venue.uri, "live"), desk(tmp_path, venue.uri, "sim")

        async def built() -> str:
            broker = broker_for(trading, trading.account("alpha"), live=True)
            await broker.close()
            return type(broker).__name__

        with pytest.raises(BadInput, match="nothing is proven of okx_spot yet; run 'jtrader account probe alpha"):
            asyncio.run(built())
        assert not probe_account("alpha", BTC, may_trade=False, settings=probing).is_whole
        with pytest.raises(BadInput, match=r"the probe failed \(fills_since: nothing may be traded"):
            asyncio.run(built())
        assert probe_account("alpha", BTC, may_trade=True, settings=probing).is_whole
        assert asyncio.run(built()) == "CcxtBroker"
    finally:
        venue.stop()


def test_markets_of_the_settings_are_known_and_others_are_not(tmp_path: Path) -> None:
    settings = desk(tmp_path, "http://127.0.0.1:1", "sim")
    assert venue_of("okx_spot", settings).name == "okx"
    with pytest.raises(BadInput, match=r"market 'okx_swap' is not known; known: binance_usdm, .*, okx_spot"):
        venue_of("okx_swap", settings)
