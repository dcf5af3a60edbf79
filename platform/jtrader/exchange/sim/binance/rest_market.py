"""Public trades, candles and books. Every payload carries market time; only `time` and `serverTime` are wall time."""

from collections.abc import Callable, Sequence
from itertools import islice, takewhile
from typing import Any

from jtrader.domain.times import HOUR, MINUTE, SECOND, to_millis
from jtrader.exchange.sim.binance.call import Call
from jtrader.exchange.sim.binance.candles import candles, interval_of, kline_row
from jtrader.exchange.sim.binance.errors import BAD_SYMBOL, COINM, SPOT, BinanceError
from jtrader.exchange.sim.binance.figures import price_text, quantity_text
from jtrader.exchange.sim.binance.filters import contract_type, info
from jtrader.exchange.sim.binance.rows_futures import is_coinm, pair
from jtrader.exchange.sim.market.tape import Print
from jtrader.matching.book import BUY, SELL, Level
from jtrader.venue.listing import Listing
from jtrader.venue.units import ATOM, atoms, divide, text

_DEPTHS = {5, 10, 20, 50, 100, 500, 1000}
_SPOT_DEPTH = 5000


def ping(call: Call) -> dict[str, Any]:  # noqa: ARG001
    return {}


def time(call: Call) -> dict[str, Any]:
    return {"serverTime": call.wall_ms}


def exchange_info(call: Call) -> dict[str, Any]:
    """Of a market that lists nothing here it tells that."""
    if call.market not in call.world.venues:
        return info(call.market, [], {}, call.wall_ms)
    return info(call.market, call.listings(), call.venue.status, call.wall_ms, call.world.now)


def klines(call: Call) -> list[list[Any]]:
    return _klines(call, call.listing())


def continuous_klines(call: Call) -> list[list[Any]]:
    """Of a pair and a contract type: the contract that has it now."""
    wanted, kind = call.text("pair"), call.text("contractType")
    for listing in call.venue.listings.values():
        if pair(listing) == wanted and contract_type(listing, call.world.now) == kind:
            return _klines(call, listing)
    raise BinanceError(*BAD_SYMBOL)


def _klines(call: Call, listing: Listing) -> list[list[Any]]:
    interval = interval_of(call.text("interval"))
    start, end = call.span()
    limit = call.limit(500, 1000 if call.market == SPOT else 1500)
    found = candles(call.world.histories[listing.instrument.id], listing, interval, start, end, limit)
    return [kline_row(candle, interval, listing) for candle in found]


def mark_klines(call: Call) -> list[list[Any]]:
    instrument, market = call.instrument(), call.world.market
    return _sampled(call, lambda moment: atoms(market.mark(instrument, moment)))


def index_klines(call: Call) -> list[list[Any]]:
    """Of a pair."""
    instrument, market = _of_pair(call).instrument.id, call.world.market
    return _sampled(call, lambda moment: atoms(market.index(instrument, moment)))


def premium_klines(call: Call) -> list[list[Any]]:
    """(mark − index) / index."""
    instrument, market = call.instrument(), call.world.market

    def premium(moment: int) -> int:
        index = atoms(market.index(instrument, moment))
        return divide((atoms(market.mark(instrument, moment)) - index) * ATOM, index)

    return _sampled(call, premium)


def _sampled(call: Call, figure: Callable[[int], int]) -> list[list[Any]]:
    """A candle opens at the figure of its first instant; high and low are of its start, middle and end."""
    interval = interval_of(call.text("interval"))
    start, end = call.span()
    world, limit = call.world, call.limit(500, 1500)
    newest = min(world.now, end - 1 if end is not None else world.now) // interval * interval
    first = newest - (limit - 1) * interval if start is None else -(-start // interval) * interval
    first = max(first, -(-world.market.first_minute // interval) * interval)
    rows: list[list[Any]] = []
    for at in range(first, min(newest, first + (limit - 1) * interval) + 1, interval):
        moments = (at, min(at + interval // 2, world.now), min(at + interval - SECOND, world.now))
        seen = [figure(moment) for moment in moments]
        prices = [text(value) for value in (seen[0], max(seen), min(seen), seen[-1])]
        rows.append([to_millis(at), *prices, "0", to_millis(at + interval) - 1, "0", interval // MINUTE, "0", "0", "0"])
    return rows


def _of_pair(call: Call) -> Listing:
    wanted = call.text("pair")
    found = next((one for one in call.venue.listings.values() if pair(one) == wanted), None)
    if found is None:
        raise BinanceError(*BAD_SYMBOL)
    return found


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
    row = {
        "a": deal.id,
        "p": price_text(listing, deal.price),
        "q": quantity_text(listing, deal.quantity),
        "f": deal.id,
        "l": deal.id,
        "T": to_millis(deal.ts),
        "m": not deal.buyer_is_taker,
    }
    return row | {"M": True} if listing.instrument.is_spot else row


def _trade_row(deal: Print, listing: Listing) -> dict[str, Any]:
    return {
        "id": deal.id,
        "price": price_text(listing, deal.price),
        "qty": quantity_text(listing, deal.quantity),
        "baseQty" if is_coinm(listing) else "quoteQty": text(listing.notional(deal.quantity, deal.price)),
        "time": to_millis(deal.ts),
        "isBuyerMaker": not deal.buyer_is_taker,
    }


def depth(call: Call) -> dict[str, Any]:
    listing = call.listing()
    wanted = call.limit(100 if call.market == SPOT else 500, _SPOT_DEPTH)
    if call.market != SPOT and wanted not in _DEPTHS:
        raise BinanceError(-4021, f"Invalid depth limit {wanted}")
    book = call.venue.books[listing.symbol]
    body = {
        "lastUpdateId": book.version,
        "bids": levels(book.depth(BUY, wanted), listing),
        "asks": levels(book.depth(SELL, wanted), listing),
    }
    if call.market == SPOT:
        return body
    named = {"symbol": listing.symbol, "pair": pair(listing)} if call.market == COINM else {}
    return {"E": call.now_ms, "T": call.now_ms} | named | body


def levels(found: list[Level], listing: Listing) -> list[list[str]]:
    return [[price_text(listing, level.ticks), quantity_text(listing, level.lots)] for level in found]
