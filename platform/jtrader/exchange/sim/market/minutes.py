"""Generated minutes: open, high, low, close and volume in ticks and lots from an instrument's fair path."""

import numpy as np

from jtrader.domain.instrument import Instrument
from jtrader.exchange.sim.market.calibration import RANGE_SHRINK
from jtrader.exchange.sim.market.columns import Ints
from jtrader.exchange.sim.market.figures import base_figures, lot_in_base
from jtrader.exchange.sim.market.latent import DAY_MINUTES, Floats, Mixture
from jtrader.exchange.sim.market.quoted import FairPath
from jtrader.exchange.sim.market.randomness import keyed
from jtrader.exchange.sim.market.underlying import BP, hour_curve

MIN_LOTS = 10
_MEAN_ABS_SHOCK = 0.75


class MinuteMaker:
    """Candles of one instrument on its fair path."""

    def __init__(self, seed: int, instrument: Instrument, path: FairPath) -> None:
        self._seed = seed
        self._instrument = instrument
        self._path = path
        self._tick = float(instrument.price_tick)
        figures = path.figures
        self._extra_volume = Mixture(seed, f"volume/{instrument.id}", figures.volume_parts)
        self._hours = np.log(hour_curve(base_figures(figures.base).hour_volume))

    def ticks(self, log_prices: Floats) -> Ints:
        whole: Ints = np.maximum(np.rint(np.exp(log_prices) / self._tick), 1).astype(np.int64)
        return whole

    def candles(self, day: int, shift: Floats | None = None) -> Ints:
        """Rows open, high, low, close, volume for the 1440 minutes of a UTC day number. `shift` is added to the log
        price at the starts of the minutes and at the day's end (1441 values)."""
        first = day * DAY_MINUTES
        path = self._path.span(first, first + DAY_MINUTES)
        if shift is not None:
            path = path + shift
        high, low = self._extremes(day, path)
        ticks = self.ticks(path)
        opens, closes = ticks[:-1], ticks[1:]
        highs = np.maximum(self.ticks(high), np.maximum(opens, closes))
        lows = np.minimum(self.ticks(low), np.minimum(opens, closes))
        return np.stack((opens, highs, lows, closes, self.volume(day)))

    def volume(self, day: int) -> Ints:
        """Lots a minute."""
        figures = self._path.figures
        moves = self._path.underlying.day(day)
        log_volume = (
            np.log(figures.minute_volume)
            + self._hours
            + figures.volume_on_log_vol * moves.log_vol
            + figures.volume_on_move * (np.abs(moves.shock) - _MEAN_ABS_SHOCK)
            + self._extra_volume.day(day)
        )
        lots = np.rint(np.exp(log_volume) / lot_in_base(self._instrument))
        whole: Ints = np.maximum(lots, MIN_LOTS).astype(np.int64)
        return whole

    def _extremes(self, day: int, path: Floats) -> tuple[Floats, Floats]:
        """Highest and lowest log price of each minute: the maximum of a Brownian bridge from a to b with variance v
        is (a + b + √((b − a)² − 2·v·ln U)) / 2 for uniform U (its law is 1 − exp(−2(m−a)(m−b)/v))."""
        draws = 1.0 - keyed(self._seed, f"range/{self._instrument.id}", day).random((2, DAY_MINUTES))
        start, end = path[:-1], path[1:]
        variance = (RANGE_SHRINK * self._path.underlying.day(day).sigma) ** 2
        noise = (0.3 * BP) ** 2
        reach = np.sqrt((end - start) ** 2 - 2.0 * (variance + noise) * np.log(draws))
        return (start + end + reach[0]) / 2.0, (start + end - reach[1]) / 2.0
