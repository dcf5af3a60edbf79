"""Candles as HTX cuts and shows them: days and weeks begin at midnight in Singapore, 16:00 UTC."""

from collections.abc import Iterator
from typing import Any

from jtrader.domain.times import DAY, HOUR, MINUTE, SECOND
from jtrader.exchange.sim.history import History
from jtrader.exchange.sim.huobi.coins import SIDES, average_price, coins, turnover
from jtrader.exchange.sim.huobi.errors import Family, HuobiError
from jtrader.exchange.sim.huobi.numbers import literal, plain_decimal
from jtrader.exchange.sim.market.tape import Kline
from jtrader.exchange.sim.tape import merged
from jtrader.venue.listing import Listing

PERIODS = {
    "1min": MINUTE,
    "5min": 5 * MINUTE,
    "15min": 15 * MINUTE,
    "30min": 30 * MINUTE,
    "60min": HOUR,
    "1hour": HOUR,
    "4hour": 4 * HOUR,
    "1day": DAY,
    "1week": 7 * DAY,
}
_SINGAPORE = 8 * HOUR
_MONDAY = 4 * DAY
"""1970-01-05 was the first Monday."""


def period_of(word: str, family: Family) -> int:
    """Raises HuobiError."""
    if word in PERIODS:
        return PERIODS[word]
    if family.is_spot:
        raise HuobiError("invalid-parameter", "invalid period")
    raise HuobiError(1067, "The period field is invalid. Please re-enter.")


def opened(ts: int, period: int) -> int:
    """When the candle that holds `ts` opened."""
    shift = _SINGAPORE - (_MONDAY if period == 7 * DAY else 0)
    return (ts + shift) // period * period - shift if period >= DAY else ts // period * period


def latest(history: History, period: int, count: int) -> list[Kline]:
    """The last `count` candles, ascending; the newest is as far as it has got."""
    newest = opened(history.now - 1, period)
    return between(history, period, newest - (count - 1) * period, newest, count)


def between(history: History, period: int, start: int, end: int, most: int) -> list[Kline]:
    """Candles that open in [start, end], at most the first `most`, ascending."""
    first = opened(max(start, history.first_minute), period)
    if first < max(start, history.first_minute):
        first += period
    last = min(opened(min(end, history.now - 1), period), first + (most - 1) * period)
    if last < first:
        return []
    return list(_grouped(history.klines(first, last + period), period))


def _grouped(minutes: list[Kline], period: int) -> Iterator[Kline]:
    if period == MINUTE:
        yield from minutes
        return
    group: list[Kline] = []
    for minute in minutes:
        if group and opened(minute.minute_ns, period) != opened(group[0].minute_ns, period):
            yield merged(group, opened(group[0].minute_ns, period))
            group = []
        group.append(minute)
    if group:
        yield merged(group, opened(group[0].minute_ns, period))


def kline_row(kline: Kline, listing: Listing) -> dict[str, Any]:
    """`id` is the opening in seconds; `amount` counts coins, `vol` quote on spot and contracts elsewhere."""
    row: dict[str, Any] = {
        "id": kline.minute_ns // SECOND,
        "open": literal(listing.price_text(kline.open)),
        "close": literal(listing.price_text(kline.close)),
        "low": literal(listing.price_text(kline.low)),
        "high": literal(listing.price_text(kline.high)),
        "count": kline.count,
    }
    price = average_price(listing, kline)
    if listing.instrument.is_spot:
        worth = turnover(listing, kline.volume, price)
        return row | {
            "amount": literal(listing.quantity_text(kline.volume)),
            "vol": literal(plain_decimal(round(worth, 8))),
        }
    both = kline.volume * SIDES
    row |= {"amount": literal(plain_decimal(round(coins(listing, both, price), 18))), "vol": both}
    if listing.instrument.settle == listing.instrument.quote:
        row["trade_turnover"] = literal(plain_decimal(round(turnover(listing, both, price), 8)))
    return row


def price_row(ts: int, prices: tuple[str, str, str, str]) -> dict[str, Any]:
    """A candle of a price that nobody trades, such as the mark; (open, high, low, close) as texts."""
    opening, high, low, closing = prices
    return {
        "id": ts // SECOND,
        "vol": "0",
        "count": "0",
        "open": opening,
        "close": closing,
        "low": low,
        "high": high,
        "amount": "0",
        "trade_turnover": "0",
    }
