"""Rows of the public tables, the same over REST and on the stream."""

from typing import Any

from jtrader.domain.times import MINUTE
from jtrader.exchange.sim.bitmex.words import MARKET, number, quantity, stamp, trade_id, units
from jtrader.exchange.sim.bitmex.worth import worth
from jtrader.exchange.sim.market.tape import Kline, Print
from jtrader.exchange.sim.world import World
from jtrader.matching.book import BUY, SELL
from jtrader.venue.listing import Listing
from jtrader.venue.units import ATOM, divide

TICK_DIRECTIONS = {-1: "MinusTick", 0: "ZeroPlusTick", 1: "PlusTick"}
_BOOKS = 10**11
"""Ids of one symbol's levels lie below the next multiple of this."""


def side_word(side: int) -> str:
    return "Buy" if side == BUY else "Sell"


def price_number(listing: Listing, ticks: int) -> int | float:
    return number(listing.price_text(ticks))


def contracts(listing: Listing, lots: int) -> int | float:
    return number(listing.quantity_text(lots))


def coin_price(world: World, listing: Listing, ts: int) -> int:
    """What one coin of the settling currency cost in quote at `ts`, in atoms: the index of its own pair, if that is
    listed."""
    settle = listing.instrument.settle
    for other in world.venues[MARKET].listings.values():
        if other.instrument.base == settle:
            return world.market.index_atoms(other.instrument.id, ts)
    return ATOM


def trade_row(world: World, listing: Listing, deal: Print, before: int) -> dict[str, Any]:
    """`before`: the price of the trade before, in ticks."""
    value = worth(listing, deal.quantity, deal.price * listing.tick, coin_price(world, listing, deal.ts))
    direction = (deal.price > before) - (deal.price < before)
    return {
        "timestamp": stamp(deal.ts),
        "symbol": listing.symbol,
        "side": side_word(BUY if deal.buyer_is_taker else SELL),
        "size": contracts(listing, deal.quantity),
        "price": price_number(listing, deal.price),
        "tickDirection": TICK_DIRECTIONS[direction],
        "trdMatchID": trade_id(listing.symbol, deal.id),
        "grossValue": units(value.gross, listing.instrument.settle),
        "homeNotional": quantity(value.home),
        "foreignNotional": quantity(value.foreign),
        "trdType": "Regular",
    }


def bin_row(world: World, listing: Listing, kline: Kline, size: int, opened: int) -> dict[str, Any]:
    """A candle of `size` ns under the time of its end. It opens at `opened`, the close before it, which may lie outside
    what was traded."""
    average = divide(kline.turnover * listing.tick, kline.volume) if kline.volume else kline.close * listing.tick
    value = worth(listing, kline.volume, average, coin_price(world, listing, kline.minute_ns))
    return {
        "timestamp": stamp(kline.minute_ns + size),
        "symbol": listing.symbol,
        "open": price_number(listing, opened),
        "high": price_number(listing, kline.high),
        "low": price_number(listing, kline.low),
        "close": price_number(listing, kline.close),
        "trades": kline.count,
        "volume": contracts(listing, kline.volume),
        "vwap": round(average / ATOM, 4) if kline.count else None,
        "lastSize": None,
        "turnover": units(value.gross, listing.instrument.settle),
        "homeNotional": quantity(value.home),
        "foreignNotional": quantity(value.foreign),
    }


def level_id(world: World, listing: Listing, ticks: int) -> int:
    """Falls as the price grows, and is never used for another price."""
    place = list(world.venues[MARKET].listings).index(listing.symbol) + 1
    return place * _BOOKS - ticks


def level_row(world: World, listing: Listing, side: int, ticks: int, lots: int) -> dict[str, Any]:
    at = stamp(world.now)
    return {
        "symbol": listing.symbol,
        "id": level_id(world, listing, ticks),
        "side": side_word(side),
        "size": contracts(listing, lots),
        "price": price_number(listing, ticks),
        "timestamp": at,
        "transactTime": at,
    }


def quote_row(world: World, listing: Listing) -> dict[str, Any]:
    """Best bid and ask; an empty side is null."""
    book = world.venues[MARKET].books[listing.symbol]
    row: dict[str, Any] = {"timestamp": stamp(world.now), "symbol": listing.symbol}
    for side, name in ((BUY, "bid"), (SELL, "ask")):
        ticks = book.best(side)
        row[f"{name}Size"] = None if ticks is None else contracts(listing, book.lots_at(side, ticks))
        row[f"{name}Price"] = None if ticks is None else price_number(listing, ticks)
    return {name: row[name] for name in ("timestamp", "symbol", "bidSize", "bidPrice", "askPrice", "askSize")}


MINUTES = {"1m": MINUTE, "5m": 5 * MINUTE, "1h": 60 * MINUTE, "1d": 1440 * MINUTE}
"""Bin sizes by name."""
