"""Binance's USDT-M frames: one trade or best quote a frame, books as updates of 100 ms."""

import random
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from bench.frames.moves import Moves, spread_counts
from bench.frames.venue import START_MS, Frames, Venue
from jtrader.domain.ids import InstrumentId, Market
from jtrader.exchange.binance.feed import BinanceFeed
from jtrader.exchange.binance.wire import DepthMessage, TradeMessage
from jtrader.exchange.common.books import BookSnapshot
from jtrader.exchange.common.feed import Feed

TRADE = b'{"e":"trade","E":%d,"T":%d,"s":"%b","t":%d,"p":"%.1f","q":"%.3f","X":"MARKET","m":%b}'
QUOTE = b'{"e":"bookTicker","u":%d,"s":"%b","b":"%.1f","B":"%.3f","a":"%.1f","A":"%.3f","T":%d,"E":%d}'
DEPTH = b'{"e":"depthUpdate","E":%d,"T":%d,"s":"%b","U":%d,"u":%d,"pu":%d,"b":[%b],"a":[%b]}'
LEVEL = b'["%.1f","%.3f"]'

RECORDED_LEVELS = {"BTCUSDT": (34, 68), "ETHUSDT": (34, 68), "SUSHIUSDT": (5, 8), "CTKUSDT": (5, 8)}
"""(median, mean) price levels of a message."""
GONE = 0.22
"""Share of told levels that leave the book."""
MIDDLE = 281_450
"""In ticks of 0.1."""


class NoSnapshots:
    """Books are begun by hand here."""

    def book(self, instrument: InstrumentId) -> BookSnapshot:
        raise AssertionError(f"a snapshot of {instrument} was asked for: the frames have a hole")


class Binance(Venue):
    name = "binance"
    symbols = tuple(RECORDED_LEVELS)

    def feed(self, books: bool = False) -> Feed:
        market = Market("binance_usdm")
        names = [InstrumentId(f"{market}:{symbol}") for symbol in self.symbols]
        return BinanceFeed(market, names, books=NoSnapshots() if books else None)

    def trades(self, rng: random.Random, count: int) -> Frames:
        numbers = dict.fromkeys(self.symbols, 1_000_000)
        frames, price = [], float(MIDDLE)
        for number in range(count):
            symbol = rng.choice(self.symbols)
            numbers[symbol] += 1
            price += rng.choice((-1, 0, 0, 1))
            at = START_MS + number // 4
            is_maker = b"true" if rng.random() < 0.5 else b"false"
            told = (at + 3, at, symbol.encode(), numbers[symbol], price / 10, rng.uniform(0.001, 5), is_maker)
            frames.append(TRADE % told)
        return Frames(frames, count, [])

    def quotes(self, rng: random.Random, count: int) -> Frames:
        frames = []
        for number in range(1, count + 1):
            symbol, at = rng.choice(self.symbols).encode(), START_MS + number // 4
            bid, sizes = (MIDDLE + rng.randint(-9, 9)) / 10, (rng.uniform(0.001, 9), rng.uniform(0.001, 9))
            frames.append(QUOTE % (number, symbol, bid, sizes[0], bid + 0.1, sizes[1], at, at + 5))
        return Frames(frames, count, [])

    def books(self, rng: random.Random, levels: int) -> Frames:
        moves = {symbol: Moves(rng, MIDDLE) for symbol in self.symbols}
        counts = {symbol: spread_counts(rng, *spread) for symbol, spread in RECORDED_LEVELS.items()}
        last = dict.fromkeys(self.symbols, 1)
        frames: list[bytes] = []
        done = 0
        while done < levels:
            symbol, at = rng.choice(self.symbols), START_MS + 25 * len(frames)
            bids, asks = moves[symbol].changed(next(counts[symbol]), GONE)
            before, now = last[symbol], last[symbol] + rng.randint(1, 500)
            last[symbol] = now
            ids = (symbol.encode(), before + 1, now, before)
            frames.append(DEPTH % (at + 10, at, *ids, _levels(rng, bids), _levels(rng, asks)))
            done += len(bids) + len(asks)
        return Frames(frames, done, [])

    def begin(self, feed: Feed, opening: Sequence[bytes]) -> None:
        """Books begin with a snapshot of REST."""
        super().begin(feed, opening)
        if feed.books is not None:
            whole = Moves(random.Random(0), MIDDLE)
            bids, asks = (tuple((tick / 10, 1.0) for tick in side.at) for side in (whole.bids, whole.asks))
            for instrument in feed.symbols.values():
                feed.book_snapshot(instrument, BookSnapshot(START_MS * 1_000_000, bids, asks, 1))

    def bare(self, kind: str) -> Callable[[bytes], Any]:
        message = TradeMessage if kind == "trades" else DepthMessage
        return msgspec.json.Decoder(message, strict=False).decode


def _levels(rng: random.Random, told: list[tuple[int, bool]]) -> bytes:
    return b",".join(LEVEL % (tick / 10, rng.uniform(0.001, 9) if stands else 0.0) for tick, stands in told)
