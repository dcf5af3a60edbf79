"""The generic adapter's market data, shown with OKX: its rows from documents, its recorded frames."""

import asyncio
import json
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from fixtures.okx_desk import BTC, NOW, running
from fixtures.okx_venue import OkxVenue
from fixtures.recordings import Recording, recordings
from jtrader.domain.errors import BadInput, Broken
from jtrader.domain.ids import InstrumentId, Market
from jtrader.domain.instrument import InstrumentStatus, Product
from jtrader.domain.market import Depth, Mark, Quote, Trade
from jtrader.domain.times import HOUR, MINUTE, parse_time
from jtrader.exchange.ccxt.feed import CcxtFeed
from jtrader.exchange.ccxt.rest import CcxtRest
from jtrader.exchange.ccxt.spoken import OKX_FUTURE, OKX_SPOT, OKX_SWAP, CcxtMarket

SWAP = InstrumentId("okx_swap:BTC-USDT-SWAP")
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
