"""BitMEX's frames: tables of rows; a book's levels by id, each message one action."""

import random
from collections.abc import Callable
from typing import Any

import msgspec

from bench.frames.moves import Moves, among
from bench.frames.venue import START_MS, Frames, Venue
from jtrader.domain.ids import InstrumentId, Market
from jtrader.domain.times import iso
from jtrader.exchange.bitmex.feed import BitmexFeed
from jtrader.exchange.bitmex.messages import LevelRow, TradeRow, rows_of
from jtrader.exchange.common.feed import Feed

RECORDED_TRADES = {1: 4, 2: 1, 3: 1, 8: 1}
"""How many trades a message had, how often."""
RECORDED_ROWS = {1: 1633, 2: 232, 3: 52, 4: 32, 5: 5, 6: 4, 7: 3, 8: 1, 12: 1, 18: 1, 19: 2, 20: 3}
RECORDED_ACTIONS = {"update": 1090, "insert": 445, "delete": 434}
MIDDLE = 196_920
"""In ticks of 0.5."""


class Bitmex(Venue):
    name = "bitmex"
    symbols = ("XBTUSD", "XBTUSDT", "ETHUSD", "SOLUSDT")

    def feed(self, books: bool = False) -> Feed:
        return BitmexFeed(Market("bitmex"), [InstrumentId(f"bitmex:{symbol}") for symbol in self.symbols], books=books)

    def trades(self, rng: random.Random, count: int) -> Frames:
        frames: list[bytes] = []
        done, rows = 0, among(rng, RECORDED_TRADES)
        while done < count:
            many, symbol = next(rows), rng.choice(self.symbols)
            at = _stamp(START_MS + 20 * len(frames))
            frames.append(_message("trade", "insert", [_trade(rng, symbol, done + n, at) for n in range(many)]))
            done += many
        return Frames(frames, done, [])

    def books(self, rng: random.Random, levels: int) -> Frames:
        moves = {symbol: Moves(rng, MIDDLE) for symbol in self.symbols}
        opening = [_partial(place, symbol, moves[symbol]) for place, symbol in enumerate(self.symbols)]
        actions, weights = list(RECORDED_ACTIONS), list(RECORDED_ACTIONS.values())
        frames: list[bytes] = []
        done, counts = 0, among(rng, RECORDED_ROWS)
        while done < levels:
            place = rng.randrange(len(self.symbols))
            book, action = moves[self.symbols[place]], rng.choices(actions, weights)[0]
            stamp = _stamp(START_MS + 5 * len(frames))
            rows = []
            for _ in range(next(counts)):
                is_bid = rng.random() < 0.5
                tick = _tick(book, action, is_bid)
                size = 0 if action == "delete" else rng.randrange(100, 400_000, 100)
                rows.append(_row(place, self.symbols[place], tick, is_bid, size, stamp))
            frames.append(_message("orderBookL2", action, rows))
            done += len(rows)
        return Frames(frames, done, opening)

    def bare(self, kind: str) -> Callable[[bytes], Any]:
        return rows_of(TradeRow if kind == "trades" else LevelRow)


def _tick(book: Moves, action: str, is_bid: bool) -> int:
    if action == "insert":
        return book.new_level(is_bid)
    return book.gone_level(is_bid) if action == "delete" else book.some_level(is_bid)


def _trade(rng: random.Random, symbol: str, number: int, stamp: str) -> dict[str, Any]:
    size = rng.randrange(100, 20_000, 100)
    price = (MIDDLE + rng.randint(-20, 20)) / 2
    return {
        "timestamp": stamp,
        "symbol": symbol,
        "side": "Buy" if rng.random() < 0.5 else "Sell",
        "size": size,
        "price": price,
        "tickDirection": "ZeroPlusTick",
        "trdMatchID": f"00000000-006d-1000-{rng.randrange(2**16):04x}-{number:012x}",
        "grossValue": round(size / price * 1e8),
        "homeNotional": size / price,
        "foreignNotional": size,
    }


def _row(place: int, symbol: str, tick: int, is_bid: bool, size: int, stamp: str) -> dict[str, Any]:
    """A deleted level is told without a size."""
    number = (624 + place) * 10**8 - tick
    told: dict[str, Any] = {"symbol": symbol, "id": number, "side": "Buy" if is_bid else "Sell"}
    if size:
        told["size"] = size
    return told | {"price": tick / 2, "timestamp": stamp}


def _partial(place: int, symbol: str, book: Moves) -> bytes:
    stamp = _stamp(START_MS)
    sides = ((book.bids.at, True), (book.asks.at, False))
    rows = [_row(place, symbol, tick, is_bid, 100, stamp) for ticks, is_bid in sides for tick in ticks]
    head = {"table": "orderBookL2", "action": "partial", "keys": ["symbol", "id", "side"]}
    return msgspec.json.encode(head | {"filter": {"symbol": symbol}, "data": rows})


def _message(table: str, action: str, rows: list[dict[str, Any]]) -> bytes:
    return msgspec.json.encode({"table": table, "action": action, "data": rows})


def _stamp(millis: int) -> str:
    text = iso(millis * 1_000_000)
    return text if "." in text else text.removesuffix("Z") + ".000Z"
