"""HTX's spot frames, gzip as the venue sends them: trades newest first, books as updates of 100 ms by sequence number.

No connection with these books was recorded: their messages are made as long as Binance spot's of the same pace.
"""

import gzip
import random
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from bench.frames.moves import Moves, among, spread_counts
from bench.frames.venue import START_MS, Frames, Venue
from jtrader.domain.ids import InstrumentId, Market
from jtrader.domain.market import Event
from jtrader.exchange.common.feed import Feed
from jtrader.exchange.huobi.feed import HuobiFeed
from jtrader.exchange.huobi.messages import BookMessage, SpotTrades
from jtrader.exchange.huobi.wire import inflate

RECORDED_TRADES = {1: 35, 2: 5, 4: 1, 6: 1, 7: 1, 11: 1}
LEVELS = {"btcusdt": (16, 36), "ethusdt": (16, 36), "xrpusdt": (5, 8), "omgusdt": (5, 8)}
"""(median, mean) price levels of a message."""
GONE = 0.48
MIDDLE = 986_000
"""In ticks of 0.1."""


class Huobi(Venue):
    name = "huobi"
    symbols = tuple(LEVELS)

    def feed(self, books: bool = False) -> Feed:
        market = Market("huobi_spot")
        return HuobiFeed(market, [InstrumentId(f"{market}:{symbol}") for symbol in self.symbols], has_books=books)

    def trades(self, rng: random.Random, count: int) -> Frames:
        numbers = dict.fromkeys(self.symbols, 100_000_000)
        frames: list[bytes] = []
        done, many = 0, among(rng, RECORDED_TRADES)
        while done < count:
            symbol, at, rows = rng.choice(self.symbols), START_MS + 20 * len(frames), []
            for _ in range(next(many)):
                numbers[symbol] += 1
                rows.append(_trade(rng, numbers[symbol], at))
            tick = {"id": 10**11 + numbers[symbol], "ts": at, "data": rows[::-1]}
            frames.append(_frame({"ch": f"market.{symbol}.trade.detail", "ts": at + 9, "tick": tick}))
            done += len(rows)
        return Frames(frames, done, [])

    def books(self, rng: random.Random, levels: int) -> Frames:
        moves = {symbol: Moves(rng, MIDDLE) for symbol in self.symbols}
        last = dict.fromkeys(self.symbols, 100)
        opening = [_frame(_whole(symbol, moves[symbol])) for symbol in self.symbols]
        counts = {symbol: spread_counts(rng, *spread) for symbol, spread in LEVELS.items()}
        frames: list[bytes] = []
        done = 0
        while done < levels:
            symbol, at = rng.choice(self.symbols), START_MS + 25 * len(frames)
            bids, asks = moves[symbol].changed(next(counts[symbol]), GONE)
            before, now = last[symbol], last[symbol] + rng.randint(1, 60)
            last[symbol] = now
            tick = {"seqNum": now, "prevSeqNum": before, "bids": _levels(rng, bids), "asks": _levels(rng, asks)}
            frames.append(_frame({"ch": f"market.{symbol}.mbp.150", "ts": at, "tick": tick}))
            done += len(bids) + len(asks)
        return Frames(frames, done, opening)

    def reading(self, feed: Feed) -> Callable[[bytes], Sequence[Event]]:
        read = feed.read
        return lambda frame: read(inflate(frame))

    def bare(self, kind: str) -> Callable[[bytes], Any]:
        decode = msgspec.json.Decoder(SpotTrades if kind == "trades" else BookMessage, strict=False).decode
        return lambda frame: decode(inflate(frame))


def _trade(rng: random.Random, number: int, at: int) -> dict[str, Any]:
    """The venue's id has 27 digits, more than an integer of 64 bits: it goes in as its text on the wire."""
    return {
        "id": msgspec.Raw(b"1%026d" % number),
        "ts": at,
        "tradeId": number,
        "amount": round(rng.uniform(0.0001, 3), 6),
        "price": (MIDDLE + rng.randint(-20, 20)) / 10,
        "direction": "buy" if rng.random() < 0.5 else "sell",
    }


def _whole(symbol: str, book: Moves) -> dict[str, Any]:
    """The answer to `req`."""
    bids = [[tick / 10, 1.5] for tick in sorted(book.bids.at, reverse=True)]
    asks = [[tick / 10, 1.5] for tick in sorted(book.asks.at)]
    data = {"seqNum": 100, "bids": bids, "asks": asks}
    return {"id": "1", "rep": f"market.{symbol}.mbp.150", "status": "ok", "ts": START_MS, "data": data}


def _levels(rng: random.Random, told: list[tuple[int, bool]]) -> list[list[float]]:
    return [[tick / 10, round(rng.uniform(0.0001, 9), 6) if stands else 0.0] for tick, stands in told]


def _frame(message: dict[str, Any]) -> bytes:
    return gzip.compress(msgspec.json.encode(message), 6, mtime=0)
