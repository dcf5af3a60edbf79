"""Candles, their gaps and the quarantine in dictionaries."""

import struct

from jtrader.domain.ids import InstrumentId
from jtrader.domain.market import Candle
from jtrader.store.memory.ledger import MemoryLedger
from jtrader.store.memory.series import MemorySeries


class MemoryCandleStore(MemorySeries[Candle], MemoryLedger[Candle]):
    """CandleStore in memory; safe to use from several threads."""

    def __init__(self) -> None:
        MemorySeries.__init__(self)
        MemoryLedger.__init__(self)

    def packed(self, instrument: InstrumentId, start: int, end: int) -> bytes:
        rows = self.read(instrument, start, end)
        return b"".join(struct.pack("<q5d", c.ts, c.open, c.high, c.low, c.close, c.volume) for c in rows)
