"""Every closed minute once and in order: history to warm up on, then the bus, with what it lost read from the venue."""

import asyncio
import logging
from collections.abc import Sequence

from jtrader.domain.errors import Unavailable
from jtrader.domain.ids import InstrumentId
from jtrader.domain.market import Candle
from jtrader.domain.times import MINUTE, iso
from jtrader.ports.market_data import CandleSource
from jtrader.ports.stores import CandleStore

log = logging.getLogger(__name__)

NEWEST = 2**62
"""An end in the far future: the source answers up to its last closed minute."""


class Minutes:
    """The line of one instrument. `store` may be absent or away: then the venue alone is asked."""

    def __init__(self, instrument: InstrumentId, source: CandleSource, store: CandleStore | None) -> None:
        self.instrument = instrument
        self._source = source
        self._store = store
        self.last: int | None = None
        """Open time of the newest minute handed on."""
        self.repaired = 0

    async def history(self, minutes: int, now: int) -> list[Candle]:
        """The last consecutive closed minutes before `now` (market time, ns), at most about `minutes`, from the store
        as far as it goes and the venue for the rest: what arrives goes on after them. Raises Unavailable where the
        venue does not answer."""
        line = await self.past(minutes, now)
        self.last = line[-1].ts if line else None
        return line

    async def past(self, minutes: int, now: int) -> list[Candle]:
        """The same for one that comes later: what arrives goes on as it did."""
        start = (now // MINUTE - minutes - 1) * MINUTE
        stored = await asyncio.to_thread(self._stored, start, now)
        whole = {candle.ts: candle for candle in stored}
        missing = next((ts for ts in range(start, now, MINUTE) if ts not in whole), now)
        for candle in await self._fetch(missing):
            whole[candle.ts] = candle
        return [whole[ts] for ts in sorted(whole) if ts < now]

    async def arrived(self, candles: Sequence[Candle], is_lossy: bool) -> list[Candle]:
        """What to hand on for candles of the bus: old news dropped, holes filled. `is_lossy`: messages of this topic
        were lost, so the venue is asked for what there is now. Raises Unavailable; nothing counts as handed on then."""
        before = self.last
        try:
            return await self._line(candles, is_lossy)
        except Unavailable:
            self.last = before
            raise

    async def _line(self, candles: Sequence[Candle], is_lossy: bool) -> list[Candle]:
        line: list[Candle] = []
        if self.last is not None and (is_lossy or any(c.ts > self.last + MINUTE for c in candles)):
            line += self._new(await self._repair())
        for candle in candles:
            line += self._new([candle])
        return line

    def _new(self, candles: Sequence[Candle]) -> list[Candle]:
        """The candles after the last one, which they then move."""
        fresh = [candle for candle in candles if self.last is None or candle.ts > self.last]
        if fresh:
            self.last = fresh[-1].ts
        return fresh

    async def _repair(self) -> list[Candle]:
        assert self.last is not None
        found = await self._fetch(self.last + MINUTE)
        self.repaired += len(found)
        log.warning("%s: minutes after %s were lost; %d read anew", self.instrument, iso(self.last), len(found))
        return found

    async def _fetch(self, start: int) -> list[Candle]:
        found: list[Candle] = []
        while page := await asyncio.to_thread(self._source.candles, self.instrument, start, NEWEST):
            found += page
            start = page[-1].ts + MINUTE
        return found

    def _stored(self, start: int, end: int) -> list[Candle]:
        if self._store is None:
            return []
        try:
            return list(self._store.read(self.instrument, start, end))
        except Unavailable as error:
            log.warning("%s: no stored history (%s); the venue is asked for all of it", self.instrument, error)
            return []
