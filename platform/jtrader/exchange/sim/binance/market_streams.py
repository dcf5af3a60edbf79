"""The market streams: what is told after each step, made only for streams that somebody reads.

Trades are told one by one; bookTicker, depth and klines once a step (at most every 250 ms of market time); markPrice,
ticker and miniTicker once a second. The chain of depth updates goes on, read or not.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

from jtrader.domain.times import SECOND, to_millis
from jtrader.exchange.sim.binance import stream_messages as messages
from jtrader.exchange.sim.binance.candles import INTERVALS, Candle, candles, kline_event
from jtrader.exchange.sim.binance.rest_prices import best
from jtrader.exchange.sim.binance.rows_futures import pair
from jtrader.exchange.sim.binance.stream_names import DAYS, INDEX, KLINES, MARKS, PARTIAL_DEPTHS, split
from jtrader.exchange.sim.world import Told, World
from jtrader.venue.listing import Listing
from jtrader.venue.records import StatusChanged, TradePrinted

Emit = Callable[[str, Any], None]
"""(stream name, message)"""
_MOST_CANDLES = 1_000


class Teller:
    """The streams of one market. It remembers what it told last, so that it only tells changes."""

    def __init__(self, world: World, market: str) -> None:
        self._world = world
        self._market = market
        self._symbols = {
            symbol: _Symbol(world, market, listing) for symbol, listing in world.venues[market].listings.items()
        }
        by_pair = {pair(teller.listing): teller for teller in reversed(self._symbols.values())}
        self._index_tellers = {id(teller) for teller in by_pair.values()}
        """One symbol of each pair tells the pair's index."""
        self._of_all: set[str] = set()
        self._second = world.now // SECOND

    def wants(self, names: Iterable[str]) -> None:
        """The streams that are read from now on."""
        kinds: dict[str, set[str]] = defaultdict(set)
        for name in names:
            symbol, kind = split(name)
            kinds[symbol].add(kind)
        self._of_all = kinds[""]
        for symbol, teller in self._symbols.items():
            of_pair = kinds.get(pair(teller.listing), set()) if id(teller) in self._index_tellers else set()
            teller.reads(kinds.get(symbol, set()) | {kind for kind in of_pair if kind in INDEX})

    def tell(self, told: Told, emit: Emit) -> None:
        printed: dict[str, list[TradePrinted]] = {}
        for one in told.happened:
            if isinstance(one, TradePrinted):
                printed.setdefault(one.symbol, []).append(one)
            elif isinstance(one, StatusChanged) and "!contractInfo" in self._of_all:
                listing = self._symbols[one.symbol].listing
                emit("!contractInfo", messages.contract_message(listing, one.status, one.ts))
        for symbol, teller in self._symbols.items():
            teller.tell(told.now, printed.get(symbol, []), self._of_all, emit)
        if told.now // SECOND != self._second:
            self._second = told.now // SECOND
            self._tell_all(emit)

    def _tell_all(self, emit: Emit) -> None:
        """Once a second: one list of every symbol's message."""
        listings = [teller.listing for teller in self._symbols.values()]
        for name in self._of_all:
            kind = name.removeprefix("!").partition("@")[0]
            if kind == "markPrice":
                emit(name, [messages.mark_message(self._world, listing) for listing in listings])
            elif kind in DAYS:
                emit(name, [messages.day_message(self._world, self._market, listing, kind) for listing in listings])


class _Symbol:
    def __init__(self, world: World, market: str, listing: Listing) -> None:
        self.listing = listing
        self.kinds: set[str] = set()
        """What is read of it."""
        self._world = world
        self._market = market
        self._book = world.venues[market].books[listing.symbol]
        self._history = world.histories[listing.instrument.id]
        self._prefix = listing.symbol.lower() + "@"
        self._quote: dict[str, Any] = {}
        self._last_update = self._book.version
        self._candles: dict[str, Candle] = {}
        """By interval: the running one as it was told."""
        self._second = world.now // SECOND
        self._last_id = 0

    def reads(self, kinds: set[str]) -> None:
        self.kinds = kinds
        self._candles = {name: told for name, told in self._candles.items() if f"kline_{name}" in kinds}

    def tell(self, now: int, printed: list[TradePrinted], of_all: set[str], emit: Emit) -> None:
        changes, before = self._book.drain_changes(), self._last_update
        self._last_update = self._book.version
        if printed:
            self._last_id = printed[-1].id
        if not self.kinds and not of_all:
            return
        self._tell_trades(printed, of_all, emit)
        if changes:
            self._tell_depth(now, changes, before, emit)
        if "bookTicker" in self.kinds or "!bookTicker" in of_all:
            self._tell_quote(now, of_all, emit)
        for kind in self.kinds & KLINES.keys():
            self._tell_candles(KLINES[kind], now, emit)
        if now // SECOND != self._second:
            self._second = now // SECOND
            self._tell_second(emit)

    def _tell_trades(self, printed: list[TradePrinted], of_all: set[str], emit: Emit) -> None:
        for one in printed:
            if "trade" in self.kinds:
                emit(f"{self._prefix}trade", messages.trade_message(one, self.listing))
            if "aggTrade" in self.kinds:
                emit(f"{self._prefix}aggTrade", messages.aggregate_message(one, self.listing))
            if one.liquidation:
                message = messages.liquidation_message(one, self.listing)
                if "forceOrder" in self.kinds:
                    emit(f"{self._prefix}forceOrder", message)
                if "!forceOrder@arr" in of_all:
                    emit("!forceOrder@arr", message)

    def _tell_depth(self, now: int, changes: list[messages.Change], before: int, emit: Emit) -> None:
        kinds = [kind for kind in self.kinds if kind.startswith("depth")]
        whole = [kind for kind in kinds if kind not in PARTIAL_DEPTHS]
        if whole:
            message = messages.depth_message(self.listing, changes, before, self._last_update, now)
            for kind in whole:
                emit(self._prefix + kind, message)
        for kind in kinds:
            if kind in PARTIAL_DEPTHS:
                count = PARTIAL_DEPTHS[kind]
                message = messages.partial_depth_message(self.listing, self._book, count, before, now)
                emit(self._prefix + kind, message)

    def _tell_quote(self, now: int, of_all: set[str], emit: Emit) -> None:
        quote = best(self._world, self._market, self.listing)
        if quote == self._quote:
            return
        self._quote = quote
        message = messages.quote_message(self.listing, quote, self._book.version, now)
        if "bookTicker" in self.kinds:
            emit(f"{self._prefix}bookTicker", message)
        if "!bookTicker" in of_all:
            emit("!bookTicker", message)

    def _tell_candles(self, interval: str, now: int, emit: Emit) -> None:
        """Closes of candles that ended since they were told, then the running one, if it changed."""
        told, step = self._candles.get(interval), INTERVALS[interval]
        start = (now - 1) // step * step if told is None else told.kline.minute_ns
        found = candles(self._history, self.listing, step, start, None, _MOST_CANDLES)
        for candle in found:
            closed = candle.kline.minute_ns + step <= now
            if closed or candle != told:
                event = kline_event(candle, interval, self.listing, self._last_id, closed, to_millis(now))
                emit(f"{self._prefix}kline_{interval}", event)
        if found:
            self._candles[interval] = found[-1]
            if found[-1].kline.minute_ns + step <= now:
                del self._candles[interval]

    def _tell_second(self, emit: Emit) -> None:
        for kind in self.kinds:
            if kind in MARKS:
                emit(self._prefix + kind, messages.mark_message(self._world, self.listing))
            elif kind in INDEX:
                stream = f"{pair(self.listing).lower()}@{kind}"
                emit(stream, messages.index_message(self._world, self.listing))
            elif kind in DAYS:
                emit(self._prefix + kind, messages.day_message(self._world, self._market, self.listing, kind))
