"""The messages of the market streams, of one symbol each."""

from typing import Any

from jtrader.domain.instrument import InstrumentStatus
from jtrader.domain.times import to_millis
from jtrader.exchange.sim.binance.errors import SPOT
from jtrader.exchange.sim.binance.figures import price_text, quantity_text
from jtrader.exchange.sim.binance.filters import FUTURES_STATUS, contract_type, delivery_ms
from jtrader.exchange.sim.binance.rest_market import levels
from jtrader.exchange.sim.binance.rest_prices import day_row, premium_row
from jtrader.exchange.sim.binance.rows_futures import is_coinm, pair
from jtrader.exchange.sim.world import World
from jtrader.matching.book import BUY, SELL, Book
from jtrader.venue.listing import Listing
from jtrader.venue.records import TradePrinted

Change = tuple[int, int, int]
"""(side, ticks, lots) of a level of the book."""


def trade_message(one: TradePrinted, listing: Listing) -> dict[str, Any]:
    extra = {"M": True} if listing.instrument.is_spot else {"X": "MARKET"}
    return {"e": "trade", "t": one.id, **_trade_core(one, listing), **extra}


def aggregate_message(one: TradePrinted, listing: Listing) -> dict[str, Any]:
    extra = {"M": True} if listing.instrument.is_spot else {}
    return {"e": "aggTrade", "a": one.id, "f": one.id, "l": one.id, **_trade_core(one, listing), **extra}


def _trade_core(one: TradePrinted, listing: Listing) -> dict[str, Any]:
    return {
        "E": to_millis(one.ts),
        "T": to_millis(one.ts),
        "s": one.symbol,
        "p": price_text(listing, one.ticks),
        "q": quantity_text(listing, one.lots),
        "m": one.side != BUY,
    }


def liquidation_message(one: TradePrinted, listing: Listing) -> dict[str, Any]:
    price, lots = price_text(listing, one.ticks), quantity_text(listing, one.lots)
    order = {
        "s": one.symbol,
        "S": "BUY" if one.side == BUY else "SELL",
        "o": "LIMIT",
        "f": "IOC",
        "q": lots,
        "p": price,
        "ap": price,
        "X": "FILLED",
        "l": lots,
        "z": lots,
        "T": to_millis(one.ts),
    }
    return {"e": "forceOrder", "E": to_millis(one.ts), "o": order | _named(listing)}


def depth_message(listing: Listing, changes: list[Change], before: int, version: int, now: int) -> dict[str, Any]:
    """A step of the chain: U = the previous u + 1, on futures also pu = the previous u."""
    sides: dict[int, list[list[str]]] = {BUY: [], SELL: []}
    for side, ticks, lots in changes:
        sides[side].append([price_text(listing, ticks), quantity_text(listing, lots)])
    is_spot = listing.instrument.is_spot
    timed = {} if is_spot else {"T": to_millis(now)}
    chain = {"U": before + 1, "u": version} | ({} if is_spot else {"pu": before})
    head = {"e": "depthUpdate", "E": to_millis(now), **timed, "s": listing.symbol, **_named(listing)}
    return head | chain | {"b": sides[BUY], "a": sides[SELL]}


def partial_depth_message(listing: Listing, book: Book, count: int, before: int, now: int) -> dict[str, Any]:
    """The best levels as they stand."""
    bids, asks = levels(book.depth(BUY, count), listing), levels(book.depth(SELL, count), listing)
    if listing.instrument.is_spot:
        return {"lastUpdateId": book.version, "bids": bids, "asks": asks}
    at = to_millis(now)
    head = {"e": "depthUpdate", "E": at, "T": at, "s": listing.symbol, **_named(listing)}
    return head | {"U": before + 1, "u": book.version, "pu": before, "b": bids, "a": asks}


def quote_message(listing: Listing, quote: dict[str, Any], version: int, now: int) -> dict[str, Any]:
    message: dict[str, Any] = {
        "u": version,
        "s": listing.symbol,
        **_named(listing),
        "b": quote["bidPrice"],
        "B": quote["bidQty"],
        "a": quote["askPrice"],
        "A": quote["askQty"],
    }
    if listing.instrument.is_spot:
        return message
    return {"e": "bookTicker", **message, "T": to_millis(now), "E": to_millis(now)}


def mark_message(world: World, listing: Listing) -> dict[str, Any]:
    row = premium_row(world, listing)
    return {
        "e": "markPriceUpdate",
        "E": row["time"],
        "s": row["symbol"],
        "p": row["markPrice"],
        "i": row["indexPrice"],
        "P": row["estimatedSettlePrice"],
        "r": row["lastFundingRate"],
        "T": row["nextFundingTime"],
    }


def index_message(world: World, listing: Listing) -> dict[str, Any]:
    row = premium_row(world, listing)
    return {"e": "indexPriceUpdate", "E": row["time"], "i": pair(listing), "p": row["indexPrice"]}


def day_message(world: World, market: str, listing: Listing, kind: str) -> dict[str, Any]:
    """miniTicker or ticker."""
    row = day_row(world, market, listing)
    short = {
        "e": "24hrMiniTicker" if kind == "miniTicker" else "24hrTicker",
        "E": row["closeTime"],
        "s": row["symbol"],
        **_named(listing),
        "c": row["lastPrice"],
        "o": row["openPrice"],
        "h": row["highPrice"],
        "l": row["lowPrice"],
        "v": row["volume"],
        "q": row["baseVolume"] if is_coinm(listing) else row["quoteVolume"],
    }
    if kind == "miniTicker":
        return short
    long = short | {
        "p": row["priceChange"],
        "P": row["priceChangePercent"],
        "w": row["weightedAvgPrice"],
        "Q": row["lastQty"],
        "O": row["openTime"],
        "C": row["closeTime"],
        "F": row["firstId"],
        "L": row["lastId"],
        "n": row["count"],
    }
    if market != SPOT:
        return long
    sides = {"b": row["bidPrice"], "B": row["bidQty"], "a": row["askPrice"], "A": row["askQty"]}
    return long | {"x": row["prevClosePrice"]} | sides


def contract_message(listing: Listing, status: InstrumentStatus, now: int) -> dict[str, Any]:
    return {
        "e": "contractInfo",
        "E": to_millis(now),
        "s": listing.symbol,
        "ps": pair(listing),
        "ct": contract_type(listing, now),
        "dt": delivery_ms(listing),
        "ot": 1569398400000,
        "cs": FUTURES_STATUS[status],
        "bks": [],
    }


def _named(listing: Listing) -> dict[str, str]:
    """COIN-M names the pair in most of its messages."""
    return {"ps": pair(listing)} if is_coinm(listing) else {}
