"""Binance's live market data: trades, best quotes, books, marks and closed minutes as domain events.

USDT-M futures serve trades, quotes and books below /public and the rest below /market; spot and COIN-M all on one path.
Books are the 100 ms updates on a snapshot of REST, proven by the venue's update ids.
"""

from collections.abc import Mapping, Sequence

import msgspec

from jtrader.domain.ids import InstrumentId, Market
from jtrader.domain.market import Event
from jtrader.domain.times import SECOND
from jtrader.exchange.binance.listing import COINM, SPOT, USDM
from jtrader.exchange.binance.wire import Decoder
from jtrader.exchange.common.books import SnapshotSource
from jtrader.exchange.common.connection import Line
from jtrader.exchange.common.feed import Feed, symbols_of
from jtrader.exchange.common.listing import ListingWatch
from jtrader.exchange.common.sequences import Policy, futures_ids, spot_ids
from jtrader.ports.market_data import CandleSource

STREAMS: Mapping[Market, Mapping[str, tuple[str, ...]]] = {
    USDM: {
        "wss://fstream.binance.com/public/ws/0": ("trade", "bookTicker"),
        "wss://fstream.binance.com/market/ws/1": ("markPrice@1s", "kline_1m"),
    },
    COINM: {
        "wss://dstream.binance.com/ws/0": ("trade", "bookTicker", "markPrice@1s", "kline_1m"),
    },
    SPOT: {
        "wss://stream.binance.com:9443/ws/0": ("trade", "bookTicker", "kline_1m"),
    },
}
"""Market → URL → streams of each symbol. The book's stream goes to the first URL."""

DEPTH = "depth@100ms"
POLICIES: Mapping[Market, Policy] = {USDM: futures_ids, COINM: futures_ids, SPOT: spot_ids}


class BinanceFeed(Feed):
    """ports.MarketFeed of one market; counters and statuses are the base's."""

    def __init__(
        self,
        market: Market,
        instruments: Sequence[InstrumentId],
        simulator_uri: str | None = None,
        candles: CandleSource | None = None,
        stale_after: int = 120 * SECOND,
        books: SnapshotSource | None = None,
        listing: ListingWatch | None = None,
    ) -> None:
        """`books` tells the snapshots to begin with; without it no book is kept. The rest as in `Feed`."""
        symbols = symbols_of(market, instruments, tuple(STREAMS), "Binance")
        lines = []
        for number, (url, kinds) in enumerate(STREAMS[market].items()):
            wanted = (*kinds, DEPTH) if books is not None and number == 0 else kinds
            streams = [f"{symbol.lower()}@{kind}" for symbol in symbols for kind in wanted]
            subscribe = msgspec.json.encode({"method": "SUBSCRIBE", "params": streams, "id": 1})
            lines.append(Line(url, greeting=[subscribe]))
        super().__init__(symbols, lines, simulator_uri, candles, stale_after, listing)
        kept = self.keep_books(POLICIES[market], books).update if books is not None else None
        self._decoder = Decoder(symbols, self.clock, kept, volume_is_contracts=market == COINM)

    def read(self, message: bytes) -> Sequence[Event]:
        event = self._decoder.decode(message)
        return () if event is None else (event,)

    @property
    def missed_trades(self) -> int:
        return self._decoder.missed_trades

    def restart(self) -> None:
        self._decoder.restart()
