"""A minute's trades from its Kline: a list that aggregates to exactly that Kline, whatever the random numbers are.

Anchors carry one lot each: the open first, the close last, an untouched high and low in between. What is left of each
side is B lots that cost T ticks × lots: with p = T div B and x = T mod B, x lots at p + 1 and B − x at p cost exactly
T. Such a level is then split into trades, and pairs of equal size are moved apart by the same distance, which changes
neither lots nor cost. The trades are ordered along a path open → extremes → close.
"""

from itertools import product

import numpy as np

from jtrader.domain.errors import Broken
from jtrader.domain.times import MILLISECOND
from jtrader.exchange.sim.market.tape import Kline, Print

MINUTE_MS = 60_000

Piece = tuple[int, int, bool]
"""Price in ticks, lots, taker buys."""


def unfold(kline: Kline, first_id: int, orders: float, generator: np.random.Generator) -> list[Print]:
    """The trades, ascending by id and time (whole ms); about `orders` distinct times, since one taker order fills at
    several prices in the same ms. Raises Broken when no such list of anchors and body exists."""
    if kline.count == 0:
        return []
    plan = solve(kline)
    if plan is None:
        raise Broken(f"no list of trades gives {kline}; its count, volume and turnover contradict each other")
    anchors, bodies = plan
    middle = anchors[1:-1]
    for side, (lots, turnover, pieces) in bodies.items():
        middle += [(price, size, side) for price, size in _spread(kline, lots, turnover, pieces, generator)]
    ordered = [anchors[0], *_along_path(kline, middle, generator), *anchors[1:][-1:]]
    times = _times(len(ordered), orders, generator)
    return [
        Print(first_id + i, kline.minute_ns + at * MILLISECOND, price, lots, buys)
        for i, ((price, lots, buys), at) in enumerate(zip(ordered, times, strict=True))
    ]


Bodies = dict[bool, tuple[int, int, int]]


def solve(kline: Kline) -> tuple[list[Piece], Bodies] | None:
    """The anchors and, by side, the body's (lots, turnover, trades); None if no choice of the anchors' sides fits."""
    prices = _anchor_prices(kline)
    for sides in sorted(product((True, False), repeat=len(prices)), key=lambda sides: _odd(kline, prices, sides)):
        bodies = _bodies(kline, prices, sides)
        if bodies is not None:
            return [(price, 1, side) for price, side in zip(prices, sides, strict=True)], bodies
    return None


def _anchor_prices(kline: Kline) -> list[int]:
    """Open, extremes in the order of a plausible path, close."""
    low = [kline.low] if kline.low < min(kline.open, kline.close) else []
    high = [kline.high] if kline.high > max(kline.open, kline.close) else []
    extremes = low + high if kline.close >= kline.open else high + low
    returns = extremes or kline.open != kline.close
    return [kline.open, *extremes, *([kline.close] if returns else [])]


def _odd(kline: Kline, prices: list[int], sides: tuple[bool, ...]) -> int:
    """How many extremes are not as usual: takers buy at an untouched high and sell at an untouched low."""
    inner = zip(prices[1:-1], sides[1:-1], strict=True)
    return sum(buys != (price == kline.high) for price, buys in inner)


def _bodies(kline: Kline, prices: list[int], sides: tuple[bool, ...]) -> Bodies | None:
    """What is left for each side after the anchors, or None if it can't be traded within low … high."""
    bodies: Bodies = {}
    least = {True: 0, False: 0}
    totals = {
        True: (kline.buy_volume, kline.buy_turnover),
        False: (kline.volume - kline.buy_volume, kline.turnover - kline.buy_turnover),
    }
    for side, (volume, cost) in totals.items():
        lots = volume - sides.count(side)
        turnover = cost - sum(price for price, taken in zip(prices, sides, strict=True) if taken is side)
        if lots < 0 or not lots * kline.low <= turnover <= lots * kline.high:
            return None
        least[side] = 0 if lots == 0 else 1 + (turnover % lots > 0)
        bodies[side] = (lots, turnover, 0)
    return _share_out(bodies, least, kline.count - len(prices))


def _share_out(bodies: Bodies, least: dict[bool, int], trades: int) -> Bodies | None:
    """Gives each side its number of trades, in proportion to its lots."""
    bought, sold = bodies[True][0], bodies[False][0]
    if not least[True] + least[False] <= trades <= bought + sold:
        return None
    wish = round(trades * bought / (bought + sold)) if bought + sold else 0
    lowest = max(least[True], trades - sold)
    highest = min(bought, trades - least[False])
    buys = min(max(wish, lowest), highest)
    return {True: (*bodies[True][:2], buys), False: (*bodies[False][:2], trades - buys)}


def _spread(
    kline: Kline, lots: int, turnover: int, trades: int, generator: np.random.Generator
) -> list[tuple[int, int]]:
    """(price, lots) of the body of one side."""
    if lots == 0:
        return []
    price, upper = divmod(turnover, lots)
    lower = lots - upper
    above = min(max(round(trades * upper / lots), 1, trades - lower), upper, trades - 1) if upper else 0
    pieces = _level(kline, price, lower, trades - above, generator)
    return pieces + (_level(kline, price + 1, upper, above, generator) if upper else [])


def _level(kline: Kline, price: int, lots: int, trades: int, generator: np.random.Generator) -> list[tuple[int, int]]:
    """`lots` at `price` as so many trades; pairs of equal size are moved apart."""
    singles = 1 if trades % 2 else 2 * (lots % 2)
    pairs = (trades - singles) // 2
    alone = 0
    if singles:
        most = lots - 2 * pairs
        alone = min(max(lots * singles // trades, singles), most)
        alone += (most - alone) % 2
    pieces = [(price, size) for size in _sizes(alone, singles, generator)]
    if pairs:
        reach = min(price - kline.low, kline.high - price)
        apart = generator.integers(0, reach + 1, pairs).tolist()
        for size, distance in zip(_sizes((lots - alone) // 2, pairs, generator), apart, strict=True):
            pieces += [(price - distance, size), (price + distance, size)]
    return pieces


def _sizes(lots: int, parts: int, generator: np.random.Generator) -> list[int]:
    """`lots` in `parts` log-normal sizes of at least one lot."""
    if parts <= 1:
        return [lots] * parts
    weights = np.cumsum(np.exp(1.8 * generator.standard_normal(parts)))
    edges = np.floor(weights / weights[-1] * (lots - parts)).astype(np.int64)
    edges[-1] = lots - parts
    sizes: list[int] = (np.diff(edges, prepend=0) + 1).tolist()
    return sizes


def _along_path(kline: Kline, middle: list[Piece], generator: np.random.Generator) -> list[Piece]:
    """The pieces in the order in which a path open → first extreme → second extreme → close meets their prices."""
    count = len(middle)
    if count < 2:
        return middle
    first, second = (kline.low, kline.high) if kline.close >= kline.open else (kline.high, kline.low)
    path = np.interp(np.linspace(0.0, 3.0, count), (0.0, 1.0, 2.0, 3.0), (kline.open, first, second, kline.close))
    path += generator.standard_normal(count) * (kline.high - kline.low) * 0.1
    ranks = np.argsort(np.argsort(path, kind="stable"), kind="stable").tolist()
    by_price = sorted(middle, key=lambda piece: piece[0])
    return [by_price[rank] for rank in ranks]


def _times(count: int, orders: float, generator: np.random.Generator) -> list[int]:
    """`count` ascending ms within the minute, at about `orders` distinct ones."""
    distinct = int(min(max(round(orders), 1), count))
    moments = np.sort(generator.integers(0, MINUTE_MS, distinct))
    order = np.sort(np.concatenate((np.arange(distinct), generator.integers(0, distinct, count - distinct))))
    times: list[int] = moments[order].tolist()
    return times
