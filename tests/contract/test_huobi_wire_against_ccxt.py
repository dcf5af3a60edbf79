"""HTX's decoder and ccxt.pro's parsers read the same frames, and tell the same: price, size, side, time, id; books."""

import asyncio
import gzip
import json
from collections.abc import Iterator
from typing import Any

import pytest

from fixtures.recordings import Recording, recordings
from jtrader.domain.ids import InstrumentId, VenueSymbol
from jtrader.domain.market import Candle, Quote, Trade
from jtrader.exchange.common.books import BookKeeper, BookSnapshot
from jtrader.exchange.common.sequences import previous_ids, version_ids
from jtrader.exchange.huobi.wire import BookFrame, Decoder, inflate, pong

AT = 1_645_023_376_098
SPOT_URL, SPOT_BOOKS, CONTRACT_URL = "wss://api.huobi.pro/ws", "wss://api.huobi.pro/feed", "wss://api.hbdm.vn/swap-ws"
BOOK = "market.BTC-USD.depth.size_150.high_freq"


def frame(channel: str, tick: dict[str, Any], ts: int = AT) -> bytes:
    return gzip.compress(json.dumps({"ch": channel, "ts": ts, "tick": tick}).encode())


def spot_trade(number: int, price: float, amount: float, direction: str) -> dict[str, Any]:
    more = {"id": 10**26 + number, "tradeId": number}
    return {**more, "ts": AT + number, "amount": amount, "price": price, "direction": direction}


def contract_book(version: int, event: str, bids: list[list[float]], asks: list[list[float]]) -> bytes:
    tick = {"event": event, "version": version, "ts": AT + version, "id": version, "bids": bids, "asks": asks}
    return frame(BOOK, {**tick, "ch": BOOK}, AT + version)


SPOT_FRAMES = [
    frame("market.btcusdt.trade.detail", {"id": 1, "ts": AT, "data": [spot_trade(7, 9150.01, 0.003893, "sell")]}),
    frame(
        "market.btcusdt.trade.detail",
        {"id": 2, "ts": AT, "data": [spot_trade(9, 9150.5, 1.25, "buy"), spot_trade(8, 9150.25, 0.5, "buy")]},
    ),
    frame("market.btcusdt.kline.1min", {"id": 60, "open": 3.5, "close": 3.0, "low": 2.5, "high": 4.0, "amount": 7.25}),
    frame("market.btcusdt.kline.1min", {"id": 120, "open": 3.0, "close": 3.0, "low": 3.0, "high": 3.0, "amount": 1.0}),
    frame(
        "market.btcusdt.bbo",
        {"seqId": 5, "ask": 16829.51, "askSize": 0.7, "bid": 16829.5, "bidSize": 1.68, "quoteTime": AT, "symbol": "x"},
    ),
]
SPOT_BOOK_FRAMES = [
    frame(
        "market.btcusdt.mbp.150",
        {"seqNum": 110, "prevSeqNum": 100, "bids": [[9058.27, 0.5]], "asks": [[9084.27, 0]]},
    ),
    gzip.compress(
        json.dumps(
            {
                "id": "3",
                "rep": "market.btcusdt.mbp.150",
                "status": "ok",
                "ts": AT,
                "data": {"seqNum": 104, "bids": [[9058.0, 1], [9057.5, 2]], "asks": [[9084.27, 0.2], [9085.5, 3]]},
            }
        ).encode()
    ),
    frame("market.btcusdt.mbp.150", {"seqNum": 125, "prevSeqNum": 110, "bids": [[9058.0, 0]], "asks": [[9085.0, 4]]}),
]
CONTRACT_FRAMES = [
    frame(
        "market.BTC-USD.trade.detail",
        {
            "id": 4,
            "ts": AT,
            "data": [{"amount": 2, "ts": AT, "id": 1370052, "price": 9150.1, "direction": "buy", "quantity": 0.02}],
        },
    ),
    contract_book(40, "snapshot", [[43445.5, 1], [43444.5, 2]], [[43446.5, 3]]),
    contract_book(41, "update", [[43445.5, 0], [43440.0, 9]], []),
    contract_book(42, "update", [], [[43446.0, 5]]),
]


def market(symbol: str, base: str, quote: str) -> dict[str, Any]:
    """As much of a ccxt market as its parsers look at."""
    is_spot = "-" not in symbol
    settle = None if is_spot else base
    return {
        "id": symbol,
        "lowercaseId": symbol.lower(),
        "symbol": f"{base}/{quote}" + ("" if is_spot else f":{settle}"),
        "base": base,
        "quote": quote,
        "settle": settle,
        "baseId": base.lower(),
        "quoteId": quote.lower(),
        "settleId": settle,
        "type": "spot" if is_spot else "swap",
        "spot": is_spot,
        "swap": not is_spot,
        "future": False,
        "option": False,
        "contract": not is_spot,
        "linear": None if is_spot else False,
        "inverse": None if is_spot else True,
        "contractSize": None if is_spot else 100,
        "precision": {"amount": 1e-8, "price": 1e-8},
        "limits": {},
        "active": True,
    }


class Oracle:
    """ccxt.pro's parsers with no network. JSON is read with exact integers: the ids are longer than 64 bits."""

    def __init__(self, symbols: set[str]) -> None:
        from ccxt.pro.htx import htx

        self.exchange = htx({"options": {"tradesLimit": 1_000_000}, "newUpdates": False})
        self.exchange.set_markets([market(symbol, *coins(symbol)) for symbol in sorted(symbols)])

    def hear(self, url: str, message: bytes) -> None:
        self.exchange.handle_message(self.exchange.client(url), json.loads(message))

    @property
    def trades(self) -> list[tuple[Any, ...]]:
        """(symbol, ms, id, price, size, side). On spot ccxt shows the stream's long `id`; ours is the `tradeId`, which
        REST has as well."""
        return sorted(
            (
                self.exchange.market(t["symbol"])["id"],
                t["timestamp"],
                int(t["info"].get("tradeId") or t["id"]),
                t["price"],
                t["amount"],
                1 if t["side"] == "buy" else -1,
            )
            for cache in self.exchange.trades.values()
            for t in cache
        )

    def book(self, symbol: str) -> tuple[dict[float, float], dict[float, float]]:
        book = self.exchange.orderbooks[symbol]
        return {row[0]: row[1] for row in book["bids"]}, {row[0]: row[1] for row in book["asks"]}


def coins(symbol: str) -> tuple[str, str]:
    """`BTC-USD` → BTC, USD; of spot pairs the quote may have three letters or four: no test minds."""
    return ("BTC", "USD") if "-" in symbol else (symbol[:-4].upper(), symbol[-4:].upper())


def shown(trades: list[Any]) -> list[tuple[Any, ...]]:
    return sorted(
        (t.instrument.split(":")[1], t.ts // 1_000_000, t.trade_id, t.price, t.quantity, t.side)
        for t in trades
        if isinstance(t, Trade)
    )


def decoded(frames: list[bytes], symbols: set[str], is_spot: bool) -> Iterator[Any]:
    read = Decoder({VenueSymbol(s): InstrumentId(f"huobi:{s}") for s in symbols}, is_spot)
    for one in frames:
        message = inflate(one)
        if pong(message) is None:
            yield from read.decode(message)


def compared(frames: list[bytes], symbols: set[str], is_spot: bool, url: str) -> tuple[list[Any], Oracle]:
    """What both make of the frames; ccxt's futures want a loop."""

    async def hear() -> Oracle:
        oracle = Oracle(symbols)
        for one in frames:
            message = inflate(one)
            if message.startswith(b'{"ch"'):
                oracle.hear(url, message)
        await oracle.exchange.close()
        return oracle

    return list(decoded(frames, symbols, is_spot)), asyncio.run(hear())


@pytest.mark.parametrize("recording", recordings("raw_ws_venues.parquet"))
def test_the_recorded_connection(recording: Recording) -> None:
    import pyarrow.parquet as pq

    columns = ["venue", "direction", "seq", "payload"]
    only = [("venue", "=", "huobi"), ("direction", "=", "in")]
    table = pq.read_table(recording.path, columns=columns, filters=only)
    rows = sorted(table.select(["seq", "payload"]).to_pylist(), key=lambda row: row["seq"])
    frames = [row["payload"] for row in rows if b"depth" not in inflate(row["payload"])[:60]]
    symbols = {json.loads(inflate(f))["ch"].split(".")[1] for f in frames if inflate(f).startswith(b'{"ch"')}
    ours, oracle = compared(frames, symbols, True, SPOT_URL)
    assert len(shown(ours)) == 73
    assert shown(ours) == oracle.trades


def test_spot_trades_minutes_and_quotes() -> None:
    ours, oracle = compared(SPOT_FRAMES, {"btcusdt"}, True, SPOT_URL)
    assert len(shown(ours)) == 3
    assert shown(ours) == oracle.trades
    (candle,) = [one for one in ours if isinstance(one, Candle)]
    told = oracle.exchange.ohlcvs["BTC/USDT"]["1m"][0]
    assert [candle.ts // 1_000_000, candle.open, candle.high, candle.low, candle.close, candle.volume] == told
    (quote,) = [one for one in ours if isinstance(one, Quote)]
    ticker = oracle.exchange.tickers["BTC/USDT"]
    assert (quote.bid, quote.bid_quantity, quote.ask, quote.ask_quantity) == (
        ticker["bid"],
        ticker["bidVolume"],
        ticker["ask"],
        ticker["askVolume"],
    )


def test_contract_trades_and_the_versioned_book() -> None:
    ours, oracle = compared(CONTRACT_FRAMES, {"BTC-USD"}, False, CONTRACT_URL)
    assert shown(ours) == oracle.trades
    keeper = BookKeeper(InstrumentId("huobi:BTC-USD"), version_ids, in_stream=True)
    for one in (event for event in ours if isinstance(event, BookFrame)):
        if one.snapshot:
            keeper.snapshot(BookSnapshot(one.ts, one.bids, one.asks, one.update_id))
        else:
            keeper.update(one.ts, one.bids, one.asks, last=one.update_id, previous=one.previous)
    assert held(keeper) == oracle.book("BTC/USD:BTC") == ({43444.5: 2, 43440.0: 9}, {43446.5: 3, 43446.0: 5})


def test_the_spot_book_on_its_answered_snapshot() -> None:
    """The first update came before the snapshot and continues beyond it: both put it on top."""
    keeper = BookKeeper(InstrumentId("huobi:btcusdt"), previous_ids)
    for one in decoded(SPOT_BOOK_FRAMES, {"btcusdt"}, True):
        if one.snapshot:
            keeper.snapshot(BookSnapshot(one.ts, one.bids, one.asks, one.update_id))
        else:
            keeper.update(one.ts, one.bids, one.asks, last=one.update_id, previous=one.previous)
    assert held(keeper) == ({9058.27: 0.5, 9057.5: 2}, {9085.0: 4, 9085.5: 3})


def held(keeper: BookKeeper) -> tuple[dict[float, float], dict[float, float]]:
    return dict(keeper.book.bids.levels()), dict(keeper.book.asks.levels())
