"""Binance's live market data: trades, best quotes, marks and closed minutes as domain events.

USDT-M futures serve trades and quotes below /public and the rest below /market, spot all on one path; so a feed holds
one or two connections. Each reconnect raises `epoch` and is told by FeedStatus; minutes missed meanwhile come from the
venue's REST candles, in order, before the next live one.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence

from jtrader.domain.errors import BadInput, Unavailable
from jtrader.domain.ids import InstrumentId, Market, VenueSymbol, split_instrument_id
from jtrader.domain.market import Candle, Event, FeedStatus
from jtrader.domain.times import MINUTE, SECOND, iso
from jtrader.exchange.binance.connection import Connection
from jtrader.exchange.binance.wire import Decoder
from jtrader.exchange.localnet import LocalTarget, local_target
from jtrader.ports.market_data import CandleSource

log = logging.getLogger(__name__)

STREAMS: dict[str, dict[str, tuple[str, ...]]] = {
    "binance_usdm": {
        "wss://fstream.binance.com/public/ws/0": ("trade", "bookTicker"),
        "wss://fstream.binance.com/market/ws/1": ("markPrice@1s", "kline_1m"),
    },
    "binance_spot": {
        "wss://stream.binance.com:9443/ws/0": ("trade", "bookTicker", "kline_1m"),
    },
}
"""Market → URL → streams of each symbol."""


class BinanceFeed:
    """ports.MarketFeed of one market. Counters are public: `messages`, `events_seen`, `missed_trades`, `repaired`."""

    def __init__(
        self,
        market: Market,
        instruments: Sequence[InstrumentId],
        simulator_uri: str | None = None,
        candles: CandleSource | None = None,
        stale_after: int = 120 * SECOND,
    ) -> None:
        """`simulator_uri` leads every connection to the simulator; `stale_after` is market time in ns."""
        self._symbols = _symbols(market, instruments)
        self._decoder = Decoder(self._symbols)
        self._candles = candles
        self._stale_after = stale_after
        self._batch: list[Event] = []
        self._arrived = asyncio.Event()
        self._last_candle: dict[InstrumentId, int] = {}
        self._last_seen: dict[InstrumentId, int] = {}
        self._state = dict.fromkeys(self._symbols.values(), "down")
        self._up: set[str] = set()
        self._connections = [self._connection(url, kinds, simulator_uri) for url, kinds in STREAMS[market].items()]
        self._tasks: list[asyncio.Task[None]] = []
        self.epoch = 0
        self.messages = 0
        self.events_seen = 0
        self.repaired = 0

    @property
    def is_up(self) -> bool:
        """All connections stand and no instrument is stale."""
        return all(state == "up" for state in self._state.values())

    @property
    def states(self) -> dict[InstrumentId, str]:
        return dict(self._state)

    @property
    def market_time(self) -> int:
        """The newest time the venue has told, ns; 0 = none yet."""
        return self._decoder.market_time

    @property
    def missed_trades(self) -> int:
        """Public trades that the ids show to be missing."""
        return self._decoder.missed_trades

    async def events(self) -> AsyncIterator[Sequence[Event]]:
        """Connects and yields what arrives, until `close`."""
        self._tasks = [asyncio.create_task(connection.run()) for connection in self._connections]
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            batch, self._batch = self._batch, []
            whole = await self._with_missing_candles(batch) if self._has_gap(batch) else batch
            self.events_seen += len(whole)
            yield whole

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def watch(self) -> None:
        """Marks instruments stale or up again by market time; call it about once a wall second."""
        now = self.market_time
        for instrument, state in self._state.items():
            quiet = now - self._last_seen.get(instrument, now) > self._stale_after
            if quiet and state == "up":
                self._tell(instrument, "stale")
            elif not quiet and state == "stale":
                self._tell(instrument, "up")

    def _connection(self, url: str, kinds: tuple[str, ...], simulator_uri: str | None) -> Connection:
        target = local_target(url, simulator_uri) if simulator_uri else LocalTarget(url, url.split("/")[2])
        streams = [f"{symbol.lower()}@{kind}" for symbol in self._symbols for kind in kinds]
        return Connection(target, streams, self._on_message, lambda: self._on_up(url), lambda: self._on_down(url))

    def _on_message(self, message: bytes) -> None:
        self.messages += 1
        event = self._decoder.decode(message)
        if event is not None:
            self._last_seen[event.instrument] = self._decoder.market_time
            self._batch.append(event)
            self._arrived.set()

    def _on_up(self, url: str) -> None:
        self._up.add(url)
        if len(self._up) == len(self._connections):
            self.epoch += 1
            for instrument in self._state:
                self._tell(instrument, "up")

    def _on_down(self, url: str) -> None:
        self._up.discard(url)
        self._decoder.restart()
        for instrument, state in self._state.items():
            if state != "down":
                self._tell(instrument, "down")

    def _tell(self, instrument: InstrumentId, state: str) -> None:
        self._state[instrument] = state
        self._last_seen[instrument] = self.market_time
        self._batch.append(FeedStatus(instrument, self.market_time, self.epoch, state))
        self._arrived.set()

    def _has_gap(self, batch: Sequence[Event]) -> bool:
        return any(isinstance(event, Candle | FeedStatus) for event in batch)

    async def _with_missing_candles(self, batch: Sequence[Event]) -> list[Event]:
        """The batch with minutes that came late or not at all put before the candle after them; after a reconnect the
        minutes since the last one are put behind the status. A minute that was handed on already is dropped."""
        whole: list[Event] = []
        for event in batch:
            if isinstance(event, Candle):
                last = self._last_candle.get(event.instrument)
                if last is not None and event.ts <= last:
                    continue
                if last is not None and event.ts > last + MINUTE:
                    whole += await self._fetch(event.instrument, last + MINUTE, event.ts)
                self._last_candle[event.instrument] = event.ts
            whole.append(event)
            if isinstance(event, FeedStatus) and event.state == "up" and event.instrument in self._last_candle:
                since = self._last_candle[event.instrument] + MINUTE
                whole += await self._fetch(event.instrument, since, self.market_time)
        return whole

    async def _fetch(self, instrument: InstrumentId, start: int, end: int) -> list[Candle]:
        """Closed candles in [start, end) as far as the venue gives them now."""
        if self._candles is None or start >= end:
            return []
        found: list[Candle] = []
        try:
            while start < end and (page := await asyncio.to_thread(self._candles.candles, instrument, start, end)):
                found += page
                start = page[-1].ts + MINUTE
        except Unavailable as error:
            log.warning("%s: minutes from %s on are missing: %s", instrument, iso(start), error)
        if found:
            self.repaired += len(found)
            self._last_candle[instrument] = found[-1].ts
        return found


def _symbols(market: Market, instruments: Sequence[InstrumentId]) -> dict[VenueSymbol, InstrumentId]:
    if market not in STREAMS:
        raise BadInput(f"no Binance market '{market}'; there are {', '.join(STREAMS)}")
    if not instruments:
        raise BadInput(f"a feed of {market} needs at least one instrument")
    symbols = {}
    for instrument in instruments:
        owner, symbol = split_instrument_id(instrument)
        if owner != market:
            raise BadInput(f"{instrument} is not of {market}")
        symbols[symbol] = instrument
    return symbols
