"""Closed minutes of a stream without holes: what came late or not at all is read from the venue's REST."""

import asyncio
import logging
from collections.abc import Sequence

from jtrader.domain.errors import Unavailable
from jtrader.domain.ids import InstrumentId
from jtrader.domain.market import Candle, Event, FeedStatus
from jtrader.domain.times import MINUTE, iso
from jtrader.ports.market_data import CandleSource

log = logging.getLogger(__name__)


class CandleRepair:
    """Puts missing minutes before the candle after them, and after a reconnect behind the status. A minute that was
    handed on already is dropped. Without a source it only drops. `repaired` counts minutes."""

    def __init__(self, source: CandleSource | None) -> None:
        self._source = source
        self._last: dict[InstrumentId, int] = {}
        self.repaired = 0

    @staticmethod
    def concerns(batch: Sequence[Event]) -> bool:
        return any(isinstance(event, Candle | FeedStatus) for event in batch)

    async def whole(self, batch: Sequence[Event], market_time: int) -> list[Event]:
        whole: list[Event] = []
        for event in batch:
            if isinstance(event, Candle):
                last = self._last.get(event.instrument)
                if last is not None and event.ts <= last:
                    continue
                if last is not None and event.ts > last + MINUTE:
                    whole += await self._fetch(event.instrument, last + MINUTE, event.ts)
                self._last[event.instrument] = event.ts
            whole.append(event)
            if isinstance(event, FeedStatus) and event.state == "up" and event.instrument in self._last:
                whole += await self._fetch(event.instrument, self._last[event.instrument] + MINUTE, market_time)
        return whole

    async def _fetch(self, instrument: InstrumentId, start: int, end: int) -> list[Candle]:
        """Closed candles in [start, end) as far as the venue gives them now."""
        if self._source is None or start >= end:
            return []
        found: list[Candle] = []
        try:
            while start < end and (page := await asyncio.to_thread(self._source.candles, instrument, start, end)):
                found += page
                start = page[-1].ts + MINUTE
        except Unavailable as error:
            log.warning("%s: minutes from %s on are missing: %s", instrument, iso(start), error)
        if found:
            self.repaired += len(found)
            self._last[instrument] = found[-1].ts
        return found
