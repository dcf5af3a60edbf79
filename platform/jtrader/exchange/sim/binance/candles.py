"""Klines as Binance shows them, of any interval made of whole minutes."""

from collections.abc import Iterator
from itertools import groupby
from typing import Any

import msgspec

from jtrader.domain.times import DAY, HOUR, MILLISECOND, MINUTE, to_millis
from jtrader.exchange.sim.binance.errors import BAD_INTERVAL, BinanceError
from jtrader.exchange.sim.binance.figures import price_text, quantity_text, turnover
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


class Candle(msgspec.Struct, frozen=True):
    """A candle and what its trades were worth, in atoms: in quote, of inverse contracts in their coin. The worth of an
    interval is the sum of its minutes', each reckoned at the minute's average price where it is in coins."""

    kline: Kline
    worth: int
    buy_worth: int


def candles(
    history: History, listing: Listing, interval: int, start: int | None, end: int | None, limit: int
) -> list[Candle]:
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
    minutes = history.klines(first, newest + interval)
    return [_candle(group, interval, listing) for group in _groups(minutes, interval)]


def _groups(minutes: list[Kline], interval: int) -> Iterator[list[Kline]]:
    return (list(group) for _, group in groupby(minutes, key=lambda minute: minute.minute_ns // interval))


def _candle(minutes: list[Kline], interval: int, listing: Listing) -> Candle:
    whole = minutes[0] if interval == MINUTE else merged(minutes, minutes[0].minute_ns // interval * interval)
    if not listing.is_inverse:
        return Candle(whole, whole.turnover * listing.tick_lot, whole.buy_turnover * listing.tick_lot)
    worth = sum(turnover(listing, minute.turnover, minute.volume) for minute in minutes)
    return Candle(whole, worth, sum(turnover(listing, minute.buy_turnover, minute.buy_volume) for minute in minutes))


def kline_row(candle: Candle, interval: int, listing: Listing) -> list[Any]:
    kline = candle.kline
    return [
        to_millis(kline.minute_ns),
        price_text(listing, kline.open),
        price_text(listing, kline.high),
        price_text(listing, kline.low),
        price_text(listing, kline.close),
        quantity_text(listing, kline.volume),
        to_millis(kline.minute_ns + interval - MILLISECOND),
        text(candle.worth),
        kline.count,
        quantity_text(listing, kline.buy_volume),
        text(candle.buy_worth),
        "0",
    ]


def kline_event(
    candle: Candle, interval: str, listing: Listing, last_id: int, closed: bool, now_ms: int
) -> dict[str, Any]:
    """A message of a kline stream."""
    kline = candle.kline
    return {
        "e": "kline",
        "E": now_ms,
        "s": listing.symbol,
        "k": {
            "t": to_millis(kline.minute_ns),
            "T": to_millis(kline.minute_ns + INTERVALS[interval] - MILLISECOND),
            "s": listing.symbol,
            "i": interval,
            "f": last_id - kline.count + 1 if kline.count else -1,
            "L": last_id if kline.count else -1,
            "o": price_text(listing, kline.open),
            "c": price_text(listing, kline.close),
            "h": price_text(listing, kline.high),
            "l": price_text(listing, kline.low),
            "v": quantity_text(listing, kline.volume),
            "n": kline.count,
            "x": closed,
            "q": text(candle.worth),
            "V": quantity_text(listing, kline.buy_volume),
            "Q": text(candle.buy_worth),
            "B": "0",
        },
    }
