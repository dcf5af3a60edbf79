"""One instrument of the market: its history, and the minutes after the live window."""

import math

import numpy as np

from jtrader.domain.errors import Broken
from jtrader.domain.instrument import Instrument
from jtrader.domain.times import MINUTE, SECOND
from jtrader.exchange.sim.market.columns import FIELDS, Ints, Stretch
from jtrader.exchange.sim.market.completion import Draws, complete
from jtrader.exchange.sim.market.figures import lot_in_base
from jtrader.exchange.sim.market.latent import DAY_MINUTES, Floats
from jtrader.exchange.sim.market.minutes import MinuteMaker
from jtrader.exchange.sim.market.quoted import FairPath
from jtrader.exchange.sim.market.randomness import keyed
from jtrader.exchange.sim.market.recording import Recording
from jtrader.exchange.sim.market.replay import Replay
from jtrader.exchange.sim.market.tape import Kline, Print
from jtrader.exchange.sim.market.unfold import solve, unfold

RETURN_MINUTES = 10.0
"""After the live window the price goes back to its fair path with this time constant."""
FILLS_PER_ORDER = 2.0
"""Trades that one taker order makes; measured 3 to 4, on a book of smaller orders than the live one's."""
_ORDERS_ON_VOLUME = 0.6
_BUYS_ON_MOVE = 0.2
_BUYS_ON_FLOW = 0.08


class Served:
    """Minute numbers count minutes since 1970. The live window is [live_start, live_end)."""

    def __init__(
        self,
        seed: int,
        instrument: Instrument,
        path: FairPath,
        recorded: tuple[Recording | None, Replay | None],
        window: tuple[int, int, int],
        intensity: float,
    ) -> None:
        recording, self._replay = recorded
        self.instrument = instrument
        self.path = path
        self.intensity = intensity
        self.first, self.live_start, self.live_end = window
        self.maker = MinuteMaker(seed, instrument, path)
        self.tick = float(instrument.price_tick)
        self._seed = seed
        self._recording = recording
        self._shift = 0.0
        self._after: list[Stretch] | None = None
        self.history = self._recorded(recording) if recording else self._generated(self.first, self.live_start, 1)
        if self._replay and not recording:
            before = self._replay.first_id(self.live_start * MINUTE) - self.history.first_id(self.live_start)
            self.history = Stretch(self.first, self.history.table, 1 + max(before, 0))

    def klines(self, start: int, end: int) -> list[Kline]:
        found = list(self.history.klines(start, end))
        if end > self.live_end:
            for stretch in self._stretches(end):
                found += stretch.klines(start, end)
        return found

    def first_id(self, minute: int) -> int:
        if minute <= self.live_start:
            return self.history.first_id(max(minute, self.first))
        return self._holding(minute).first_id(minute)

    def prints(self, minute: int) -> list[Print]:
        if minute < self.first:
            return []
        stretch = self.history if minute < self.live_start else self._holding(minute)
        trades = self._recording.trades if self._recording else None
        if trades and minute in trades and minute in self.history:
            return trades.prints(minute, stretch.first_id(minute))
        kline = stretch.kline(minute)
        draws = keyed(self._seed, f"prints/{self.instrument.id}", minute)
        return unfold(kline, stretch.first_id(minute), kline.count / FILLS_PER_ORDER, draws)

    def resume(self, last_price: int | None, next_id: int | None) -> None:
        if self._after is not None:
            raise Broken(f"{self.instrument.id}: the market was resumed before; it is resumed once")
        if last_price is not None:
            self._shift = math.log(last_price * self.tick) - self.path.at(self.live_end)
        first_id = self.first_id(self.live_start) if next_id is None else next_id
        day = self.live_end // DAY_MINUTES + 1
        self._after = [self._generated(self.live_end, day * DAY_MINUTES, first_id)]

    def fair(self, ts: int) -> float:
        """The fair price in quote currency: the last recorded close or middle of the book up to `ts`, or the generated
        path at its second."""
        if not self._is_recorded(ts):
            return math.exp(self.path.at_ts(ts) + self._shift_at(ts))
        if ts < self.live_start * MINUTE:
            minute = max(ts // MINUTE, self.first)
            row, column = ("close", minute - 1) if minute > self.first else ("open", minute)
            return int(self.history.table[FIELDS.index(row), column - self.first]) * self.tick
        assert self._replay is not None
        return self._replay.book.mid(ts) * self.tick

    def index(self, ts: int) -> float:
        """The fair price without the basis; while prices are recorded ones, without the usual basis."""
        basis = self.path.usual_basis_at(ts) if self._is_recorded(ts) else self.path.basis_at(ts)
        return self.fair(ts) * math.exp(-basis)

    def buy_share(self, day: int) -> Floats:
        """The takers' expected share of buys in each minute of a generated day."""
        moves = self.path.underlying.day(day)
        return 0.5 + _BUYS_ON_MOVE * np.tanh(moves.shock) + _BUYS_ON_FLOW * moves.flow

    def expected_orders(self, lots: Ints) -> Floats:
        """Taker orders of a minute with so much volume."""
        figures = self.path.figures
        usual = figures.minute_volume / lot_in_base(self.instrument)
        rate = figures.orders_per_second * MINUTE / SECOND * self.intensity
        orders: Floats = rate * (lots / usual) ** _ORDERS_ON_VOLUME
        return orders

    def _is_recorded(self, ts: int) -> bool:
        if ts < self.live_start * MINUTE:
            return self._recording is not None
        return self._replay is not None and ts < self.live_end * MINUTE

    def _shift_at(self, ts: int) -> float:
        """What is left at `ts` of the distance between the last trade and the fair path; none up to `live_end`, so
        that a mark once told stays."""
        past = ts - self.live_end * MINUTE
        return self._shift * math.exp(-(past // MINUTE) / RETURN_MINUTES) if past > 0 else 0.0

    def _stretches(self, end: int) -> list[Stretch]:
        """The stretches after the live window up to minute `end` at least."""
        if self._after is None:
            raise Broken(f"{self.instrument.id}: a minute after the live window was asked for before `resume`")
        while self._after[-1].end < end:
            last = self._after[-1]
            self._after.append(self._generated(last.end, last.end + DAY_MINUTES, last.first_id(last.end)))
        return self._after

    def _holding(self, minute: int) -> Stretch:
        if self.live_start <= minute < self.live_end:
            raise Broken(f"{self.instrument.id}: a minute of the live window was asked for; it is traded, not made")
        return next(stretch for stretch in self._stretches(minute + 1) if minute in stretch)

    def _generated(self, start: int, end: int, first_id: int) -> Stretch:
        tables = [self._day(day) for day in range(start // DAY_MINUTES, (end - 1) // DAY_MINUTES + 1)]
        skip = start % DAY_MINUTES
        return Stretch(start, np.concatenate(tables, axis=1)[:, skip : skip + end - start], first_id)

    def _day(self, day: int) -> Ints:
        past = np.arange(DAY_MINUTES + 1) + day * DAY_MINUTES - self.live_end
        shift = np.where(past >= 0, self._shift * np.exp(-np.maximum(past, 0) / RETURN_MINUTES), 0.0)
        return self._complete(day, self.maker.candles(day, shift), self.buy_share(day))

    def _recorded(self, recording: Recording) -> Stretch:
        """The recorded minutes. What the files tell of turnover, count and takers' buys is kept where trades can give
        it together with the candle, else drawn as for candles that tell nothing."""
        candles = recording.candles
        tables = []
        for day in range(recording.start // DAY_MINUTES, (recording.end - 1) // DAY_MINUTES + 1):
            first = max(day * DAY_MINUTES, recording.start)
            last = min((day + 1) * DAY_MINUTES, recording.end)
            part = candles[:, first - recording.start : last - recording.start]
            body = (part[3] - part[0]) / np.maximum(part[1] - part[2], 1)
            tables.append(self._complete(day, part, 0.5 + _BUYS_ON_MOVE * body, first % DAY_MINUTES))
        table = np.concatenate(tables, axis=1)
        for column in np.flatnonzero(recording.taken[1] >= 0).tolist():
            told = np.concatenate((candles[:, column], recording.taken[:, column]))
            minute = recording.start + column
            exact = recording.trades is not None and minute in recording.trades
            if exact or _possible(Kline(minute * MINUTE, *told.tolist())):
                table[:, column] = told
        return Stretch(recording.start, table, recording.first_id)

    def _complete(self, day: int, candles: Ints, buy_share: Floats, skip: int = 0) -> Ints:
        draws = Draws.of(keyed(self._seed, f"completion/{self.instrument.id}", day), DAY_MINUTES)
        part = slice(skip, skip + candles.shape[1])
        draws = Draws(draws.coins[:, part], draws.noise[:, part])
        return complete(candles, buy_share, FILLS_PER_ORDER * self.expected_orders(candles[4]), draws)


def _possible(kline: Kline) -> bool:
    return kline.count == kline.volume == kline.turnover == 0 or (kline.count > 0 and solve(kline) is not None)
