"""Messages of the market streams: what is told after each step, made only for streams that somebody reads.

Trades are told one by one; bookTicker, depth and kline once a step (at most every 250 ms of market time); markPrice,
ticker and miniTicker once a second. Depth chains: U = the previous u + 1, and on USDT-M pu = the previous u.
"""

import re
from collections.abc import Callable
from typing import Any

from jtrader.domain.times import MINUTE, SECOND, to_millis
from jtrader.exchange.sim.binance.candles import kline_event
from jtrader.exchange.sim.binance.errors import SPOT
from jtrader.exchange.sim.binance.rest_market import best, day_row, premium_row
from jtrader.exchange.sim.world import Told, World
from jtrader.matching.book import BUY
from jtrader.venue.listing import Listing
from jtrader.venue.records import TradePrinted

Emit = Callable[[str, dict[str, Any]], None]
"""(stream name, message)"""
Wanted = Callable[[str], bool]
"""Does anybody read this stream?"""

_DEPTHS = ("depth", "depth@100ms", "depth@250ms", "depth@500ms", "depth@0ms", "depth@1000ms")
_MARKS = ("markPrice", "markPrice@1s")
_NAME = re.compile(r"^([a-z0-9]+)@(.+)$")
_SPOT_KINDS = frozenset({"trade", "aggTrade", "bookTicker", "kline_1m", "miniTicker", "ticker", *_DEPTHS})
_USDM_KINDS = _SPOT_KINDS | frozenset(_MARKS)


def is_stream(name: str, world: World, market: str) -> bool:
    match = _NAME.match(name)
    if match is None or match[1].upper() not in world.venues[market].listings:
        return False
    return match[2] in (_SPOT_KINDS if market == SPOT else _USDM_KINDS)


class Teller:
    """The streams of one market. It remembers what it told last, so that it only tells changes."""

    def __init__(self, world: World, market: str) -> None:
        self._world = world
        self._market = market
        self._symbols = [_Symbol(world, market, listing) for listing in world.venues[market].listings.values()]

    def tell(self, told: Told, wanted: Wanted, emit: Emit) -> None:
        printed: dict[str, list[TradePrinted]] = {}
        for one in told.happened:
            if isinstance(one, TradePrinted):
                printed.setdefault(one.symbol, []).append(one)
        for symbol in self._symbols:
            symbol.tell(told.now, printed.get(symbol.listing.symbol, []), wanted, emit)


class _Symbol:
    def __init__(self, world: World, market: str, listing: Listing) -> None:
        self.listing = listing
        self._world = world
        self._market = market
        self._book = world.venues[market].books[listing.symbol]
        self._history = world.histories[listing.instrument.id]
        self._prefix = listing.symbol.lower() + "@"
        self._is_spot = market == SPOT
        self._places = (8, 8) if self._is_spot else (listing.price_decimals, listing.quantity_decimals)
        self._quote: dict[str, Any] = {}
        self._last_update = self._book.version
        self._minute = self._history.now // MINUTE * MINUTE
        self._told_kline: object = None
        self._second = self._history.now // SECOND
        self._last_id = 0

    def tell(self, now: int, printed: list[TradePrinted], wanted: Wanted, emit: Emit) -> None:
        self._tell_trades(printed, wanted, emit)
        self._tell_depth(now, wanted, emit)
        if wanted(self._prefix + "bookTicker"):
            self._tell_quote(now, emit)
        if wanted(self._prefix + "kline_1m"):
            self._tell_klines(now, emit)
        self._minute = now // MINUTE * MINUTE
        if now // SECOND != self._second:
            self._second = now // SECOND
            self._tell_second(now, wanted, emit)

    def _tell_trades(self, printed: list[TradePrinted], wanted: Wanted, emit: Emit) -> None:
        trade, aggregate = self._prefix + "trade", self._prefix + "aggTrade"
        if printed:
            self._last_id = printed[-1].id
        tells_trade, tells_aggregate = wanted(trade), wanted(aggregate)
        if not (tells_trade or tells_aggregate):
            return
        for one in printed:
            core = {
                "E": to_millis(one.ts),
                "T": to_millis(one.ts),
                "s": one.symbol,
                "p": self.listing.price_text(one.ticks, self._places[0]),
                "q": self.listing.quantity_text(one.lots, self._places[1]),
                "m": one.side != BUY,
            }
            if tells_trade:
                extra = {"M": True} if self._is_spot else {"X": "MARKET"}
                emit(trade, {"e": "trade", "t": one.id, **core, **extra})
            if tells_aggregate:
                emit(aggregate, {"e": "aggTrade", "a": one.id, "f": one.id, "l": one.id, **core})

    def _tell_depth(self, now: int, wanted: Wanted, emit: Emit) -> None:
        """The chain goes on, read or not."""
        changes = self._book.drain_changes()
        if not changes:
            return
        before, self._last_update = self._last_update, self._book.version
        streams = [self._prefix + kind for kind in _DEPTHS if wanted(self._prefix + kind)]
        if not streams:
            return
        price, quantity = self._places
        sides: dict[int, list[list[str]]] = {1: [], -1: []}
        for side, ticks, lots in changes:
            row = [self.listing.price_text(ticks, price), self.listing.quantity_text(lots, quantity)]
            sides[side].append(row)
        at = to_millis(now)
        message: dict[str, Any] = {"e": "depthUpdate", "E": at}
        if not self._is_spot:
            message["T"] = at
        message |= {"s": self.listing.symbol, "U": before + 1, "u": self._last_update}
        if not self._is_spot:
            message["pu"] = before
        message |= {"b": sides[1], "a": sides[-1]}
        for stream in streams:
            emit(stream, message)

    def _tell_quote(self, now: int, emit: Emit) -> None:
        quote = best(self._world, self._market, self.listing)
        if quote == self._quote:
            return
        self._quote = quote
        message: dict[str, Any] = {
            "u": self._book.version,
            "s": self.listing.symbol,
            "b": quote["bidPrice"],
            "B": quote["bidQty"],
            "a": quote["askPrice"],
            "A": quote["askQty"],
        }
        if not self._is_spot:
            message = {"e": "bookTicker", **message, "T": to_millis(now), "E": to_millis(now)}
        emit(self._prefix + "bookTicker", message)

    def _tell_klines(self, now: int, emit: Emit) -> None:
        """Closes of minutes that ended, then the minute that runs, if it changed."""
        stream, at = self._prefix + "kline_1m", to_millis(now)
        current = now // MINUTE * MINUTE
        for kline in self._history.klines(self._minute, current):
            emit(stream, kline_event(kline, self.listing, self._last_id, True, at))
        running = self._history.klines(current, current + MINUTE)
        if running and running[0] != self._told_kline:
            self._told_kline = running[0]
            emit(stream, kline_event(running[0], self.listing, self._last_id, False, at))

    def _tell_second(self, now: int, wanted: Wanted, emit: Emit) -> None:
        for kind in _MARKS:
            if wanted(self._prefix + kind):
                emit(self._prefix + kind, self._mark_message())
        for kind in ("miniTicker", "ticker"):
            if wanted(self._prefix + kind):
                emit(self._prefix + kind, self._day_message(now, kind))

    def _mark_message(self) -> dict[str, Any]:
        row = premium_row(self._world, self.listing)
        return {
            "e": "markPriceUpdate",
            "E": row["time"],
            "s": row["symbol"],
            "p": row["markPrice"],
            "i": row["indexPrice"],
            "P": row["estimatedSettlePrice"],
            "r": row["lastFundingRate"],
            "T": row["nextFundingTime"],
        }

    def _day_message(self, now: int, kind: str) -> dict[str, Any]:
        row = day_row(self._world, self._market, self.listing)
        short = {
            "e": "24hrMiniTicker" if kind == "miniTicker" else "24hrTicker",
            "E": to_millis(now),
            "s": row["symbol"],
            "c": row["lastPrice"],
            "o": row["openPrice"],
            "h": row["highPrice"],
            "l": row["lowPrice"],
            "v": row["volume"],
            "q": row["quoteVolume"],
        }
        if kind == "miniTicker":
            return short
        return short | {
            "p": row["priceChange"],
            "P": row["priceChangePercent"],
            "w": row["weightedAvgPrice"],
            "Q": row["lastQty"],
            "O": row["openTime"],
            "C": row["closeTime"],
            "F": row["firstId"],
            "L": row["lastId"],
            "n": row["count"],
        }
