"""Public prices: tickers, best bid and ask, mark, index and funding.

COIN-M answers most of these with a list also when one symbol is asked for, and names the pair beside the symbol.
"""

from typing import Any

from jtrader.domain.times import DAY, HOUR, to_millis
from jtrader.exchange.sim.binance.call import Call
from jtrader.exchange.sim.binance.errors import COINM, SPOT
from jtrader.exchange.sim.binance.figures import average_ticks, price_text, quantity_text, turnover
from jtrader.exchange.sim.binance.rows_futures import is_coinm, pair
from jtrader.exchange.sim.market.funding import last_funding
from jtrader.exchange.sim.world import World
from jtrader.matching.book import BUY, SELL
from jtrader.venue.listing import Listing
from jtrader.venue.units import text

_AVERAGE_MINUTES = 5


def book_ticker(call: Call) -> Any:
    rows = []
    for listing in _asked(call):
        row = best(call.world, call.market, listing)
        if call.market != SPOT:
            version = call.venue.books[listing.symbol].version
            row |= _named(listing) | {"time": call.now_ms, "lastUpdateId": version}
        rows.append(row)
    return _one_or_all(call, rows)


def best(world: World, market: str, listing: Listing) -> dict[str, Any]:
    """Best bid and ask with what stands there; an empty side is 0."""
    book = world.venues[market].books[listing.symbol]
    row: dict[str, Any] = {"symbol": listing.symbol}
    for side, name in ((BUY, "bid"), (SELL, "ask")):
        ticks = book.best(side)
        lots = 0 if ticks is None else book.lots_at(side, ticks)
        row[f"{name}Price"] = price_text(listing, ticks or 0)
        row[f"{name}Qty"] = quantity_text(listing, lots)
    return row


def price_ticker(call: Call) -> Any:
    rows: list[dict[str, Any]] = []
    for listing in _asked(call):
        last = call.world.histories[listing.instrument.id].last_price()
        rows.append({"symbol": listing.symbol, "price": price_text(listing, last)})
        if call.market == COINM:
            rows[-1]["ps"] = pair(listing)
        if call.market != SPOT:
            rows[-1]["time"] = call.now_ms
    return _one_or_all(call, rows)


def average_price(call: Call) -> dict[str, Any]:
    """Of the last five minutes."""
    listing, history = call.listing(), call.history()
    minutes = history.latest_klines(_AVERAGE_MINUTES)
    volume, turnover = sum(one.volume for one in minutes), sum(one.turnover for one in minutes)
    average = turnover // volume if volume else history.last_price()
    at = {"mins": _AVERAGE_MINUTES, "closeTime": call.now_ms}
    return at | {"price": price_text(listing, average)}


def day_ticker(call: Call) -> Any:
    return _one_or_all(call, [day_row(call.world, call.market, listing) for listing in _asked(call)])


def day_row(world: World, market: str, listing: Listing) -> dict[str, Any]:
    """The last 24 hours, counted in whole minutes."""
    history = world.histories[listing.instrument.id]
    day = history.day()
    first, last = day.open, day.close
    newest = history.latest_prints(1)
    last_id = newest[-1].id if newest else 0
    row: dict[str, Any] = {
        "symbol": listing.symbol,
        "priceChange": price_text(listing, last - first),
        "priceChangePercent": f"{100 * (last - first) / first:.3f}",
        "weightedAvgPrice": price_text(listing, average_ticks(day)),
        "lastPrice": price_text(listing, last),
        "lastQty": quantity_text(listing, newest[-1].quantity if newest else 0),
        "openPrice": price_text(listing, first),
        "highPrice": price_text(listing, day.high),
        "lowPrice": price_text(listing, day.low),
        "volume": quantity_text(listing, day.volume),
        "baseVolume" if is_coinm(listing) else "quoteVolume": text(turnover(listing, day.turnover, day.volume)),
        "openTime": to_millis(max(world.now - DAY, day.minute_ns)),
        "closeTime": to_millis(world.now),
        "firstId": last_id - max(day.count - 1, 0),
        "lastId": last_id,
        "count": day.count,
    }
    if market == SPOT:
        quote = best(world, market, listing)
        del quote["symbol"]
        row |= quote | {"prevClosePrice": price_text(listing, first)}
    return row | _named(listing)


def premium_index(call: Call) -> Any:
    return _one_or_all(call, [premium_row(call.world, listing) for listing in _asked(call)])


def premium_row(world: World, listing: Listing) -> dict[str, Any]:
    """A dated contract has no funding: its rate is empty and its next time 0."""
    instrument = listing.instrument
    funded = bool(instrument.funding_interval)
    return {
        "symbol": listing.symbol,
        **_named(listing),
        "markPrice": text(world.mark(instrument.id)),
        "indexPrice": f"{world.market.index(instrument.id, world.now):.8f}",
        "estimatedSettlePrice": text(world.mark(instrument.id)),
        "lastFundingRate": world.last_funding_rate(instrument.id) if funded else "",
        "interestRate": "0.00010000" if funded else "",
        "nextFundingTime": to_millis(world.next_funding(instrument.id)) if funded else 0,
        "time": to_millis(world.now),
    }


def funding_rates(call: Call) -> list[dict[str, Any]]:
    """Settled instants only, ascending; without a start the newest."""
    start, end = call.span()
    limit, world = call.limit(100, 1000), call.world
    until = world.now if end is None else min(world.now, end - 1)
    since = max(world.market.first_minute, start or 0)
    rows = [
        (at, listing)
        for listing in call.listings()
        if (interval := listing.instrument.funding_interval)
        for at in range(last_funding(listing.instrument, until), since - 1, -interval)
    ]
    rows.sort(key=lambda row: (row[0], row[1].symbol))
    chosen = rows[:limit] if start is not None else rows[-limit:]
    return [
        {
            "symbol": listing.symbol,
            "fundingTime": to_millis(at),
            "fundingRate": f"{world.market.funding_rate(listing.instrument.id, at):.8f}",
            "markPrice": f"{world.market.mark(listing.instrument.id, at):.8f}",
        }
        for at, listing in chosen
    ]


def funding_info(call: Call) -> list[dict[str, Any]]:
    return [
        {
            "symbol": listing.symbol,
            "adjustedFundingRateCap": "0.02000000",
            "adjustedFundingRateFloor": "-0.02000000",
            "fundingIntervalHours": listing.instrument.funding_interval // HOUR,
            "disclaimer": False,
        }
        for listing in call.listings()
        if listing.instrument.funding_interval
    ]


def _asked(call: Call) -> list[Listing]:
    """By symbol, on COIN-M also by pair, or all."""
    wanted = call.maybe("pair") if call.market == COINM else None
    return [listing for listing in call.listings() if wanted in (None, pair(listing))]


def _one_or_all(call: Call, rows: list[dict[str, Any]]) -> Any:
    return rows[0] if call.maybe("symbol") and call.market != COINM else rows


def _named(listing: Listing) -> dict[str, str]:
    return {"pair": pair(listing)} if is_coinm(listing) else {}
