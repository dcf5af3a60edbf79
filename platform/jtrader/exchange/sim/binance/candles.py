"""Klines as Binance shows them, of any interval made of whole minutes."""

from collections.abc import Iterator
from typing import Any

from jtrader.domain.times import DAY, HOUR, MILLISECOND, MINUTE, to_millis
from jtrader.exchange.sim.binance.errors import BAD_INTERVAL, SPOT, BinanceError
from jtrader.exchange.sim.history import History
from jtrader.exchange.sim.market.tape import Kline
from jtrader.exchange.sim.tape import merged
from jtrader.venue.listing import Listing
from jtrader.venue.units import text

INTERVALS = {
    "1m": MINUTE,
    "3m": 3 * MINUTE,
    "5m": 5 * MINUTE,
    "15m": 15 * MINUTE,
    "30m": 30 * MINUTE,
    "1h": HOUR,
    "2h": 2 * HOUR,
    "4h": 4 * HOUR,
    "6h": 6 * HOUR,
    "8h": 8 * HOUR,
    "12h": 12 * HOUR,
    "1d": DAY,
}


def interval_of(word: str) -> int:
    if word not in INTERVALS:
        raise BinanceError(*BAD_INTERVAL)
    return INTERVALS[word]


def candles(history: History, interval: int, start: int | None, end: int | None, limit: int) -> list[Kline]:
    """The first `limit` candles that open at or after `start`, or the last ones before `end`. A start before the
    history's first minute counts as that minute: the venue answers with what it has, not with nothing."""
    now = history.now
    newest = ((now if end is None else min(end, now)) - 1) // interval * interval
    if start is None:
        first = newest - (limit - 1) * interval
    else:
        first = -(-max(start, history.first_minute) // interval) * interval
        newest = min(newest, first + (limit - 1) * interval)
    if newest < first:
        return []
    return list(_grouped(history.klines(first, newest + interval), interval))


def _grouped(minutes: list[Kline], interval: int) -> Iterator[Kline]:
    if interval == MINUTE:
        yield from minutes
        return
    group: list[Kline] = []
    for minute in minutes:
        if group and minute.minute_ns // interval != group[0].minute_ns // interval:
            yield merged(group, group[0].minute_ns // interval * interval)
            group = []
        group.append(minute)
    if group:
        yield merged(group, group[0].minute_ns // interval * interval)


def kline_row(kline: Kline, interval: int, listing: Listing) -> list[Any]:
    price, quantity = _places(listing)
    return [
        to_millis(kline.minute_ns),
        listing.price_text(kline.open, price),
        listing.price_text(kline.high, price),
        listing.price_text(kline.low, price),
        listing.price_text(kline.close, price),
        listing.quantity_text(kline.volume, quantity),
        to_millis(kline.minute_ns + interval - MILLISECOND),
        text(kline.turnover * listing.tick_lot),
        kline.count,
        listing.quantity_text(kline.buy_volume, quantity),
        text(kline.buy_turnover * listing.tick_lot),
        "0",
    ]


def kline_event(kline: Kline, listing: Listing, last_id: int, closed: bool, now_ms: int) -> dict[str, Any]:
    """A message of the kline_1m stream."""
    price, quantity = _places(listing)
    return {
        "e": "kline",
        "E": now_ms,
        "s": listing.symbol,
        "k": {
            "t": to_millis(kline.minute_ns),
            "T": to_millis(kline.minute_ns + MINUTE - MILLISECOND),
            "s": listing.symbol,
            "i": "1m",
            "f": last_id - kline.count + 1 if kline.count else -1,
            "L": last_id if kline.count else -1,
            "o": listing.price_text(kline.open, price),
            "c": listing.price_text(kline.close, price),
            "h": listing.price_text(kline.high, price),
            "l": listing.price_text(kline.low, price),
            "v": listing.quantity_text(kline.volume, quantity),
            "n": kline.count,
            "x": closed,
            "q": text(kline.turnover * listing.tick_lot),
            "V": listing.quantity_text(kline.buy_volume, quantity),
            "Q": text(kline.buy_turnover * listing.tick_lot),
            "B": "0",
        },
    }


def _places(listing: Listing) -> tuple[int, int]:
    """Spot shows everything with 8 decimals, USDT-M as many as the steps have."""
    return (8, 8) if listing.instrument.market == SPOT else (listing.price_decimals, listing.quantity_decimals)
