"""Channels of trades, quotes, the last day and candles."""

from collections.abc import Iterator
from typing import Any

from jtrader.domain.times import to_millis
from jtrader.exchange.sim.huobi import candles
from jtrader.exchange.sim.huobi.market import day_tick, quote_pair
from jtrader.exchange.sim.huobi.numbers import literal
from jtrader.exchange.sim.huobi.stream import Moment, Place, Tick
from jtrader.exchange.sim.huobi.trades import Deal, by_taker, of_print, trade_tick
from jtrader.exchange.sim.market.tape import Kline
from jtrader.matching.book import BUY

_STRINGS = ("open", "close", "low", "high", "amount", "trade_turnover")


class TradeStream:
    """`trade.detail`: a message a taker order; a new reader gets the last one."""

    def __init__(self, place: Place) -> None:
        self._place = place

    def opening(self) -> Tick | None:
        last = [of_print(one) for one in self._place.history.latest_prints(1)]
        return trade_tick(last, self._place.listing, "tradeId") if last else None

    def tell(self, moment: Moment) -> Iterator[Tick]:
        deals = (Deal(one.id, one.ts, one.ticks, one.lots, one.side == BUY) for one in moment.printed)
        for group in by_taker(deals):
            yield trade_tick(group[::-1], self._place.listing, "tradeId")


class QuoteStream:
    """`bbo`: the best bid and ask whenever one of them changes."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._told: dict[str, list[Any]] = {}

    def opening(self) -> Tick | None:
        self._told = quote_pair(self._place.world, self._place.listing)
        return self._tick(self._told)

    def tell(self, moment: Moment) -> Iterator[Tick]:
        quote = quote_pair(self._place.world, self._place.listing) if moment.book_changed else self._told
        if quote != self._told:
            self._told = quote
            yield self._tick(quote)

    def _tick(self, quote: dict[str, list[Any]]) -> Tick:
        place = self._place
        version, at = place.book.version, to_millis(place.world.now)
        if place.listing.instrument.is_spot:
            return {
                "seqId": version,
                **flat_quote(quote),
                "quoteTime": at,
                "symbol": place.listing.symbol,
            }
        sides = {name: level if level[1] else None for name, level in quote.items()}
        return {"mrid": version, "id": at // 1_000, **sides, "ts": at, "version": version, "ch": place.channel}


def flat_quote(quote: dict[str, list[Any]]) -> dict[str, Any]:
    """As spot spells it."""
    (bid, bid_size), (ask, ask_size) = quote["bid"], quote["ask"]
    return {"ask": ask, "askSize": ask_size, "bid": bid, "bidSize": bid_size}


class DayStream:
    """`detail`: the last 24 hours, once a second; contracts with their quotes."""

    def __init__(self, place: Place) -> None:
        self._place = place

    def opening(self) -> Tick | None:
        place = self._place
        tick = day_tick(place.world, place.listing, place.history)
        if place.listing.instrument.is_spot:
            return tick
        del tick["ts"]
        numbers = {name: literal(tick[name]) for name in _STRINGS if name in tick}
        quote = quote_pair(place.world, place.listing)
        return {**tick, "mrid": place.book.version, **numbers, "vol": int(tick["vol"]), **quote}

    def tell(self, moment: Moment) -> Iterator[Tick]:
        if moment.second_began:
            tick = self.opening()
            if tick is not None:
                yield tick


class TickerStream:
    """`ticker`, of spot: the last day, the quote and the last trade whenever something of them may have changed."""

    def __init__(self, place: Place) -> None:
        self._place = place

    def opening(self) -> Tick | None:
        place = self._place
        day = day_tick(place.world, place.listing, place.history)
        tick = {name: day[name] for name in ("open", "high", "low", "close", "amount", "vol", "count")}
        tick |= flat_quote(quote_pair(place.world, place.listing))
        for last in place.history.latest_prints(1):
            tick["lastPrice"] = literal(place.listing.price_text(last.price))
            tick["lastSize"] = literal(place.listing.quantity_text(last.quantity))
        return tick

    def tell(self, moment: Moment) -> Iterator[Tick]:
        if moment.book_changed or moment.printed:
            tick = self.opening()
            if tick is not None:
                yield tick


class KlineStream:
    """`kline.<period>`: the candle that runs, as it changes; the closed one once more before the next begins."""

    def __init__(self, place: Place, period: int) -> None:
        self._place = place
        self._period = period
        self._told: Kline | None = None

    def opening(self) -> Tick | None:
        found = candles.latest(self._place.history, self._period, 1)
        if not found:
            return None
        self._told = found[-1]
        return self._tick(found[-1])

    def tell(self, moment: Moment) -> Iterator[Tick]:
        told, history = self._told, self._place.history
        if told is not None and not moment.printed and candles.opened(moment.now - 1, self._period) == told.minute_ns:
            return
        start = told.minute_ns if told is not None else candles.opened(moment.now - 1, self._period)
        for kline in candles.between(history, self._period, start, moment.now - 1, 1_000):
            if kline != self._told:
                self._told = kline
                yield self._tick(kline)

    def _tick(self, kline: Kline) -> Tick:
        row = candles.kline_row(kline, self._place.listing)
        return row if self._place.listing.instrument.is_spot else {"mrid": self._place.book.version, **row}
