"""What stored trades prove of a candle: the minute made anew from them, or that nobody traded.

A minute is proven where its trades and the two around them have numbers without a hole, or, where the venue numbers
none, where the range was asked for and has no gap.
"""

import bisect
import math
from collections.abc import Callable, Sequence

from jtrader.crawl.check import Doubt
from jtrader.crawl.plan import without
from jtrader.domain.errors import BadInput
from jtrader.domain.instrument import Instrument, Product
from jtrader.domain.market import Candle, Trade
from jtrader.domain.times import MINUTE, Span
from jtrader.ports.market_data import TradeSource
from jtrader.ports.stores import CrawlLedger, TickStore

MOST_ASKED = 20
"""Holes of one crawl for which the venue's own trades are looked at."""
AROUND = 10 * MINUTE
"""How far from a hole trades are looked for."""
PRICE_TOLERANCE, VOLUME_TOLERANCE = 1e-9, 1e-6
ROUNDING = 0.5e-8
"""Of each trade in a volume: venues tell base in eight decimals."""


class TradeEvidence:
    """Witness of one instrument's candles."""

    def __init__(
        self,
        instrument: Instrument,
        store: TickStore,
        ledger: CrawlLedger[Trade],
        source: TradeSource | None = None,
    ) -> None:
        """`source`: whom to ask for trades around a hole where none are stored."""
        self._id = instrument.id
        self._volume = _volume_of(instrument)
        self._store = store
        self._source = source
        self._asked = 0
        self._has_any = store.newest(Trade, instrument.id) is not None
        holes = (Span(gap.start, gap.end) for gap in ledger.gaps(instrument.id))
        self._whole = without(ledger.asked(instrument.id), holes) if self._has_any else []

    def doubts(self, candles: Sequence[Candle]) -> list[Doubt]:
        if not (self._has_any and candles):
            return []
        trades = list(self._store.read(Trade, self._id, candles[0].ts - AROUND, candles[-1].ts + MINUTE + AROUND))
        times = [trade.ts for trade in trades]
        doubts = []
        for candle in candles:
            low, high = (bisect.bisect_left(times, ts) for ts in (candle.ts, candle.ts + MINUTE))
            if low == high and not candle.volume:
                continue
            if self._is_proven(trades, low, high, Span(candle.ts, candle.ts + MINUTE)):
                reason = self._difference(candle, trades[low:high], trades[low - 1] if low else None)
                doubts += [Doubt(candle, reason)] if reason else []
        return doubts

    def nobody_traded(self, hole: Span) -> bool:
        near = Span(hole.start - AROUND, hole.end + AROUND)
        if self._has_any and self._is_empty(list(self._store.read(Trade, self._id, *near)), hole):
            return True
        if self._source is None or self._asked >= MOST_ASKED:
            return False
        self._asked += 1
        try:
            told = self._source.trades(self._id, *near)
        except BadInput:  # old trades are shown to holders of keys only
            return False
        return bool(told) and told[0].ts < hole.start and told[-1].ts >= hole.end and not _inside(told, hole)

    def _is_empty(self, trades: Sequence[Trade], hole: Span) -> bool:
        at = bisect.bisect_left([trade.ts for trade in trades], hole.start)
        return not _inside(trades, hole) and self._is_proven(trades, at, at, hole)

    def _is_proven(self, trades: Sequence[Trade], low: int, high: int, span: Span) -> bool:
        """`trades[low:high]` are all of the span."""
        if any(one.start <= span.start and span.end <= one.end for one in self._whole):
            return True
        if low == 0 or high == len(trades):
            return False
        before, after = trades[low - 1].trade_id, trades[high].trade_id
        return isinstance(before, int) and isinstance(after, int) and after - before == high - low + 1

    def _difference(self, candle: Candle, trades: Sequence[Trade], before: Trade | None) -> str:
        """How the candle differs from its trades; empty where it doesn't. Some venues open a minute at the close of the
        one before it, as far as the minute reached there."""
        if not trades:
            return f"its volume is {candle.volume!r}, and nobody traded in that minute"
        prices = [trade.price for trade in trades]
        low, high = min(prices), max(prices)
        opens = [prices[0], *([min(max(before.price, low), high)] if before else [])]
        if not any(_same(candle.open, price, PRICE_TOLERANCE) for price in opens):
            return _told("open", candle.open, prices[0], len(prices))
        for name, told, made in (
            ("high", candle.high, high),
            ("low", candle.low, low),
            ("close", candle.close, prices[-1]),
        ):
            if not _same(told, made, PRICE_TOLERANCE):
                return _told(name, told, made, len(prices))
        volume = math.fsum(self._volume(trade) for trade in trades) if self._volume else candle.volume
        return (
            ""
            if _same(candle.volume, volume, VOLUME_TOLERANCE, ROUNDING * (len(trades) + 1))
            else _told("volume", candle.volume, volume, len(prices))
        )


def _volume_of(instrument: Instrument) -> Callable[[Trade], float] | None:
    """A trade's quantity in base; none where the contract is worth no amount of base."""
    value = float(instrument.contract_value)
    if instrument.product is Product.INVERSE:
        return lambda trade: trade.quantity * value / trade.price
    return None if instrument.product is Product.QUANTO else lambda trade: trade.quantity * value


def _inside(trades: Sequence[Trade], hole: Span) -> bool:
    return any(hole.start <= trade.ts < hole.end for trade in trades)


def _same(told: float, made: float, tolerance: float, least: float = 1e-9) -> bool:
    return math.isclose(told, made, rel_tol=tolerance, abs_tol=least)


def _told(name: str, told: float, made: float, count: int) -> str:
    return f"its {name} is {told!r}, its {count:,} trades make {made!r}"
