"""Public market data. Every payload carries market time; only `time` and `serverTime` are wall time."""

from collections.abc import Sequence
from itertools import islice, takewhile
from typing import Any

from jtrader.domain.times import DAY, HOUR, MINUTE, SECOND, to_millis
from jtrader.exchange.sim.binance.call import Call
from jtrader.exchange.sim.binance.candles import candles, interval_of, kline_row
from jtrader.exchange.sim.binance.errors import SPOT, BinanceError
from jtrader.exchange.sim.binance.filters import empty_info, spot_info, usdm_info
from jtrader.exchange.sim.market.tape import Print
from jtrader.exchange.sim.world import FUNDING, World
from jtrader.matching.book import BUY, SELL, Level
from jtrader.venue.listing import Listing
from jtrader.venue.units import atoms, divide, text

_DEPTHS = {5, 10, 20, 50, 100, 500, 1000}


def ping(call: Call) -> dict[str, Any]:  # noqa: ARG001
    return {}


def time(call: Call) -> dict[str, Any]:
    return {"serverTime": call.wall_ms}


def exchange_info(call: Call) -> dict[str, Any]:
    listings = call.listings()
    return spot_info(listings, call.wall_ms) if call.market == SPOT else usdm_info(listings, call.wall_ms)


def no_markets(call: Call) -> dict[str, Any]:
    return empty_info(call.wall_ms)


def klines(call: Call) -> list[list[Any]]:
    listing, interval = call.listing(), interval_of(call.text("interval"))
    start, end = call.span()
    limit = call.limit(500, 1000 if call.market == SPOT else 1500)
    found = candles(call.history(), interval, start, end, limit)
    return [kline_row(kline, interval, listing) for kline in found]


def mark_klines(call: Call) -> list[list[Any]]:
    """A minute opens at the mark of its first instant; high and low are of its start, middle and end."""
    instrument, interval = call.instrument(), interval_of(call.text("interval"))
    start, end = call.span()
    world, limit = call.world, call.limit(500, 1500)
    newest = min(world.now, end - 1 if end is not None else world.now) // interval * interval
    first = newest - (limit - 1) * interval if start is None else -(-start // interval) * interval
    first = max(first, -(-world.market.first_minute // interval) * interval)
    rows: list[list[Any]] = []
    for at in range(first, min(newest, first + (limit - 1) * interval) + 1, interval):
        moments = (at, min(at + interval // 2, world.now), min(at + interval - SECOND, world.now))
        marks = [atoms(world.market.mark(instrument, moment)) for moment in moments]
        prices = [text(value) for value in (marks[0], max(marks), min(marks), marks[-1])]
        rows.append([to_millis(at), *prices, "0", to_millis(at + interval) - 1, "0", interval // MINUTE, "0", "0", "0"])
    return rows


def agg_trades(call: Call) -> list[dict[str, Any]]:
    """Each trade stands for itself: aggregate ids are trade ids."""
    return [_agg_row(deal, call.listing()) for deal in _prints(call)]


def recent_trades(call: Call) -> list[dict[str, Any]]:
    listing = call.listing()
    return [_trade_row(deal, listing) for deal in call.history().latest_prints(call.limit(500, 1000))]


def historical_trades(call: Call) -> list[dict[str, Any]]:
    listing = call.listing()
    return [_trade_row(deal, listing) for deal in _prints(call)]


def _prints(call: Call) -> Sequence[Print]:
    history, limit = call.history(), call.limit(500, 1000)
    start, end = call.span()
    from_id = call.integer("fromId")
    if from_id is not None:
        return list(islice(history.prints_from_id(from_id), limit))
    if start is None and end is None:
        return history.latest_prints(limit)
    if start is None:
        start = (end or 0) - HOUR
    from_start = islice(history.prints_from(start), limit)
    return list(takewhile(lambda deal: end is None or deal.ts < end, from_start))


def _agg_row(deal: Print, listing: Listing) -> dict[str, Any]:
    places = _places(listing)
    row = {
        "a": deal.id,
        "p": listing.price_text(deal.price, places[0]),
        "q": listing.quantity_text(deal.quantity, places[1]),
        "f": deal.id,
        "l": deal.id,
        "T": to_millis(deal.ts),
        "m": not deal.buyer_is_taker,
    }
    return row | {"M": True} if listing.instrument.is_spot else row


def _trade_row(deal: Print, listing: Listing) -> dict[str, Any]:
    places = _places(listing)
    return {
        "id": deal.id,
        "price": listing.price_text(deal.price, places[0]),
        "qty": listing.quantity_text(deal.quantity, places[1]),
        "quoteQty": text(listing.notional(deal.quantity, deal.price)),
        "time": to_millis(deal.ts),
        "isBuyerMaker": not deal.buyer_is_taker,
    }


def depth(call: Call) -> dict[str, Any]:
    listing = call.listing()
    wanted = call.limit(100 if call.market == SPOT else 500, 5000)
    if call.market != SPOT and wanted not in _DEPTHS:
        raise BinanceError(-4021, f"Invalid depth limit {wanted}")
    book = call.venue.books[listing.symbol]
    body = {
        "lastUpdateId": book.version,
        "bids": levels(book.depth(BUY, wanted), listing),
        "asks": levels(book.depth(SELL, wanted), listing),
    }
    return body if call.market == SPOT else {"E": call.now_ms, "T": call.now_ms} | body


def levels(found: list[Level], listing: Listing) -> list[list[str]]:
    price, quantity = _places(listing)
    return [[listing.price_text(level.ticks, price), listing.quantity_text(level.lots, quantity)] for level in found]


def book_ticker(call: Call) -> Any:
    rows = [best(call.world, call.market, listing) for listing in call.listings()]
    if call.market != SPOT:
        rows = [row | {"time": call.now_ms, "lastUpdateId": _version(call, row["symbol"])} for row in rows]
    return rows[0] if call.maybe("symbol") else rows


def best(world: World, market: str, listing: Listing) -> dict[str, Any]:
    """Best bid and ask with what stands there; an empty side is 0."""
    book = world.venues[market].books[listing.symbol]
    price, quantity = _places(listing)
    row: dict[str, Any] = {"symbol": listing.symbol}
    for side, name in ((BUY, "bid"), (SELL, "ask")):
        ticks = book.best(side)
        lots = 0 if ticks is None else book.lots_at(side, ticks)
        row[f"{name}Price"] = listing.price_text(ticks or 0, price)
        row[f"{name}Qty"] = listing.quantity_text(lots, quantity)
    return row


def price_ticker(call: Call) -> Any:
    rows: list[dict[str, Any]] = []
    for listing in call.listings():
        last = call.world.histories[listing.instrument.id].last_price()
        rows.append({"symbol": listing.symbol, "price": listing.price_text(last, _places(listing)[0])})
        if call.market != SPOT:
            rows[-1]["time"] = call.now_ms
    return rows[0] if call.maybe("symbol") else rows


def day_ticker(call: Call) -> Any:
    rows = [day_row(call.world, call.market, listing) for listing in call.listings()]
    return rows[0] if call.maybe("symbol") else rows


def day_row(world: World, market: str, listing: Listing) -> dict[str, Any]:
    """The last 24 hours, counted in whole minutes."""
    history = world.histories[listing.instrument.id]
    day = history.day()
    first, last = day.open, day.close
    price, quantity = _places(listing)
    average = divide(day.turnover, day.volume) if day.volume else last
    newest = history.latest_prints(1)
    last_id = newest[-1].id if newest else 0
    row: dict[str, Any] = {
        "symbol": listing.symbol,
        "priceChange": listing.price_text(last - first, price),
        "priceChangePercent": f"{100 * (last - first) / first:.3f}",
        "weightedAvgPrice": listing.price_text(average, price),
        "lastPrice": listing.price_text(last, price),
        "lastQty": listing.quantity_text(newest[-1].quantity if newest else 0, quantity),
        "openPrice": listing.price_text(first, price),
        "highPrice": listing.price_text(day.high, price),
        "lowPrice": listing.price_text(day.low, price),
        "volume": listing.quantity_text(day.volume, quantity),
        "quoteVolume": text(day.turnover * listing.tick_lot),
        "openTime": to_millis(max(world.now - DAY, day.minute_ns)),
        "closeTime": to_millis(world.now),
        "firstId": last_id - max(day.count - 1, 0),
        "lastId": last_id,
        "count": day.count,
    }
    if market == SPOT:
        quote = best(world, market, listing)
        del quote["symbol"]
        row |= quote | {"prevClosePrice": listing.price_text(first, price)}
    return row


def premium_index(call: Call) -> Any:
    rows = [premium_row(call.world, listing) for listing in call.listings()]
    return rows[0] if call.maybe("symbol") else rows


def premium_row(world: World, listing: Listing) -> dict[str, Any]:
    instrument = listing.instrument.id
    return {
        "symbol": listing.symbol,
        "markPrice": text(world.mark(instrument)),
        "indexPrice": f"{world.market.index(instrument, world.now):.8f}",
        "estimatedSettlePrice": text(world.mark(instrument)),
        "lastFundingRate": world.last_funding_rate(instrument),
        "interestRate": "0.00010000",
        "nextFundingTime": to_millis(world.next_funding()),
        "time": to_millis(world.now),
    }


def funding_rates(call: Call) -> list[dict[str, Any]]:
    """Settled instants only, ascending."""
    start, end = call.span()
    limit = call.limit(100, 1000)
    world = call.world
    newest = min(world.now, end - 1 if end is not None else world.now) // FUNDING
    oldest = -(-max(world.market.first_minute, start or 0) // FUNDING)
    instants = range(oldest, newest + 1)
    chosen = instants[:limit] if start is not None else instants[-limit:]
    rows: list[dict[str, Any]] = []
    for number in chosen:
        for listing in call.listings():
            instrument, at = listing.instrument.id, number * FUNDING
            rows.append(
                {
                    "symbol": listing.symbol,
                    "fundingTime": to_millis(at),
                    "fundingRate": f"{world.market.funding_rate(instrument, at):.8f}",
                    "markPrice": f"{world.market.mark(instrument, at):.8f}",
                }
            )
    return rows


def funding_info(call: Call) -> list[dict[str, Any]]:
    return [
        {
            "symbol": listing.symbol,
            "adjustedFundingRateCap": "0.02000000",
            "adjustedFundingRateFloor": "-0.02000000",
            "fundingIntervalHours": FUNDING // HOUR,
            "disclaimer": False,
        }
        for listing in call.listings()
    ]


def _places(listing: Listing) -> tuple[int, int]:
    return (8, 8) if listing.instrument.is_spot else (listing.price_decimals, listing.quantity_decimals)


def _version(call: Call, symbol: str) -> int:
    return call.venue.books[symbol].version
