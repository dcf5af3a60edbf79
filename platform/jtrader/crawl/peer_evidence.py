"""What other venues say of a candle: one whose close is away from its own neighbours and from the others' closes of the
same minute is an outlier."""

import statistics
from collections.abc import Mapping, Sequence

import numpy as np

from jtrader.crawl.check import Doubt
from jtrader.domain.errors import JtraderError
from jtrader.domain.ids import InstrumentId, Market, split_instrument_id
from jtrader.domain.instrument import Instrument
from jtrader.domain.market import Candle
from jtrader.domain.times import MINUTE, Span
from jtrader.ports.market_data import CandleSource
from jtrader.ports.stores import CandleStore

BAND = 0.05
"""How far, as a fraction, a close may be away before it is doubted."""


def peers_of(instrument: Instrument, known: Sequence[Instrument]) -> list[InstrumentId]:
    """The same base in the same quote on other markets; dated contracts are no yardstick."""
    return [
        one.id
        for one in known
        if (one.base, one.quote) == (instrument.base, instrument.quote)
        and one.market != instrument.market
        and one.expiry is None
    ]


class PeerEvidence:
    """Witness of one instrument's candles, page by page in ascending order."""

    def __init__(
        self,
        peers: Sequence[InstrumentId],
        store: CandleStore,
        sources: Mapping[Market, CandleSource],
        band: float = BAND,
    ) -> None:
        """A peer's candle is read from the store, else asked of its source where it has one."""
        self._peers = peers
        self._store = store
        self._sources = sources
        self._band = band
        self._last: Candle | None = None

    def doubts(self, candles: Sequence[Candle]) -> list[Doubt]:
        if not (self._peers and candles):
            return []
        doubts = []
        for at in self._away_from_neighbours(candles):
            reason = self._against_peers(candles[at])
            doubts += [Doubt(candles[at], reason)] if reason else []
        return doubts

    def nobody_traded(self, hole: Span) -> bool:  # noqa: ARG002
        return False

    def _away_from_neighbours(self, candles: Sequence[Candle]) -> list[int]:
        """Which closes are away from the middle of the one before and the one after; at an end there is one alone."""
        first = self._last or candles[min(1, len(candles) - 1)]
        last = candles[-2] if len(candles) > 1 else first
        closes = np.array([first.close, *(candle.close for candle in candles), last.close])
        middle = (closes[:-2] + closes[2:]) / 2
        self._last = candles[-1]
        return list(np.flatnonzero(np.abs(closes[1:-1] / middle - 1) > self._band))

    def _against_peers(self, candle: Candle) -> str:
        told = {name: close for name in self._peers if (close := self._close(name, candle.ts)) is not None}
        if not told:
            return ""
        middle = statistics.median(told.values())
        if not self._is_away(candle.close, middle):
            return ""
        distance = abs(candle.close / middle - 1)
        return (
            f"its close {candle.close!r} is {distance:.1%} away from {middle!r}, the median of "
            f"{', '.join(sorted(told))} in that minute, and more than {self._band:.0%} away from its own neighbours"
        )

    def _close(self, name: InstrumentId, ts: int) -> float | None:
        stored = next(iter(self._store.read(name, ts, ts + MINUTE)), None)
        if stored is not None:
            return stored.close
        source = self._sources.get(split_instrument_id(name)[0])
        if source is None:
            return None
        try:
            page = source.candles(name, ts, ts + MINUTE)
        except JtraderError:  # a witness that is away says nothing
            return None
        return page[0].close if page else None

    def _is_away(self, close: float, middle: float) -> bool:
        return abs(close / middle - 1) > self._band
