"""When and what the other participants trade in one live minute, and when they look at their quotes again.

The number of taker orders follows the measured rate times `intensity` and the minute's activity; together they are as
large as the minute's generated volume, so that volume carries on from history. Orders come in bursts (an order calls
another one with probability BRANCHING shortly after it), sizes are log-normal, sides persist, and takers buy more
while the price or the order-flow state goes up.
"""

from itertools import pairwise

import msgspec
import numpy as np

from jtrader.domain.order import Side
from jtrader.domain.times import MINUTE, SECOND
from jtrader.exchange.sim.market.latent import DAY_MINUTES
from jtrader.exchange.sim.market.randomness import keyed
from jtrader.exchange.sim.market.served import Served

BRANCHING = 0.45
_ECHO_SECONDS = 0.05
_SIZE_SPREAD = 1.6
"""Standard deviation of a taker order's log size; measured 2.0 to 2.5, where the largest outweigh a thin minute."""
_MOST_OF_MINUTE = 0.5
"""No single order is more than this share of its minute."""
_SIDE_PERSISTENCE = 0.3
_FEWEST = 12
"""Taker orders in a minute, so that a thin one still shows the path."""
_SLOWEST_REQUOTE = 0.3
"""Looks at the quotes per second at least."""


class Moment(msgspec.Struct, frozen=True, gc=False):
    """A taker order of `lots`, or (side None) a look at the quotes. `fair` is the fair price then, in ticks."""

    ts: int
    fair: float
    side: Side | None = None
    lots: int = 0


def moments_of(seed: int, served: Served, minute: int) -> list[Moment]:
    """Everything that happens in a minute of the live window, ascending."""
    draws = keyed(seed, f"arrivals/{served.instrument.id}", minute)
    day, index = divmod(minute, DAY_MINUTES)
    volume = int(served.maker.volume(day)[index])
    expected = float(served.expected_orders(np.array([volume]))[0])
    count = max(int(draws.poisson(expected)), _FEWEST)
    times = _burst_times(count, draws)
    sizes = _sizes(volume, count, draws)
    sides = _sides(float(served.buy_share(day)[index]), count, draws)
    looks = max(served.path.figures.requotes_per_second * served.intensity, _SLOWEST_REQUOTE) * MINUTE / SECOND
    quotes = np.sort(draws.random(max(int(draws.poisson(looks)), 1)))
    fair = np.exp(served.path.seconds(minute)) / served.tick
    grid = np.linspace(0.0, 1.0, fair.size)
    happened = [
        Moment(minute * MINUTE + int(at * MINUTE), float(price), side, lots)
        for at, price, side, lots in zip(times, np.interp(times, grid, fair), sides, sizes, strict=True)
    ]
    happened += [
        Moment(minute * MINUTE + int(at * MINUTE), float(price))
        for at, price in zip(quotes, np.interp(quotes, grid, fair), strict=True)
    ]
    happened.sort(key=lambda moment: moment.ts)
    return happened


def _burst_times(count: int, draws: np.random.Generator) -> list[float]:
    """Ascending shares of the minute, below 1."""
    own = draws.random(count)
    echo = draws.random(count) < BRANCHING
    after = np.sort(own)[np.maximum(np.cumsum(~echo) - 1, 0)] + draws.exponential(_ECHO_SECONDS / 60.0, count)
    times = np.where(echo, after, np.sort(own))
    return np.sort(np.minimum(times, 1.0 - 1e-9)).tolist()  # type: ignore[no-any-return]


def _sizes(volume: int, count: int, draws: np.random.Generator) -> list[int]:
    weights = np.exp(_SIZE_SPREAD * draws.standard_normal(count))
    shares = np.minimum(weights / weights.sum(), max(_MOST_OF_MINUTE, 1.0 / count))
    return [max(int(share * volume), 1) for share in shares / shares.sum()]


def _sides(buy_share: float, count: int, draws: np.random.Generator) -> list[Side]:
    chance = min(max(buy_share, 0.05), 0.95)
    fresh = np.where(draws.random(count) < chance, 1, -1).tolist()
    keep = (draws.random(count) < _SIDE_PERSISTENCE).tolist()
    signs = fresh[:1]
    for stays, (_, sign) in zip(keep[1:], pairwise(fresh), strict=True):
        signs.append(signs[-1] if stays else sign)
    return [Side.BUY if sign > 0 else Side.SELL for sign in signs]
