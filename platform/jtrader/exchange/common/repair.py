"""Closed minutes of a stream without holes: what came late or not at all is read from the venue's REST, while
everything else goes on."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from jtrader.domain.errors import Broken, JtraderError
from jtrader.domain.ids import InstrumentId
from jtrader.domain.market import Candle
from jtrader.domain.times import MINUTE, iso
from jtrader.exchange.common.sane import is_sane
from jtrader.ports.market_data import CandleSource

log = logging.getLogger(__name__)

PATIENCE_SECONDS = 30.0
"""How long closed minutes of an instrument wait for those before them; then they are handed on without."""
_AT_ONCE = 2
"""Instruments that REST is asked about at a time."""


class CandleRepair:
    """Hands minutes on in their order, each once: `take` one of the stream, `on_up` after a reconnect. While an
    instrument's missing minutes are read, its newer ones wait. Without a source it only drops what was told already.
    `repaired` counts minutes."""

    def __init__(
        self,
        source: CandleSource | None,
        hand_on: Callable[[Candle], None],
        start: Callable[[Coroutine[Any, Any, None]], None],
    ) -> None:
        """`start` runs what is read from REST beside everything else."""
        self._source = source
        self._hand_on = hand_on
        self._start = start
        self._last: dict[InstrumentId, int] = {}
        self._waiting: dict[InstrumentId, list[Candle]] = {}
        """Of the instruments that REST is asked about."""
        self._free = asyncio.Semaphore(_AT_ONCE)
        self.repaired = 0

    def take(self, candle: Candle) -> None:
        name, last = candle.instrument, self._last.get(candle.instrument)
        if last is not None and candle.ts <= last:
            return
        if name in self._waiting:
            self._waiting[name].append(candle)
        elif last is None or candle.ts == last + MINUTE or self._source is None:
            self._pass(candle)
        else:
            self._waiting[name] = [candle]
            self._start(self._fill(self._source, name, candle.ts))

    def on_up(self, instrument: InstrumentId, market_time: int) -> None:
        """What closed while the instrument was down is read, up to the market's time."""
        last = self._last.get(instrument)
        if last is None or self._source is None or instrument in self._waiting or last + MINUTE >= market_time:
            return
        self._waiting[instrument] = []
        self._start(self._fill(self._source, instrument, market_time))

    async def _fill(self, source: CandleSource, name: InstrumentId, end: int) -> None:
        waiting = self._waiting[name]
        try:
            async with asyncio.timeout(PATIENCE_SECONDS), self._free:
                await self._read(source, name, end, waiting)
        except (JtraderError, TimeoutError) as error:
            why = str(error) or f"no answer within {PATIENCE_SECONDS:.0f} s"
            log.warning("%s: minutes from %s on are missing: %s", name, iso(self._last[name] + MINUTE), why)
        del self._waiting[name]
        for number, candle in enumerate(waiting):
            if number:
                self.take(candle)
            elif candle.ts > self._last[name]:
                self._pass(candle)

    async def _read(self, source: CandleSource, name: InstrumentId, end: int, waiting: Sequence[Candle]) -> None:
        """Closed minutes up to the first that waits, or to `end` (ns), as far as the venue gives them now."""
        while True:
            start, until = self._last[name] + MINUTE, waiting[0].ts if waiting else end
            if start >= until:
                return
            page = await asyncio.to_thread(source.candles, name, start, until)
            found = [candle for candle in page if start <= candle.ts < until]
            for candle in found:
                if not is_sane(candle):
                    raise Broken(f"REST tells a candle that can't be: {candle}")
                self.repaired += 1
                self._pass(candle)
            if not found and until == (waiting[0].ts if waiting else end):
                return

    def _pass(self, candle: Candle) -> None:
        self._last[candle.instrument] = candle.ts
        self._hand_on(candle)
