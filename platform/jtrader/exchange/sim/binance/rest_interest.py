"""Open interest: what is open now, and what was.

What the other participants hold is not in the books; half of the last day's volume stands for it, and the accounts' own
long positions come on top of the newest figure.
"""

from itertools import accumulate
from typing import Any

from jtrader.domain.times import DAY, MINUTE, to_millis
from jtrader.exchange.sim.binance.call import Call
from jtrader.exchange.sim.binance.candles import INTERVALS
from jtrader.exchange.sim.binance.errors import COINM, BinanceError, illegal
from jtrader.exchange.sim.binance.figures import quantity_text
from jtrader.exchange.sim.binance.filters import contract_type
from jtrader.exchange.sim.binance.rows_futures import pair
from jtrader.venue.listing import Listing
from jtrader.venue.units import atoms, text

PERIODS = ("5m", "15m", "30m", "1h", "2h", "4h", "6h", "12h", "1d")


def open_interest(call: Call) -> dict[str, Any]:
    listing = call.listing()
    others = call.history().day().volume // 2
    accounts = call.venue.accounts.values()
    own = sum(position.lots for one in accounts for position in one.positions_of(listing.symbol) if position.lots > 0)
    named = {"pair": pair(listing), "contractType": contract_type(listing, call.world.now)}
    return {
        "symbol": listing.symbol,
        **(named if call.market == COINM else {}),
        "openInterest": quantity_text(listing, others + own),
        "time": call.now_ms,
    }


def open_interest_history(call: Call) -> list[dict[str, Any]]:
    """At the whole periods of the last 30 days, ascending; the newest where no start is given."""
    period = call.text("period")
    if period not in PERIODS:
        raise illegal("period")
    listing, step, limit = _listing(call), INTERVALS[period], call.limit(30, 500)
    start, end = call.span()
    newest = min(call.world.now, end - 1 if end is not None else call.world.now) // step * step
    oldest = max(call.world.market.first_minute + DAY, call.world.now - 30 * DAY, start or 0)
    instants = range(-(-oldest // step) * step, newest + 1, step)
    chosen = instants[:limit] if start is not None else instants[-limit:]
    volumes = _day_volumes(call, listing, chosen)
    return [_row(call, listing, at, volume // 2) for at, volume in zip(chosen, volumes, strict=True)]


def _listing(call: Call) -> Listing:
    """By symbol, on COIN-M by pair and contract type."""
    if call.market != COINM:
        return call.listing()
    wanted, kind = call.text("pair"), call.text("contractType")
    for listing in call.venue.listings.values():
        if pair(listing) == wanted and kind in ("ALL", contract_type(listing, call.world.now)):
            return listing
    raise BinanceError(-4144, "Invalid pair.")


def _day_volumes(call: Call, listing: Listing, instants: range) -> list[int]:
    """Lots traded in the 24 hours before each instant."""
    if not instants:
        return []
    start = instants[0] - DAY
    minutes = call.world.histories[listing.instrument.id].klines(start, instants[-1])
    sums = [0, *accumulate(kline.volume for kline in minutes)]
    places = ((at - start) // MINUTE for at in instants)
    return [sums[place] - sums[place - DAY // MINUTE] for place in places]


def _row(call: Call, listing: Listing, at: int, lots: int) -> dict[str, Any]:
    mark = atoms(call.world.market.mark(listing.instrument.id, at))
    kind = contract_type(listing, call.world.now)
    named = {"pair": pair(listing), "contractType": kind} if call.market == COINM else {"symbol": listing.symbol}
    return named | {
        "sumOpenInterest": quantity_text(listing, lots),
        "sumOpenInterestValue": text(listing.notional_at(lots, mark)),
        "timestamp": to_millis(at),
    }
