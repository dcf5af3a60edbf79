"""What a candle of open, high, low, close and volume leaves open: turnover, number of trades and the takers' buys.

They are drawn so that some list of trades reproduces all of them exactly (`unfold` builds one): one lot each at the
open, the close and an extreme that neither touches (the *anchors*), the rest (the *body*) anywhere within low … high.
Takers buy at the high and sell at the low. Columns are whole-number arrays in ticks and lots, one entry a minute.
"""

import msgspec
import numpy as np
import numpy.typing as npt

from jtrader.exchange.sim.market.columns import Ints
from jtrader.exchange.sim.market.latent import Floats

BODY_PIECES = 4
"""Trades that make any body: two prices a side."""
_CENTRE_NOISE = 0.08
_BUY_NOISE = 0.10
_COUNT_NOISE = 0.3


class Draws(msgspec.Struct, frozen=True):
    """Random numbers for each minute: `coins` (2, n) uniform, `noise` (4, n) normal."""

    coins: Floats
    noise: Floats

    @classmethod
    def of(cls, generator: np.random.Generator, minutes: int) -> "Draws":
        return cls(generator.random((2, minutes)), generator.standard_normal((4, minutes)))


def anchors_needed(ohlc: Ints) -> Ints:
    """How many trades it takes to visit open, high, low and close in order; rows open, high, low, close."""
    opens, highs, lows, closes = ohlc
    upper, lower = highs > np.maximum(opens, closes), lows < np.minimum(opens, closes)
    returns = (opens != closes) | upper | lower
    needed: Ints = 1 + upper.astype(np.int64) + lower + returns
    return needed


def impossible(candles: Ints) -> npt.NDArray[np.bool_]:
    """Where the volume has fewer lots than prices to visit (rows open, high, low, close, volume). A minute without
    volume is possible when it is flat."""
    flat = candles[1] == candles[2]
    wrong: npt.NDArray[np.bool_] = np.where(candles[4] == 0, ~flat, anchors_needed(candles[:4]) > candles[4])
    return wrong


def complete(candles: Ints, buy_share: Floats, expected_count: Floats, draws: Draws) -> Ints:
    """The rows of `columns.FIELDS` for rows open, high, low, close, volume. `buy_share` is the takers' expected share
    of buys, `expected_count` the expected number of trades."""
    opens, highs, lows, closes, volume = candles
    traded = volume > 0
    anchors = np.where(traded, anchors_needed(candles[:4]), 0)
    body = volume - anchors
    open_buys, close_buys = draws.coins < 0.5
    upper, lower = highs > np.maximum(opens, closes), lows < np.minimum(opens, closes)
    returns = (opens != closes) | upper | lower

    share = np.clip(buy_share + _BUY_NOISE * draws.noise[0], 0.02, 0.98)
    body_buys = np.clip(np.rint(body * share), 0, body).astype(np.int64)
    buy_turnover = _body_turnover(candles, body_buys, draws.noise[1])
    sell_turnover = _body_turnover(candles, body - body_buys, draws.noise[2])

    bought = open_buys.astype(np.int64) + upper + (returns & close_buys)
    bought_for = opens * open_buys + highs * upper + closes * (returns & close_buys)
    sold_for = opens * ~open_buys + lows * lower + closes * (returns & ~close_buys)
    drawn = np.rint(expected_count * np.exp(_COUNT_NOISE * draws.noise[3])).astype(np.int64) - anchors
    count = anchors + np.clip(drawn, np.minimum(BODY_PIECES, body), body)
    rows = (
        opens,
        highs,
        lows,
        closes,
        volume,
        np.where(traded, buy_turnover + sell_turnover + bought_for + sold_for, 0),
        np.where(traded, count, 0),
        np.where(traded, body_buys + bought, 0),
        np.where(traded, buy_turnover + bought_for, 0),
    )
    return np.stack(rows)


def _body_turnover(candles: Ints, lots: Ints, noise: Floats) -> Ints:
    """Ticks × lots at an average price near the middle of the candle's four prices."""
    opens, highs, lows, closes, _ = candles
    width = highs - lows
    centre = (opens + highs + lows + closes) / 4.0 - lows + _CENTRE_NOISE * width * noise
    above = np.rint(lots * np.clip(centre, 0, width)).astype(np.int64)
    turnover: Ints = lots * lows + np.clip(above, 0, lots * width)
    return turnover
