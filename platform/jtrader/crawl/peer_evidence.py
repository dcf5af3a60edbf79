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
        self._is_away = False
        """The last candle was an outlier: more may follow."""

    def doubts(self, candles: Sequence[Candle]) -> list[Doubt]:
        """A stretch of outliers shows at its edges, where a close is away from its neighbours: from there the others
        are asked minute by minute until they agree."""
        if not (self._peers and candles):
            return []
        edges = [*([0] if self._is_away else []), *self._away_from_neighbours(candles)]
        reasons: dict[int, str] = {}
        told = _Told(self._peers, self._store, self._sources, Span(candles[0].ts, candles[-1].ts + MINUTE))
        for edge in edges:
            for minutes in (range(edge, len(candles)), range(edge - 1, -1, -1)):
                for at in minutes:
                    if at in reasons or not (reason := self._against(told, candles[at])):
                        break
                    reasons[at] = reason
        self._is_away = len(candles) - 1 in reasons
        return [Doubt(candles[at], reasons[at]) for at in sorted(reasons)]

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

    def _against(self, told: "_Told", candle: Candle) -> str:
        """How far it is from the others; empty where it isn't, or where they say nothing."""
        closes = told.at(candle.ts)
        middle = statistics.median(closes.values()) if closes else candle.close
        distance = abs(candle.close / middle - 1)
        if distance <= self._band:
            return ""
        return (
            f"its close {candle.close!r} is {distance:.1%} away from {middle!r}, the median of "
            f"{', '.join(sorted(closes))} in that minute, and it or its stretch more than {self._band:.0%} away from "
            "its neighbours"
        )


class _Told:
    """The peers' closes of a page's minutes, read at the first question, and asked of their sources a page at a time
    where they are not stored."""

    def __init__(
        self,
        peers: Sequence[InstrumentId],
        store: CandleStore,
        sources: Mapping[Market, CandleSource],
        span: Span,
    ) -> None:
        self._span = span
        self._store = store
        self._sources = sources
        self._closes: dict[InstrumentId, dict[int, float]] = {name: {} for name in peers}
        self._is_read = False
        self._reached = dict.fromkeys(peers, span.start)
        """Up to where each peer's source was asked."""

    def at(self, ts: int) -> dict[InstrumentId, float]:
        if not self._is_read:
            for name, closes in self._closes.items():
                closes.update((candle.ts, candle.close) for candle in self._store.read(name, *self._span))
            self._is_read = True
        for name, closes in self._closes.items():
            while ts not in closes and self._reached[name] <= ts:
                self._ask(name)
        return {name: closes[ts] for name, closes in self._closes.items() if ts in closes}

    def _ask(self, name: InstrumentId) -> None:
        """The next page. A witness that is away, or has no more, says nothing."""
        source, start = self._sources.get(split_instrument_id(name)[0]), self._reached[name]
        try:
            page = source.candles(name, start, self._span.end) if source is not None else ()
        except JtraderError:
            page = ()
        for candle in page:
            self._closes[name].setdefault(candle.ts, candle.close)
        self._reached[name] = max(start + MINUTE, page[-1].ts + MINUTE) if page else self._span.end
