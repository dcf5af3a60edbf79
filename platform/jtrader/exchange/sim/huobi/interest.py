"""Open interest of contracts, now and in the past.

What the other participants hold is not in the books; half of the last day's volume stands for it, and the accounts' own
long positions come on top of the newest figure. Volumes count both sides, as everywhere in the contract markets.
"""

from itertools import accumulate
from typing import Any

from jtrader.domain.times import DAY, HOUR, MINUTE, to_millis
from jtrader.exchange.sim.huobi.call import Call
from jtrader.exchange.sim.huobi.coins import SIDES, average_price, coins, turnover
from jtrader.exchange.sim.huobi.errors import illegal
from jtrader.exchange.sim.huobi.listed import contract_type
from jtrader.exchange.sim.huobi.names import FUTURE, LINEAR
from jtrader.exchange.sim.huobi.numbers import literal, plain_decimal
from jtrader.exchange.sim.huobi.rows_inverse import names
from jtrader.venue.listing import Listing

_PERIODS = {"60min": HOUR, "4hour": 4 * HOUR, "12hour": 12 * HOUR, "1day": DAY}


def now_v5(call: Call) -> dict[str, str]:
    listing = call.listing()
    figures = _figures(call, listing)
    worth = {"value": figures.pop("value")}
    return {"contract_code": listing.symbol, **figures, **worth}


def now(call: Call) -> list[dict[str, Any]]:
    """Numbers instead of strings; the linear market tells its worth as well."""
    rows = []
    for listing in call.listings():
        figures = _figures(call, listing)
        if call.market != LINEAR:
            del figures["value"]
        numbers = {name: literal(value) for name, value in figures.items()}
        rows.append({**numbers, **names(listing, call.world.now), **_linear_names(call, listing)})
    return rows


def _linear_names(call: Call, listing: Listing) -> dict[str, str]:
    if call.market != LINEAR:
        return {}
    return {"business_type": "swap", "pair": listing.symbol, "contract_type": "swap", "trade_partition": listing.settle}


def _figures(call: Call, listing: Listing) -> dict[str, str]:
    """Lots open, their coins and worth, and the last day's trade."""
    day = call.history(listing).day()
    accounts = call.venue.accounts.values()
    own = sum(held.lots for one in accounts for held in one.positions_of(listing.symbol) if held.lots > 0)
    lots, price = day.volume // 2 + own, _mark(call, listing)
    both, average = day.volume * SIDES, average_price(listing, day)
    return {
        "volume": str(lots),
        "amount": plain_decimal(round(coins(listing, lots, price), 18)),
        "value": plain_decimal(round(turnover(listing, lots, price), 8)),
        "trade_amount": plain_decimal(round(coins(listing, both, average), 18)),
        "trade_volume": str(both),
        "trade_turnover": plain_decimal(round(turnover(listing, both, average), 8)),
    }


def _mark(call: Call, listing: Listing) -> Any:
    return call.world.market.mark(listing.instrument.id, call.world.now)


def past(call: Call) -> dict[str, Any]:
    """`…_his_open_interest`: at whole periods, the newest first; `amount_type` 1 counts contracts, 2 coins."""
    step = _PERIODS.get(call.text("period"))
    kind = call.integer("amount_type")
    if step is None or kind not in (1, 2):
        raise illegal(call.family, "period" if step is None else "amount_type")
    listing, size = call.listing(), call.limit("size", 48, 200)
    newest = call.world.now // step * step
    oldest = max(call.world.market.first_minute + DAY, newest - (size - 1) * step)
    moments = range(-(-oldest // step) * step, newest + 1, step)
    lots = [volume // 2 for volume in _day_volumes(call, listing, moments)]
    ticks = [_past_row(call, listing, at, held, kind) for at, held in zip(moments, lots, strict=True)]
    ticks.reverse()
    named = {"symbol": listing.instrument.base, "tick": ticks}
    if call.market == FUTURE:
        return {**named, "contract_type": contract_type(listing.instrument, call.world.now)}
    return {**named, "contract_code": listing.symbol, **_linear_names(call, listing)}


def _past_row(call: Call, listing: Listing, at: int, lots: int, kind: int) -> dict[str, Any]:
    """The linear market tells strings and the worth."""
    mark = call.world.market.mark(listing.instrument.id, at)
    volume = str(lots) if kind == 1 else plain_decimal(round(coins(listing, lots, mark), 18))
    if call.market != LINEAR:
        return {"volume": literal(volume), "amount_type": kind, "ts": to_millis(at)}
    value = plain_decimal(round(turnover(listing, lots, mark), 8))
    return {"volume": volume, "amount_type": str(kind), "ts": str(to_millis(at)), "value": value}


def _day_volumes(call: Call, listing: Listing, moments: range) -> list[int]:
    """Lots traded in the 24 hours before each of them."""
    if not moments:
        return []
    start = moments[0] - DAY
    sums = [0, *accumulate(kline.volume for kline in call.history(listing).klines(start, moments[-1]))]
    places = ((at - start) // MINUTE for at in moments)
    return [sums[place] - sums[place - DAY // MINUTE] for place in places]
