"""HTX's live market data: trades, best quotes, books, closed minutes, marks and trading states as domain events.

Spot serves its incremental book on a line of its own and its snapshot as an answer there; contracts send the snapshot
first, and again after a new subscription. Contracts' streams tell neither mark nor index nor funding together, so marks
are read over REST, one instrument after the other.
"""

import asyncio
import itertools
import logging
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any, Protocol

import msgspec

from jtrader.domain.errors import JtraderError
from jtrader.domain.ids import InstrumentId, Market, VenueSymbol
from jtrader.domain.market import Event, Mark
from jtrader.domain.times import SECOND
from jtrader.exchange.common.books import BookSnapshot
from jtrader.exchange.common.connection import Line
from jtrader.exchange.common.feed import Feed, symbols_of
from jtrader.exchange.common.listing import ListingWatch
from jtrader.exchange.common.sequences import previous_ids, version_ids
from jtrader.exchange.huobi.listing import FUTURE, LINEAR, MARKETS, SPOT, SWAP
from jtrader.exchange.huobi.wire import (
    CANDLES,
    CONTRACT_BOOK,
    QUOTES,
    SNAPSHOT,
    SPOT_BOOK,
    SUBSCRIBE,
    TRADES,
    UNSUBSCRIBE,
    BookFrame,
    Decoder,
    inflate,
    pong,
    request_id,
)
from jtrader.ports.market_data import CandleSource

log = logging.getLogger(__name__)

STREAMS: Mapping[Market, str] = {
    SPOT: "wss://api.huobi.pro/ws",
    LINEAR: "wss://api.hbdm.vn/linear-swap-ws",
    SWAP: "wss://api.hbdm.vn/swap-ws",
    FUTURE: "wss://api.hbdm.vn/ws",
}
SPOT_BOOKS = "wss://api.huobi.pro/feed"
MARKS_SECONDS = 1.0
"""Wall seconds in which every instrument's mark is asked for once, as far as the venue answers so fast."""


class MarkSource(Protocol):
    """The venue's REST, as the feed asks it from a thread of its own (see HuobiRest)."""

    def mark(self, instrument: InstrumentId) -> Mark | None: ...


class HuobiFeed(Feed):
    """ports.MarketFeed of one market; counters and statuses are the base's."""

    def __init__(
        self,
        market: Market,
        instruments: Sequence[InstrumentId],
        simulator_uri: str | None = None,
        candles: CandleSource | None = None,
        stale_after: int = 120 * SECOND,
        has_books: bool = True,
        listing: ListingWatch | None = None,
        marks: MarkSource | None = None,
    ) -> None:
        """`has_books`: books are kept and told; `marks` tells the contracts' marks. The rest as in `Feed`."""
        symbols = symbols_of(market, instruments, MARKETS, "HTX")
        self._is_spot = market == SPOT
        self._names = {instrument: symbol for symbol, instrument in symbols.items()}
        self._marks = marks if not self._is_spot else None
        super().__init__(symbols, _lines(market, symbols, has_books), simulator_uri, candles, stale_after, listing)
        self._decoder = Decoder(symbols, self._is_spot, self.clock)
        if has_books:
            self.keep_books(previous_ids if self._is_spot else version_ids, is_asked_for=self._is_spot)

    def read(self, message: bytes) -> Sequence[Event]:
        told = self._decoder.decode(message)
        if not told or type(told[0]) is not BookFrame:
            return told  # type: ignore[return-value]
        return self._book(told[0])

    @property
    def missed_trades(self) -> int:
        return self._decoder.missed_trades

    def restart(self) -> None:
        self._decoder.restart()

    def ask_snapshot(self, instrument: InstrumentId) -> None:
        symbol = self._names[instrument]
        if self._is_spot:
            self.send(_json({"req": f"market.{symbol}.{SPOT_BOOK}", "id": request_id(SNAPSHOT, symbol)}), line=1)
            return
        channel = f"market.{symbol}.{CONTRACT_BOOK}"
        self.send(_json({"unsub": channel, "data_type": "incremental", "id": request_id(UNSUBSCRIBE, symbol)}))
        self.send(_book_subscription(symbol))

    def _work(self) -> Sequence[Coroutine[Any, Any, None]]:
        following = [] if self._marks is None else [self._follow_marks(self._marks)]
        return [*super()._work(), *following]

    def _book(self, frame: BookFrame) -> Sequence[Event]:
        if self.books is None:
            return ()
        if frame.snapshot:
            whole = BookSnapshot(frame.ts, frame.bids, frame.asks, frame.update_id)
            return self.book_snapshot(frame.instrument, whole)
        return self.book_update(
            frame.instrument, frame.ts, frame.bids, frame.asks, last=frame.update_id, previous=frame.previous
        )

    async def _follow_marks(self, source: MarkSource) -> None:
        """Until cancelled. What can't be read now is read the next time round."""
        pause = MARKS_SECONDS / len(self._names)
        for instrument in itertools.cycle(self._names):
            await asyncio.sleep(pause)
            if instrument in self._left_out:
                continue
            try:
                mark = await asyncio.to_thread(source.mark, instrument)
            except JtraderError as error:
                log.warning("no mark of %s: %s", instrument, error)
                continue
            if mark is not None:
                self._take(mark)


def _lines(market: Market, symbols: Mapping[VenueSymbol, InstrumentId], has_books: bool) -> list[Line]:
    kinds = (TRADES, QUOTES, CANDLES)
    greeting = [
        _json({"sub": f"market.{symbol}.{kind}", "id": request_id(kind, symbol)})
        for symbol in symbols
        for kind in kinds
    ]
    if market != SPOT:
        greeting += [_book_subscription(symbol) for symbol in symbols if has_books]
        return [Line(STREAMS[market], greeting=greeting, inflate=inflate, pong=pong)]
    lines = [Line(STREAMS[market], greeting=greeting, inflate=inflate, pong=pong)]
    if has_books:
        books = [
            _json({"sub": f"market.{symbol}.{SPOT_BOOK}", "id": request_id(SUBSCRIBE, symbol)}) for symbol in symbols
        ]
        lines.append(Line(SPOT_BOOKS, greeting=books, inflate=inflate, pong=pong))
    return lines


def _book_subscription(symbol: VenueSymbol) -> bytes:
    return _json(
        {"sub": f"market.{symbol}.{CONTRACT_BOOK}", "data_type": "incremental", "id": request_id(SUBSCRIBE, symbol)}
    )


def _json(message: Mapping[str, str]) -> bytes:
    return msgspec.json.encode(message)
