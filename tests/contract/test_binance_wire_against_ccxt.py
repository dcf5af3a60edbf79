"""Binance's decoder and ccxt.pro's parsers read the same recorded messages, and tell the same."""

import asyncio
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from fixtures.recordings import Recording, recordings
from jtrader.domain.ids import InstrumentId, VenueSymbol
from jtrader.domain.market import Candle, Depth, Quote, Trade
from jtrader.domain.order_book import OrderBook
from jtrader.exchange.binance.wire import Decoder
from jtrader.exchange.common.books import BookKeeper, BookSnapshot
from jtrader.exchange.common.sequences import futures_ids

MILLISECOND = 1_000_000

SPOT_URL = "wss://stream.binance.com:9443/stream"
RECORDED = {
    "binance": SPOT_URL,
    "binance_futures": "wss://fstream.binance.com/ws",
    "binance_delivery": "wss://dstream.binance.com/ws",
}
"""The recordings' names of venues, and an address by which ccxt.pro tells spot from futures."""

BY_HAND = [
    {"e": "trade", "E": 3, "T": 2, "s": "BTCUSDT", "t": 7, "p": "28145.10", "q": "0.002", "X": "MARKET", "m": True},
    {"e": "aggTrade", "E": 4, "s": "ETHUSDT", "a": 9, "p": "1.5", "q": "3", "f": 20, "l": 22, "T": 4, "m": False},
    {"e": "bookTicker", "u": 9, "s": "BTCUSDT", "b": "1.0", "B": "3.868", "a": "1.1", "A": "6.887", "T": 5, "E": 6},
]


class Oracle:
    """ccxt.pro's parsers with no network: what it makes of each message."""

    def __init__(self, url: str) -> None:
        from ccxt.pro.binance import binance

        self._exchange = binance({"options": {"tradesLimit": 1_000_000}})
        self._exchange.set_markets([])
        self._client = self._exchange.client(url)

    def hear(self, message: dict[str, Any]) -> None:
        if message.get("e") != "depthUpdate":
            self._exchange.handle_message(self._client, message)

    @property
    def trades(self) -> list[tuple[Any, ...]]:
        """(symbol, ns, id, price, size, side), by symbol."""
        return sorted(
            (
                t["info"]["s"],
                t["timestamp"] * MILLISECOND,
                int(t["id"]),
                t["price"],
                t["amount"],
                1 if t["side"] == "buy" else -1,
            )
            for told in self._exchange.trades.values()
            for t in told
        )

    @property
    def quotes(self) -> dict[str, tuple[float, ...]]:
        """The newest of each symbol."""
        return {
            told["info"]["s"]: (told["bid"], told["bidVolume"], told["ask"], told["askVolume"])
            for told in self._exchange.bidsasks.values()
        }

    @property
    def candles(self) -> dict[str, list[float]]:
        """The newest of each symbol."""
        return {symbol: told["1m"][-1] for symbol, told in self._exchange.ohlcvs.items()}

    def book_after(self, snapshot: dict[str, Any], updates: Sequence[dict[str, Any]]) -> dict[str, dict[float, float]]:
        """Its order book once it has followed the updates from the snapshot on."""
        book = self._exchange.order_book()
        book.reset(self._exchange.parse_order_book(snapshot, "BTC/USDT:USDT"))
        book["nonce"] = int(snapshot["lastUpdateId"])
        for update in updates:
            if update["u"] >= snapshot["lastUpdateId"]:
                self._exchange.handle_order_book_message(self._client, update, book)
        return {side: {price: amount for price, amount, *_ in book[side]} for side in ("bids", "asks")}

    async def close(self) -> None:
        await self._exchange.close()


def with_oracle(url: str, work: Callable[[Oracle], None]) -> None:
    async def within() -> None:
        oracle = Oracle(url)
        try:
            work(oracle)
        finally:
            await oracle.close()

    asyncio.run(within())


def decoder(messages: Sequence[bytes]) -> Decoder:
    """Of every symbol that the messages name."""
    bodies = [json.loads(message) for message in messages]
    symbols = {body.get("data", body).get("s") for body in bodies} - {None}
    return Decoder({VenueSymbol(symbol): InstrumentId(symbol) for symbol in symbols})


def recorded(file: Path, venue: str) -> list[bytes]:
    from pyarrow import parquet

    table = parquet.read_table(file, filters=[("venue", "=", venue), ("direction", "=", "in")])
    rows = [row for row in table.to_pylist() if ".ws." in row["connection"]]
    return [row["payload"] for row in sorted(rows, key=lambda row: row["seq"])]


def told_by(reader: Decoder, messages: Sequence[bytes]) -> list[Any]:
    return [event for message in messages if (event := reader.decode(message)) is not None]


def trades_of(events: Sequence[Any]) -> list[tuple[Any, ...]]:
    return sorted((e.instrument, e.ts, e.trade_id, e.price, e.quantity, e.side) for e in events if isinstance(e, Trade))


def newest_quotes(events: Sequence[Any]) -> dict[str, tuple[float, ...]]:
    return {str(e.instrument): (e.bid, e.bid_quantity, e.ask, e.ask_quantity) for e in events if isinstance(e, Quote)}


def test_messages_by_hand_are_read_as_ccxt_reads_them() -> None:
    messages = [msgspec.json.encode(message) for message in BY_HAND]

    def work(oracle: Oracle) -> None:
        for message in messages:
            oracle.hear(json.loads(message))
        events = told_by(decoder(messages), messages)
        assert trades_of(events) == oracle.trades
        assert newest_quotes(events) == oracle.quotes
        assert len(events) == 3

    with_oracle("wss://fstream.binance.com/ws", work)


@pytest.mark.parametrize(
    ("venue", "recording"), [one for venue in RECORDED for one in recordings("raw_ws_venues.parquet", venue)]
)
def test_recorded_connections_are_read_as_ccxt_reads_them(venue: str, recording: Recording) -> None:
    messages = recorded(recording.path, venue)

    def work(oracle: Oracle) -> None:
        for message in messages:
            oracle.hear(json.loads(message)["data"])
        reader = decoder(messages)
        reader.clock.saw(1)  # spot's quotes have no time of their own
        events = told_by(reader, messages)
        assert trades_of(events) == oracle.trades
        assert len(oracle.trades) >= 2
        assert newest_quotes(events) == oracle.quotes
        assert len(oracle.quotes) >= 2
        assert all(quote.bid < quote.ask for quote in events if isinstance(quote, Quote))

    with_oracle(RECORDED[venue], work)


@pytest.mark.parametrize("is_coin_margined", [False, True])
def test_a_closed_minute_is_read_as_ccxt_reads_it(is_coin_margined: bool) -> None:
    """But for COIN-M's volume, which ccxt tells in contracts."""
    k = {"t": 60_000, "T": 119_999, "s": "BTCUSD_PERP", "i": "1m", "o": "1.5", "c": "2.5", "h": "3.0", "l": "1.0"}
    k |= {"v": "1893", "q": "9.49653573", "n": 41, "x": True}
    message = {"e": "kline", "E": 120_000, "s": "BTCUSD_PERP", "k": k}

    def work(oracle: Oracle) -> None:
        oracle.hear(message)
        (theirs,) = oracle.candles.values()
        reader = Decoder({VenueSymbol("BTCUSD_PERP"): InstrumentId("x")}, volume_is_contracts=is_coin_margined)
        ours = reader.decode(msgspec.json.encode(message))
        assert isinstance(ours, Candle)
        assert [ours.ts // MILLISECOND, ours.open, ours.high, ours.low, ours.close] == theirs[:5]
        assert ours.volume == (9.49653573 if is_coin_margined else theirs[5])

    with_oracle(RECORDED["binance_delivery"], work)


@pytest.mark.parametrize("recording", recordings("raw_ws_binance_usdm_btcusdt_20230404.parquet"))
def test_a_recorded_book_is_kept_as_ccxt_keeps_it(recording: Recording) -> None:
    """USDT-M's 0 ms updates with the REST snapshot between them, as a client saw it."""
    from pyarrow import parquet

    messages = [row["payload"] for row in parquet.read_table(recording.path, columns=["payload"]).to_pylist()]
    btc = InstrumentId("binance_usdm:BTCUSDT")
    keeper, listener = BookKeeper(btc, futures_ids), OrderBook(btc)
    reader = Decoder({VenueSymbol("BTCUSDT"): btc}, on_depth=lambda _, *update: keeper.update(*update))
    snapshot: dict[str, Any] = {}
    updates: list[dict[str, Any]] = []

    def listen(depths: Sequence[Any]) -> None:
        for depth in depths:
            if isinstance(depth, Depth):
                listener.apply(depth)

    for message in messages:
        if message.startswith(b'{"lastUpdateId"'):
            snapshot = json.loads(message)
            levels = [tuple((float(p), float(q)) for p, q in snapshot[side]) for side in ("bids", "asks")]
            listen(keeper.snapshot(BookSnapshot(snapshot["T"] * MILLISECOND, *levels, snapshot["lastUpdateId"])))
            continue
        listen([reader.decode(message)])
        if b'"depthUpdate"' in message:
            updates.append(json.loads(message)["data"])
    assert (keeper.gaps, keeper.nonsense, keeper.snapshots) == (0, 0, 1)

    def work(oracle: Oracle) -> None:
        theirs = oracle.book_after(snapshot, updates)
        assert theirs == {"bids": keeper.book.bids.quantities, "asks": keeper.book.asks.quantities}
        assert theirs == {"bids": listener.bids.quantities, "asks": listener.asks.quantities}

    with_oracle("wss://fstream.binance.com/ws", work)
