"""Live market data of any venue by ccxt.pro's watchers: slower than a native feed, and any venue's.

ccxt keeps the sequence of books and subscribes anew by itself; each change tells the best levels as a whole book.
"""

import asyncio
import logging
import random
from collections import deque
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any

from jtrader.domain.errors import BadInput
from jtrader.domain.ids import InstrumentId, VenueSymbol
from jtrader.domain.market import Candle, Depth, Mark, Quote
from jtrader.domain.times import SECOND, from_millis
from jtrader.exchange.ccxt.errors import UNREADABLE
from jtrader.exchange.ccxt.rest import levels, trade
from jtrader.exchange.ccxt.spoken import CcxtMarket, load
from jtrader.exchange.common.feed_core import FeedCore
from jtrader.exchange.common.listing import ListingWatch
from jtrader.exchange.localnet import LocalSession, local_session
from jtrader.ports.market_data import CandleSource

log = logging.getLogger(__name__)

KINDS: Mapping[str, str] = {
    "trades": "watchTrades",
    "book": "watchOrderBook",
    "candles": "watchOHLCV",
    "marks": "watchMarkPrice",
}
"""What may be watched, and ccxt's name of it."""
BOOK_LEVELS = 50
_FIRST_WAIT, _LONGEST_WAIT = 0.25, 30.0
_MANY = 1_000_000
"""ccxt drops trades beyond this between two awaits; its own bound is a thousand."""


_ROWS = ("trades", "candles")
"""Kinds that come as several rows, each read on its own."""


class CcxtFeed(FeedCore):
    """ports.MarketFeed of one market; `kinds` of KINDS, as far as the venue has them. `unreadable` counts rows that
    were put aside, `unread` keeps the last of them."""

    def __init__(
        self,
        spoken: CcxtMarket,
        instruments: Sequence[InstrumentId],
        simulator_uri: str | None = None,
        candles: CandleSource | None = None,
        stale_after: int = 120 * SECOND,
        listing: ListingWatch | None = None,
        kinds: Sequence[str] = ("trades", "book"),
    ) -> None:
        if unknown := set(kinds) - set(KINDS):
            raise BadInput(f"a feed has no kind {', '.join(sorted(unknown))}; there are {', '.join(KINDS)}")
        if not instruments:
            raise BadInput(f"a feed of {spoken.market} needs at least one instrument")
        symbols: dict[VenueSymbol, InstrumentId] = {spoken.symbol_of(name): name for name in instruments}
        super().__init__(symbols, candles, stale_after, listing)
        self._spoken = spoken
        self._kinds = tuple(kinds)
        self._local: LocalSession | None = local_session(simulator_uri) if simulator_uri else None
        self._exchange: Any = None
        self._waiting: set[tuple[InstrumentId, str]] = set()
        self._open: dict[InstrumentId, Candle] = {}
        self.unread: deque[Any] = deque(maxlen=16)
        self.unreadable = 0

    async def close(self) -> None:
        await super().close()
        if self._exchange is not None:
            await self._exchange.close()
        if self._local is not None:
            await self._local.close()

    def _work(self) -> Sequence[Coroutine[Any, Any, None]]:
        return [self._all()]

    async def _all(self) -> None:
        from ccxt.base.errors import BaseError

        config: dict[str, Any] = {
            "newUpdates": True,
            "enableRateLimit": True,
            "options": {"tradesLimit": _MANY, **self._spoken.options},
        }
        if self._local is not None:
            config["session"] = self._local
        self._exchange = forgiving(load(self._spoken.exchange)(), self._put_aside)(config)
        await self._patiently(self._exchange.load_markets, BaseError)
        offered = [kind for kind in self._kinds if self._exchange.has.get(KINDS[kind])]
        symbols = {name: self._spoken.unified(self._exchange, name) for name in self.symbols.values()}
        self._waiting = {(name, kind) for name in symbols for kind in offered}
        async with asyncio.TaskGroup() as tasks:
            for name, kind in sorted(self._waiting):
                tasks.create_task(self._follow(name, symbols[name], kind, BaseError))

    async def _patiently(self, ask: Callable[[], Coroutine[Any, Any, Any]], error_kind: type[Exception]) -> Any:
        """Until it is answered."""
        wait = _FIRST_WAIT
        while True:
            try:
                return await ask()
            except error_kind as error:
                log.warning("%s: %s; trying again", self._spoken.exchange, error)
            await asyncio.sleep(random.uniform(wait / 2, wait))
            wait = min(2 * wait, _LONGEST_WAIT)

    async def _follow(self, name: InstrumentId, symbol: str, kind: str, error_kind: type[Exception]) -> None:
        watch, read = self._watcher(symbol, kind)
        wait = _FIRST_WAIT
        while True:
            try:
                told = await watch()
            except (error_kind, *UNREADABLE) as error:
                log.warning("%s %s: %r; trying again", name, kind, error)
                if not self._waiting:
                    self._fall()
                self._waiting.add((name, kind))
                await asyncio.sleep(random.uniform(wait / 2, wait))
                wait = min(2 * wait, _LONGEST_WAIT)
                continue
            wait = _FIRST_WAIT
            if (name, kind) in self._waiting:
                self._waiting.discard((name, kind))
                if not self._waiting:
                    self._rise()
            for row in told if kind in _ROWS else (told,):
                try:
                    read(name, row)
                except UNREADABLE as error:
                    self._put_aside(row, error)

    def _put_aside(self, row: Any, error: Exception) -> None:
        self.unreadable += 1
        self.unread.append(row)
        log.error("%s: what was told can't be read (%r): %.200r", self._spoken.market, error, row)

    def _watcher(
        self, symbol: str, kind: str
    ) -> tuple[Callable[[], Coroutine[Any, Any, Any]], Callable[[InstrumentId, Any], None]]:
        at = self._exchange
        if kind == "trades":
            return lambda: at.watch_trades(symbol), self._trade
        if kind == "book":
            return lambda: at.watch_order_book(symbol), self._book
        if kind == "candles":
            return lambda: at.watch_ohlcv(symbol, "1m"), self._candle
        return lambda: at.watch_mark_price(symbol), self._mark

    def _trade(self, name: InstrumentId, row: dict[str, Any]) -> None:
        one = trade(name, row)
        self.clock.saw(one.ts)
        self._take(one)

    def _book(self, name: InstrumentId, told: dict[str, Any]) -> None:
        """The object is ccxt's and changes under its hands: copied at once."""
        bids, asks = levels(told["bids"], BOOK_LEVELS), levels(told["asks"], BOOK_LEVELS)
        ts = from_millis(int(told["timestamp"])) if told.get("timestamp") else self.market_time
        self.clock.saw(ts)
        if bids and asks:
            self._take(Quote(name, ts, *bids[0], *asks[0]))
            if self._state[name] != "quarantined":
                self._take(Depth(name, ts, bids, asks, int(told.get("nonce") or 0), snapshot=True))

    def _candle(self, name: InstrumentId, row: Sequence[Any]) -> None:
        """A minute has closed when a later one is told."""
        now = Candle(name, from_millis(int(row[0])), *(float(value) for value in row[1:6]))
        before = self._open.get(name)
        if before is not None and now.ts > before.ts:
            self._take(before)
        if before is None or now.ts >= before.ts:
            self._open[name] = now

    def _mark(self, name: InstrumentId, told: dict[str, Any]) -> None:
        ts = from_millis(int(told["timestamp"]))
        self.clock.saw(ts)
        index = told.get("indexPrice") or told["markPrice"]
        self._take(Mark(name, ts, float(told["markPrice"]), float(index), 0.0, 0))


def forgiving(base: type[Any], put_aside: Callable[[Any, Exception], None]) -> type[Any]:
    """A ccxt.pro class that goes on after a message that it can't read: ccxt would read nothing any more."""

    class Forgiving(base):  # type: ignore[misc]
        def handle_message(self, client: Any, message: Any) -> None:
            try:
                super().handle_message(client, message)
            except UNREADABLE as error:
                put_aside(message, error)

    return Forgiving
