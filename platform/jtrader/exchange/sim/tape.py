"""What really happened in the live window of one instrument: its trades, and the minutes they make."""

from bisect import bisect_left

from jtrader.domain.times import MINUTE
from jtrader.exchange.sim.market.tape import Kline, Print


class LiveTape:
    """Minutes without a trade are flat at the last price. `price` is in ticks."""

    def __init__(self, start: int, last_price: int) -> None:
        self.start = start
        self.prints: list[Print] = []
        self.closed: list[Kline] = []
        self.last_price = last_price
        self.current = _flat(start, last_price)

    def trade(self, deal: Print) -> None:
        self.roll(deal.ts)
        self.prints.append(deal)
        self.last_price = deal.price
        self.current = _grown(self.current, deal)

    def roll(self, now: int) -> None:
        """Closes the minutes that ended at or before `now`."""
        while now >= self.current.minute_ns + MINUTE:
            self.closed.append(self.current)
            self.current = _flat(self.current.minute_ns + MINUTE, self.last_price)

    def klines(self, start: int, end: int, now: int) -> list[Kline]:
        """Minutes with start ≤ minute < end that have begun before `now`; the last one may still grow."""
        first = max(0, -(-(start - self.start) // MINUTE))
        found = [kline for kline in self.closed[first:] if kline.minute_ns < end]
        if start <= self.current.minute_ns < min(end, now):
            found.append(self.current)
        return found

    def since(self, ts: int) -> int:
        """The index of the first print at or after `ts`."""
        return bisect_left(self.prints, ts, key=lambda deal: deal.ts)


def _flat(minute: int, price: int) -> Kline:
    return Kline(minute, price, price, price, price, 0, 0, 0, 0, 0)


def _grown(minute: Kline, deal: Print) -> Kline:
    first = minute.count == 0
    worth = deal.price * deal.quantity
    bought = deal.quantity if deal.buyer_is_taker else 0
    return Kline(
        minute.minute_ns,
        deal.price if first else minute.open,
        deal.price if first else max(minute.high, deal.price),
        deal.price if first else min(minute.low, deal.price),
        deal.price,
        minute.volume + deal.quantity,
        minute.turnover + worth,
        minute.count + 1,
        minute.buy_volume + bought,
        minute.buy_turnover + bought * deal.price,
    )


def grown(start: int, last_price: int, deals: list[Print]) -> Kline:
    """The minute from `start` as it looks after some of its trades; `last_price` stood before them."""
    minute = _flat(start, last_price)
    for deal in deals:
        minute = _grown(minute, deal)
    return minute


def merged(minutes: list[Kline], start: int) -> Kline:
    """Minutes as one candle that opens at `start`; minutes without a trade don't count for its prices."""
    traded = [minute for minute in minutes if minute.count] or minutes
    return Kline(
        start,
        traded[0].open,
        max(minute.high for minute in traded),
        min(minute.low for minute in traded),
        traded[-1].close,
        sum(minute.volume for minute in minutes),
        sum(minute.turnover for minute in minutes),
        sum(minute.count for minute in minutes),
        sum(minute.buy_volume for minute in minutes),
        sum(minute.buy_turnover for minute in minutes),
    )
