"""Everything public that has happened up to market time, for one instrument: minutes and trades.

Three stretches read as one: recorded or generated history, the live window as it was traded, and the generated minutes
after it. Nothing later than `now` is ever given out: the current minute is as far as it has got.
"""

from bisect import bisect_right
from collections.abc import Iterator

from jtrader.domain.ids import InstrumentId
from jtrader.domain.times import DAY, MINUTE
from jtrader.exchange.sim.market.market import SimMarket
from jtrader.exchange.sim.market.tape import Kline, Print
from jtrader.exchange.sim.tape import LiveTape, grown, merged


class History:
    """Market time `now` of the instrument; of a dated contract it stands still from the expiry on."""

    def __init__(self, market: SimMarket, instrument: InstrumentId, expiry: int | None = None) -> None:
        self._market = market
        self._instrument = instrument
        before = market.klines(instrument, market.live_start - MINUTE, market.live_start)
        self.tape = LiveTape(market.live_start, before[-1].close if before else 0)
        self.now = market.live_start
        self._expiry = expiry
        self._minute: tuple[int, list[Print]] = (0, [])
        self._day: Kline | None = None
        self._day_ends = 0

    @property
    def first_minute(self) -> int:
        """Where the history begins, ns."""
        return self._market.first_minute

    def move(self, now: int) -> None:
        """Time has come to `now`: minutes that ended are closed."""
        self.now = now if self._expiry is None else min(now, self._expiry)
        if self.now <= self._market.live_end:
            self.tape.roll(self.now)

    def klines(self, start: int, end: int) -> list[Kline]:
        """Minutes with start ≤ minute < end, ascending, that have begun."""
        live_start, live_end = self._market.live_start, self._market.live_end
        found = self._market.klines(self._instrument, start, min(end, live_start)) if start < live_start else []
        if start < live_end and end > live_start:
            found += self.tape.klines(start, min(end, live_end), self.now)
        if end > live_end and self.now > live_end:
            whole = self.now // MINUTE * MINUTE
            found += self._market.klines(self._instrument, max(start, live_end), min(end, whole))
            if start <= whole < min(end, self.now):
                found.append(self._partial(whole))
        return found

    def latest_klines(self, count: int) -> list[Kline]:
        end = self.now + MINUTE
        return self.klines(self.now // MINUTE * MINUTE - count * MINUTE, end)[-count:]

    def day(self) -> Kline:
        """The 1,440 minutes up to now as one candle; what is closed of them is summed once a minute."""
        current = max(self.now - 1, 0) // MINUTE * MINUTE
        if self._day is None or self._day_ends != current:
            closed = self.klines(current - DAY + MINUTE, current)
            self._day = merged(closed, closed[0].minute_ns) if closed else None
            self._day_ends = current
        parts = ([self._day] if self._day is not None else []) + self.klines(current, current + MINUTE)
        return merged(parts, parts[0].minute_ns)

    def prints_from(self, start: int) -> Iterator[Print]:
        """Trades with ts ≥ start, ascending, to market time."""
        minute = max(start, self._market.first_minute) // MINUTE * MINUTE
        while minute <= self.now:
            for deal in self._prints_of(minute):
                if deal.ts >= start:
                    yield deal
            minute += MINUTE

    def prints_from_id(self, first_id: int) -> Iterator[Print]:
        minutes = range(self._market.first_minute, self.now + 1, MINUTE)
        place = bisect_right(minutes, first_id, key=self._first_id) - 1
        for deal in self.prints_from(minutes[max(0, place)]):
            if deal.id >= first_id:
                yield deal

    def latest_prints(self, count: int) -> list[Print]:
        found: list[Print] = []
        minute = self.now // MINUTE * MINUTE
        while minute >= self._market.first_minute and len(found) < count:
            found[:0] = self._prints_of(minute)
            minute -= MINUTE
        return found[-count:]

    def last_price(self) -> int:
        """In ticks: of the last trade, or of the last minute's close."""
        if self.now <= self._market.live_end:
            return self.tape.last_price
        return self.latest_klines(1)[-1].close

    def _first_id(self, minute: int) -> int:
        if self._market.live_start <= minute < self._market.live_end:
            first = self._market.first_trade_id(self._instrument, self._market.live_start)
            return first + self.tape.since(minute)
        return self._market.first_trade_id(self._instrument, minute)

    def _prints_of(self, minute: int) -> list[Print]:
        if self._market.live_start <= minute < self._market.live_end:
            return self.tape.prints[self.tape.since(minute) : self.tape.since(minute + MINUTE)]
        if minute >= self._market.live_end and self.now <= self._market.live_end:
            return []
        if self._minute[0] != minute:
            self._minute = (minute, self._market.prints(self._instrument, minute))
        deals = self._minute[1]
        return deals if self.now >= minute + MINUTE else [deal for deal in deals if deal.ts <= self.now]

    def _partial(self, minute: int) -> Kline:
        before = self.klines(minute - MINUTE, minute)
        return grown(minute, before[-1].close, self._prints_of(minute))
