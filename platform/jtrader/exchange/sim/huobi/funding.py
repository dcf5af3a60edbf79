"""Marks, indices, funding rates, settlements and open interest of contracts."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from jtrader.domain.times import SECOND, to_millis
from jtrader.exchange.sim.huobi import candles
from jtrader.exchange.sim.huobi.call import Call, Whole
from jtrader.exchange.sim.huobi.errors import unknown_symbol
from jtrader.exchange.sim.huobi.numbers import literal, plain_decimal, short
from jtrader.exchange.sim.huobi.pages import numbers, slice_of
from jtrader.exchange.sim.market.funding import last_funding
from jtrader.exchange.sim.world import World
from jtrader.venue.listing import Listing
from jtrader.venue.units import atoms, text


def _perpetual(call: Call) -> Listing:
    """Raises HuobiError for a contract that has no funding."""
    listing = call.listing()
    if not listing.instrument.funding_interval:
        raise unknown_symbol(call.family)
    return listing


def _perpetuals(call: Call) -> list[Listing]:
    return [listing for listing in call.listings() if listing.instrument.funding_interval]


def rates_v5(call: Call) -> list[dict[str, Any]]:
    """What is predicted for the next instant, and the one after it."""
    rows = []
    for listing in _perpetuals(call):
        at = call.world.next_funding(listing.instrument.id)
        rows.append(
            {
                "contract_code": listing.symbol,
                "funding_rate": short(call.world.last_funding_rate(listing.instrument.id)),
                "funding_time": str(to_millis(at)),
                "next_funding_time": str(to_millis(at + listing.instrument.funding_interval)),
                "min_funding_rate": "-0.00375",
                "max_funding_rate": "0.00375",
            }
        )
    return rows


def rate(call: Call) -> dict[str, Any]:
    return rate_row(call.world, _perpetual(call))


def batch_rates(call: Call) -> list[dict[str, Any]]:
    return [rate_row(call.world, listing) for listing in _perpetuals(call)]


def rate_row(world: World, listing: Listing) -> dict[str, Any]:
    """The coin-margined markets know no time after the next."""
    return {
        "estimated_rate": None,
        "funding_rate": world.last_funding_rate(listing.instrument.id),
        "contract_code": listing.symbol,
        "symbol": listing.instrument.base,
        "fee_asset": listing.instrument.settle,
        "funding_time": str(to_millis(world.next_funding(listing.instrument.id))),
        "next_funding_time": None,
    }


def rate_history_v5(call: Call) -> list[dict[str, Any]]:
    """The newest first, or from a start on."""
    listing, limit = _perpetual(call), call.limit("limit", 10, 100)
    start, end = call.millis("start_time"), call.millis("end_time")
    instants = _settled(call, listing, start, end)
    chosen = instants[:limit] if start is not None else instants[-limit:]
    return [
        {
            "id": str(at // listing.instrument.funding_interval),
            "contract_code": listing.symbol,
            "funding_rate": short(_rate_at(call, listing, at)),
            "funding_time": str(to_millis(at)),
        }
        for at in reversed(chosen)
    ]


def rate_history(call: Call) -> dict[str, Any]:
    """Pages, the newest first."""
    listing = _perpetual(call)
    instants = list(reversed(_settled(call, listing, None, None)))
    rows = [
        {
            "avg_premium_index": _rate_at(call, listing, at),
            "funding_rate": _rate_at(call, listing, at),
            "realized_rate": _rate_at(call, listing, at),
            "funding_time": str(to_millis(at)),
            "contract_code": listing.symbol,
            "symbol": listing.instrument.base,
            "fee_asset": listing.instrument.settle,
        }
        for at in slice_of(call, instants)
    ]
    return {**numbers(call, len(instants)), "data": rows}


def _settled(call: Call, listing: Listing, start: int | None, end: int | None) -> list[int]:
    """The instants that have passed, ascending."""
    interval = listing.instrument.funding_interval
    newest = last_funding(listing.instrument, min(call.world.now, call.world.now if end is None else end))
    oldest = max(call.world.market.first_minute, start or 0)
    return list(range(last_funding(listing.instrument, oldest - 1) + interval, newest + 1, interval))


def _rate_at(call: Call, listing: Listing, at: int) -> str:
    return f"{call.world.market.funding_rate(listing.instrument.id, at):.8f}"


def mark_klines(call: Call) -> Whole:
    return _price_klines(call, "mark_price", lambda listing, at: atoms(_mark(call, listing, at)))


def index_klines(call: Call) -> Whole:
    """Of a coin or a contract."""
    return _price_klines(call, "index", lambda listing, at: atoms(_index(call, listing, at)))


def premium_klines(call: Call) -> Whole:
    """(mark − index) / index."""

    def premium(listing: Listing, at: int) -> int:
        return atoms(round(_mark(call, listing, at) / _index(call, listing, at) - 1, 8))

    return _price_klines(call, "premium_index", premium)


def _price_klines(call: Call, name: str, price: Callable[[Listing, int], int]) -> Whole:
    """A candle is made of its start, middle and end."""
    listing = (call.listings() or [call.listing()])[0]
    word = call.text("period")
    period, size = candles.period_of(word, call.family), call.limit("size", 150, 2000)
    now = call.world.now
    newest = candles.opened(now - 1, period)
    oldest = candles.opened(max(call.world.market.first_minute + period, newest - (size - 1) * period), period)
    rows = []
    for at in range(oldest, newest + 1, period):
        moments = (at, min(at + period // 2, now), min(at + period - SECOND, now))
        values = [price(listing, moment) for moment in moments]
        texts = [short(text(value)) for value in (values[0], max(values), min(values), values[-1])]
        rows.append(candles.price_row(at, (texts[0], texts[1], texts[2], texts[3])))
    channel = f"market.{listing.symbol}.{name}.{word}"
    return Whole({"ch": channel, "status": "ok", "ts": call.now_ms, "data": rows})


def _mark(call: Call, listing: Listing, at: int) -> Decimal:
    return call.world.market.mark(listing.instrument.id, at)


def _index(call: Call, listing: Listing, at: int) -> Decimal:
    return call.world.market.index(listing.instrument.id, at)


def index_prices(call: Call) -> list[dict[str, Any]]:
    return [
        {
            "symbol": listing.instrument.base,
            "contract_code": listing.symbol,
            "index_price": literal(plain_decimal(_index(call, listing, call.world.now))),
            "index_ts": call.now_ms,
        }
        for listing in call.listings()
    ]
