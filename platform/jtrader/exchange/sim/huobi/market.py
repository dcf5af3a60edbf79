"""Public market data over REST. Payloads carry market time; only the venue's clock is wall time."""

from collections.abc import Sequence
from typing import Any

from jtrader.domain.times import SECOND, to_millis
from jtrader.exchange.sim.history import History
from jtrader.exchange.sim.huobi import candles
from jtrader.exchange.sim.huobi.call import Call, Whole
from jtrader.exchange.sim.huobi.coins import SIDES, average_price, coins, turnover
from jtrader.exchange.sim.huobi.errors import illegal, missing
from jtrader.exchange.sim.huobi.listed import alias
from jtrader.exchange.sim.huobi.numbers import literal, plain_decimal, short
from jtrader.exchange.sim.huobi.trades import by_taker, of_print, trade_row, trade_tick
from jtrader.exchange.sim.world import World
from jtrader.matching.book import BUY, SELL, Book, Level
from jtrader.venue.listing import Listing

_MERGES = {"step0": 0, "step6": 0} | {f"step{n}": n for n in range(1, 6)} | {f"step{n}": n - 6 for n in range(7, 14)}
FULL_DEPTH = 150


def _said(call: Call, channel: str, name: str, content: Any) -> Whole:
    return Whole({"ch": channel, "status": "ok", "ts": call.now_ms, name: content})


def spot_klines(call: Call) -> Whole:
    """`/market/history/kline`: the newest first; it knows no times."""
    listing, word = call.listing(), call.text("period")
    period = candles.period_of(word, call.family)
    found = candles.latest(call.history(listing), period, call.limit("size", 150, 2000))
    rows = [candles.kline_row(kline, listing) for kline in reversed(found)]
    return _said(call, f"market.{listing.symbol}.kline.{word}", "data", rows)


def spot_candles(call: Call) -> Whole:
    """`/market/history/candles`: from a time, `size` of them, the newest first."""
    listing, word = call.listing(), call.text("period")
    period, history = candles.period_of(word, call.family), call.history(listing)
    size, start, end = call.limit("size", 150, 1000), call.seconds("from"), call.seconds("to")
    if start is not None:
        found = candles.between(history, period, start, history.now if end is None else end, size)
    elif end is not None:
        newest = candles.opened(end, period)
        found = candles.between(history, period, newest - (size - 1) * period, newest, size)
    else:
        found = candles.latest(history, period, size)
    rows = [candles.kline_row(kline, listing) for kline in reversed(found)]
    return _said(call, f"market.{listing.symbol}.kline.{word}", "data", rows)


def contract_klines(call: Call) -> Whole:
    """Ascending. With `size` the times are ignored, as the venue's document says; without it both are needed."""
    listing, word = call.listing(), call.text("period")
    period, history = candles.period_of(word, call.family), call.history(listing)
    start, end = call.seconds("from"), call.seconds("to")
    if call.maybe("size") is not None:
        found = candles.latest(history, period, call.limit("size", 150, 2000))
    elif start is not None and end is not None:
        found = candles.between(history, period, start, end, 2000)
    else:
        raise missing(call.family, "size")
    rows = [candles.kline_row(kline, listing) for kline in found]
    return _said(call, f"market.{listing.symbol}.kline.{word}", "data", rows)


def trade_history(call: Call) -> Whole:
    """The newest first, trades of one taker order together."""
    listing = call.listing()
    found = call.history(listing).latest_prints(call.limit("size", 1, 2000))
    groups = by_taker(of_print(one) for one in reversed(found))
    rows = [trade_tick(group, listing, "trade-id") for group in groups]
    return _said(call, f"market.{listing.symbol}.trade.detail", "data", rows)


def last_trade(call: Call) -> Whole:
    """The last trade of one symbol, or of each contract; contracts tell amounts and prices as strings here."""
    named = call.maybe_listing()
    rows, channel = [], "*" if named is None else named.symbol
    for listing in call.listings():
        for deal in call.history(listing).latest_prints(1):
            row = trade_row(of_print(deal), listing, "trade-id")
            if not listing.instrument.is_spot:
                row |= {name: bytes(row[name]).decode() for name in ("quantity", "price")}
                row |= {"amount": str(row["amount"]), **_contract_names(listing, call.world.now)}
            rows.append(row)
    tick = {"id": call.now_ms, "ts": call.now_ms, "data": rows}
    return _said(call, f"market.{channel}.trade.detail", "tick", tick)


def depth(call: Call) -> Whole:
    listing, kind = call.listing(), call.maybe("type") or "step0"
    if kind not in _MERGES:
        raise illegal(call.family, "type")
    most = call.limit("depth", FULL_DEPTH, FULL_DEPTH) if listing.instrument.is_spot else _contract_depth(kind)
    book, channel = call.venue.books[listing.symbol], f"market.{listing.symbol}.depth.{kind}"
    return _said(call, channel, "tick", depth_tick(book, listing, kind, most, channel, call.world.now))


def depth_tick(book: Book, listing: Listing, kind: str, most: int, channel: str, now: int) -> dict[str, Any]:
    """The best `most` levels, merged as the step says: bids down, asks up to the coarser grid."""
    merge = 10 ** _MERGES[kind]
    tick: dict[str, Any] = {
        "bids": level_rows(_merged(book, BUY, merge, most), listing),
        "asks": level_rows(_merged(book, SELL, merge, most), listing),
        "ts": to_millis(now),
        "version": book.version,
    }
    if not listing.instrument.is_spot:
        tick |= {"mrid": book.version, "id": now // SECOND, "ch": channel}
    return tick


def level_rows(levels: Sequence[Level], listing: Listing) -> list[list[Any]]:
    """[price, size]: contracts are whole numbers, coins are not."""
    return [level_row(level.ticks, level.lots, listing) for level in levels]


def level_row(ticks: int, lots: int, listing: Listing) -> list[Any]:
    price = literal(listing.price_text(ticks))
    return [price, literal(listing.quantity_text(lots)) if listing.instrument.is_spot else lots]


def _merged(book: Book, side: int, merge: int, most: int) -> list[Level]:
    if merge == 1:
        return book.depth(side, most)
    levels: dict[int, Level] = {}
    for level in book.depth(side, most * merge):
        ticks = side * (side * level.ticks // merge * merge)
        known = levels.get(ticks, Level(ticks, 0, 0))
        levels[ticks] = Level(ticks, known.lots + level.lots, known.orders + level.orders)
    return list(levels.values())[:most]


def _contract_depth(kind: str) -> int:
    return FULL_DEPTH if kind in ("step0", "step1", "step2", "step3", "step4", "step5") else 20


def merged_detail(call: Call) -> Whole:
    listing = call.listing()
    tick = day_tick(call.world, listing, call.history(listing)) | quote_pair(call.world, listing)
    return _said(call, f"market.{listing.symbol}.detail.merged", "tick", tick)


def spot_detail(call: Call) -> Whole:
    listing = call.listing()
    return _said(call, f"market.{listing.symbol}.detail", "tick", day_tick(call.world, listing, call.history(listing)))


def spot_tickers(call: Call) -> Whole:
    rows = []
    for listing in call.listings():
        day = day_tick(call.world, listing, call.history(listing))
        row = {name: day[name] for name in ("open", "high", "low", "close", "amount", "vol", "count")}
        (bid, bid_size), (ask, ask_size) = quote_pair(call.world, listing).values()
        quote = {"bid": bid, "bidSize": bid_size, "ask": ask, "askSize": ask_size}
        rows.append({"symbol": listing.symbol, **row, **quote})
    return Whole({"status": "ok", "ts": call.now_ms, "data": rows})


def contract_tickers(call: Call) -> Whole:
    rows = [
        day_tick(call.world, listing, call.history(listing))
        | quote_pair(call.world, listing)
        | _contract_names(listing, call.world.now)
        for listing in call.listings()
    ]
    return Whole({"status": "ok", "ts": call.now_ms, "ticks": rows})


def best_quotes(call: Call) -> Whole:
    """`/market/bbo` of the contract markets."""
    rows = [
        quote_pair(call.world, listing)
        | {"mrid": _version(call.world, listing), "ts": call.now_ms, **_contract_names(listing, call.world.now)}
        for listing in call.listings()
    ]
    return Whole({"status": "ok", "ts": call.now_ms, "ticks": rows})


def day_tick(world: World, listing: Listing, history: History) -> dict[str, Any]:
    """The last 24 hours, counted in whole minutes. Contracts tell strings, of both sides' volume."""
    day = history.day()
    prices = {name: listing.price_text(getattr(day, name)) for name in ("open", "close", "low", "high")}
    average = average_price(listing, day)
    if listing.instrument.is_spot:
        version = _version(world, listing)
        return {
            "id": version,
            "version": version,
            **{name: literal(text) for name, text in prices.items()},
            "amount": literal(listing.quantity_text(day.volume)),
            "vol": literal(plain_decimal(round(turnover(listing, day.volume, average), 8))),
            "count": day.count,
        }
    both = day.volume * SIDES
    tick: dict[str, Any] = {
        "id": world.now // SECOND,
        "ts": to_millis(world.now),
        **{name: short(text) for name, text in prices.items()},
        "amount": plain_decimal(round(coins(listing, both, average), 18)),
        "vol": str(both),
        "count": day.count,
    }
    if listing.instrument.settle == listing.instrument.quote:
        tick["trade_turnover"] = plain_decimal(round(turnover(listing, both, average), 8))
    return tick


def quote_pair(world: World, listing: Listing) -> dict[str, list[Any]]:
    """Best bid and ask as [price, size]; an empty side is [0, 0]."""
    book = world.venues[str(listing.instrument.market)].books[listing.symbol]
    pair: dict[str, list[Any]] = {}
    for name, side in (("bid", BUY), ("ask", SELL)):
        ticks = book.best(side)
        pair[name] = level_row(ticks or 0, 0 if ticks is None else book.lots_at(side, ticks), listing)
    return pair


def _version(world: World, listing: Listing) -> int:
    return world.venues[str(listing.instrument.market)].books[listing.symbol].version


def _contract_names(listing: Listing, now: int) -> dict[str, str]:
    rules = listing.instrument
    if rules.expiry is not None:
        return {"symbol": alias(listing, now)}
    names = {"contract_code": listing.symbol}
    return names | {"business_type": "swap", "trade_partition": rules.settle} if rules.settle == rules.quote else names


def spot_time(call: Call) -> int:
    return call.wall_ms


def contract_time(call: Call) -> Whole:
    return Whole({"status": "ok", "ts": call.wall_ms})
