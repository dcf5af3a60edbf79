"""BitMEX's decoder and ccxt.pro's parsers read the same recorded messages, and tell the same."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fixtures.bitmex_frames import XBTUSD_BOOK, level, partial, told, trade
from fixtures.recordings import Recording, recordings
from jtrader.domain.ids import InstrumentId, VenueSymbol
from jtrader.domain.market import Depth, Quote, Trade
from jtrader.exchange.bitmex.wire import Decoder

BY_HAND = [
    partial("trade", "XBTUSD", trade(1, "Buy", 100, 98460.5)),
    partial("orderBookL2", "XBTUSD", *XBTUSD_BOOK),
    told("trade", "insert", trade(2, "Buy", 2000, 98459.9), trade(3, "Sell", 100, 98455)),
    told("orderBookL2", "update", level(62400580205, "Sell", size=31000)),
    told("orderBookL2", "delete", level(62400581200, "Buy")),
    told("orderBookL2", "insert", level(62400580900, "Buy", size=800, price=98456.0)),
]


def recorded(file: Path) -> list[bytes]:
    from pyarrow import parquet

    table = parquet.read_table(file, filters=[("venue", "=", "bitmex"), ("direction", "=", "in")])
    return sorted_by_seq(table.select(["seq", "payload"]).to_pylist())


def sorted_by_seq(rows: list[dict[str, Any]]) -> list[bytes]:
    return [row["payload"] for row in sorted(rows, key=lambda row: row["seq"])]


class Oracle:
    """ccxt.pro's parsers with no network: what it makes of each message."""

    def __init__(self) -> None:
        from ccxt.pro.bitmex import bitmex

        self._exchange = bitmex({"options": {"tradesLimit": 1_000_000}})
        self._exchange.set_markets([])
        self._client = self._exchange.client(self._exchange.urls["api"]["ws"])

    def hear(self, message: bytes) -> None:
        self._exchange.handle_message(self._client, json.loads(message))

    @property
    def trades(self) -> list[tuple[Any, ...]]:
        """(symbol, ns, id, price, size, side), by symbol."""
        return sorted(
            (t["symbol"], t["timestamp"] * 1_000_000, t["id"], t["price"], t["amount"], 1 if t["side"] == "buy" else -1)
            for told in self._exchange.trades.values()
            for t in told
        )

    def book(self, symbol: str) -> tuple[dict[float, float], dict[float, float]]:
        book = self._exchange.orderbooks[symbol]
        return {row[0]: row[1] for row in book["bids"]}, {row[0]: row[1] for row in book["asks"]}

    @property
    def books(self) -> set[str]:
        return set(self._exchange.orderbooks)

    async def close(self) -> None:
        await self._exchange.close()


class Kept:
    """Our events, kept as books and trades."""

    def __init__(self, symbols: set[str]) -> None:
        self.decoder = Decoder({VenueSymbol(symbol): InstrumentId(symbol) for symbol in symbols})
        self.trades: list[tuple[Any, ...]] = []
        self.quotes: dict[str, Quote] = {}
        self.books: dict[str, tuple[dict[float, float], dict[float, float]]] = {}

    def hear(self, message: bytes) -> None:
        for event in self.decoder.decode(message):
            if isinstance(event, Trade):
                self.trades.append(
                    (event.instrument, event.ts, event.trade_id, event.price, event.quantity, event.side)
                )
            elif isinstance(event, Quote):
                self.quotes[event.instrument] = event
            elif isinstance(event, Depth):
                self._apply(event)

    def _apply(self, event: Depth) -> None:
        if event.snapshot:
            self.books[event.instrument] = ({}, {})
        for side, levels in zip(self.books[event.instrument], (event.bids, event.asks), strict=True):
            for price, quantity in levels:
                if quantity:
                    side[price] = quantity
                else:
                    del side[price]


async def heard(messages: list[bytes]) -> Oracle:
    oracle = Oracle()
    for message in messages:
        oracle.hear(message)
    await oracle.close()
    return oracle


def symbols_of(messages: list[bytes]) -> Iterator[str]:
    for message in messages:
        for row in json.loads(message).get("data", ()):
            yield row["symbol"]


@pytest.mark.parametrize("source", [pytest.param(None, id="by hand"), *recordings("raw_ws_venues.parquet")])
def test_trades_and_books_agree(source: Recording | None) -> None:
    messages = BY_HAND if source is None else recorded(source.path)
    ours = Kept(set(symbols_of(messages)))
    seen_before = {
        row["trdMatchID"]
        for message in messages
        if (told := json.loads(message)).get("table") == "trade" and told["action"] == "partial"
        for row in told["data"]
    }
    for message in messages:
        ours.hear(message)
    oracle = asyncio.run(heard(messages))

    assert ours.decoder.broken == set()
    assert sorted(ours.trades) == [row for row in oracle.trades if row[2] not in seen_before]
    assert len(ours.trades) == (2 if source is None else 17)
    assert set(ours.books) == oracle.books
    for symbol, (bids, asks) in ours.books.items():
        assert (bids, asks) == oracle.book(symbol)
        assert max(bids) < min(asks)
