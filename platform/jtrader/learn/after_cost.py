"""What predictions would have earned after fees, by the trader's own rule.

A prediction is known when its minute closes; its position is entered at the next minute's open and held until the next
decision's entry. Returns and fees are fractions of one constant notional an instrument, added up, never compounded; the
portfolio is the mean over instruments. Funding, spread and impact are not in it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jtrader.domain.times import HOUR
from jtrader.strategy.model_signal.rule import target

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

HOURS_A_YEAR = 24 * 365


@dataclass(frozen=True, eq=False)
class Replay:
    """One instrument, shape (n,): decision minute, prediction (NaN = abstained), price at which a decision is
    entered."""

    ts: Ints
    prediction: Floats
    entry: Floats


@dataclass(frozen=True, eq=False)
class Outcome:
    """Portfolio returns by minute, shape (m,), ascending; and the totals of all instruments."""

    ts: Ints
    gross: Floats
    fees: Floats
    trades: int

    @property
    def equity(self) -> Floats:
        """Sum of the net returns so far."""
        return np.cumsum(self.gross - self.fees)

    def metrics(self) -> dict[str, float]:
        equity = self.equity
        peak = np.maximum.accumulate(np.concatenate(([0.0], equity)))[1:]
        return {
            "gross_return": float(self.gross.sum()),
            "fees": float(self.fees.sum()),
            "net_return": float(equity[-1]) if len(equity) else 0.0,
            **_strength(self.ts, self.gross - self.fees),
            "max_drawdown": float((peak - equity).max(initial=0.0)),
            "trades": float(self.trades),
        }


def positions(prediction: Floats, band: float) -> Ints:
    """The held position after each decision, starting flat, flat again at the end: the last row can't be held."""
    held = np.zeros(len(prediction), dtype=np.int64)
    position = 0
    for row, probability in enumerate(prediction[:-1].tolist()):
        wanted = target(probability, band)
        position = position if wanted is None else wanted
        held[row] = position
    return held


def after_cost(replays: Sequence[Replay], band: float, fee_bp: float) -> Outcome:
    """Runs the rule over each instrument; `fee_bp` is paid on the notional of every side."""
    ts = np.unique(np.concatenate([replay.ts for replay in replays]))
    gross, fees, trades = np.zeros(len(ts)), np.zeros(len(ts)), 0
    for replay in replays:
        held = positions(replay.prediction, band)
        sides = np.abs(np.diff(held, prepend=0))
        moves = np.zeros(len(held))
        moves[:-1] = replay.entry[1:] / replay.entry[:-1] - 1.0
        rows = np.searchsorted(ts, replay.ts)
        gross[rows] += held * moves / len(replays)
        fees[rows] += sides * fee_bp * 1e-4 / len(replays)
        trades += int((sides > 0).sum())
    return Outcome(ts=ts, gross=gross, fees=fees, trades=trades)


def _strength(ts: Ints, net: Floats) -> dict[str, float]:
    """Of hourly returns: `sharpe` = mean over standard deviation times √8,760, `t_stat` = the same times √hours, how
    many standard errors the mean stands above zero. Both 0 where nothing varies."""
    _, hour = np.unique(ts // HOUR, return_inverse=True)
    hourly = np.bincount(hour, weights=net)
    deviation = float(hourly.std(ddof=1)) if len(hourly) > 1 else 0.0
    ratio = float(hourly.mean()) / deviation if deviation > 0 else 0.0
    return {"sharpe": ratio * float(np.sqrt(HOURS_A_YEAR)), "t_stat": ratio * float(np.sqrt(len(hourly)))}
